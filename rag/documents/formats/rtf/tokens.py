"""Splits RTF into control words, groups and text, and knows its code pages."""

import codecs
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<byte>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z])"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}]+)",
    re.DOTALL,
)
_LINE_ENDS = str.maketrans("", "", "\r\n\0")
# Letters in the fonts of this set are drawings, such as bullets: they have no encoding.
SYMBOLS = "symbols"
# The encodings of fonts by the number of their character set.
CHARSETS = {
    2: SYMBOLS, 77: "mac-roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
USUAL_ENCODING = "cp1252"
_MAC_PAGES = {10000: "mac-roman", 10029: "mac-latin2", 10007: "mac-cyrillic"}


_Kind: TypeAlias = Literal["word", "sign", "open", "close", "text"]
_BRACES: dict[str, _Kind] = {"{": "open", "}": "close"}


class Token(NamedTuple):
    """A control word with its number, a sign after a backslash, the beginning or end of a group, or text.

    Text has one character for each byte, because the font decides how bytes are read.
    """

    kind: _Kind
    value: str
    number: int | None = None

    @property
    def amount(self) -> int:
        """The number of a word; 0 if it has none."""
        return self.number or 0


def split_tokens(source: str) -> Iterator[Token]:
    """Yield the tokens of a file without its binary data; a backslash at the very end is left out."""
    place = 0
    while match := _TOKEN.match(source, place):
        place = match.end()
        token = _make_token(match)
        if token.value == "bin" and token.kind == "word":
            place += max(0, token.amount)
        else:
            yield token


def _make_token(match: re.Match[str]) -> Token:
    """Return the token of a match: one of the pattern's groups matched."""
    if match["word"]:
        number = int(match["number"]) if match["number"] else None
        return Token("word", match["word"], number)
    if match["brace"]:
        return Token(_BRACES[match["brace"]], match["brace"])
    if match["sign"]:
        return Token("sign", match["sign"])
    if match["byte"]:
        return Token("text", chr(int(match["byte"], 16)))
    return Token("text", match["text"].translate(_LINE_ENDS))


def find_encoding(page: int) -> str:
    """Return the encoding of a code page; the usual one in place of one that Python does not know."""
    name = _MAC_PAGES.get(page, f"cp{page}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return USUAL_ENCODING
