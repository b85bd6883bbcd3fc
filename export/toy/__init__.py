"""Random checkpoints in the released layout, for tests and first tries without weights."""
