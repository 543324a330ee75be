"""The reader of RTF files."""
