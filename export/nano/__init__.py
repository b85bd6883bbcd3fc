"""Nano: small weights of our own for the whole Step-Audio path, trained on speech that we synthesise."""
