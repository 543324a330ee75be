"""Finds the list, the numbered sentences or the section to which a place of a text belongs."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.answer.quote.cite import HitSpan
from rag.answer.signs import OPENS_ITEM, is_order
from rag.index.store import Store
from rag.text import NEW_ITEM, content_words, split_lines, split_sentences
from rag.types import Chunk, Hit, Span

# A heading has no more words than this; the sentence below it has more.
_HEADING_WORDS = 8
# A document or a section is about a topic if its title or heading has this share of the topic's words.
COVERED = 0.6
# A longer list or section is quoted from its beginning.
MOST_WORDS = 200
# A paragraph is numbered if this many of its sentences begin with a number word such as "the first".
_FEWEST_COUNTING = 2
_NUMBERED = re.compile(r"\d{1,3}(?:\.\d{1,3})*[.)]?\s+")
_END = re.compile(r"[.!?,;:…][\"'”’)\]]*$")


class Quoted(NamedTuple):
    """Hits, the spans of them that are quoted, and whether there was more to quote."""

    hits: tuple[Hit, ...]
    spans: tuple[HitSpan, ...]
    is_cut_off: bool


class _Line(NamedTuple):
    """A line of a text, its place there, and whether it begins with the mark of an item: "-", "1."."""

    text: str
    start: int
    end: int
    is_marked: bool

    @property
    def is_short(self) -> bool:
        """Whether the line may be a heading by its length, and does not end as a sentence does."""
        return len(self.text.split()) <= _HEADING_WORDS and not _END.search(self.text)

    @property
    def is_sentence(self) -> bool:
        """Whether the line is a sentence, or several."""
        return len(self.text.split()) > _HEADING_WORDS and bool(_END.search(self.text))


# A line before the first and after the last one: not an item, heading or sentence, and no list follows it.
_EDGE = _Line(".", 0, 0, is_marked=False)


def quote_span(document_id: int, place: Span, hits: Sequence[Hit], store: Store, *, score: float) -> Quoted:
    """Return the hits, followed by the other chunks of a range of a document, and the spans of its sentences.

    At most `MOST_WORDS` are quoted, from the beginning. Readers' comments and orders to machines are left out.
    """
    together = list(hits)
    numbers = {hit.chunk.id: number for number, hit in enumerate(hits, start=1)}
    spans: list[HitSpan] = []
    words_left = MOST_WORDS
    for chunk in _list_articles(document_id, place, store):
        if chunk.id not in numbers:
            together.append(Hit(chunk, score, len(together) + 1))
            numbers[chunk.id] = len(together)
        for a, b in _list_sentences(chunk, place):
            words_left -= len(chunk.text[a:b].split())
            if words_left < 0:
                return Quoted(tuple(together), tuple(spans), is_cut_off=True)
            spans.append(HitSpan(numbers[chunk.id], chunk.start + a, chunk.start + b))
    return Quoted(tuple(together), tuple(spans), is_cut_off=False)


def _list_articles(document_id: int, place: Span, store: Store) -> Iterator[Chunk]:
    """Yield the chunks of a document's article that overlap a range."""
    start, end = place
    for chunk in store.list_chunks(document_id):
        is_touched = start < chunk.end and chunk.start < end
        if is_touched and chunk.voice == "article":
            yield chunk


def _list_sentences(chunk: Chunk, place: Span) -> Iterator[Span]:
    """Yield the offsets of a chunk's sentences in a range of the document, without orders to machines."""
    first, last = place[0] - chunk.start, place[1] - chunk.start
    for start, end in split_sentences(chunk.text):
        is_inside = first <= start and end <= last
        if is_inside and not is_order(chunk.text[start:end]):
            yield start, end


def find_block(text: str, place: int) -> Span | None:
    """Return the range of the list or the section that a place of a text belongs to, or None."""
    lines = _list_lines(text)
    at = next((i for i, line in enumerate(lines) if place < line.end), None)
    if at is None:
        return None
    return _find_items(lines, at) or _find_section(lines, at) or _find_numbered(text, lines[at], place)


