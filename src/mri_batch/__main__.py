"""``python -m mri_batch`` is ``mri-batch``, for environments whose scripts are not on the PATH."""

from mri_batch.cli import main

main()
