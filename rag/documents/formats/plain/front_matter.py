"""Reads the front matter of a text: names and values between two lines of dashes at the top."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rag.documents.blocks import squeeze
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
_TITLES, _AUTHORS, _DATES = ("title",), ("author", "authors", "by"), ("date", "published", "updated")
_OUTLETS = ("outlet", "source")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The values in front matter by name, in small letters; it ends at `end`, and its lines are `[start, stop)`."""

    values: dict[str, str] = field(default_factory=dict)
    start: int = 0
    stop: int = 0
    end: int = 0

    @property
    def title(self) -> str | None:
        """The title, or None."""
        return self._get(_TITLES)

    @property
    def outlet(self) -> str | None:
        """The outlet, or None."""
        return self._get(_OUTLETS)

    @property
    def author(self) -> str | None:
        """The authors, or None."""
        return self._get(_AUTHORS)

    @property
    def date(self) -> str | None:
        """The date, ISO 8601 if it can be read, or None."""
        return read_date(self._get(_DATES))

    @property
    def metadata(self) -> dict[str, str]:
        """The other values that can be metadata of a document, such as its tags."""
        known = {*_TITLES, *_AUTHORS, *_DATES, *_OUTLETS, *FIELDS}
        return {name: value for name, value in self.values.items() if name not in known}

    def _get(self, names: tuple[str, ...]) -> str | None:
        values = filter(None, map(self.values.get, names))
        return next(values, None)


def find_front_matter_end(text: str) -> int:
    """Return where the front matter of a text ends; 0 if the text has none."""
    fenced = _FENCED.match(text)
    return fenced.end() if fenced else 0


def read_front_matter(text: str) -> FrontMatter:
    """Return the front matter of a text; without values if the text has none."""
    fenced = _FENCED.match(text)
    if fenced is None:
        return FrontMatter()
    values = dict(list(_list_values(fenced["lines"]))[:_MOST_VALUES])
    return FrontMatter(values, *fenced.span("lines"), fenced.end())


def _list_values(lines: str) -> Iterator[tuple[str, str]]:
    for pair in _PAIR.finditer(lines):
        name = re.sub(r"\W", "_", pair["key"].strip().lower())
        if not NAME.fullmatch(name):
            continue
        written = pair.groupdict("")
        items = map(_unquote, _list_items(written["value"], written["below"]))
        value = ", ".join(filter(None, items))
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


def _unquote(value: str) -> str:
    return value.strip().strip("\"'").strip()


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
