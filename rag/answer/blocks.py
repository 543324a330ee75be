"""Finds what a sentence of a text belongs to: the list, the numbered sentences, the section below its heading."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from rag.answer.cite import Span
from rag.answer.signs import OPENS_ITEM, is_order
from rag.index.catalog import Catalog
from rag.text import NEW_ITEM, content_words, split_lines, split_sentences
from rag.types import Chunk, Hit

# A heading has no more words than this; what stands below it has as many, or ends as a sentence does.
_HEADING_WORDS = 8
# A document or a section is about a topic if its title or heading has this share of the topic's words.
COVERED = 0.6
# A longer list or section is quoted from its beginning.
MOST_WORDS = 200
# A paragraph counts if this many of its sentences do.
_FEWEST_COUNTING = 2
_NUMBERED = re.compile(r"\d{1,3}(?:\.\d{1,3})*[.)]?\s+")
_END = re.compile(r"[.!?,;:…][\"'”’)\]]*$")
Range = tuple[int, int]


class Quoted(NamedTuple):
    """Hits, the spans of them that are quoted, and whether there was more to quote."""

    hits: tuple[Hit, ...]
    spans: tuple[Span, ...]
    is_cut_off: bool


class _Line(NamedTuple):
    """A line of a text, its place there, and whether it begins with the mark of an item: "-", "1."."""

    text: str
    start: int
    end: int
    is_marked: bool


def quote_range(document_id: int, place: Range, hits: Sequence[Hit], catalog: Catalog, *, score: float) -> Quoted:
    """Return hits, with the chunks of a range of a document behind them, and the spans of the sentences in it.

    At most `MOST_WORDS` are quoted, from the beginning. Readers' comments and orders to machines are left out.
    """
    together = list(hits)
    numbers = {hit.chunk.id: number for number, hit in enumerate(hits, start=1)}
    spans: list[Span] = []
    words_left = MOST_WORDS
    for chunk in _list_articles(document_id, place, catalog):
        if chunk.id not in numbers:
            together.append(Hit(chunk, score, len(together) + 1))
            numbers[chunk.id] = len(together)
        for a, b in _list_sentences(chunk, place):
            words_left -= len(chunk.text[a:b].split())
            if words_left < 0:
                return Quoted(tuple(together), tuple(spans), is_cut_off=True)
            spans.append(Span(numbers[chunk.id], chunk.start + a, chunk.start + b))
    return Quoted(tuple(together), tuple(spans), is_cut_off=False)


def _list_articles(document_id: int, place: Range, catalog: Catalog) -> Iterator[Chunk]:
    """Yield the chunks of a document's article that a range of it touches."""
    start, end = place
    for chunk in catalog.list_chunks(document_id):
        is_touched = start < chunk.end and chunk.start < end
        if is_touched and chunk.voice == "article":
            yield chunk


def _list_sentences(chunk: Chunk, place: Range) -> Iterator[Range]:
    """Yield the offsets in a chunk of its sentences inside a range of the document, without orders to machines."""
    first, last = place[0] - chunk.start, place[1] - chunk.start
    for start, end in split_sentences(chunk.text):
        is_inside = first <= start and end <= last
        if is_inside and not is_order(chunk.text[start:end]):
            yield start, end


def find_block(text: str, place: int) -> Range | None:
    """Return where the list or the section stands in a text of which there is a part at a place, or None."""
    lines = _list_lines(text)
    at = next((i for i, line in enumerate(lines) if place < line.end), None)
    if at is None:
        return None
    return _find_items(lines, at) or _find_section(lines, at) or _find_numbered(text, lines[at], place)


def find_section(text: str, topic: set[str], *, title: str) -> Range | None:
    """Return where the first section stands that a topic names, together with the title of the text, or None.

    All words of its heading are of the topic, and those of the title make up for what the heading lacks of it.
    """
    lines = _list_lines(text)
    titled = content_words(title) & topic
    for at, line in enumerate(lines):
        heading = content_words(line.text) - _get_number(line.text)
        is_named = heading and heading <= topic and not heading <= titled
        is_covered = len(heading | titled) >= COVERED * len(topic)
        if is_named and is_covered and _is_heading(lines, at):
            return _find_section(lines, at)
    return None


def _list_lines(text: str) -> list[_Line]:
    lines = split_lines(text)
    # White space has to follow a mark: that behind the line counts.
    return [_Line(text[start:end], start, end, NEW_ITEM.match(text, start) is not None) for start, end in lines]


def _get_number(line: str) -> set[str]:
    number = _NUMBERED.match(line)
    return content_words(number[0]) if number else set()


def _find_items(lines: Sequence[_Line], at: int) -> Range | None:
    """Return where the items around a line stand, with the line that leads them in."""
    above = takewhile(lambda i: _is_item(lines, i), range(at, -1, -1))
    below = takewhile(lambda i: _is_item(lines, i), range(at + 1, len(lines)))
    own, others = list(above), list(below)
    before = at - len(own)
    first = before if before >= 0 and _leads_in(lines[before]) else before + 1
    last = at + len(others)
    has_items = bool(own or others)
    return (lines[first].start, lines[last].end) if has_items and first < last else None


def _leads_in(line: _Line) -> bool:
    """Return whether a line may stand before a list: it has a colon, or is as short as a heading."""
    return line.text.endswith(":") or _is_short(line.text)


def _find_section(lines: Sequence[_Line], at: int) -> Range | None:
    """Return where a heading and the lines below it stand, up to the next heading."""
    if not _is_heading(lines, at):
        return None
    below = list(takewhile(lambda i: not _is_heading(lines, i), range(at + 1, len(lines))))
    return (lines[at].start, lines[below[-1]].end) if below else None


def _find_numbered(text: str, line: _Line, place: int) -> Range | None:
    """Return where the sentences of a paragraph that count stand ("The first is …"), with the one before them."""
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
    """Return whether a line is a heading: short, without digits and an end, and the next is a sentence or a list."""
    text = lines[at].text
    if NEW_ITEM.match(text):
        return _is_numbered_heading(lines, at)
    has_digit = any(sign.isdigit() for sign in text)
    is_named = text[:1].isupper() and not has_digit
    is_last = at + 1 == len(lines)
    if is_last or not is_named or not _is_short(text):
        return False
    return lines[at + 1].is_marked or _is_sentence(lines[at + 1].text)


def _is_numbered_heading(lines: Sequence[_Line], at: int) -> bool:
    """Return whether a line is a heading with a number, and not the item of a list: a sentence stands below it."""
    text = lines[at].text
    is_last = at + 1 == len(lines)
    if is_last or not _NUMBERED.match(text) or not _is_short(text):
        return False
    follows_item = at > 0 and lines[at - 1].is_marked
    precedes_item = lines[at + 1].is_marked
    return not follows_item and not precedes_item and _is_sentence(lines[at + 1].text)


def _is_short(line: str) -> bool:
    return len(line.split()) <= _HEADING_WORDS and not _END.search(line)


def _is_sentence(line: str) -> bool:
    return len(line.split()) > _HEADING_WORDS and bool(_END.search(line))
