"""Attribution methods on ONNX Runtime and numpy alone; one paper, one file."""
