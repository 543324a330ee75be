"""Turns the bytes of a text file in any encoding into text."""

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import filterfalse, pairwise, product
from operator import itemgetter

from rag.errors import DocumentError

# UTF-32 comes first, because its mark begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# In UTF-16, spaces, digits and Latin letters have one zero byte, always on the same side. At least this share of the
# bytes on that side is zero, and hardly any on the other.
_MOSTLY, _HARDLY = 0.3, 0.02
_SHORTEST_UTF16 = 16
# The encodings that programs mean by these names: Windows has one with more characters for each of them.
LABELS = {
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin-1", "latin1", "ascii", "us-ascii"), "windows-1252"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji"), "cp932"),
    **dict.fromkeys(("euc-kr", "euc_kr", "ks_c_5601-1987", "ks_c_5601", "ksc5601"), "cp949"),
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80", "x-gbk"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "cn-big5"), "big5hkscs"),
    "iso-8859-9": "cp1254",
    "iso-2022-jp": "iso2022_jp_ext",
}
# Text in an older encoding is hardly ever valid UTF-8. UTF-8 with errors has this many good letters for each bad byte.
_GOOD_FOR_A_BAD = 3
# Control characters that no text needs. Text copied from a PDF or from Word has some: at most this share, or one.
_CONTROLS = frozenset(map(chr, [*range(1, 8), *range(14, 26), *range(28, 32)]))
_MOST_CONTROLS = 0.02
# Word ends a cell with the first, and its hyphens that keep a line together are the second; the others say nothing.
_SHOWN_CONTROLS = dict.fromkeys(map(ord, _CONTROLS)) | {0x07: " ", 0x1E: "-"}
# The signs that colour the lines of a log in a terminal.
_COLOURS = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
# This many bytes are enough to detect an encoding.
_SAMPLE_BYTES = 8_000
_FOREIGN = re.compile(rb"[\x80-\xff][!-\xff]{0,1000}")
_BEFORE_FOREIGN = 20
_LAST_ASCII, _LAST_LATIN = "\x7f", "\u024f"
_SIGNS = frozenset("“”‘’„‚«»–—…•€§°、。，．・「」『』（）：；？！《》…　")
# A language's most frequent letter has the weight 1, and its rarest letter this much less.
_RARE = 0.2
# The weight of a capital, as a share of the weight of its small letter.
_CAPITAL = 0.9
# Files of western languages are the most frequent: their letters weigh a little more.
_WESTERN = 0.02
# The weights of the thousands of frequent characters of an East Asian language, and of its rare ones.
_FREQUENT, _SELDOM = 0.95, 0.6

