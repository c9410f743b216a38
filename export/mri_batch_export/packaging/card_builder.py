"""One place where the card of a package comes together during an export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mri_batch.card import Calibration, Decision, MethodEntry, ModelCard, Wiring, with_fields
from mri_batch.text import JsonObject


class CardBuilder:
    """Collects the parts of a card as an export finds them. ``card`` is validated with every part that is added."""

    def __init__(self, card: ModelCard) -> None:
        self.card = card

    def set_wiring(self, wiring: Wiring) -> None:
        """Say which inputs and outputs the graphs have."""
        self._set(wiring=wiring)

    def set_methods(self, methods: Sequence[MethodEntry], default: str) -> None:
        """List the explanation methods, and which of them is the default."""
        self._set(explanations=tuple(methods), default_method=default)

    def set_scales(self, scales: Mapping[str, float]) -> None:
        """Set the top of the colour bar, ``scale_max``, by method; other methods keep theirs."""
        self.set_entries(
            with_fields(entry, scale_max=scales[entry.method]) if entry.method in scales else entry
            for entry in self.card.explanations
        )

    def set_entries(self, entries: Iterable[MethodEntry]) -> None:
        """Replace the methods' entries; the default method stays."""
        self._set(explanations=tuple(entries))

    def set_calibration(self, calibration: Calibration, decision: Decision) -> None:
        """Set what was fitted on the validation split."""
        self._set(calibration=calibration, decision=decision)

    def set_int8_arithmetic(self) -> None:
        """Say that the plain graph computes in 8 bits."""
        self._set(arithmetic="int8")

    def add_limit(self, limit: str) -> None:
        """Add a sentence to the limits."""
        self._set(limits=(*self.card.limits, limit))

    def add_metrics(self, name: str, metrics: JsonObject) -> None:
        """Add a table of metrics under a name."""
        self._set(metrics={**self.card.metrics, name: dict(metrics)})

    def _set(self, **fields: object) -> None:
        self.card = with_fields(self.card, **fields)
