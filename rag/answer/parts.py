"""Quotes a numbered part of a document ("What does section 4.2 say?"), found by its number and not by its words."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.answer.cite import Cited, Span, cite_spans
from rag.answer.kinds import find_kind
from rag.index.catalog import Catalog
from rag.index.index import Index
from rag.text import split_sentences
from rag.types import Hit

# A longer part is quoted from its beginning.
MOST_WORDS = 200
CUT_OFF = "Only the beginning of this part is quoted."

_NAME = r"(?:section|clause|chapter|part|point|article|paragraph|§)"
_WANTED = re.compile(rf"(?:\b|(?=§)){_NAME}\s?(?P<number>\d+(?:\.\d+)*)\b", re.IGNORECASE)


class Part(NamedTuple):
    """A numbered part: the hits that it stands in, and its sentences as quotes of them."""

    hits: tuple[Hit, ...]
    cited: Cited
    note: str | None


def find_part(question: str, hits: Sequence[Hit], index: Index) -> Part | None:
    """Return the part that a question asks for by its number, of the nearest document that has it; or None."""
    wanted = _WANTED.search(question)
    if not wanted or find_kind(question) != "summary":
        return None
    nearest = {hit.chunk.document_id: hit.score for hit in reversed(hits)}
    with index.browse() as catalog:
        for document_id, score in reversed(nearest.items()):
            span = find_span(catalog.get_text(document_id), wanted["number"])
            if span:
                return _quote(document_id, span, score, catalog)
    return None


def find_span(text: str, number: str) -> tuple[int, int] | None:
    """Return where the part with a number stands in a text: up to the next number, or the end."""
    start = _find_line(text, number, 0)
    if start is None:
        return None
    before, _, last = number.rpartition(".")
    parents = before.split(".") if before else []
    followers = [".".join([*parents, str(int(last) + 1)])]
    followers += [".".join([*parents[:i], str(int(parents[i]) + 1)]) for i in range(len(parents))]
    ends = [_find_line(text, follower, start) for follower in followers]
    return start, min((end for end in ends if end is not None), default=len(text))


def _find_line(text: str, number: str, start: int) -> int | None:
    """Return where the first line behind `start` begins that has a number before its words."""
    line = re.compile(rf"^[ \t#*>-]*(?:{_NAME}\s?)?{re.escape(number)}(?:[.):]|(?=\s))", re.IGNORECASE | re.MULTILINE)
    found = line.search(text, start)
    return found.start() if found else None


def _quote(document_id: int, span: tuple[int, int], score: float, catalog: Catalog) -> Part:
    start, end = span
    chunks = [chunk for chunk in catalog.list_chunks(document_id) if chunk.start < end and start < chunk.end]
    hits = tuple(Hit(chunk, score, rank) for rank, chunk in enumerate(chunks, start=1))
    spans: list[Span] = []
    words = 0
    note = None
    for number, chunk in enumerate(chunks, start=1):
        for a, b in split_sentences(chunk.text):
            place = Span(number, chunk.start + a, chunk.start + b)
            if place.start < start or place.end > end:
                continue
            words += len(chunk.text[a:b].split())
            if words > MOST_WORDS:
                note = CUT_OFF
                continue
            spans.append(place)
    return Part(hits, cite_spans(spans, hits), note)
