"""The chat model seam: a turn in, a streamed reply out, one adapter a file."""
