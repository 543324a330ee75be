"""Quotes a numbered part of a document ("What does section 4.2 say?"), found by its number and not by its words."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.answer.blocks import Range, quote_range
from rag.answer.cite import Cited, cite_spans
from rag.answer.kinds import find_kind
from rag.index.catalog import Catalog
from rag.index.index import Index
from rag.types import Hit

CUT_OFF = "Only the beginning of this part is quoted."

_NAME = r"(?:section|clause|chapter|part|point|article|paragraph|§)"
_WANTED = re.compile(rf"(?:\b|(?=§)){_NAME}\s?(?P<number>\d+(?:\.\d+)*)\b", re.IGNORECASE)


class Part(NamedTuple):
    """A part of a document: the hits that it stands in, and its sentences as quotes of them."""

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
                return quote_part(document_id, span, catalog, score=score)
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


def quote_part(document_id: int, place: Range, catalog: Catalog, *, score: float) -> Part:
    """Return a range of a document as hits of their own, all of one score, with the quotes of its sentences."""
    quoted = quote_range(document_id, place, (), catalog, score=score)
    note = CUT_OFF if quoted.is_cut_off else None
    return Part(quoted.hits, cite_spans(quoted.spans, quoted.hits), note)
