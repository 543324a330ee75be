"""Has the LLM judge passages, and quotes their sentences with citations."""