# The older encodings of each language, and its letters from the most frequent to the rarest, without a to z.
_LETTERS = (
    ("cp1252", "üäößéáèíóà"),
    ("cp1252", "éèàêçôîûùâœïëæáíóñöü"),
    ("cp1252", "óíáéñúü¿¡ºª"),
    ("cp1252", "ãçéáíóêõâàúôºª"),
    ("cp1252", "èàìòùéáíóúñ"),
    ("cp1252", "øåæéöäüáó"),
    ("cp1252", "äåöéüáíóø"),
    ("cp1252", "àéóíèòçúüï·"),
    ("cp1252", "éëïèóöüáêíñ"),
    ("cp1252", "íáðöéýþúóæ"),
    ("cp1252 cp1257", "äõüöšž"),
    ("cp1252", "£"),
    ("cp1250 iso8859_2", "łąęóśżćńź"),
    ("cp1250 iso8859_2", "íáéěšýčžřůúťďňó"),
    ("cp1250 iso8859_2", "áéőöíóüúű"),
    ("cp1250 iso8859_2", "áíčéýžšúťľôňäďóŕĺ"),
    ("cp1250 iso8859_2", "čšžćđ"),
    ("cp1250 iso8859_2", "ăîşţâ"),
    ("cp1254", "ışüğçöİîâ"),
    ("cp1257", "ėųšįžūčąę"),
    ("cp1257", "āīšēūņļžčķģ"),
    ("cp1251 koi8_r cp866", "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё№"),
    ("cp1251 koi8_u", "оанивітерслкудмпязьгбчхцйжїєюшщфґ№"),
    ("cp1251", "анірлтсекодмвцыуяпзьбгйчшўжюэхёф"),
    ("cp1251", "аоиенртсјвкдупмлзгбшћчцњжђљхфџ"),
    ("cp1253", "αοιτενσηρκπυλμςόγίάδέωθβχήύζφώξψϊϋΐΰ"),
    ("cp1255", "יוהלארתמבשנחדקםעפטכצסגזןךץף"),
    ("cp1256", "الينمتروبعدسفهكقحجةشصطخىأذضزئإغثءظؤآ،؟؛پچژگًٌٍَُِّْـ"),
    ("cp874", "านรอกเงวยลมท่ต้สหปะดิีัคบใแ็ุพไจชำื์โขูผธถึฟศซภญฐษณฉ๊๋ฮฏฎฌฆฒฬฑฯๆ"),
)
# The rows with the most frequent characters: Hangul; kana and kanji; the first of two levels of Chinese. Then the rows
# with the others. Windows has an encoding with more characters for each of the old standards.
_ROWS: tuple[tuple[str, Iterable[int], Iterable[int]], ...] = (
    ("cp949", range(0xB0, 0xC9), range(0x81, 0xB0)),
    ("cp932", (*range(0x82, 0x84), *range(0x88, 0x98)), (0x87, *range(0x98, 0xA0), *range(0xE0, 0xFD))),
    ("euc_jp", (*range(0xA4, 0xA6), *range(0xB0, 0xD0)), range(0xD0, 0xF5)),
    ("gb18030", range(0xB0, 0xD8), range(0xD8, 0xF8)),
    ("cp950", range(0xA4, 0xC7), range(0xC9, 0xFA)),
)
# Katakana of half the width, one byte each.
_HALF_WIDE = frozenset(map(chr, range(0xFF66, 0xFFA0)))
# Text in ISO 2022 has seven bits a byte; these signs begin its Japanese and Korean stretches.
_JAPANESE = re.compile(rb"\x1b(?:\$[@B]|\$\(D|\([IJ])")
_KOREAN = b"\x1b$)C"
# The same characters as in the oldest standard, and characters that Windows adds, such as "①".
_OLD_SET, _NEW_SET, _WITH_NEW_SET = b"\x1b$B", b"\x1b$(Q", "iso2022_jp_2004"


def decode(data: bytes) -> str:
    """Return the text, with a line feed at the end of each line; raises DocumentError for bytes that are not text."""
    text = _decode(data).replace("\r\n", "\n").replace("\r", "\n").removesuffix("\x1a")
    count = sum(map(text.count, _CONTROLS))
    if "\0" in text or count > max(1, _MOST_CONTROLS * len(text)):
        raise DocumentError("it holds binary data, not text")
    text = _COLOURS.sub("", text)
    return text.translate(_SHOWN_CONTROLS) if count else text


