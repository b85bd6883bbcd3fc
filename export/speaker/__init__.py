"""The speaker model, which is released as ONNX."""
