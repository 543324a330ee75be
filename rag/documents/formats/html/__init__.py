"""Reads web pages; the readers of books and mail use its tree and its rules for hidden words."""
