"""The Step-Audio family without PyTorch: tokens, features, tokenizers, language model, speech decoder."""
