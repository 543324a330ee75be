"""Finds the list, the sentences that count or the section to quote as a whole, and quotes it."""

import re
from bisect import bisect_right
from collections.abc import Sequence, Set
from itertools import groupby, takewhile
from typing import NamedTuple

from rag.answer.quote.cite import HitSpan
from rag.answer.signs import compile_any, is_order
from rag.documents.blocks import HEADING_SEPARATOR
from rag.documents.sequences import split_runs
from rag.index.store import Store
from rag.language import SENTENCE_ENDS
from rag.text import NEW_ITEM, content_words, list_sentences, split_lines, split_sentences
from rag.types import Chunk, Hit, Span

# A document or a section is about a topic if its title or heading has at least 60 % of the topic's words.
_COVERED = 0.6
# A longer list or section is quoted from its beginning.
MOST_WORDS = 200
# The label of a list has no more words than this.
_LABEL_WORDS = 8
# Below a label, a single line with a number or a dash may be anything.
_FEWEST_ITEMS = 2
# A paragraph counts if this many of its sentences begin with a word such as "the first".
_FEWEST_COUNTING = 2
_COUNTS = compile_any(
    r"\W*(?:the )?(?:first|second|third|fourth|fifth)(?:ly)?\b"
    r"(?! (?:years?|weeks?|months?|days?|times?|floor|half|quarter|century|of)\b)",
    r"\W*(?:the )?(?:last|other)(?= is\b| are\b| one\b|,|:)|\W*(?:finally|lastly)\b",
)
_NUMBERED = re.compile(r"\d{1,3}(?:\.\d{1,3})*[.)]?\s+")
_RUN_END = re.compile(r":|.\s*\n\s*\n")
_END = re.compile(r"[.!?,;:…][\"'”’)\]]*$")


class Quoted(NamedTuple):
    """The sentences that are quoted, and whether there was more to quote."""

    spans: list[HitSpan]
    is_cut_off: bool


class _Section(NamedTuple):
    """A stretch of a document below one path of headings, from the widest to the narrowest."""

    path: list[str]
    start: int
    end: int


class _Line(NamedTuple):
    """A line of a text, its offsets there, and whether it is an item of a list, with or without a mark."""

    text: str
    start: int
    end: int
    is_item: bool

    def introduces(self, items: int) -> bool:
        """Return whether the line introduces the items below it: it ends with a colon, or is a label above several."""
        if self.text.endswith(":"):
            return True
        is_short = len(self.text.split()) <= _LABEL_WORDS
        is_label = is_short and not _END.search(self.text)
        return is_label and items >= _FEWEST_ITEMS


# A line before the first and after the last one: neither an item nor a label of items.
_EDGE = _Line(".", 0, 0, is_item=False)


def covers(text: str, topic: Set[str]) -> bool:
    """Return whether a text has most words of a topic; an empty topic has none that it could lack."""
    return len(topic & content_words(text)) >= _COVERED * len(topic)


def list_article(document_id: int, store: Store) -> list[Chunk]:
    """Return the chunks of a document without readers' comments, in the order of its text."""
    return [chunk for chunk in store.list_chunks(document_id) if chunk.voice == "article"]


def quote_span(chunks: Sequence[Chunk], span: Span, *, score: float) -> Quoted:
    """Return the sentences in a span of an article, from hits that all have this score.

    At most `MOST_WORDS` are quoted, from the beginning. Orders to machines are left out.
    """
    spans: list[HitSpan] = []
    words_left = MOST_WORDS
    for chunk in chunks:
        if min(chunk.end, span[1]) <= max(chunk.start, span[0]):
            continue
        hit = Hit(chunk, score, rank=1)
        for sentence, (start, end) in list_sentences(chunk):
            is_inside = span[0] <= start <= end <= span[1]
            if not is_inside or is_order(sentence):
                continue
            words_left -= len(sentence.split())
            if words_left < 0:
                return Quoted(spans, is_cut_off=True)
            spans.append(HitSpan(hit, start, end))
    return Quoted(spans, is_cut_off=False)