def _decode(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    utf16 = _find_utf16(data)
    if utf16:
        return data.decode(utf16, "replace")
    if b"\x1b" in data and data.isascii():
        return _decode_escaped(data)
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    if bad * (_GOOD_FOR_A_BAD + 1) <= foreign:
        return text
    return data.decode(_guess_encoding(data), "replace")


def _decode_escaped(data: bytes) -> str:
    """Return text in ISO 2022; text that is only coloured for a terminal as it is."""
    if not _JAPANESE.search(data):
        return data.decode("iso2022_kr" if _KOREAN in data else "ascii", "replace")
    try:
        return data.decode("iso2022_jp_ext")
    except ValueError:
        return data.replace(_OLD_SET, _NEW_SET).decode(_WITH_NEW_SET, "replace")


def _find_utf16(data: bytes) -> str | None:
    """Return the byte order of UTF-16 without a mark; None for another encoding."""
    if len(data) < _SHORTEST_UTF16 or len(data) % 2:
        return None
    zeros = {"utf-16-be": data[0::2].count(0), "utf-16-le": data[1::2].count(0)}
    other_order, order = sorted(zeros, key=zeros.__getitem__)
    half = len(data) / 2
    has_zeros_on_one_side = zeros[order] > _MOSTLY * half and zeros[other_order] < _HARDLY * half
    return order if has_zeros_on_one_side else None


def _guess_encoding(data: bytes) -> str:
    """Return the encoding in which the letters outside ASCII fit best to one language."""
    alphabets = _find_alphabets()
    sample = _find_sample(data)
    readings = {encoding: _Reading(sample.decode(encoding, "replace")) for encoding in dict(alphabets)}
    scores = [(readings[encoding].score(weights), encoding) for encoding, weights in alphabets]
    _, best = max((0.0, "cp1252"), *scores, key=itemgetter(0))
    return best


class _Reading:
    """The letters outside ASCII in a text, which an encoding that may be wrong has decoded."""

    def __init__(self, text: str) -> None:
        self._chars = Counter(filterfalse(str.isascii, text))
        pairs = Counter(pairwise(text))
        self._clashes = sum(count for pair, count in pairs.items() if _clash(*pair))

    def score(self, weights: Mapping[str, float]) -> float:
        """Return how well the letters fit to a language, at most about 1."""
        weight = sum(weights.get(char, 0.0) * count for char, count in self._chars.items())
        return (weight - self._clashes) / self._chars.total()


def _find_sample(data: bytes) -> bytes:
    """Return the first words with letters outside ASCII."""
    sample = bytearray()
    end = 0
    for word in _FOREIGN.finditer(data):
        sample += data[max(end, word.start() - _BEFORE_FOREIGN) : word.end()] + b" "
        end = word.end()
        if len(sample) > _SAMPLE_BYTES:
            break
    return bytes(sample)


def _clash(before: str, after: str) -> bool:
    """Return whether two adjacent characters cannot be in one word, such as "éÉ" or letters of two scripts."""
    pair = before + after
    if min(pair) > _LAST_ASCII:
        return before.islower() and after.isupper()
    return pair.isalpha() and max(pair) > _LAST_LATIN


@cache
def _find_alphabets() -> tuple[tuple[str, Mapping[str, float]], ...]:
    """Return, for each encoding and language, the weight of each character, from 0 to about 1."""
    signs = dict.fromkeys(_SIGNS, 1.0)
    languages: list[tuple[str, Mapping[str, float]]] = []
    for encodings, letters in _LETTERS:
        most = 1 + _WESTERN * (encodings == "cp1252")
        small = {letter: most - _RARE * i / len(letters) for i, letter in enumerate(letters)}
        capitals = {letter.upper(): weight * _CAPITAL for letter, weight in small.items()}
        languages += product(encodings.split(), [capitals | small | signs])
    characters = [(encoding, _weigh_rows(encoding, rows, others) | signs) for encoding, rows, others in _ROWS]
    return (*languages, *characters)


def _weigh_rows(encoding: str, rows: Iterable[int], others: Iterable[int]) -> dict[str, float]:
    """Return the weight of each character in the frequent rows of an encoding and in the others."""
    seldom = dict.fromkeys(_decode_rows(encoding, others), _SELDOM)
    if encoding == "cp932":
        seldom |= dict.fromkeys(_HALF_WIDE, _SELDOM)
    return seldom | dict.fromkeys(_decode_rows(encoding, rows), _FREQUENT)


def _decode_rows(encoding: str, rows: Iterable[int]) -> Iterator[str]:
    """Yield the characters of two bytes; the first byte is one of `rows`."""
    for pair in product(rows, range(0x40, 0xFF)):
        text = bytes(pair).decode(encoding, "replace")
        if len(text) == 1:
            yield text
