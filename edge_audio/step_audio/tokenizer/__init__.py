"""Speech to codes: the linguistic and the semantic tokenizer, and both interleaved."""
