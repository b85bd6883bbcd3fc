"""The language model that writes audio tokens: loaded graph, key-value cache, decode loop."""
