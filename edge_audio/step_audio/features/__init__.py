"""From samples to the inputs of the Step-Audio models: level, silence, rate, spectra, speaker embedding."""
