"""Reads web pages; books and mail use its tree and its rules of what is hidden."""
