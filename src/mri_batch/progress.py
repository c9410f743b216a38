"""Progress callbacks of the long commands."""

from __future__ import annotations

from typing import Literal

from mri_batch.records import StudyResult

Step = Literal["studies", "pictures", "heatmaps"]


class Progress:
    """Progress callbacks; no-op by default. The command line's own draw bars or write lines.

    A command has one or more steps; every ``advanced`` counts towards the step that was started last.
    """

    def started(self, step: Step, total: int, pending: int) -> None:
        """Begin a step of ``total`` items, of which ``pending`` remain to be done."""

    def advanced(self, n: int = 1, result: StudyResult | None = None) -> None:
        """Count ``n`` more items as done; ``result``: the study, where the item is one."""
