"""The speech decoder: audio codes become a mel spectrogram (flow matching), and that becomes sound (HiFT)."""
