"""The actor runtime: actors, channels, time, lanes, model files, traces. Knows nothing of speech."""

import os

# What is private stays private: from 1.29 on, ONNX Runtime keeps events and a number for the device in the
# user's cache, and sends them to Microsoft. It looks at this variable once, when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
