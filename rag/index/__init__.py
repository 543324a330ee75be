"""The index: embeddings, the catalog in SQLite, vectors in FAISS; building and searching."""
