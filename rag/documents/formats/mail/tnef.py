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
# The number of properties is before them.
_NO_PROPERTIES = bytes(4)
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


def _list_properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the first value of each property; text is in UTF-8."""
    (count,) = struct.unpack_from("<I", data)
    position = 4
    for _ in range(min(count, _MOST_PROPERTIES)):
        kind, number = struct.unpack_from("<HH", data, position)
        position += 4
        if number >= _NAMED:
            position = _skip_name(data, position)
        spans = _find_values(data, position, kind)
        position = max((end + (start - end) % 4 for start, end in spans), default=position + 4)
        for start, end in spans[:1]:
            yield number, _recode(kind & ~_SEVERAL, data[start:end])


def _find_values(data: bytes, position: int, kind: int) -> list[tuple[int, int]]:
    """Return where the values of a property are; each goes on to a multiple of four bytes."""
    fixed = _FIXED_BYTES.get(kind & ~_SEVERAL)
    count = 1
    if fixed is None or kind & _SEVERAL:
        (count,) = struct.unpack_from("<I", data, position)
        position += 4
    spans = []
    for _ in range(min(count, _MOST_PROPERTIES)):
        start, size = position, fixed or 0
        if fixed is None:
            (size,) = struct.unpack_from("<I", data, position)
            start += 4
        spans.append((start, start + size))
        position = start + size + -size % 4
    return spans


def _skip_name(data: bytes, position: int) -> int:
    """Return the offset of the value of a property that has a name."""
    (kind,) = struct.unpack_from("<I", data, position + 16)
    position += 20
    (size,) = struct.unpack_from("<I", data, position)
    return position + 4 + (size + -size % 4 if kind == 1 else 0)


def _recode(kind: int, value: bytes) -> bytes:
    """Return a value of text in UTF-8, and any other value unchanged."""
    text = value.decode("utf-16-le", "replace") if kind == _UNICODE else ""
    return text.rstrip("\0").encode() if text else value


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