def find_section(chunks: Sequence[Chunk], topic: set[str], *, title: str) -> Span | None:
    """Return the span of the first section whose heading a topic names, with the sections inside of it; or None.

    The title may name a part of the topic.
    """
    titled = content_words(title) & topic
    sections = _list_sections(chunks)
    for number, section in enumerate(sections):
        for depth, heading in enumerate(section.path, start=1):
            if _is_named(heading, topic, titled):
                return section.start, _find_end(sections[number:], depth)
    return None


def _find_end(sections: Sequence[_Section], depth: int) -> int:
    """Return the end of the sections that have the same first `depth` headings as the first one."""
    path = sections[0].path[:depth]
    *_, last = takewhile(lambda section: section.path[:depth] == path, sections)
    return last.end


def _list_sections(chunks: Sequence[Chunk]) -> list[_Section]:
    """Return the sections that the chunks of an article make."""
    sections: list[_Section] = []
    for heading, group in groupby(chunks, key=lambda chunk: chunk.heading or ""):
        same = list(group)
        sections.append(_Section(heading.split(HEADING_SEPARATOR), same[0].start, same[-1].end))
    return sections


def _is_named(heading: str, topic: set[str], titled: set[str]) -> bool:
    """Return whether a topic names a heading: it has only words of the topic, and one that is not in the title.

    The heading may lack words of the topic that the title has (`titled`).
    """
    words = content_words(_NUMBERED.sub("", heading, count=1))
    is_of_topic = words <= topic and not words <= titled
    return is_of_topic and len(words | titled) >= _COVERED * len(topic)


def find_block(text: str, chunks: Sequence[Chunk], offset: int) -> Span | None:
    """Return the span of the list around an offset of a document's text, with the line that introduces it; or None.

    A list may also be sentences that count: "The first is …".
    """
    for section in _list_sections(chunks):
        if section.start <= offset < section.end:
            lines = _list_lines(text, section)
            return _find_list(lines, offset) or _find_counting(lines, offset)
    return None


def _list_lines(text: str, section: _Section) -> list[_Line]:
    """Return the lines of a section, with an edge before and after them.

    Lines right below each other, all below a colon, are items even without marks, unless one ends as a sentence: a
    letter goes on below "Dear Ann:".
    """
    lines = [_EDGE]
    spans = [(section.start + a, section.start + b) for a, b in split_lines(text[section.start : section.end])]
    # A run ends at a colon or a blank line.
    for run in split_runs(spans, lambda run, span: _RUN_END.match(text, run[-1][1] - 1, span[0]) is not None):
        is_list = len(run) > 1 and lines[-1].text.endswith(":") and _are_bare_items(text, run)
        for start, end in run:
            # White space has to follow a mark. The line's end counts, so the pattern searches the whole text.
            is_marked = NEW_ITEM.match(text, start) is not None
            lines.append(_Line(text[start:end], start, end, is_list or is_marked))
    return [*lines, _EDGE]


def _are_bare_items(text: str, spans: Sequence[Span]) -> bool:
    """Return whether the lines at some spans of a text have no marks, and none of them ends as a sentence does."""
    is_marked = NEW_ITEM.match(text, spans[0][0]) is not None
    return not is_marked and not any(text.endswith(SENTENCE_ENDS, *span) for span in spans)


def _find_line(lines: Sequence[_Line], offset: int) -> int:
    """Return the number of the line at an offset."""
    return bisect_right([line.end for line in lines[:-1]], offset)


def _find_list(lines: Sequence[_Line], offset: int) -> Span | None:
    """Return the span of the list around an offset, with the line that introduces it; or None."""
    above = last = _find_line(lines, offset)
    while lines[above].is_item:
        above -= 1
    while lines[last + 1].is_item:
        last += 1
    first = above if lines[above].introduces(last - above) else above + 1
    return (lines[first].start, lines[last].end) if first < last else None


def _find_counting(lines: Sequence[_Line], offset: int) -> Span | None:
    """Return the span of the sentences around an offset that count, with the one before the first; or None."""
    line = lines[_find_line(lines, offset)]
    spans = split_sentences(line.text)
    counting = [number for number, span in enumerate(spans) if _COUNTS.match(line.text, span[0])]
    if len(counting) < _FEWEST_COUNTING:
        return None
    start = line.start + spans[max(0, counting[0] - 1)][0]
    end = line.start + spans[counting[-1]][1]
    return (start, end) if start <= offset < end else None
