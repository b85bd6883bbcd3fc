"""The language model Step1: its PyTorch module, and its graphs for prefill and decoding."""
