"""From samples to what the Step-Audio models take: levels, silence, rates, spectra, the speaker."""
