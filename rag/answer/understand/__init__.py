"""Understands a question: its wording, and the kind of answer that it wants."""
