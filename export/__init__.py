"""From released Step-Audio checkpoints to what a device runs: PyTorch modules, ONNX graphs, parity."""
