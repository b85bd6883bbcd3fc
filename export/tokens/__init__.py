"""Tokens, prompts and sampling against golden data; they have no weights, so nothing is exported."""
