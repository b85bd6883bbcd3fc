"""Speech to codes: linguistic and semantic ones, each for themselves, and both as the models hear them."""
