"""Read DICOM headers without pixels: the element scanner, roles, weighting and what a series tells."""
