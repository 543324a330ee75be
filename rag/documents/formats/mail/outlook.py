"""Reads the messages that Outlook saves as files."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents.blocks import Block, Extract, pick_first
from rag.documents.formats.html.markup import decode_html
from rag.documents.formats.mail.attachments import Attachment, read_attachments
from rag.documents.formats.mail.body import attribute_quotes, choose_body
from rag.documents.formats.mail.headers import format_recipients
from rag.documents.members import read_member
from rag.errors import DocumentError

if TYPE_CHECKING:
    from olefile import OleFileIO

# The numbers of properties in [MS-OXPROPS], as the names of streams have them.
_SUBJECT, _BODY, _HTML, _SENDER, _SENDER_ADDRESS = "0037", "1000", "1013", "0C1A", "0C1F"
_TO, _CC = "0E04", "0E03"
_ATTACHED, _NAMES = "3701", ("3707", "3704", "3001")  # a long name, a short one, a shown one
_SENT, _DELIVERED, _CODE_PAGES = 0x0039, 0x0E06, (0x3FFD, 0x3FDE)
# The kinds of values: text in UTF-16, text in the message's code page, bytes.
_UNICODE, _ANSI, _BINARY = "001F", "001E", "0102"
_PROPERTIES = "__properties_version1.0"
# The properties of a message begin after a header of this many bytes, and each has sixteen.
_HEADER_BYTES, _PROPERTY = 32, struct.Struct("<HHIQ")
_FIRST_DAY = datetime(1601, 1, 1, tzinfo=UTC)
_DAMAGED = "it is damaged, or is not a message of Outlook"


def read_msg(path: Path) -> Extract:
    """Return a message's recipients, words and attachments; raises DocumentError if it is not one of Outlook's."""
    from olefile import OleFileIO

    try:
        with OleFileIO(path) as file:
            return _read_message(_Message(file))
    except (OSError, struct.error, IndexError, TypeError, ValueError, RecursionError) as exc:
        raise DocumentError(_DAMAGED) from exc


class _Message:
    """The values of a message in a compound file."""

    def __init__(self, file: "OleFileIO") -> None:
        self._file = file
        if not file.exists(_PROPERTIES):
            raise DocumentError(_DAMAGED)
        data = self._read(_PROPERTIES)[_HEADER_BYTES:]
        whole = len(data) // _PROPERTY.size * _PROPERTY.size
        self._numbers = {number: value for _, number, _, value in _PROPERTY.iter_unpack(data[:whole])}

    def _read(self, name: str) -> bytes:
        with self._file.openstream(name) as stream:
            data: bytes = stream.read()
        return data

    def find_bytes(self, number: str, kind: str, folder: str = "") -> bytes:
        """Return a value of bytes; empty if there is none."""
        name = f"{folder}__substg1.0_{number}{kind}"
        return self._read(name) if self._file.exists(name) else b""

    def find_text(self, number: str, folder: str = "") -> str:
        """Return a value of text; empty if there is none."""
        data = self.find_bytes(number, _UNICODE, folder)
        text = data.decode("utf-16-le", "replace")
        return text or self._decode(self.find_bytes(number, _ANSI, folder))

    def _decode(self, data: bytes) -> str:
        pages = filter(None, map(self._numbers.get, _CODE_PAGES))
        page = next(pages, 65001)  # UTF-8
        try:
            return data.decode(f"cp{page}")
        except (LookupError, ValueError):
            return decode_html(data)

    def find_words(self) -> list[Block]:
        """Return the words of the message, from its plain text or its HTML."""
        return choose_body([self.find_text(_BODY)], [decode_html(self.find_bytes(_HTML, _BINARY))])

    def find_date(self) -> str | None:
        """Return the day on which the message was sent, in UTC."""
        ticks = self._numbers.get(_SENT) or self._numbers.get(_DELIVERED)
        if not ticks:
            return None
        try:
            moment = _FIRST_DAY + timedelta(microseconds=ticks // 10)
        except OverflowError:
            return None
        return moment.date().isoformat()

    def list_attachments(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the bytes of each attached file; the bytes of an attached message are empty."""
        folders = {path[0] for path in self._file.listdir() if path[0].startswith("__attach_version1.0_")}
        for folder in sorted(folders):
            names = [self.find_text(number, f"{folder}/") for number in _NAMES]
            yield pick_first(names, ""), self.find_bytes(_ATTACHED, _BINARY, f"{folder}/")


def _read_message(message: _Message) -> Extract:
    sender = message.find_text(_SENDER) or message.find_text(_SENDER_ADDRESS)
    words = attribute_quotes(message.find_words())
    attachments = [Attachment(name, partial(read_member, name, data)) for name, data in message.list_attachments()]
    recipients = format_recipients({"To": message.find_text(_TO).split("; "), "Cc": message.find_text(_CC).split("; ")})
    blocks = [recipients, *words, *read_attachments(attachments)]
    if not any((sender, *(block.text for block in blocks))):
        raise DocumentError(_DAMAGED)
    return Extract(blocks, title=message.find_text(_SUBJECT), author=sender, date=message.find_date())
