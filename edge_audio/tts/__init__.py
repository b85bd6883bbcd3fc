"""The voice seam: clauses in, speech out, one adapter a file."""
