"""What the command shows and hears on a terminal: the live view, the keys."""
