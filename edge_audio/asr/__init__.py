"""The recognizer seam: speech to text, one adapter a file."""
