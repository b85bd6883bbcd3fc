"""Conversations kept on disk: written while they are held, read for replays and pictures."""
