"""The conversation itself: controller, speculation, context."""
