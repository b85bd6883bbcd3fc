"""The files of a release, written from given weights: what random checkpoints and trained ones share."""
