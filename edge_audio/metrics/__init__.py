"""Figures of each turn for other programs: Prometheus asks for them, an OpenTelemetry collector gets them."""
