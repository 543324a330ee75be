"""Quotes a part or page of a document that a question names by its number ("What does section 4.2 say?")."""

from collections.abc import Sequence

from rag.answer.gather.blocks import list_article, quote_span
from rag.answer.gather.request import Gathered, Request
from rag.answer.quote.cite import Quotes, cite_spans
from rag.answer.understand.kinds import SUMMARY
from rag.answer.understand.places import NUMBERED
from rag.documents.dates import begins_with_date
from rag.text import content_words
from rag.types import Chunk, Span

# A question with no other words asks for a page as a whole.
_NO_TOPIC = content_words("What is there on the page or slide of this document, and what stands in the file? Show it.")
# "4.2.0" has as many points.
_VERSION_DEPTH = 2
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


def find_page(request: Request) -> Gathered | None:
    """Return the page that a question asks for as a whole, from the nearest document with such a page; or None."""
    number = request.question.page_number
    topic = request.question.words - _NO_TOPIC - {str(number)}
    is_whole = not topic or request.question.kind is SUMMARY
    if number is None or not is_whole:
        return None
    for hit in request.best_hits:
        with request.index.browse() as store:
            chunks = list_article(hit.chunk.document_id, store)
        inside = [chunk for chunk in chunks if chunk.page == number]
        if inside:
            return Gathered(quote_part(chunks, (inside[0].start, inside[-1].end), score=hit.score))
    return None


def find_span(text: str, number: str) -> Span | None:
    """Return the span of the part with a number, up to the next number or the end of the text; or None.

    The part about a version, such as 4.2.0, ends before any other version.

    If several lines have the number, one between its neighbours is preferred: 4 between 3 and 5.
    """
    *above, last = number.split(".")
    lines = [line for line in NUMBERED.finditer(text) if not begins_with_date(line["words"])]
    of_depth = [line for line in lines if line["number"].count(".") == len(above)]
    numbers = [line["number"] for line in of_depth]
    if number not in numbers:
        return None
    three = [".".join([*above, str(int(last) + step)]) for step in (-1, 0, 1)]

    def is_own_between(index: int) -> tuple[bool, bool]:
        return numbers[index] == number, numbers[max(index - 1, 0) : index + 2] == three

    start = of_depth[max(range(len(numbers)), key=is_own_between)].start()
    # The newest version may come first: 4.1.2 is below 4.2.0.
    following = numbers if len(above) == _VERSION_DEPTH else _list_following(number)
    ends = [line.start() for line in lines if line.start() > start and line["number"] in following]
    return start, min(ends, default=len(text))


def _list_following(number: str) -> list[str]:
    """Return the numbers that may follow the number of a part: after "4.2" these are "4.3" and "5"."""
    steps = number.split(".")
    return [".".join([*steps[:depth], str(int(step) + 1)]) for depth, step in enumerate(steps)]


def quote_part(chunks: Sequence[Chunk], span: Span, *, score: float) -> Quotes:
    """Return the sentences of an article's span as quotes, from hits that all have this score."""
    quoted = quote_span(chunks, span, score=score)
    return cite_spans(quoted.spans)._replace(note=CUT_OFF if quoted.is_cut_off else None)
