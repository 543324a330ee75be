"""Reads the headers of a mail: names, date, recipients."""

import re
from collections.abc import Mapping
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime

from rag.documents.blocks import Block
from rag.documents.dates import read_date
from rag.documents.formats.plain.decode import LABELS, decode
from rag.errors import DocumentError
from rag.formatting import join_first

_MOST_RECIPIENTS = 10
# The library's parser of headers takes quadratic time; longer headers are decoded without it.
_LONGEST_HEADER = 2000
# The encoding at the beginning of an encoded word, such as "=?gb2312?B?"
_LABEL = re.compile(r"=\?([\w-]{1,40})(?=\?[bBqQ]\?)")
# The standard library raises these on headers that break its grammar.
HEADER_ERRORS = (AttributeError, HeaderParseError, IndexError, LookupError, OverflowError, TypeError, ValueError)


def find_header(message: EmailMessage, name: str) -> str:
    """Return the words of a header, decoded; empty if there are none."""
    values = (str(value) for key, value in message.raw_items() if key.lower() == name)
    text = _decode_header(next(values, ""))
    try:
        if len(text) > _LONGEST_HEADER:
            return str(make_header(decode_header(text)))
        return str(policy.default.header_factory(name, text))
    except HEADER_ERRORS:
        return text


def _decode_header(raw: str) -> str:
    """Return a header on one line; letters that a program left unencoded arrive as surrogates."""
    data = raw.encode("utf-8", errors="surrogateescape")
    try:
        text = decode(data)
    except DocumentError:
        text = data.decode("windows-1252", errors="replace")
    # An encoded word gets the encoding that its program means.
    return _LABEL.sub(lambda label: f"=?{LABELS.get(label[1].lower(), label[1])}", " ".join(text.split()))


def find_names(message: EmailMessage, name: str) -> list[str]:
    """Return the names in a header of addresses; without a name, the address itself."""
    addresses = getaddresses([find_header(message, name)])
    names = [display or address for display, address in addresses]
    return list(filter(None, names))


def find_date(message: EmailMessage) -> str | None:
    """Return the day on which a message was sent, ISO 8601 if it can be read."""
    text = find_header(message, "date")
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, OverflowError):
        return read_date(text)


def read_recipients(message: EmailMessage, *, is_inner: bool) -> Block:
    """Return a paragraph with the recipients; with the sender and the date too, if the message is inside of a file."""
    fields: dict[str, list[str]] = {}
    if is_inner:
        fields["From"] = find_names(message, "from")
        fields["Date"] = [find_date(message) or ""]
    fields["To"] = find_names(message, "to")
    fields["Cc"] = find_names(message, "cc")
    return format_recipients(fields)


def format_recipients(fields: Mapping[str, list[str]]) -> Block:
    """Return a paragraph with a line for each field that is not empty, with its first names."""
    lines = []
    for field, names in fields.items():
        text = join_first(names, _MOST_RECIPIENTS)
        if text:
            lines.append(f"{field}: {text}")
    return Block("\n".join(lines))
