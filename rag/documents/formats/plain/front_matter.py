"""Reads the front matter of a text: names and values between two lines of dashes at the top."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from rag.documents.blocks import join_filled, pick_first, squeeze
from rag.documents.dates import read_date
from rag.metadata import FIELDS, LONGEST_VALUE, NAME
from rag.types import Document, Section

# A single line of dashes is a rule.
_FENCED = re.compile(r"\A\s*-{3,}[ \t]*\n(?P<lines>.*?)^(?:-{3,}|\.{3})[ \t]*$", re.MULTILINE | re.DOTALL)
_PAIR = re.compile(
    r"^(?P<key>[^\W\d][\w -]{0,60}?)[ \t]*:(?:[ \t]+(?P<value>\S[^\n]*))?[ \t]*$(?P<below>(?:\n[ \t-][^\n]*)*)",
    re.MULTILINE,
)
_ITEM = re.compile(r"^[ \t]*-[ \t]+(\S[^\n]*)$", re.MULTILINE)
_COMMENT = re.compile(r"(?:^|[ \t])#(?:[ \t][^\n]*)?$")
_BLOCK = frozenset(("|", ">", "|-", ">-"))
_MOST_VALUES = 50
# The names of the title, the outlet, the author and the date.
_NAMES = (("title",), ("outlet", "source"), ("author", "authors", "by"), ("date", "published", "updated"))


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The values in front matter; `metadata` are the other ones by name, in small letters, such as the tags.

    The date is ISO 8601 if it can be read. The front matter ends at `end`, and its lines are `[start, stop)`.
    """

    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    date: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    start: int = 0
    stop: int = 0
    end: int = 0


def find_front_matter_end(text: str) -> int:
    """Return where the front matter of a text ends; 0 if the text has none."""
    fenced = _FENCED.match(text)
    return fenced.end() if fenced else 0


def read_front_matter(text: str) -> FrontMatter:
    """Return the front matter of a text; without values if the text has none."""
    fenced = _FENCED.match(text)
    if fenced is None:
        return FrontMatter()
    values = dict(islice(_list_values(fenced["lines"]), _MOST_VALUES))
    title, outlet, author, date = (pick_first(map(values.get, names), None) for names in _NAMES)
    known = {*chain.from_iterable(_NAMES), *FIELDS}
    metadata = {name: value for name, value in values.items() if name not in known}
    return FrontMatter(title, outlet, author, read_date(date), metadata, *fenced.span("lines"), fenced.end())


def _list_values(lines: str) -> Iterator[tuple[str, str]]:
    for pair in _PAIR.finditer(lines):
        name = re.sub(r"\W", "_", pair["key"].strip().lower())
        if not NAME.fullmatch(name):
            continue
        written = pair.groupdict("")
        items = [item.strip(" \t\"'") for item in _list_items(written["value"], written["below"])]
        value = join_filled(", ", items)
        if value:
            yield name, value[:LONGEST_VALUE]


def _list_items(words: str, below: str) -> list[str]:
    """Return the items of a value, most often one; none if the lines below have names of their own."""
    value = _COMMENT.sub("", words).strip()
    if value.startswith("[") and value.endswith("]"):
        return value[1:-1].split(",")
    if value in _BLOCK:
        return [squeeze(below)]
    if value:
        return [value]
    return [_COMMENT.sub("", item) for item in _ITEM.findall(below)]


def add_front_matter(document: Document, front: FrontMatter) -> Document:
    """Return a document with the metadata of its front matter. If there is any, its lines become a section."""
    if not front.metadata or not document.sections:
        return document
    sections = [Section(front.start, front.stop, voice="article", author=document.author, date=document.date)]
    for section in document.sections:
        start = max(section.start, front.end)
        if document.text[start : section.end].strip():
            sections.append(replace(section, start=start))
    return replace(document, metadata=front.metadata, sections=tuple(sections))
