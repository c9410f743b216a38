"""``mri-batch train``: the PyTorch side's command, loaded where the extra is installed."""

from __future__ import annotations

from mri_batch.cli.common import load_extra_command

command = load_extra_command("train", "mri_batch_export.cli.train")
