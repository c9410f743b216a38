"""Labelled pictures on disk, as the runtime reads them."""

from mri_batch.evaluate.dataset import Item, load_dataset, read_picture

__all__ = ["Item", "load_dataset", "read_picture"]
