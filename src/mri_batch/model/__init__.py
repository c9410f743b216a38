"""The model package is the only truth: labels, preprocessing, calibration, wiring."""
