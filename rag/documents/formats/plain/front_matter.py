"""Reads the front matter of a text: names and values between two lines of dashes at the top."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice

import yaml

from rag.documents.blocks import join_filled, pick_first, squeeze
from rag.documents.dates import read_date
from rag.metadata import FIELDS, LONGEST_VALUE, NAME
from rag.types import Document, Section

# A single line of dashes is a rule.
_FENCED = re.compile(r"\A\s*-{3,}[ \t]*\n(?P<lines>.*?)^(?:-{3,}|\.{3})[ \t]*$", re.MULTILINE | re.DOTALL)
# Each entry is read by itself, so that a fault in one of them spoils no other.
_ENTRY = re.compile(r"^(?=[^\s\-#\]}])", re.MULTILINE)
_MOST_VALUES = 50
# To parse more characters takes seconds.
_LONGEST = 20_000
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
    """Yield the names in front matter with their values, texts or lists of texts."""
    for key, value in chain.from_iterable(map(_read_entry, _ENTRY.split(lines[:_LONGEST]))):
        name = re.sub(r"\W", "_", key.strip().lower())
        items = value if isinstance(value, list) else [value]
        words = join_filled(", ", (squeeze(item) for item in items if isinstance(item, str)))
        if words and NAME.fullmatch(name):
            yield name, words[:LONGEST_VALUE]


def _read_entry(entry: str) -> list[tuple[str, object]]:
    """Return the name of an entry with its value; a value that is not YAML, such as "Rent: 2024", is a text."""
    try:
        pairs = yaml.load(entry, Loader=yaml.BaseLoader)  # noqa: S506  (it makes only texts, lists and dicts)
    except (yaml.YAMLError, RecursionError):
        name, _, value = entry.partition(":")
        return [(name, value)]
    return list(pairs.items()) if isinstance(pairs, dict) else []


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
