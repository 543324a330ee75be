"""Tokens in, tokens out: the LLMs."""
