"""Model packages: from a checkpoint, run folder or ONNX file to a calibrated and verified folder."""
