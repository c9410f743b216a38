"""The PyTorch commands of ``mri-batch``: train, tune and export."""
