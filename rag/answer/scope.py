"""Recognises questions about all documents at once, which a few passages cannot answer in full."""

import re

# What such an answer is shown with.
PARTIAL = "This asks about all documents, and only the nearest passages were read: the answer may be incomplete."
_THINGS = r"(?:documents?|files?|articles?|pages?|reports?|comments?|readers?|sources?|passages?|times)"
_ALL = re.compile(
    rf"\bhow (?:many|often) (?:\w+ ){{0,2}}?{_THINGS}\b"
    rf"|\b(?:which|what) (?:of the )?{_THINGS} (?:mention|say|contain|name|talk|discuss|refer)"
    r"|^\W*(?:please )?(?:list|enumerate|name|show|give(?: me)?|count|summari[sz]e|compare)\b.*\b(?:all|every|each)\b"
    rf"|\b(?:all|every|each)(?: of)?(?: the| my| these)? {_THINGS}\b",
    re.IGNORECASE,
)


def asks_about_all(question: str) -> bool:
    """Return whether a question counts, lists or compares over all documents, as far as its words show."""
    return bool(_ALL.search(question))
