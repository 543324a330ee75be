"""Reads the files of office programs."""
