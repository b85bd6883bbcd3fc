"""Flow matching: from audio codes to a mel spectrogram (CosyVoice-1, as Step-Audio released it)."""
