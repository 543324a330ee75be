"""Reads mail messages: some headers, the words, the names of attachments."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from itertools import chain, filterfalse
from pathlib import Path

from rag.documents.blocks import Block, Extract
from rag.documents.comments.post import mark_quote
from rag.documents.dates import parse_date
from rag.documents.formats.html.hidden import drop_hidden
from rag.documents.formats.html.layout import spell_out
from rag.documents.formats.html.markup import decode_html, parse_html, walk_blocks
from rag.errors import DocumentError

_MOST_RECIPIENTS = 10
# The library's parser of headers takes quadratic time; longer headers are decoded without it.
_LONGEST_HEADER = 2000
# A plain text with less than this share of the letters of the HTML only asks the reader to open the HTML.
_STUB = 0.3
_PARAGRAPH = re.compile(r"^[^\S\n]*\S.*(?:\n.*\S.*)*", re.MULTILINE)
# "On Mon, 5 Mar 2025 at 10:12, Zara Khan <zara@example.org> wrote:"
_WROTE = re.compile(r"On\s[^\n]{6,80}?[\d,M]\s+(?P<author>[^\d,<>\n]{2,60}?)\s*(?:<[^<>]*>)?\s+wrote:")
# The standard library raises these on headers that break its grammar.
_HEADER_ERRORS = (AttributeError, HeaderParseError, IndexError, LookupError, OverflowError, TypeError, ValueError)


def read_mail(path: Path) -> Extract:
    """Return a message's recipients, words and attachments; raises DocumentError for a file that is not a mail."""
    try:
        return _read_message(message_from_bytes(path.read_bytes(), policy=policy.default))
    except RecursionError as exc:
        raise DocumentError("its parts or headers are nested too deeply") from exc


def _read_message(message: EmailMessage) -> Extract:
    parts = list(_find_parts(message))
    if not message.keys():
        raise DocumentError("it is not a mail message")
    return Extract(
        [*_list_recipients(message), *_attribute_quotes(_read_body(parts)), *_name_attachments(parts)],
        title=_find_header(message, "subject") or None,
        author=next(iter(_find_names(message, "from")), None),
        date=_find_date(message),
    )


def _find_parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the parts of a message that have no parts themselves; an attached message is one part."""
    if message.get_content_maintype() != "multipart":
        yield message
        return
    for part in message.get_payload():
        if isinstance(part, EmailMessage):
            yield from _find_parts(part)


def _find_header(message: EmailMessage, name: str) -> str:
    """Return the words of a header, decoded; empty if there are none."""
    values = (str(value) for key, value in message.raw_items() if key.lower() == name)
    text = _decode_header(next(values, ""))
    try:
        if len(text) > _LONGEST_HEADER:
            return str(make_header(decode_header(text)))
        return str(policy.default.header_factory(name, text))
    except _HEADER_ERRORS:
        return text


def _decode_header(raw: str) -> str:
    """Return a header on one line; letters that a program left unencoded arrive as surrogates."""
    data = raw.encode("utf-8", errors="surrogateescape")
    try:
        text = data.decode("utf-8")
    except ValueError:
        text = data.decode("windows-1252", errors="replace")
    return " ".join(text.split())


def _find_names(message: EmailMessage, name: str) -> list[str]:
    """Return the names in a header of addresses; without a name, the address itself."""
    addresses = getaddresses([_find_header(message, name)])
    names = [display or address for display, address in addresses]
    return list(filter(None, names))


def _find_date(message: EmailMessage) -> str | None:
    text = _find_header(message, "date")
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, OverflowError):
        return parse_date(text) if text else None


def _list_recipients(message: EmailMessage) -> Iterator[Block]:
    lines = [_format_recipients(field, _find_names(message, field.lower())) for field in ("To", "Cc")]
    text = "\n".join(filter(None, lines))
    if text:
        yield Block(text)


def _format_recipients(field: str, names: list[str]) -> str:
    """Return a line with the first names; empty if there are none."""
    if not names:
        return ""
    more = len(names) - _MOST_RECIPIENTS
    rest = f" and {more} more" if more > 0 else ""
    return f"{field}: {', '.join(names[:_MOST_RECIPIENTS])}{rest}"


def _read_body(parts: list[EmailMessage]) -> list[Block]:
    """Return the plain text of a message, or its HTML if the plain text is only a stub."""
    plain = list(chain.from_iterable(map(_split_paragraphs, _decode_parts(parts, "text/plain"))))
    marked = list(chain.from_iterable(map(_read_html, _decode_parts(parts, "text/html"))))
    is_stub = _count_letters(plain) < _STUB * _count_letters(marked)
    return marked if is_stub else plain


def _decode_parts(parts: list[EmailMessage], content_type: str) -> list[str]:
    """Return the texts of one type that a message shows."""
    shown_parts = filterfalse(_is_attachment, parts)
    return [_decode(part) for part in shown_parts if part.get_content_type() == content_type]


def _split_paragraphs(text: str) -> list[Block]:
    paragraphs = _PARAGRAPH.finditer(text.replace("\r\n", "\n"))
    return [Block(paragraph[0]) for paragraph in paragraphs]


def _decode(part: EmailMessage) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    try:
        return data.decode(part.get_content_charset("utf-8"))
    except (LookupError, ValueError):
        return decode_html(data)


def _read_html(text: str) -> Iterator[Block]:
    tree = parse_html(text)
    drop_hidden(tree)
    for quote in list(tree.iter("blockquote")):
        if quote.getparent() is not None:
            mark_quote(quote)
    spell_out(tree)
    return walk_blocks(tree)


def _count_letters(blocks: list[Block]) -> int:
    text = "".join(block.text for block in blocks)
    return sum(map(str.isalnum, text))


def _attribute_quotes(blocks: list[Block]) -> Iterator[Block]:
    """Yield the blocks; those of a quote get the author's name from the block before them."""
    quoted: str | None = None
    for block in blocks:
        if block.text.startswith(">"):
            yield replace(block, author=quoted)
            continue
        wrote = _WROTE.search(block.text)
        quoted = wrote["author"] if wrote else None
        yield block


def _name_attachments(parts: list[EmailMessage]) -> Iterator[Block]:
    names = map(_find_file_name, filter(_is_attachment, parts))
    for name in filter(None, names):
        yield Block(f"Attachment: {name}", "item")


def _is_attachment(part: EmailMessage) -> bool:
    """Return whether a part is a file of its own; a picture or text shown in the message is not."""
    can_be_shown = part.get_content_maintype() in ("text", "image")
    return not can_be_shown or part.get_content_disposition() == "attachment"


def _find_file_name(part: EmailMessage) -> str:
    """Return the name of an attached file, or the subject of an attached message."""
    try:
        name = part.get_filename()
    except _HEADER_ERRORS:
        name = None
    return " ".join((name or _find_subject(part)).split())


def _find_subject(part: EmailMessage) -> str:
    """Return the subject of an attached message; empty if the part is not a message, or has no subject."""
    attached = part.get_payload()
    if isinstance(attached, list) and isinstance(attached[0], EmailMessage):
        return _find_header(attached[0], "subject")
    return ""
