"""The language model that writes audio tokens: loaded graph, keys and values, decode loop."""
