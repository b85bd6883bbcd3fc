"""What the commands of `edge-audio` do; `edge_audio.cli` and the groups here give them names and options."""
