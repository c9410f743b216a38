"""The PyTorch side of mri-batch: architectures, training, and export to model packages."""
