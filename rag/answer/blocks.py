"""Finds what a sentence of a text belongs to: the list, the numbered sentences, the section below its heading."""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from rag.answer.cite import Span
from rag.answer.signs import OPENS_ITEM, is_order
from rag.index.catalog import Catalog
from rag.text import NEW_ITEM, content_words, split_lines, split_sentences
from rag.types import Hit

# A heading has no more words than this; what stands below it has as many, or ends as a sentence does.
_HEADING_WORDS = 8
# A document or a section is about a topic if its title or heading has this share of the topic's words.
COVERED = 0.6
_NUMBERED = re.compile(r"\d{1,3}(?:\.\d{1,3})*[.)]?\s+")
_END = re.compile(r"[.!?,;:…][\"'”’)\]]*$")
Range = tuple[int, int]

# A longer list or section is quoted from its beginning.
MOST_WORDS = 200


class Quoted(NamedTuple):
    """Hits, the spans of them that are quoted, and whether there was more to quote."""

    hits: tuple[Hit, ...]
    spans: tuple[Span, ...]
    is_cut_off: bool


def quote_range(document_id: int, place: Range, hits: Sequence[Hit], catalog: Catalog, *, score: float) -> Quoted:
    """Return hits, with the chunks of a range of a document behind them, and the spans of the sentences in it.

    At most `MOST_WORDS` are quoted, from the beginning. Readers' comments and orders to machines are left out.
    """
    start, end = place
    together = list(hits)
    numbers = {hit.chunk.id: number for number, hit in enumerate(hits, start=1)}
    spans: list[Span] = []
    words = 0
    for chunk in catalog.list_chunks(document_id):
        if chunk.end <= start or end <= chunk.start or chunk.voice == "comment":
            continue
        if chunk.id not in numbers:
            together.append(Hit(chunk, score, len(together) + 1))
            numbers[chunk.id] = len(together)
        for a, b in split_sentences(chunk.text):
            span = Span(numbers[chunk.id], chunk.start + a, chunk.start + b)
            if start <= span.start and span.end <= end and not is_order(chunk.text[a:b]):
                words += len(chunk.text[a:b].split())
                spans.append(span)
            if words > MOST_WORDS:
                return Quoted(tuple(together), tuple(spans[:-1]), is_cut_off=True)
    return Quoted(tuple(together), tuple(spans), is_cut_off=False)


def find_block(text: str, place: int) -> Range | None:
    """Return where the list or the section stands in a text of which there is a part at a place, or None."""
    lines = split_lines(text)
    at = next((i for i, (_, end) in enumerate(lines) if place < end), None)
    if at is None:
        return None
    return _find_items(text, lines, at) or _find_section(text, lines, at) or _find_numbered(text, lines[at], place)


def find_section(text: str, topic: set[str], *, title: str) -> Range | None:
    """Return where the first section stands that a topic names, together with the title of the text, or None.

    All words of its heading are of the topic, and those of the title make up for what the heading lacks of it.
    """
    lines = split_lines(text)
    titled = content_words(title) & topic
    for at, (start, end) in enumerate(lines):
        heading = content_words(text[start:end]) - _get_number(text[start:end])
        is_named = heading and heading <= topic and not heading <= titled
        if is_named and len(heading | titled) >= COVERED * len(topic) and _is_heading(text, lines, at):
            return _find_section(text, lines, at)
    return None


def _get_number(line: str) -> set[str]:
    number = _NUMBERED.match(line)
    return content_words(number[0]) if number else set()


def _find_items(text: str, lines: Sequence[Range], at: int) -> Range | None:
    """Return where the items around a line stand, with the line that leads them in."""
    first = last = at
    while first >= 0 and _is_item(text, lines, first):
        first -= 1
    leads_in = first >= 0 and text[: lines[first][1]].endswith(":")
    is_above = first >= 0 and _is_short(text[slice(*lines[first])])
    first += not (leads_in or is_above)
    while last + 1 < len(lines) and _is_item(text, lines, last + 1):
        last += 1
    has_items = any(_is_item(text, lines, i) for i in range(first, last + 1))
    return (lines[first][0], lines[last][1]) if has_items and first < last else None


def _find_section(text: str, lines: Sequence[Range], at: int) -> Range | None:
    """Return where a heading and the lines below it stand, up to the next heading."""
    if not _is_heading(text, lines, at):
        return None
    below = [*takewhile(lambda i: not _is_heading(text, lines, i), range(at + 1, len(lines)))]
    return (lines[at][0], lines[below[-1]][1]) if below else None


def _find_numbered(text: str, line: Range, place: int) -> Range | None:
    """Return where the sentences of a paragraph that count stand ("The first is …"), with the one before them."""
    sentences = [(line[0] + a, line[0] + b) for a, b in split_sentences(text[slice(*line)])]
    counting = [i for i, (start, _) in enumerate(sentences) if OPENS_ITEM.match(text, start)]
    if len(counting) < 2:
        return None
    first, last = max(counting[0] - 1, 0), counting[-1]
    is_inside = sentences[first][0] <= place < sentences[last][1]
    return (sentences[first][0], sentences[last][1]) if is_inside else None


def _is_item(text: str, lines: Sequence[Range], at: int) -> bool:
    return NEW_ITEM.match(text, lines[at][0]) is not None and not _is_numbered_heading(text, lines, at)


def _is_heading(text: str, lines: Sequence[Range], at: int) -> bool:
    """Return whether a line is a heading: short, without digits and an end, and the next is a sentence or a list."""
    said = text[slice(*lines[at])]
    if NEW_ITEM.match(said):
        return _is_numbered_heading(text, lines, at)
    is_named = said[:1].isupper() and not any(sign.isdigit() for sign in said)
    if not is_named or not _is_short(said) or at + 1 == len(lines):
        return False
    return bool(NEW_ITEM.match(text, lines[at + 1][0])) or _is_sentence(text[slice(*lines[at + 1])])


def _is_numbered_heading(text: str, lines: Sequence[Range], at: int) -> bool:
    """Return whether a line is a heading with a number, and not the item of a list: a sentence stands below it."""
    said = text[slice(*lines[at])]
    number = _NUMBERED.match(said)
    if not number or not _is_short(said) or at + 1 == len(lines):
        return False
    below = text[slice(*lines[at + 1])]
    follows_item = at > 0 and NEW_ITEM.match(text, lines[at - 1][0])
    return not follows_item and not NEW_ITEM.match(below) and _is_sentence(below)


def _is_short(line: str) -> bool:
    return len(line.split()) <= _HEADING_WORDS and not _END.search(line)


def _is_sentence(line: str) -> bool:
    return len(line.split()) > _HEADING_WORDS and bool(_END.search(line))
