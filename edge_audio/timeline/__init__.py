"""Pictures of conversations: who spoke when, what was made ahead, and where the time went."""
