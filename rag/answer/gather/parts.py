"""Quotes a numbered part of a document ("What does section 4.2 say?"), found by its number, not its words."""

import re
from collections.abc import Sequence

from rag.answer.gather.blocks import list_article, quote_span
from rag.answer.gather.request import Gathered, Request
from rag.answer.quote.cite import Quotes, cite_spans
from rag.answer.signs import PART_NAME
from rag.answer.understand.kinds import SUMMARY
from rag.types import Chunk, Span

CUT_OFF = "Only the beginning of this part is quoted."


def find_part(request: Request) -> Gathered | None:
    """Return the part that a question asks for by its number, from the nearest document with such a part; or None."""
    number = request.question.part_number
    if number is None or request.question.kind is not SUMMARY:
        return None
    with request.index.browse() as store:
        for hit in request.best_hits:
            document_id = hit.chunk.document_id
            span = find_span(store.get_text(document_id), number)
            if span:
                return Gathered(quote_part(list_article(document_id, store), span, score=hit.score))
    return None


def find_span(text: str, number: str) -> Span | None:
    """Return the span of the part with a number, up to the next number or the end of the text; or None."""
    start = _find_line(text, number, 0)
    end = min(_find_line(text, following, start) for following in _list_following(number))
    return (start, end) if start < len(text) else None


def _list_following(number: str) -> list[str]:
    """Return the numbers that may follow the number of a part: after "4.2" these are "4.3" and "5"."""
    steps = number.split(".")
    return [".".join([*steps[:depth], str(int(step) + 1)]) for depth, step in enumerate(steps)]


def _find_line(text: str, number: str, start: int) -> int:
    """Return where the first line after `start` that has the number before its words begins; else the text's end."""
    numbered = rf"^[ \t#*>-]*(?:{PART_NAME}\s?)?{re.escape(number)}(?:[.):]|(?=\s))"
    line = re.compile(numbered, re.IGNORECASE | re.MULTILINE).search(text, start)
    return line.start() if line else len(text)


def quote_part(chunks: Sequence[Chunk], span: Span, *, score: float) -> Quotes:
    """Return the sentences of an article's span as quotes, from new hits that all have this score."""
    quoted = quote_span(chunks, span, (), score=score)
    note = CUT_OFF if quoted.is_cut_off else None
    return cite_spans(quoted.spans, quoted.hits)._replace(note=note)
