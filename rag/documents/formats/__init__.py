"""Readers of file formats: each turns a file into blocks of text."""
