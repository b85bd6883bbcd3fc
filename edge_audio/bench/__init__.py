"""Measurements of the product by itself: latency of a conversation, overhead of the runtime."""
