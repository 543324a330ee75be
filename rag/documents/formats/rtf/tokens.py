"""Splits RTF into control words, groups and text, and knows its code pages."""

import codecs
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<byte>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z])"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}]+)",
    re.DOTALL,
)
_LINE_ENDS = str.maketrans("", "", "\r\n\0")
# The encodings of fonts by the number of their character set.
_CHARSETS = {
    77: "mac-roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
    254: "cp437", 255: "cp850",
}  # fmt: skip
# Letters in the fonts of this set are drawings, such as bullets.
SYMBOLS = 2
USUAL_ENCODING = "cp1252"


class Token(NamedTuple):
    """A control word with its number, a sign after a backslash, the beginning or end of a group, or text.

    Text has one character for each byte, because the font decides how bytes are read.
    """

    kind: Literal["word", "sign", "open", "close", "text"]
    value: str
    number: int | None = None


def split_tokens(source: str) -> Iterator[Token]:
    """Yield the tokens of a file without its binary data; a backslash at the very end is left out."""
    place = 0
    while token := _TOKEN.match(source, place):
        place = token.end()
        word = token["word"]
        if word == "bin":
            place += max(0, int(token["number"] or 0))
        elif word:
            yield Token("word", word, int(token["number"]) if token["number"] else None)
        elif token["byte"]:
            yield Token("text", chr(int(token["byte"], 16)))
        elif token["sign"]:
            yield Token("sign", token["sign"])
        elif token["brace"]:
            yield Token("open" if token["brace"] == "{" else "close", token["brace"])
        else:
            yield Token("text", token["text"].translate(_LINE_ENDS))


def find_encoding(charset: int | None) -> str | None:
    """Return the encoding of a character set; None for the file's own."""
    return _CHARSETS.get(charset or 0)


def check_encoding(name: str) -> str:
    """Return the name of an encoding that Python knows; the usual one in place of any other."""
    try:
        codecs.lookup(name).incrementaldecoder  # noqa: B018  # encodings such as "hex" have none
    except LookupError:
        return USUAL_ENCODING
    return name
