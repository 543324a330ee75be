"""Collects the paragraphs and tables of an RTF text, or of a note, comment or box in it."""

import re
from typing import NamedTuple

from rag.documents.blocks import Block
from rag.documents.formats.tables import format_rows

_HEADING = re.compile(r"heading (\d)")
_CONTENTS = re.compile(r"(?:toc|contents) .*")
# The number of an item: "1.", "a)", "2.1". A bullet may be a letter of a symbol font.
_NUMBER = re.compile(r"\(?(?:\w{1,4}\.)*(?:\w{1,8}[.):]|\d{1,4})")
# A bold line that is longer or ends like a sentence is text.
_LONGEST_HEADING = 80
_TEXT_ENDS = (".", ",", ";", ":", "!", "?")


class Style(NamedTuple):
    """A paragraph's style: its name in lower case, and its level as a heading; 0 for text."""

    name: str = ""
    outline: int = 0

    @property
    def level(self) -> int:
        """The level of its headings, from 1; 0 for text."""
        heading = _HEADING.match(self.name)
        return self.outline or (int(heading[1]) if heading else 0)


class Paragraph(NamedTuple):
    """The settings of a paragraph; `level` is a heading's, 0 for text, None for that of the style."""

    style: Style = Style()
    level: int | None = None
    is_in_table: bool = False
    is_shaded: bool = False


class Flow:
    """A text, or a note, comment or box in it, which stands below the paragraph with its mark."""

    def __init__(self, *, is_comment: bool = False, is_box: bool = False, author: str | None = None) -> None:
        self.is_comment, self.is_box, self.author = is_comment, is_box, author
        self.date: str | None = None
        self.title: str | None = None
        self.marker = ""
        self.paragraph = Paragraph()
        self._words: list[str] = []
        self._has_plain = False
        self._blocks: list[Block] = []
        self._bold: set[int] = set()  # the numbers of the blocks that are all bold
        self._below: list[Block] = []
        self._comments: list[Block] = []
        self._cell: list[str] = []
        self._row: list[str] = []
        self._rows: list[list[str]] = []
        self._is_header = self._has_header = False

    def add(self, text: str, *, is_bold: bool) -> None:
        """Add visible words to the paragraph."""
        self._words.append(text)
        self._has_plain = self._has_plain or (not is_bold and not text.isspace())

    def add_below(self, flow: "Flow") -> None:
        """Put a finished note or box below the present paragraph, and a comment at the end."""
        blocks = flow.finish()
        if flow.is_comment:
            text = "\n".join(block.text for block in blocks)
            self._comments.append(Block(text, voice="comment", author=flow.author, date=flow.date))
        else:
            self._below += blocks
            self._comments += flow._comments
            flow._comments = []

    def end_paragraph(self) -> None:
        """End the present paragraph; one that is not in a table ends the table above."""
        text = self._take_words()
        if self.paragraph.is_in_table:
            self._cell.append(text)
            return
        if text or self._below:
            self._end_table()
        self._add_block(text)
        self._blocks += self._below
        self._below = []

    def end_cell(self) -> None:
        """End a cell of a table."""
        self._cell.append(self._take_words())
        self._row.append(" ".join(filter(None, self._cell)))
        self._cell = []

    def mark_header(self) -> None:
        """Note that the present row is the table's header."""
        self._is_header = True

    def end_row(self) -> None:
        """End a row of a table."""
        self._has_header = self._has_header or (self._is_header and not self._rows)
        self._is_header = False
        if self._row:
            self._rows.append(self._row)
        self._row = []

    def finish(self) -> list[Block]:
        """Return all blocks, with the comments at the end; in a text without headings, bold lines are headings."""
        self.end_paragraph()
        self.end_row()
        self._end_table()
        blocks = self._blocks
        if all(block.kind != "heading" for block in blocks):
            blocks = [self._promote(number, block) for number, block in enumerate(blocks)]
        return blocks if self.is_comment else [*blocks, *self._take_comments()]

    def _take_comments(self) -> list[Block]:
        comments, self._comments = self._comments, []
        return comments

    def _promote(self, number: int, block: Block) -> Block:
        """Return a bold line with text below it as a heading, and any other block as it is."""
        is_followed = number + 1 < len(self._blocks) and number + 1 not in self._bold
        is_heading = number in self._bold and is_followed
        return Block(block.text, "heading") if is_heading else block

    def _take_words(self) -> str:
        """Return the words of the paragraph; pairs of half characters are one character."""
        text = "".join(self._words).strip()
        self._words = []
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _add_block(self, text: str) -> None:
        style, marker = self.paragraph.style, self.marker.strip()
        level = style.level if self.paragraph.level is None else self.paragraph.level
        number = marker if _NUMBER.fullmatch(marker) else ""
        is_bold = not self._has_plain
        self.marker, self._has_plain = "", False
        if not text or _CONTENTS.fullmatch(style.name):
            return
        words = f"{number} {text}".strip()
        if style.name == "title" and self.title is None:
            self.title = " ".join(text.split())
        elif level or style.name == "title":
            self._blocks.append(Block(" ".join(words.split()), "heading", level or 1))
        elif marker:
            self._blocks.append(Block(words, "item"))
        else:
            if is_bold and len(text) <= _LONGEST_HEADING and not text.endswith(_TEXT_ENDS):
                self._bold.add(len(self._blocks))
            self._blocks.append(Block(words))

    def _end_table(self) -> None:
        """Add the rows of the table above, with the words of their header."""
        rows, self._rows = self._rows, []
        is_headed, self._has_header = self._has_header and len(rows) > 1, False
        for text in format_rows(rows, is_headed=is_headed):
            self._blocks.append(Block(text, "item"))
