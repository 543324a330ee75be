"""Reads address books: the name, the numbers and the addresses of each person."""

import quopri
import re
from collections.abc import Iterator
from pathlib import Path

from rag.documents.blocks import Block, Extract
from rag.documents.formats.calendar import Value, read_properties, unescape
from rag.documents.formats.plain.decode import decode
from rag.errors import DocumentError

_FOLD = re.compile(r"\n[ \t]|=\n")
_CARD = re.compile(r"^BEGIN:VCARD$(.*?)(?:^END:VCARD$|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)
# "item1.TEL:…": programs group lines in this way.
_GROUP = re.compile(r"^[\w-]+\.(?=[A-Z-]+[;:])", re.MULTILINE)
# What is read of a card, in this order, and the word for it.
_FIELDS = {
    "NICKNAME": "Nickname", "ORG": "Organization", "TITLE": "Title", "ROLE": "Role", "TEL": "Phone", "EMAIL": "Mail",
    "ADR": "Address", "BDAY": "Birthday", "ANNIVERSARY": "Anniversary", "URL": "Web page", "CATEGORIES": "Categories",
    "RELATED": "Related", "NOTE": "Note",
}  # fmt: skip
# Kinds of a number or an address that say something to a reader.
_KINDS = frozenset(("home", "work", "cell", "mobile", "fax", "pager", "main", "other"))
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)")


def read_vcf(path: Path) -> Extract:
    """Return the cards of an address book, each below its name; raises DocumentError if there is none."""
    text = _FOLD.sub("", decode(path.read_bytes()))
    blocks = [block for card in _CARD.finditer(text) for block in _read_card(card[1])]
    if not blocks:
        raise DocumentError("it has no cards")
    return Extract(blocks)


def _read_card(text: str) -> Iterator[Block]:
    properties = read_properties(_GROUP.sub("", text))
    values = {name: list(map(_show, found)) for name, found in properties.items()}
    structured = " ".join(values.get("N", [""])[0].replace(",", "").split())
    names = [*values.get("FN", []), structured, *values.get("ORG", [])]
    yield Block(next(filter(None, names), "No name"), "heading")
    lines = []
    for name, label in _FIELDS.items():
        for value, shown in zip(properties.get(name, []), values.get(name, []), strict=True):
            kind = _find_kind(value)
            lines.append(f"{label}{f' ({kind})' if kind else ''}: {shown}" if shown else "")
    yield Block("\n".join(filter(None, lines)))


def _show(value: Value) -> str:
    """Return a value as text; the parts of an address or a name are apart."""
    text = value.text
    if value.parameters.get("ENCODING", "").upper() == "QUOTED-PRINTABLE" or "QUOTED-PRINTABLE" in value.parameters:
        text = decode(quopri.decodestring(text.encode("utf-8", "replace")))
    parts = [unescape(part) for part in re.split(r"(?<!\\);", text)]
    shown = re.sub(r"^(?:tel|mailto):", "", ", ".join(filter(None, parts)), flags=re.IGNORECASE)
    return _DAY.sub(r"\1-\2-\3", shown) if _DAY.fullmatch(shown) else shown


def _find_kind(value: Value) -> str:
    """Return the kinds of a number or an address, such as "work"; empty without any."""
    names = [*value.parameters.get("TYPE", "").split(","), *value.parameters]
    kinds = [name.lower() for name in names if name.lower() in _KINDS]
    return ", ".join(dict.fromkeys(kinds))
