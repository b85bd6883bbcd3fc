"""Benchmarks of the product: latency of conversations, speed of models, overhead of the runtime."""
