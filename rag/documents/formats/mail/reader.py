"""Reads mail messages: some headers, the words, the attachments; and mailboxes full of them."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from mimetypes import guess_extension
from pathlib import Path

from rag.documents.blocks import Block, Extract, assemble
from rag.documents.formats.html.markup import decode_html
from rag.documents.formats.mail.attachments import Attachment, read_attachments
from rag.documents.formats.mail.body import attribute_quotes, choose_body, get_bytes, is_attachment, read_body
from rag.documents.formats.mail.headers import HEADER_ERRORS, find_date, find_header, find_names, read_recipients
from rag.documents.formats.mail.tnef import TYPE, UNNAMED, read_tnef
from rag.documents.members import read_member
from rag.documents.read import SUFFIXES
from rag.errors import DocumentError
from rag.types import Document

# Each mail of a mailbox begins with such a line: "From zara@example.org Mon Mar  3 10:00:00 2025". Thunderbird writes
# "From - Mon …" or "From " alone. A line without the day of a week is one if a header is below it.
_DAYS = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_SEPARATOR = re.compile(
    rb"(?:\A|(?<=\n)\r?\n)From (?:[^\n]*\b" + _DAYS + rb"\b[^\n]*\d\d:\d\d[^\n]*(?:\n|\Z)"
    rb"|[^\n]*\d\d:\d\d[^\n]*\n(?=[\w-]+:)|-? *\r?(?:\n|\Z))"
)
# Mailboxes write ">From" for a line of a mail that begins with "From".
_ESCAPED = re.compile(rb"^>(?=>*From )", re.MULTILINE)
# A mail inside of a mail inside of a mail is only named if this many are around it.
_DEEPEST = 5
# Outlook wraps mails and their files in a file of this name; its words may only be in RTF.
_WRAPPER, _RTF_BODY = "winmail.dat", "message.rtf"
_SIGNATURES = frozenset(("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"))
_NESTED = "its parts or headers are nested too deeply"


def read_mail(path: Path) -> Extract:
    """Return a message's recipients, words and attachments; raises DocumentError for a file that is not a mail."""
    try:
        return _read_message(_parse(path.read_bytes()))
    except RecursionError as exc:
        raise DocumentError(_NESTED) from exc


def read_mbox(path: Path) -> Extract:
    """Return the mails of a mailbox, each below its subject; raises DocumentError if there is none."""
    above, *mails = _SEPARATOR.split(path.read_bytes())
    if above.strip() or not mails:
        raise DocumentError("it is not a mailbox: it does not begin with a line 'From …'")
    blocks = list(map(_read_mail_of_box, mails))
    unread = blocks.count(None)
    if unread == len(mails):
        raise DocumentError("none of its mails can be read")
    note = [Block(f"Mails that cannot be read: {unread}")] if unread else []
    return Extract([*filter(None, blocks), *note])


def _read_mail_of_box(data: bytes) -> Block | None:
    """Return the subject of a mail as a heading, with the mail as its part; None if the mail cannot be read."""
    try:
        message = _parse(_ESCAPED.sub(b"", data))
        return Block(find_header(message, "subject") or "No subject", "heading", part=_read_inner(message, depth=1))
    except (DocumentError, RecursionError):
        return None


def _parse(data: bytes) -> EmailMessage:
    return message_from_bytes(data, policy=policy.default)


def _read_inner(message: EmailMessage, *, depth: int) -> Document:
    """Return a message that is inside of a file, with its sender and its date in the text."""
    return assemble("", _read_message(message, depth=depth))


def _read_message(message: EmailMessage, *, depth: int = 0) -> Extract:
    """Return a message; `depth` is the number of files and messages around it."""
    parts = list(_find_parts(message))
    if not message.keys():
        raise DocumentError("it is not a mail message")
    words = list(attribute_quotes(read_body(parts)))
    attachments: list[Attachment] = []
    for part in filter(is_attachment, parts):
        name = _find_file_name(part)
        if part.get_content_type() == TYPE or name.lower() == _WRAPPER:
            wrapped_words, wrapped_files = _unwrap(part)
            words = words or wrapped_words
            attachments += wrapped_files
        else:
            attachments.append(Attachment(name, partial(_read_content, part, name, depth=depth)))
    return Extract(
        [read_recipients(message, is_inner=depth > 0), *words, *read_attachments(attachments)],
        title=find_header(message, "subject"),
        author=next(iter(find_names(message, "from")), None),
        date=find_date(message),
    )


def _unwrap(part: EmailMessage) -> tuple[list[Block], list[Attachment]]:
    """Return the words and the files in a "winmail.dat"; it is a file itself if it is damaged."""
    try:
        content = read_tnef(get_bytes(part))
    except DocumentError:
        return [], [Attachment(_WRAPPER, partial(read_member, _WRAPPER, b""))]
    files = [Attachment(name, partial(read_member, name, data)) for name, data in content.files]
    words = choose_body([content.plain], [decode_html(content.html)])
    if content.rtf and not words:
        files.insert(0, Attachment(_RTF_BODY, partial(read_member, _RTF_BODY, content.rtf)))
    return words, files


def _find_parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the parts of a message that have no parts themselves; an attached message is one part."""
    if message.get_content_maintype() != "multipart":
        yield message
        return
    for part in message.get_payload():
        if isinstance(part, EmailMessage):
            yield from _find_parts(part)


def _read_content(part: EmailMessage, name: str, *, depth: int) -> Document:
    message = _get_message(part)
    if message is None:
        return read_member(name, get_bytes(part))
    if depth >= _DEEPEST:
        raise DocumentError(_NESTED)
    return _read_inner(message, depth=depth + 1)


def _find_file_name(part: EmailMessage) -> str:
    """Return the name of an attached file, or the subject of an attached message; empty for a part without either."""
    try:
        name = part.get_filename()
    except HEADER_ERRORS:
        name = None
    message = _get_message(part)
    subject = find_header(message, "subject") if message else ""
    return name or subject or _name_by_type(part)


def _name_by_type(part: EmailMessage) -> str:
    """Return a name for a file that is sent without one, with the suffix of its format; empty for a signature."""
    content_type = part.get_content_type()
    if content_type == "text/calendar":
        return "invitation.ics"
    if content_type in _SIGNATURES or content_type == TYPE:
        return ""
    suffix = guess_extension(content_type) or ""
    return f"file{suffix}" if suffix in SUFFIXES else f"{UNNAMED}, {content_type}"


def _get_message(part: EmailMessage) -> EmailMessage | None:
    """Return the message that a part is; None if the part is a file."""
    attached = part.get_payload()
    if isinstance(attached, list) and attached and isinstance(attached[0], EmailMessage):
        return attached[0]
    return None
