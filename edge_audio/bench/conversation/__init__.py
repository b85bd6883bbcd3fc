"""`edge-audio bench conversation`: a whole conversation with a scripted user, judged by what is heard."""
