"""The blocks that the readers of formats return, and the document made of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal, NamedTuple, TypeVar

from rag.documents.formats.visibility import drop_unseen_signs
from rag.types import Document, Origin, Section, Span, Voice

DefaultT = TypeVar("DefaultT")

HEADING_SEPARATOR = " › "
# A longer heading is read as text, because each section below a heading repeats it.
LONGEST_HEADING = 500


@dataclass(frozen=True, slots=True)
class Block(Origin):
    """A heading, a paragraph, an item of a list, a row of a table, or a reader's whole comment.

    `level` is a heading's, from 1; a slide is a page. The text may have several lines. `part` is the document in a file
    inside of this one, such as an attachment; the heading above it is the file's name. `heading` is not set: it follows
    from the headings before.
    """

    text: str
    kind: Literal["heading", "paragraph", "item"] = "paragraph"
    level: int = 1
    voice: Voice = field(default="article", kw_only=True)
    part: Document | None = None


class Extract(NamedTuple):
    """The content of a file: its blocks in reading order, and its title, outlet, author and date."""

    blocks: Iterable[Block]
    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    date: str | None = None


def squeeze(text: str) -> str:
    """Return a text on one line, with single spaces."""
    return " ".join(text.split())


def join_filled(separator: str, texts: Iterable[str | None]) -> str:
    """Return the texts that are not empty, with a separator between two of them."""
    return separator.join(filter(None, texts))


def pick_first(texts: Iterable[str | None], default: DefaultT) -> str | DefaultT:
    """Return the first text that is not empty, or a default."""
    return next(filter(None, texts), default)


def join_words(blocks: Iterable[Block]) -> str:
    """Return the words of blocks in one line."""
    return squeeze(" ".join(block.text for block in blocks))


def walk_shape(blocks: list[Block], *, is_title: bool) -> Iterator[Block]:
    """Yield the blocks of a shape on a slide: several are items, but those of the title are one heading."""
    if is_title:
        yield Block(join_words(blocks), "heading")
    elif len(blocks) > 1:
        for block in blocks:
            yield replace(block, kind="item")
    else:
        yield from blocks


def begin_sheet(blocks: Iterator[Block], name: str) -> Iterator[Block]:
    """Yield the name of a sheet as a heading, and its blocks; without blocks, nothing."""
    first = next(blocks, None)
    if first:
        yield Block(name, "heading")
        yield from chain([first], blocks)


def begin_slide(blocks: Iterator[Block], page: int) -> Iterator[Block]:
    """Yield the blocks of a slide with its number as their page, and begin with a heading; without blocks, nothing."""
    first = next(blocks, None)
    if first is None:
        return
    if first.kind != "heading":
        yield Block(f"Slide {page}", "heading", page=page)
    for block in chain([first], blocks):
        yield replace(block, page=page)


def assemble(source: str, extract: Extract) -> Document:
    """Return the document that the blocks form: one text in sections, each with its voice, heading and page.

    A heading is in the text and names the sections below it. A heading with nothing below it is a section itself.
    """
    builder = _Builder(extract)
    for block in extract.blocks:
        builder.add(block)
    builder.end_heading()
    return Document(
        source=source,
        text=builder.text(),
        title=squeeze(drop_unseen_signs(extract.title or "")),
        sections=tuple(builder.sections),
        outlet=extract.outlet,
        author=extract.author,
        date=extract.date,
    )


class _Builder:
    """Joins the texts of blocks, and notes where the sections begin and end."""

    def __init__(self, extract: Extract) -> None:
        self.sections: list[Section] = []
        self._extract = extract
        self._parts: list[str] = []
        self._length = 0
        self._last_kind = ""
        self._path: list[tuple[int, str]] = []
        self._bare: Section | None = None  # a heading with nothing below it so far

    def text(self) -> str:
        return "".join(self._parts)

    def add(self, block: Block) -> None:
        # Half a surrogate pair cannot be stored.
        text = drop_unseen_signs(block.text).strip().encode("utf-8", "replace").decode()
        if not text:
            return
        if len(text) > LONGEST_HEADING and block.kind == "heading":
            block = replace(block, kind="paragraph")
        is_next_item = block.kind == self._last_kind == "item"
        start, end = self._append(text, "\n" if is_next_item else "\n\n")
        self._last_kind = block.kind
        if block.kind == "heading":
            self._add_heading(block, text, start, end)
            if block.part:
                self._add_part(block.part)
        else:
            self._add_text(self._make_section(block, start, end))

    def _add_heading(self, block: Block, text: str, start: int, end: int) -> None:
        outer = [(level, heading) for level, heading in self._path if level < block.level]
        if len(outer) < len(self._path):
            self.end_heading()
        self._path = outer
        self._bare = self._make_section(block, start, end)
        self._path.append((block.level, squeeze(text)))

    def _add_part(self, part: Document) -> None:
        """Add the text of a document, and its sections below the headings so far."""
        offset, _ = self._append(part.text, "\n\n")
        path = [text for _, text in self._path]
        for section in part.sections:
            heading = join_filled(HEADING_SEPARATOR, [*path, section.heading])
            start, end = offset + section.start, offset + section.end
            self.sections.append(replace(section, start=start, end=end, heading=heading))
        self._bare = None if part.sections else self._bare

    def _add_text(self, section: Section) -> None:
        self._bare = None
        last = self.sections[-1] if self.sections else None
        if last and section.voice == "article" and last.get_origin() == section.get_origin():
            self.sections[-1] = replace(last, end=section.end)
        else:
            self.sections.append(section)

    def end_heading(self) -> None:
        """Keep a heading with nothing below it: its words are in no other section."""
        if self._bare:
            self.sections.append(self._bare)
            self._bare = None

    def _append(self, text: str, separator: str) -> Span:
        if self._parts:
            self._parts.append(separator)
            self._length += len(separator)
        self._parts.append(text)
        start = self._length
        self._length += len(text)
        return start, self._length

    def _make_section(self, block: Block, start: int, end: int) -> Section:
        origin = block.get_origin()
        if block.voice == "article":
            origin["heading"] = HEADING_SEPARATOR.join(text for _, text in self._path) or None
            origin["author"] = block.author or self._extract.author
            origin["date"] = block.date or self._extract.date
        return Section(start, end, **origin)
