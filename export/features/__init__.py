"""Comparisons of what the models hear: level, silence, rate, spectra, speaker. Nothing of it is exported."""
