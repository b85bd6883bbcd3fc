"""What small weights of the Step-Audio path are worth: how well they are understood, how fast they speak."""
