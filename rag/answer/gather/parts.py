"""Quotes a numbered part of a document ("What does section 4.2 say?"), found by its number, not its words."""

import re
from collections.abc import Sequence

from rag.answer.gather.blocks import list_article, quote_span
from rag.answer.gather.request import Gathered, Request
from rag.answer.quote.cite import Quotes, cite_spans
from rag.answer.signs import PART_NAME
from rag.answer.understand.kinds import SUMMARY
from rag.documents.dates import begins_with_date
from rag.types import Chunk, Span

_NUMBERED = re.compile(
    rf"^[ \t#*>-]*(?:{PART_NAME}\s?)?(?P<words>(?P<number>\d+(?:\.\d+)*)(?:[.):]|(?=\s)).*)",
    re.IGNORECASE | re.MULTILINE,
)
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
    """Return the span of the part with a number, up to the next number or the end of the text; or None.

    If several lines have the number, one between its neighbours is preferred: 4 between 3 and 5.
    """
    lines = [line for line in _NUMBERED.finditer(text) if not begins_with_date(line["words"])]
    starts = [line.start() for line in lines if line["number"] == number]
    if not starts:
        return None
    start = _find_between_neighbours(lines, number) or starts[0]
    # After "4.2" follows "4.3" or "5".
    steps = number.split(".")
    following = [".".join([*steps[:depth], str(int(step) + 1)]) for depth, step in enumerate(steps)]
    ends = [line.start() for line in lines if line.start() > start and line["number"] in following]
    return start, min(ends, default=len(text))


def _find_between_neighbours(lines: Sequence[re.Match[str]], number: str) -> int | None:
    """Return where the first line with a number begins that follows the number before and precedes the one after."""
    *above, last = number.split(".")
    wanted = [".".join([*above, str(int(last) + step)]) for step in (-1, 0, 1)]
    of_depth = [line for line in lines if line["number"].count(".") == len(above)]
    for three in zip(of_depth, of_depth[1:], of_depth[2:], strict=False):
        if [line["number"] for line in three] == wanted:
            return three[1].start()
    return None


def quote_part(chunks: Sequence[Chunk], span: Span, *, score: float) -> Quotes:
    """Return the sentences of an article's span as quotes, from hits that all have this score."""
    quoted = quote_span(chunks, span, score=score)
    return cite_spans(quoted.spans)._replace(note=CUT_OFF if quoted.is_cut_off else None)
