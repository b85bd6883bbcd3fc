"""The encoder behind the semantic codes, which is released as an ONNX file."""
