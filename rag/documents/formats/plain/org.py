"""Reads Org files of Emacs: their headings, code to the letter, and the text without marks."""

import re
from pathlib import Path

from rag.documents.blocks import Extract
from rag.documents.formats.plain.decode import decode
from rag.documents.formats.plain.markup import (
    Markup,
    change_outside,
    list_emphasis,
    make_extract,
    read_fields,
    read_markup,
)
from rag.documents.formats.plain.pipe_tables import spell_out_tables
from rag.documents.headings import Heading

_HEADING = re.compile(r"^(\*+)[ \t]+(?:\[#\w\][ \t]+)?(\S[^\n]*)$", re.MULTILINE)
_TAGS = re.compile(r":[\w@#%:]+:")
_CODE = re.compile(
    r"^[ \t]*#\+begin_(?P<name>src|example|export)\b[^\n]*\n(?P<code>.*?)(?:^[ \t]*#\+end_(?P=name)[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_UNSEEN = re.compile(
    r"^[ \t]*#\+begin_comment\b.*?(?:^[ \t]*#\+end_comment[ \t]*$|\Z)"
    r"|^[ \t]*:[\w-]+:[ \t]*\n(?:[ \t]*:[^\n]*\n)*[ \t]*:end:[ \t]*$"
    r"|^[ \t]*#\+(?!caption)\w+:?[^\n]*$"
    r"|^[ \t]*#(?:[ \t][^\n]*)?$"
    r"|^[ \t]*\|[-+|]+[ \t]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_MARKS = (
    (re.compile(r"\[\[[^\[\]\n]+\]\[([^\[\]\n]+)\]\]"), r"\1"),
    (re.compile(r"\[\[(?:file:)?([^\[\]\n]+)\]\]"), r"\1"),
    *list_emphasis(*"*/_=~"),
    (re.compile(r"^[ \t]*#\+caption:[ \t]*", re.IGNORECASE | re.MULTILINE), ""),
)


def _find_headings(text: str) -> list[Heading]:
    return [Heading(*match.span(), len(match[1]), _drop_tags(match[2])) for match in _HEADING.finditer(text)]


def _drop_tags(words: str) -> str:
    """Return a heading without the tags at its end: "Hours  :work:"."""
    before, _, last = words.rstrip().rpartition(" ")
    return before.rstrip() if _TAGS.fullmatch(last) and before else words.rstrip()


_ORG = Markup(_CODE, _UNSEEN, _find_headings, _MARKS)


def read_org(path: Path) -> Extract:
    """Return the headings, the code and the paragraphs of a text."""
    text = change_outside(decode(path.read_bytes()), _CODE, spell_out_tables)
    blocks = list(read_markup(text, _ORG))
    fields = read_fields(text)
    date = fields.get("date", "").strip("<>[]")
    return make_extract(blocks, {**fields, "date": date})
