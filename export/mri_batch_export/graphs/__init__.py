"""ONNX graphs of a network: forward pass, gradients, 8-bit arithmetic, and graphs imported from ONNX files."""
