"""Collects the paragraphs and tables of an RTF text, or of a note, comment or box in it."""

import re
from itertools import starmap
from typing import NamedTuple

from rag.documents.blocks import Block
from rag.documents.formats.rtf.row_collector import RowCollector

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
        return int(heading[1]) if heading else self.outline


class Paragraph(NamedTuple):
    """The settings of a paragraph; `level` is a heading's, 0 for text, None for that of the style."""

    style: Style = Style()
    level: int | None = None
    is_in_table: bool = False
    is_shaded: bool = False

    @property
    def heading_level(self) -> int:
        """The level of a heading, from 1; 0 for text. A second title is a heading."""
        if self.style.name == "title":
            return 1
        return self.style.level if self.level is None else self.level


class Flow:
    """A text, or a note, comment or box in it, which follows the paragraph with its mark."""

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
        self.table = RowCollector()

    def add(self, text: str, *, is_bold: bool) -> None:
        """Add visible words to the paragraph."""
        self._words.append(text)
        self._has_plain |= not (is_bold or text.isspace())

    def add_below(self, flow: "Flow") -> None:
        """Put a finished note or box below the present paragraph, and a comment at the end."""
        self._comments += flow._comments
        flow._comments = []
        blocks = flow.finish()
        if flow.is_comment:
            text = "\n".join(block.text for block in blocks)
            self._comments.append(Block(text, voice="comment", author=flow.author, date=flow.date))
        else:
            self._below += blocks

    def end_paragraph(self) -> None:
        """End the present paragraph; one that is not in a table ends the table above."""
        text = self._take_words()
        if self.paragraph.is_in_table:
            self.table.add_paragraph(text)
            return
        if text or self._below:
            self._blocks += self.table.take_blocks()
        self._add_block(text)
        self._blocks += self._below
        self._below = []

    def end_cell(self) -> None:
        """End a cell of a table."""
        self.table.add_paragraph(self._take_words())
        self.table.end_cell()

    def finish(self) -> list[Block]:
        """Return all blocks, with the comments at the end; in a text without headings, bold lines are headings."""
        self.end_paragraph()
        self.table.end_row()
        self._blocks += self.table.take_blocks()
        kinds = {block.kind for block in self._blocks}
        if "heading" not in kinds:
            self._blocks = list(starmap(self._promote, enumerate(self._blocks)))
        return self._blocks + self._comments

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
        """Add the block of a paragraph; empty ones, tables of contents and the title have none."""
        style, marker = self.paragraph.style, self.marker.strip()
        is_bold = not self._has_plain
        self.marker, self._has_plain = "", False
        number = marker if _NUMBER.fullmatch(marker) else ""
        words = f"{number} {text}".strip()
        if not text or _CONTENTS.fullmatch(style.name):
            return
        if (style.name, self.title) == ("title", None):
            self.title = " ".join(text.split())
        elif self.paragraph.heading_level:
            self._blocks.append(Block(" ".join(words.split()), "heading", self.paragraph.heading_level))
        elif marker:
            self._blocks.append(Block(words, "item"))
        else:
            self._add_text(words, is_bold=is_bold)

    def _add_text(self, text: str, *, is_bold: bool) -> None:
        """Add a paragraph, and note whether it may be a heading."""
        may_be_heading = len(text) <= _LONGEST_HEADING and not text.endswith(_TEXT_ENDS)
        if is_bold and may_be_heading:
            self._bold.add(len(self._blocks))
        self._blocks.append(Block(text))
