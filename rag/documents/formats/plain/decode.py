"""Turns the bytes of a text file in any encoding into text."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

from rag.errors import DocumentError

# UTF-32 first: its mark begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Of the bytes in UTF-16 every second is mostly zero in scripts with letters, and the others hardly ever.
_MOSTLY, _HARDLY = 0.3, 0.02
_SHORTEST_UTF16 = 16
# Text in an older encoding is hardly ever valid UTF-8; UTF-8 with an error has more good letters than bad bytes.
_GOOD_FOR_A_BAD = 3
# Control characters that no text has.
_BINARY = frozenset(map(chr, [*range(8), *range(14, 26), *range(28, 32)]))
# Bytes that are enough to detect an encoding.
_SAMPLE_BYTES = 8_000
_FOREIGN = re.compile(rb"[\x80-\xff][!-\xff]{0,1000}")
_BEFORE_FOREIGN = 20
_LAST_LATIN = "\u024f"
_SIGNS = frozenset("“”‘’„‚«»–—…•€§°、。，．・「」『』（）：；？！《》…　")
# How much speaks for a language: its most frequent letter 1, its rarest so much less, and a capital times so much; a
# letter of the West, whose files are the most frequent, a little more; any of the thousands of frequent characters.
_RARE, _CAPITAL, _WESTERN, _FREQUENT = 0.2, 0.9, 0.02, 0.95

# The letters that a language has besides a to z, or all, the most frequent first, and the encodings that it was
# written in.
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
# The rows in which the most frequent characters are: Hangul; kana and kanji; the first of two levels of Chinese.
_ROWS = (
    ("euc_kr", ((0xB0, 0xC8),)),
    ("shift_jis", ((0x82, 0x83), (0x88, 0x97))),
    ("euc_jp", ((0xA4, 0xA5), (0xB0, 0xCF))),
    ("gb18030", ((0xB0, 0xD7),)),
    ("big5", ((0xA4, 0xC6),)),
)


def decode(data: bytes) -> str:
    """Return the text, with line ends as "\\n"; raises DocumentError for bytes that are none."""
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
    if len(data) < _SHORTEST_UTF16 or len(data) % 2 or b"\0" not in data:
        return None
    even, odd = (data[first::2].count(0) / len(data) * 2 for first in (0, 1))
    if odd > _MOSTLY and even < _HARDLY:
        return "utf-16-le"
    return "utf-16-be" if even > _MOSTLY and odd < _HARDLY else None


def _guess_encoding(data: bytes) -> str:
    """Return the encoding in which most of the foreign letters are of one language."""
    sample = _find_sample(data)
    counted: dict[str, tuple[Counter[str], int]] = {}
    best, best_score = "cp1252", 0.0
    for encoding, weights in _find_alphabets():
        if encoding not in counted:
            text = sample.decode(encoding, "replace")
            clashes = sum(_clash(before, after) for before, after in pairwise(text))
            counted[encoding] = Counter(char for char in text if not char.isascii()), clashes
        chars, clashes = counted[encoding]
        score = (sum(weights.get(char, 0.0) * count for char, count in chars.items()) - clashes) / chars.total()
        if score > best_score:
            best, best_score = encoding, score
    return best


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
    """Return whether two characters are together as in no word: a capital behind a small letter, two scripts."""
    if before.isascii() and after.isascii():
        return False
    if before.isascii() or after.isascii():
        return before.isalpha() and after.isalpha() and max(before, after) > _LAST_LATIN
    return before.islower() and after.isupper()


@cache
def _find_alphabets() -> tuple[tuple[str, Mapping[str, float]], ...]:
    """Return how much each character speaks for an encoding and language, 0 to 1."""
    signs = dict.fromkeys(_SIGNS, 1.0)
    languages = []
    for encodings, letters in _LETTERS:
        most = 1 + _WESTERN * (encodings == "cp1252")
        small = {letter: most - _RARE * i / len(letters) for i, letter in enumerate(letters)}
        capitals = {letter.upper(): weight * _CAPITAL for letter, weight in small.items()}
        languages += [(encoding, capitals | small | signs) for encoding in encodings.split()]
    return (
        *languages,
        *((encoding, dict.fromkeys(_decode_rows(encoding, rows), _FREQUENT) | signs) for encoding, rows in _ROWS),
    )


def _decode_rows(encoding: str, rows: tuple[tuple[int, int], ...]) -> Iterator[str]:
    for first, last in rows:
        for lead in range(first, last + 1):
            for trail in range(0x40, 0xFF):
                char = bytes((lead, trail)).decode(encoding, "replace")
                if len(char) == 1:
                    yield char
