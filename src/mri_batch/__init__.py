"""Offline batch reports on brain scans, on the CPU with ONNX Runtime. For research use only."""

__version__ = "0.1.0"
