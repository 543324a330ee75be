"""Reads reStructuredText: its headings, code to the letter, notes, and the text without marks."""

import re
from pathlib import Path

from rag.documents.blocks import Extract
from rag.documents.formats.plain.decode import decode
from rag.documents.formats.plain.markup import Mark, Markup, list_emphasis, make_extract, read_fields, read_markup
from rag.documents.headings import Heading

_SIGNS = r"""[=\-~^"'`:.+*#_<>]"""
_HEADING = re.compile(
    rf"(?:\A|(?<=\n))(?P<over>({_SIGNS})\2{{2,}}[ \t]*\n)?"
    rf"(?P<words>[^\S\n]*\S[^\n]*)\n(?P<under>({_SIGNS})\5{{2,}})[ \t]*$",
    re.MULTILINE,
)
# The indented lines below a line, with the blank lines between them.
_INDENTED = r"(?:(?:\n[ \t]*(?=\n))*\n[ \t]+\S[^\n]*)+"
_CODE = re.compile(
    rf"^(?:[ \t]*\.\.[ \t]+(?:code-block|code|sourcecode|literalinclude|highlight|parsed-literal|math)::[^\n]*"
    rf"(?:\n[ \t]+:[\w-]+:[^\n]*)*|(?P<intro>(?![ \t]*\.\. )[^\n]*::[ \t]*(?=\n)))(?P<code>{_INDENTED})",
    re.MULTILINE,
)
# Directives without words for readers, comments and targets of links, each with the lines that belong to it.
_UNSEEN = re.compile(
    r"^[ \t]*\.\.[ \t]+(?:"
    rf"(?:toctree|contents|index|include|raw|meta|highlight|only|currentmodule|module)::[^\n]*(?:{_INDENTED})?"
    r"|(?:image|figure)::[^\n]*(?:\n[ \t]+:[\w-]+:[^\n]*)*"
    r"|_[^\n]*:[^\n]*"
    rf"|(?![\w:-]+::|\[|_|\|)[^\n]*(?:\n[ \t]+\S[^\n]*)*"
    r")$",
    re.MULTILINE,
)

_MARKS: tuple[Mark, ...] = (
    (
        re.compile(r"^([ \t]*)\.\.[ \t]+(?:[\w-]+:)?([\w-]+)::[ \t]*([^\n]*(?:\n[ \t]+:[\w-]+:[^\n]*)*)", re.MULTILINE),
        lambda note: f"{note[1]}{note[2].capitalize()}: {note[3]}",
    ),
    (re.compile(r"^\.\.[ \t]+(?=\[)", re.MULTILINE), ""),
    (re.compile(r"^([ \t]*)#\.(?=[ \t])", re.MULTILINE), r"\1-"),
    # A term and, below it, its meaning.
    (re.compile(r"^(?=[^\W\d_])([^\n:]{1,80}[^\s.:,;!?=])\n[ \t]{1,8}(?=\S)", re.MULTILINE), r"\1: "),
    (re.compile(r"(?::[\w+:-]{1,60}:)?`([^`<\n]+?)(?:\s+<[^`<>\n]+>)?`_{0,2}(?!`)"), r"\1"),
    *list_emphasis("``", "**", "*"),
    (re.compile(r"(\[[\w#*]+\])_(?!\w)"), r"\1"),
    (re.compile(r"::[ \t]*$", re.MULTILINE), ":"),
)


def _find_headings(text: str) -> list[Heading]:
    """Return the lines with a line of signs below; the styles have levels in the order of their first use."""
    levels: dict[tuple[str, bool], int] = {}
    headings = []
    for match in _HEADING.finditer(text):
        words = match["words"].strip()
        has_words = any(map(str.isalnum, words))
        if has_words and len(match["under"]) >= len(words):
            style = match["under"][0], bool(match["over"])
            level = levels.setdefault(style, 1 + len(levels))
            headings.append(Heading(*match.span(), level, words))
    return headings


_RST = Markup(_CODE, _UNSEEN, _find_headings, _MARKS)


def read_rst(path: Path) -> Extract:
    """Return the headings, the code and the paragraphs of a text."""
    text = decode(path.read_bytes())
    return make_extract(list(read_markup(text, _RST)), read_fields(text))
