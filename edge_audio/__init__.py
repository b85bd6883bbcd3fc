"""Edge Audio: real-time spoken conversation on the device in front of you."""

__version__ = "0.1.0"
