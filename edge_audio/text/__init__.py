"""What is known of languages: a table for each, and the rules that read them."""
