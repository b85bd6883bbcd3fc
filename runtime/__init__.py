"""The actor runtime: actors, channels, time, lanes, model files, traces. Knows nothing of speech."""
