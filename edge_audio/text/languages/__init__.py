"""The tables, a language a file, named by its ISO 639-1 code. To add a language is to add its file."""
