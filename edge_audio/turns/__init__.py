"""Who is speaking, and have they finished."""
