"""From a path to documents and chunks: reading, voices, chunking."""