def find_section(text: str, topic: set[str], *, title: str) -> Span | None:
    """Return the range of the first section that a topic names, or None; the title may name a part of the topic."""
    lines = _list_lines(text)
    titled = content_words(title) & topic
    for at, line in enumerate(lines):
        if _is_named(line.text, topic, titled) and _is_heading(lines, at):
            return _find_section(lines, at)
    return None


def _is_named(heading: str, topic: set[str], titled: set[str]) -> bool:
    """Return whether a topic names a heading: it has only words of the topic, and one that is not in the title.

    The heading may lack words of the topic that the title has (`titled`).
    """
    words = content_words(heading) - _get_number(heading)
    is_of_topic = words <= topic and not words <= titled
    return is_of_topic and len(words | titled) >= COVERED * len(topic)


def _list_lines(text: str) -> list[_Line]:
    """Return the lines of a text, with an edge before and after them."""
    # White space has to follow a mark. The line's end counts, so the pattern searches the whole text.
    lines = [_Line(text[a:b], a, b, NEW_ITEM.match(text, a) is not None) for a, b in split_lines(text)]
    return [_EDGE, *lines, _EDGE]


def _get_number(line: str) -> set[str]:
    number = _NUMBERED.match(line)
    return content_words(number[0]) if number else set()


def _find_items(lines: Sequence[_Line], at: int) -> Span | None:
    """Return the range of the list around a line, with the line that introduces it."""
    first = last = at
    while _is_item(lines, first):
        first -= 1
    while _is_item(lines, last + 1):
        last += 1
    if not _leads_in(lines[first]):
        first += 1
    return (lines[first].start, lines[last].end) if first < last else None


def _leads_in(line: _Line) -> bool:
    """Return whether a line may introduce a list: it ends with a colon, or is as short as a heading."""
    return line.text.endswith(":") or line.is_short


def _find_section(lines: Sequence[_Line], at: int) -> Span | None:
    """Return the range of a heading and the lines below it, up to the next heading."""
    if not _is_heading(lines, at):
        return None
    end = at + 1
    while lines[end] is not _EDGE and not _is_heading(lines, end):
        end += 1
    last = end - 1
    return (lines[at].start, lines[last].end) if at < last else None


def _find_numbered(text: str, line: _Line, place: int) -> Span | None:
    """Return the range of a paragraph's numbered sentences ("The first is …"), with the sentence before them."""
    sentences = [(line.start + a, line.start + b) for a, b in split_sentences(line.text)]
    counting = [i for i, (start, _) in enumerate(sentences) if OPENS_ITEM.match(text, start)]
    if len(counting) < _FEWEST_COUNTING:
        return None
    first, last = max(counting[0] - 1, 0), counting[-1]
    start, end = sentences[first][0], sentences[last][1]
    return (start, end) if start <= place < end else None


def _is_item(lines: Sequence[_Line], at: int) -> bool:
    return lines[at].is_marked and not _is_numbered_heading(lines, at)


def _is_heading(lines: Sequence[_Line], at: int) -> bool:
    """Return whether a line is a heading: short, without digits or an end mark, and above a sentence or a list."""
    line, below = lines[at], lines[at + 1]
    if NEW_ITEM.match(line.text):
        return _is_numbered_heading(lines, at)
    has_digit = any(sign.isdigit() for sign in line.text)
    is_named = line.text[:1].isupper() and not has_digit
    has_text_below = below.is_marked or below.is_sentence
    return is_named and line.is_short and has_text_below


def _is_numbered_heading(lines: Sequence[_Line], at: int) -> bool:
    """Return whether a line is a heading with a number, and not the item of a list: a sentence follows it."""
    above, line, below = lines[at - 1 : at + 2]
    is_alone = not above.is_marked and not below.is_marked
    is_named = _NUMBERED.match(line.text) is not None and line.is_short
    return is_alone and is_named and below.is_sentence
