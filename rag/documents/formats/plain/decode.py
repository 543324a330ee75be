"""Turns the bytes of a text file in any encoding into text."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product

from rag.errors import DocumentError

# UTF-32 comes first, because its mark begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# In UTF-16, in scripts with letters, every second byte is mostly zero, and the others hardly ever are.
_MOSTLY, _HARDLY = 0.3, 0.02
_SHORTEST_UTF16 = 16
# Text in an older encoding is hardly ever valid UTF-8. UTF-8 with errors has this many good letters for each bad byte.
_GOOD_FOR_A_BAD = 3
# Control characters that no text has.
_BINARY = frozenset(map(chr, [*range(8), *range(14, 26), *range(28, 32)]))
# This many bytes are enough to detect an encoding.
_SAMPLE_BYTES = 8_000
_FOREIGN = re.compile(rb"[\x80-\xff][!-\xff]{0,1000}")
_BEFORE_FOREIGN = 20
_LAST_LATIN = "\u024f"
_SIGNS = frozenset("“”‘’„‚«»–—…•€§°、。，．・「」『』（）：；？！《》…　")
# A letter's weight says how much it speaks for a language: 1 for the most frequent letter, this much less for the
# rarest.
_RARE = 0.2
# A capital has this share of the weight of its small letter.
_CAPITAL = 0.9
# Files of western languages are the most frequent: their letters weigh a little more.
_WESTERN = 0.02
# The weight of each of the thousands of frequent characters of an East Asian language.
_FREQUENT = 0.95

# For each language its older encodings, and its letters by frequency: those besides a to z, or all of them.
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
# The rows with the most frequent characters: Hangul; kana and kanji; the first of two levels of Chinese.
_ROWS = (
    ("euc_kr", ((0xB0, 0xC8),)),
    ("shift_jis", ((0x82, 0x83), (0x88, 0x97))),
    ("euc_jp", ((0xA4, 0xA5), (0xB0, 0xCF))),
    ("gb18030", ((0xB0, 0xD7),)),
    ("big5", ((0xA4, 0xC6),)),
)


def decode(data: bytes) -> str:
    """Return the text, with a line feed at the end of each line; raises DocumentError for bytes that are not text."""
    text = _decode(data).replace("\r\n", "\n").replace("\r", "\n").removesuffix("\x1a")
    if not _BINARY.isdisjoint(text):
        raise DocumentError("it holds binary data, not text")
    return text


def _decode(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if utf16 := _find_utf16(data):
        return data.decode(utf16, "replace")
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    if bad * (_GOOD_FOR_A_BAD + 1) <= len(text) - len(text.encode("ascii", "ignore")):
        return text
    return data.decode(_guess_encoding(data), "replace")


def _find_utf16(data: bytes) -> str | None:
    """Return the byte order of UTF-16 without a mark; None for another encoding."""
    if len(data) < _SHORTEST_UTF16 or len(data) % 2:
        return None
    even = data[0::2].count(0) * 2 / len(data)
    odd = data[1::2].count(0) * 2 / len(data)
    for encoding, high, low in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if high > _MOSTLY and low < _HARDLY:
            return encoding
    return None


def _guess_encoding(data: bytes) -> str:
    """Return the encoding in which most of the foreign letters are of one language."""
    alphabets = _find_alphabets()
    sample = _find_sample(data)
    readings = {encoding: _Reading(sample.decode(encoding, "replace")) for encoding in dict(alphabets)}
    scores = [readings[encoding].score(weights) for encoding, weights in alphabets]
    best = max(scores)
    return alphabets[scores.index(best)][0] if best > 0 else "cp1252"


class _Reading:
    """The foreign letters of a text that may be in the wrong encoding."""

    def __init__(self, text: str) -> None:
        self._chars = Counter(char for char in text if not char.isascii())
        self._clashes = sum(map(_clash, text, text[1:]))

    def score(self, weights: Mapping[str, float]) -> float:
        """Return how much the letters speak for a language, at most about 1."""
        weight = sum(weights.get(char, 0.0) * count for char, count in self._chars.items())
        return (weight - self._clashes) / self._chars.total()


def _find_sample(data: bytes) -> bytes:
    """Return the first words with letters outside ASCII."""
    sample = bytearray()
    end = 0
    for found in _FOREIGN.finditer(data):
        sample += data[max(end, found.start() - _BEFORE_FOREIGN) : found.end()] + b" "
        end = found.end()
        if len(sample) > _SAMPLE_BYTES:
            break
    return bytes(sample)


def _clash(before: str, after: str) -> bool:
    """Return whether two characters cannot be neighbours in a word: a capital behind a small letter, or two scripts."""
    if not before.isascii() and not after.isascii():
        return before.islower() and after.isupper()
    is_word = before.isalpha() and after.isalpha()
    return is_word and max(before, after) > _LAST_LATIN


@cache
def _find_alphabets() -> tuple[tuple[str, Mapping[str, float]], ...]:
    """Return, for each encoding and language, the weight of each character, from 0 to about 1."""
    signs = dict.fromkeys(_SIGNS, 1.0)
    languages = []
    for encodings, letters in _LETTERS:
        most = 1 + _WESTERN * (encodings == "cp1252")
        small = {letter: most - _RARE * i / len(letters) for i, letter in enumerate(letters)}
        capitals = {letter.upper(): weight * _CAPITAL for letter, weight in small.items()}
        languages += [(encoding, capitals | small | signs) for encoding in encodings.split()]
    characters = [
        (encoding, dict.fromkeys(_decode_rows(encoding, rows), _FREQUENT) | signs) for encoding, rows in _ROWS
    ]
    return (*languages, *characters)


def _decode_rows(encoding: str, rows: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """Yield the characters of two bytes whose first byte is in one of the rows."""
    for first, last in rows:
        for pair in product(range(first, last + 1), range(0x40, 0xFF)):
            text = bytes(pair).decode(encoding, "replace")
            if len(text) == 1:
                yield text
