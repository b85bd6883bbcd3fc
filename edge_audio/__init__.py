"""Edge Audio: real-time spoken conversation on the device in front of you."""

import runtime as runtime  # before any library of a model is: it turns ONNX Runtime's telemetry off

__version__ = "0.1.0"
