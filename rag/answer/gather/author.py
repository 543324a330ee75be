"""Answers who wrote a document, by the line at its top that names its author."""

import re
from dataclasses import replace
from itertools import islice

from rag.answer.gather.request import Gathered, Request
from rag.answer.gather.summary import is_nearest_meant
from rag.answer.quote.cite import HitSpan, cite_spans
from rag.answer.signs import SUMMARY_WORDS, compile_any
from rag.text import LINE, content_words
from rag.types import Hit

# "Who wrote Hamlet?" rather asks for what a document says of another work.
_TEXT = "paper|article|document|page|text|post|file|memo|letter|report"
_WORK = rf"(?:this|it|(?:the|this|that) (?:\w+ ){{0,2}}?(?:{_TEXT}))\b"
_ASKS_AUTHOR = compile_any(rf"\bwho (?:wrote|authored|(?:is|was|are|were) the (?:authors?|writers?) of) {_WORK}")
_NO_TOPIC = SUMMARY_WORDS | content_words(f"who wrote authored author writer it {_TEXT}")
_BYLINE = re.compile(r"\b(?:by|authors?)\b", re.IGNORECASE)
# A line that names the author is at the top, and has at most this many words.
_TOP_LINES = 20
_LINE_WORDS = 20


def find_author(request: Request) -> Gathered | None:
    """Return the author of the nearest document, if a question asks for it and its text names the author; or None."""
    question = request.question
    if not request.hits or not _ASKS_AUTHOR.search(question.text):
        return None
    nearest = request.hits[0]
    chunk = nearest.chunk
    is_meant = is_nearest_meant(question.words - _NO_TOPIC, request.hits)
    if chunk.voice != "article" or not chunk.author or not is_meant:
        return None
    with request.index.browse() as store:
        text = store.get_text(chunk.document_id)
    line = _find_line(text, chunk.author)
    if line is None:
        return None
    # Lines with metadata are in no chunk.
    start, end = line.span()
    named = Hit(replace(chunk, start=start, end=end, text=text[start:end]), nearest.score, rank=1)
    return Gathered(cite_spans([HitSpan(named, start, end)]), f"{chunk.author} wrote “{chunk.title}”")


def _find_line(text: str, author: str) -> re.Match[str] | None:
    """Return the line at the top of a text that names an author, preferably one with "by" before; or None."""
    lines = islice(LINE.finditer(text), _TOP_LINES)
    name = re.compile(rf"(?<!\w){re.escape(author)}(?!\w)")
    named = (line for line in lines if name.search(line[0]) and len(line[0].split()) <= _LINE_WORDS)
    return max(named, key=lambda line: _BYLINE.search(line[0]) is not None, default=None)
