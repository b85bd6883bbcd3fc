"""HiFT, the vocoder of Step-Audio's speech decoder: PyTorch modules, graph export, golden checks."""
