"""What the readers of formats give, and how it becomes a document."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from rag.documents.formats.visibility import drop_unseen_signs
from rag.types import Document, Section, Voice

HEADING_SEPARATOR = " › "
# What is longer is text: a heading goes along with every section below it.
LONGEST_HEADING = 500


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph, an item of a list or row of a table, or a reader's whole comment.

    `level` is that of a heading, from 1; `page` counts from 1 (a slide is a page). The text may have several lines.
    """

    text: str
    kind: Literal["heading", "paragraph", "item"] = "paragraph"
    level: int = 1
    page: int | None = None
    voice: Voice = "article"
    author: str | None = None
    date: str | None = None
    reply_to: str | None = None


class Extract(NamedTuple):
    """What a reader finds in a file: its blocks in reading order, and what the file says of itself."""

    blocks: Iterable[Block]
    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    date: str | None = None


def format_row(header: Sequence[str], cells: Sequence[str]) -> str:
    """Return a table's row with its header's words, so that it can be understood alone: "Tea: green; Price: 3"."""
    pairs = [
        (" ".join(header[i].split()) if i < len(header) else "", " ".join(cell.split())) for i, cell in enumerate(cells)
    ]
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)


def assemble(source: str, extract: Extract) -> Document:
    """Return the document that the blocks make: one text, who speaks where, under which heading, on which page.

    A heading stands in the text and names the sections below it; one with nothing below it is a section itself.
    """
    builder = _Builder(extract)
    for block in extract.blocks:
        builder.add(block)
    builder.end_heading()
    return Document(
        source=source,
        text=builder.text(),
        title=" ".join(drop_unseen_signs(extract.title or "").split()),
        sections=tuple(builder.sections),
        outlet=extract.outlet or None,
        author=extract.author or None,
        date=extract.date or None,
    )


class _Builder:
    """Puts blocks together, and notes where the sections begin and end."""

    def __init__(self, extract: Extract) -> None:
        self.sections: list[Section] = []
        self._extract = extract
        self._parts: list[str] = []
        self._length = 0
        self._last_kind = ""
        self._path: list[tuple[int, str]] = []
        self._bare: Section | None = None  # a heading with nothing below it yet

    def text(self) -> str:
        return "".join(self._parts)

    def add(self, block: Block) -> None:
        text = (
            drop_unseen_signs(block.text).strip().encode("utf-8", "replace").decode()
        )  # half a surrogate pair cannot be stored
        if not text:
            return
        if block.kind == "heading" and len(text) > LONGEST_HEADING:
            block = replace(block, kind="paragraph")
        start, end = self._append(text, "\n" if block.kind == self._last_kind == "item" else "\n\n")
        self._last_kind = block.kind
        if block.kind == "heading":
            if self._path and block.level <= self._path[-1][0]:
                self.end_heading()
            while self._path and block.level <= self._path[-1][0]:
                self._path.pop()
            self._bare = self._make_section(block, start, end)
            self._path.append((block.level, " ".join(text.split())))
            return
        self._bare = None
        section = self._make_section(block, start, end)
        last = self.sections[-1] if self.sections else None
        if last and section.voice == "article" and _same_place(last, section):
            self.sections[-1] = replace(last, end=end)
        else:
            self.sections.append(section)

    def end_heading(self) -> None:
        """Keep a heading that has nothing below it: its words stand nowhere else."""
        if self._bare:
            self.sections.append(self._bare)
            self._bare = None

    def _append(self, text: str, separator: str) -> tuple[int, int]:
        if self._parts:
            self._parts.append(separator)
            self._length += len(separator)
        self._parts.append(text)
        start = self._length
        self._length += len(text)
        return start, self._length

    def _make_section(self, block: Block, start: int, end: int) -> Section:
        heading = HEADING_SEPARATOR.join(text for _, text in self._path) or None
        if block.voice == "comment":
            return Section(start, end, "comment", block.author, block.date, page=block.page, reply_to=block.reply_to)
        author, date = block.author or self._extract.author, block.date or self._extract.date
        return Section(start, end, "article", author, date, heading, block.page)


def _same_place(last: Section, new: Section) -> bool:
    return (last.heading, last.page, last.author, last.date, last.voice) == (
        (new.heading, new.page, new.author, new.date, new.voice)
    )
