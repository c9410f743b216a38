"""Decode pixels: DICOM frames, mosaics and ordinary pictures become slices."""
