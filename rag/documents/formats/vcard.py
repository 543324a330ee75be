"""Reads address books: the name, the numbers and the addresses of each person."""

import quopri
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from rag.documents.blocks import Block, Extract, pick_first
from rag.documents.formats.calendar import Value, read_properties, unescape
from rag.documents.formats.plain.decode import decode
from rag.errors import DocumentError
from rag.rows import format_row

_FOLD = re.compile(r"\n[ \t]|=\n")
_CARD = re.compile(r"^BEGIN:VCARD$(.*?)(?:^END:VCARD$|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)
# "item1.TEL:…": programs group lines in this way.
_GROUP = re.compile(r"^[\w-]+\.(?=[A-Z-]+[;:])", re.MULTILINE)
# The properties that are read, in this order, and the word for each.
_FIELDS = {
    "NICKNAME": "Nickname", "ORG": "Organization", "TITLE": "Title", "ROLE": "Role", "TEL": "Phone", "EMAIL": "Mail",
    "ADR": "Address", "BDAY": "Birthday", "ANNIVERSARY": "Anniversary", "URL": "Web page", "CATEGORIES": "Categories",
    "RELATED": "Related", "NOTE": "Note",
}  # fmt: skip
# Kinds of a number or an address that say something to a reader.
_KINDS = frozenset(("home", "work", "cell", "mobile", "fax", "pager", "main", "other"))
_DAY = re.compile(r"\A(\d{4})(\d\d)(\d\d)\Z")
_SCHEME = re.compile(r"^(?:tel|mailto):", re.IGNORECASE)
_SEMICOLON = re.compile(r"(?<!\\);")


def read_vcf(path: Path) -> Extract:
    """Return the cards of an address book, each below its name; raises DocumentError if there is none."""
    text = _FOLD.sub("", decode(path.read_bytes()))
    blocks = [block for card in _CARD.finditer(text) for block in _read_card(card[1])]
    if not blocks:
        raise DocumentError("it has no cards")
    return Extract(blocks)


def _read_card(text: str) -> Iterator[Block]:
    """Yield the name of a card as a heading, and its other values in lines."""
    properties = read_properties(_GROUP.sub("", text))
    lines = chain.from_iterable(_list_lines(label, properties.get(name, [])) for name, label in _FIELDS.items())
    yield Block(_find_name(properties), "heading")
    yield Block("\n".join(lines))


def _find_name(properties: Mapping[str, list[Value]]) -> str:
    """Return the shown name of a card, else the parts of its name, else the organization."""
    values = chain.from_iterable(properties.get(key, []) for key in ("FN", "N", "ORG"))
    return pick_first((_show(value).replace(",", "") for value in values), "No name")


def _list_lines(label: str, values: list[Value]) -> list[str]:
    """Return a line for each value, with its kind: "Phone (work): 0555 014 222"."""
    lines = []
    for value in values:
        kind = _find_kind(value)
        name = f"{label} ({kind})" if kind else label
        line = format_row([name], [_show(value)])
        lines.append(line)
    return lines


def _show(value: Value) -> str:
    """Return a value as text; the parts of an address or a name are apart."""
    text = value.text
    if "QUOTED-PRINTABLE" in str(value.parameters).upper():
        text = decode(quopri.decodestring(text.encode("utf-8", "replace")))
    parts = filter(None, map(unescape, _SEMICOLON.split(text)))
    return _DAY.sub(r"\1-\2-\3", _SCHEME.sub("", ", ".join(parts)))


def _find_kind(value: Value) -> str:
    """Return the kinds of a number or an address, such as "work"; empty without any."""
    types = value.parameters.get("TYPE", "").split(",")
    kinds: list[str] = []
    for name in (*types, *value.parameters):
        kind = name.lower()
        if kind in _KINDS:
            kinds.append(kind)
    return ", ".join(kinds)
