"""What the commands of `edge-audio` do; `edge_audio.cli` gives them their names and options."""
