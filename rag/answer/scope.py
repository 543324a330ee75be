"""Recognises questions about all documents at once, which a few passages cannot answer in full."""

from rag.answer.signs import ASKS_ABOUT_ALL

# The note of an answer to such a question.
PARTIAL = "This asks about all documents, and only the nearest passages were read: the answer may be incomplete."


def asks_about_all(question: str) -> bool:
    """Return whether a question counts, lists or compares over all documents, as far as its words show."""
    return ASKS_ABOUT_ALL.search(question) is not None
