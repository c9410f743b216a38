"""``mri-batch export``: the PyTorch side's command, loaded where the extra is installed."""

from __future__ import annotations

from mri_batch.cli.common import load_extra_command

command = load_extra_command("export", "mri_batch_export.cli.export")
