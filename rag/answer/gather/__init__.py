"""Answers without the LLM, or adds to its quotes: parts, lists, summaries, comparisons, the collection."""
