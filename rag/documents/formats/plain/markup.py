"""Reads texts in a markup language as prose: headings, code to the letter, and paragraphs without the common marks."""

import re
from collections.abc import Callable, Iterator, Mapping
from textwrap import dedent
from typing import NamedTuple

from rag.documents.blocks import Block, Extract
from rag.documents.dates import read_date
from rag.documents.headings import Heading

_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*")
# A line such as ":Author: Ada" or "#+TITLE: Harbour" at the top of a text.
_FIELD = re.compile(r"^(?::|#\+)(title|author|date|revdate)s?:[ \t]+(\S[^\n]*)$", re.IGNORECASE | re.MULTILINE)
_HEAD = 2000
# Marks inside of marks are removed in as many rounds.
_ROUNDS = 3

Mark = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def list_emphasis(*signs: str) -> list[Mark]:
    """Return the marks around emphasised words, such as "*so*"; none of the signs may be beside them."""
    beside = rf"[\w{''.join(signs)}]"
    return [
        (re.compile(rf"(?<!{beside}){s}(?![\s{s}])((?:(?!{s})[^\n])+)(?<=\S){s}(?!{beside})"), r"\1")
        for s in map(re.escape, signs)
    ]


def read_fields(text: str) -> dict[str, str]:
    """Return the title, the author and the date that are in lines of their own at the top of a text."""
    return {name.lower().removeprefix("rev"): value.strip() for name, value in _FIELD.findall(text[:_HEAD])}


class Markup(NamedTuple):
    """The marks of a markup language.

    `code` matches a block to keep to the letter: its group "code" if it takes part, else all of it. A group "intro" is
    text before the block. `dropped` matches what nobody sees, such as comments. `find_headings` gets a text whose code
    is blank. `marks` are replaced in paragraphs and headings.
    """

    code: re.Pattern[str]
    dropped: re.Pattern[str]
    find_headings: Callable[[str], list[Heading]]
    marks: tuple[Mark, ...]

    def clean(self, text: str) -> str:
        """Return a text without marks."""
        for _ in range(_ROUNDS):
            before = text
            for pattern, replacement in self.marks:
                text = pattern.sub(replacement, text)
            if text == before:
                break
        return text


def read_markup(text: str, markup: Markup) -> Iterator[Block]:
    """Yield the headings, the code and the paragraphs of a text in order."""
    text = change_outside(text, markup.code, lambda part: markup.dropped.sub("", part))
    blank = markup.code.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    places = list(map(_place_code, markup.code.finditer(text)))
    for heading in markup.find_headings(blank):
        block = Block(markup.clean(heading.text), "heading", heading.level)
        places.append((heading.start, heading.end, block))
    position = 0
    for start, end, block in sorted(places, key=lambda place: place[0]):
        yield from split_paragraphs(markup.clean(text[position:start]))
        yield block
        position = end
    yield from split_paragraphs(markup.clean(text[position:]))


def _place_code(code: re.Match[str]) -> tuple[int, int, Block]:
    """Return where a block of code begins and ends, and the block."""
    groups = code.groupdict()
    start = code.start() if groups.get("intro") is None else code.end("intro")
    words = code[0] if groups["code"] is None else groups["code"]
    return start, code.end(), Block(dedent(words))


def change_outside(text: str, code: re.Pattern[str], change: Callable[[str], str]) -> str:
    """Return a text whose parts between blocks of code are changed."""
    parts = []
    position = 0
    for block in code.finditer(text):
        parts += [change(text[position : block.start()]), block[0]]
        position = block.end()
    return "".join((*parts, change(text[position:])))


def split_paragraphs(text: str) -> Iterator[Block]:
    """Yield the paragraphs of a text: blank lines are between them."""
    for paragraph in _PARAGRAPH.finditer(text):
        yield Block(paragraph[0])


def make_extract(blocks: list[Block], fields: Mapping[str, str]) -> Extract:
    """Return blocks with the title, author and date in some fields; a heading at the top is a title too.

    The author is a paragraph below the title ("Author: Ada"), unless a block has the name.
    """
    heading = blocks[0].text if blocks and blocks[0].kind == "heading" else None
    title = fields.get("title", heading)
    author = fields.get("author", "")
    if author and not any(author in block.text for block in blocks):
        place = 1 if heading and title == heading else 0
        blocks.insert(place, Block(f"Author: {author}"))
    return Extract(blocks, title=title, author=author, date=read_date(fields.get("date")))
