"""`edge-audio bench conversation`: a conversation with a scripted user, judged by its recorded output."""
