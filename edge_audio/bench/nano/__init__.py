"""The bench of small weights of the Step-Audio path: word error rates, control by tags, speed and memory."""
