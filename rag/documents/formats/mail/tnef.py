"""Reads "winmail.dat", in which Outlook wraps the words and the attachments of a mail ([MS-OXTNEF])."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from rag.documents.blocks import pick_first
from rag.documents.formats.plain.decode import decode
from rag.errors import DocumentError

TYPE, UNNAMED = "application/ms-tnef", "a file without a name"
_SIGNATURE = 0x223E9F78
# The level of an attribute, its number, and how many bytes it has; a checksum of two bytes is after these.
_HEAD, _ATTRIBUTE = struct.Struct("<IH"), struct.Struct("<BII")
_CHECKSUM = 2
_BODY, _PROPERTIES = 0x0002800C, 0x00069003
_OF_MESSAGE = frozenset((_BODY, _PROPERTIES))
_NEXT_FILE, _FILE_NAME, _FILE_DATA, _FILE_PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
# The numbers of properties in [MS-OXPROPS], and the kinds of their values.
_PLAIN, _RTF, _HTML, _LONG_NAME = 0x1000, 0x1009, 0x1013, 0x3707
_NUMBER = struct.Struct("<I")
# The number of properties is before them.
_NO_PROPERTIES = bytes(_NUMBER.size)
_FIXED_BYTES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_UNICODE = 0x1F
_SEVERAL, _NAMED = 0x1000, 0x8000
_MOST_FILES, _MOST_PROPERTIES = 1_000, 10_000
_DAMAGED = "its winmail.dat is damaged"
# Compressed RTF refers to a window that begins with these words.
_RTF_HEAD = struct.Struct("<II4sI")
_WINDOW_BYTES, _LONGEST_RTF = 4096, 20_000_000
_PRESET = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


class Content(NamedTuple):
    """The words of a message, in each form that it has them, and the names and bytes of its attached files."""

    plain: str
    html: bytes
    rtf: bytes
    files: list[tuple[str, bytes]]


def read_tnef(data: bytes) -> Content:
    """Return the content of a "winmail.dat"; raises DocumentError if it is damaged."""
    message: dict[int, bytes] = {}
    files: list[dict[int, bytes]] = []
    try:
        for number, value in _list_attributes(data):
            if number == _NEXT_FILE:
                files.append({})
            if len(files) > _MOST_FILES:
                raise DocumentError(f"it has more than {_MOST_FILES:,} attachments")
            attributes = files[-1] if files and number not in _OF_MESSAGE else message
            attributes[number] = value
        return _read_content(message, list(map(_read_file, files)))
    except (struct.error, IndexError) as exc:
        raise DocumentError(_DAMAGED) from exc


def _list_attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    signature, _ = _HEAD.unpack_from(data)
    if signature != _SIGNATURE:
        raise DocumentError(_DAMAGED)
    position = _HEAD.size
    while position + _ATTRIBUTE.size <= len(data):
        _, number, size = _ATTRIBUTE.unpack_from(data, position)
        position += _ATTRIBUTE.size
        yield number, data[position : position + size]
        position += size + _CHECKSUM


def _read_content(message: dict[int, bytes], files: list[tuple[str, bytes]]) -> Content:
    """Return the content of a message with these attributes; the plain text of an attribute comes first."""
    properties = dict(_list_properties(message.get(_PROPERTIES, _NO_PROPERTIES)))
    return Content(
        plain=_read_text(message.get(_BODY, b"")) or _read_text(properties.get(_PLAIN, b"")),
        html=properties.get(_HTML, b""),
        rtf=unpack_rtf(properties[_RTF]) if _RTF in properties else b"",
        files=files,
    )


def _read_file(attributes: dict[int, bytes]) -> tuple[str, bytes]:
    """Return the name and bytes of the file that has these attributes; its long name comes before its short one."""
    properties = dict(_list_properties(attributes.get(_FILE_PROPERTIES, _NO_PROPERTIES)))
    names = (properties.get(_LONG_NAME, b""), attributes.get(_FILE_NAME, b""))
    name = pick_first(map(_read_text, names), UNNAMED)
    return name, attributes.get(_FILE_DATA, b"")


def _read_text(value: bytes) -> str:
    """Return the text of a value, without the zeros at its end."""
    return decode(value.rstrip(b"\0"))


class _Cursor:
    """Takes values from bytes, one after the other; each is filled up to a multiple of four bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes; fewer at the end."""
        start = self._position
        self._position += size + -size % 4
        return self._data[start : start + size]

    def take_number(self) -> int:
        """Return the next four bytes as a number; raises struct.error at the end."""
        number: int = _NUMBER.unpack(self.take(_NUMBER.size))[0]
        return number


def _list_properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the first value of each property; text is in UTF-8."""
    cursor = _Cursor(data)
    for _ in range(min(cursor.take_number(), _MOST_PROPERTIES)):
        number, kind = divmod(cursor.take_number(), 0x10000)
        if number >= _NAMED:
            _skip_name(cursor)
        for value in _take_values(cursor, kind)[:1]:
            yield number, _recode(kind & ~_SEVERAL, value)


def _take_values(cursor: _Cursor, kind: int) -> list[bytes]:
    """Return the values of a property."""
    fixed = _FIXED_BYTES.get(kind & ~_SEVERAL)
    is_single = fixed is not None and not kind & _SEVERAL
    count = 1 if is_single else cursor.take_number()
    return [cursor.take(fixed or cursor.take_number()) for _ in range(min(count, _MOST_PROPERTIES))]


def _skip_name(cursor: _Cursor) -> None:
    """Pass over the name of a property: the number of its set, and a text or another number."""
    cursor.take(16)
    has_text = cursor.take_number() == 1
    number = cursor.take_number()
    if has_text:
        cursor.take(number)


def _recode(kind: int, value: bytes) -> bytes:
    """Return a value of text in UTF-8, and any other value unchanged."""
    if kind != _UNICODE:
        return value
    return value.decode("utf-16-le", "replace").rstrip("\0").encode()


def unpack_rtf(data: bytes) -> bytes:
    """Return compressed RTF as it was ([MS-OXRTFCP]); raises DocumentError if it is damaged."""
    _, size, method, _ = _RTF_HEAD.unpack_from(data)
    if method == b"MELA":  # it is not compressed
        return data[_RTF_HEAD.size : _RTF_HEAD.size + size]
    if method != b"LZFu" or size > _LONGEST_RTF:
        raise DocumentError(_DAMAGED)
    text = bytearray(_PRESET)
    end = len(_PRESET) + size
    for step in _list_steps(data):
        if isinstance(step, bytes):
            text += step
            continue
        offset, length = step
        back = (len(text) - offset) % _WINDOW_BYTES
        if back == 0 or len(text) >= end:
            break
        for _ in range(length):  # the words may overlap with the words that they repeat
            text.append(text[-back])
    return bytes(text[len(_PRESET) : end])


def _list_steps(data: bytes) -> Iterator[bytes | tuple[int, int]]:
    """Yield each letter, or the place in the window and the length of words to repeat."""
    position = _RTF_HEAD.size
    while position < len(data):
        flags = data[position]
        position += 1
        for bit in range(8):
            is_repetition = flags >> bit & 1
            if is_repetition:
                (word,) = struct.unpack_from(">H", data, position)
                yield word >> 4, (word & 15) + 2
            else:
                yield data[position : position + 1]
            position += 1 + is_repetition
