"""Splits texts into words and sentences, for the search and the checks."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter

import sentencex

from rag.language import guess_language
from rag.rows import is_row
from rag.types import Chunk, Span

# Chinese and Japanese put no space between words, so each of their characters counts as a word.
_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
UNSPACED = re.compile(f"[{_UNSPACED}]")
WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+(?:[.,]\d+)*")
# From the first sign of a line to its end.
LINE = re.compile(r"\S.*")
# Tokens that end or begin a message in the templates of common models: `<|im_end|>`, `</s>`, `[INST]`.
CONTROL_TOKEN = re.compile(
    r"<[|｜](?:[^|｜<>]*[|｜]>)?|</?s>|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>", re.IGNORECASE
)
STOP_WORDS = frozenset(
    WORD.findall(
        "a an and are as at be been but by did do does for from had has have he her his in is it its no not of on or s"
        " said say says she so that the their them there these they this to was were what when which who why will with"
        " would reader readers"
    )
)

# The number after one of these words is a limit: "over 100", "since 2019". Alternatives of a pattern, as those below.
LIMITS = "over|under|above|below|around|within|after|before|since|until|till|by|between|than|exceeding|nearly|almost"
# The number after one of these words counts something: "has 12 rooms". After another it may be a name: "room 12".
NO_LABEL = "|".join(
    [LIMITS, "about|all|can|could|first|last|least|may|most|must|only|should|some", *sorted(STOP_WORDS)]
)
# The English names of months.
MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
MONTH_NAMES = MONTHS.split("|")

# sentencex takes quadratic time on some lines, so it gets longer lines in pieces of this many characters.
_LONGEST_LINE = 10_000
# "E0031" and "E-0031" are two spellings of one code.
_CODE = re.compile(r"(?<![\w-])([A-Za-z]{1,4})(-?)(\d{2,})(?![\w-])")
_PLURAL = re.compile(r"(?<=\w{2}[^siu])s$")
_SPACE = re.compile(r"\s")
_LINE = re.compile(r"\S(?:.*\S)?")
# Nobody wraps lines shorter or longer than this.
_SHORTEST_WRAPPED, _LONGEST_WRAPPED = 40, 100
# The start of an item, a heading, a quoted line or a row, which never continues the line before.
NEW_ITEM = re.compile(r"[-*•–—+>|#]\s|\(?\w{1,3}[.)]\s|[|#>]")
# sentencex does not end a sentence there before a digit.
_FULL_STOP = re.compile(r"(?<=[。！？])(?=\d)")
# "5." before a heading or a step is not a sentence.
_NUMBERS = re.compile(r"\(?(?:\d{1,3}|[a-z])[.)]")
# An abbreviation does not end a label: "Max. depth: 118 m".
_SHORT_FORM = re.compile(r"[^\W\d_]{1,8}\.(?=\s[a-zà-ÿ][\w .]{0,30}:\s)")
# "Am 3. Mai", "im 19. Jahrhundert", "19. yüzyılda": a number with a full stop at the end of what sentencex takes for a
# sentence, by language.
_ORDINAL = {
    "de": re.compile(
        r"\b(?:am|im|vom|zum|beim|bis|ab|seit|de[rmns]|die|das|und|jede[rmns]?) \d{1,2}\.$", re.IGNORECASE
    ),
    "tr": re.compile(r"\b\d{1,2}\.$"),
}
# A block of code in Markdown, with the lines around it, up to the end of the text if it has none, and lines of code by
# their form: neither is split at a full stop, nor joined.
_CODE_BLOCK = re.compile(
    r"^[ \t]*(?P<block>(?:>[ \t>]*)?(?P<fence>```|~~~)(?:.*?^[ \t>]*(?P=fence)(?=[ \t>]*$)|.*\S|))",
    re.DOTALL | re.MULTILINE,
)
_KEYWORDS = (
    "def|class|return|raise|import|from|if|for|while|with|elif|else|try|except|const|let|var|function|public|private"
)
_CODE_LINE = re.compile(rf"(?:{_KEYWORDS})\b.*[:;{{(\[)]|[\w.]+\(.*\)[;,]?|.*[\"'(=].*[;{{}}]|\$ [a-z].*")
_LONGEST_CODE_LINE = 300
# "**Note.** Close it.": the second "**" belongs to the first sentence.
_CLOSING_MARKS = re.compile(r"(?P<marks>[*_]{1,3})(?:\s+|\Z)")
# A line with a key never continues another line with a key.
_KEY = re.compile(r"\w[\w .-]{0,30}:\s")
# The end of a line that a sentence does not end.
_UNFINISHED = re.compile(r"[^\W_]\Z|,\Z")


def repair_text(text: str) -> str:
    """Return a text with U+FFFD for each half of a character: UTF-8 cannot encode half a surrogate pair."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def stem(word: str) -> str:
    """Return a word's first six letters, in lower case and without a plural's "s": "cancelled" matches "cancellation".

    Numbers stay whole.
    """
    singular = drop_plural(word)
    return singular if singular[0].isdigit() else singular[:6]


def count_words(text: str) -> int:
    """Return the number of words between spaces, and of Chinese and Japanese characters."""
    return len(UNSPACED.sub(" x ", text).split())


def drop_plural(word: str) -> str:
    """Return a word in lower case and without a plural's "s"; numbers stay whole."""
    word = word.lower()
    return word if word[0].isdigit() else _PLURAL.sub("", word)


def drop_accents(text: str) -> str:
    """Return a text with the plain letter for each one with an accent: "Ogedei" for "Ögedei"."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def content_words(text: str) -> set[str]:
    """Return the stems of a text's words, without stop words."""
    return set(list_stems(text))


def list_stems(text: str) -> list[str]:
    """Return the stems of a text's words in their order, without stop words."""
    return [stem(word) for word in WORD.findall(text.lower()) if word not in STOP_WORDS]


def are_in_order(words: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether others have all of some words in the same order: "A beat B" is not "B beat A"."""
    following = iter(others)
    return all(word in following for word in words)  # each search begins after the word before


def spell_codes(question: str) -> str:
    """Return a question with its codes in both spellings, "E0031" and "E-0031", for the search."""
    other = [f"{m[1]}{'' if m[2] else '-'}{m[3]}" for m in _CODE.finditer(question)]
    return " ".join([question, *other])


def split_sentences(text: str) -> list[Span]:
    """Return the spans of a text's sentences, without the white space around them.

    A sentence also ends at the end of its line, unless the text is wrapped and continues in the next line.
    """
    spans = []
    code = _find_code(text)
    language = guess_language(text)
    for line_start, line_end in split_lines(text):
        start = line_start
        if is_inside(line_start, code) or is_code(text[line_start:line_end]):
            spans.append((line_start, line_end))
            continue
        while start < line_end:
            end = min(start + _LONGEST_LINE, line_end)
            found = _find_sentences(text, start, end, language)
            if end < line_end and len(found) > 1:
                end = found.pop()[0]  # it may continue after the piece
            spans += found
            start = end
    return spans


def _find_sentences(text: str, start: int, end: int, language: str) -> list[Span]:
    spans: list[Span] = []
    line = _SPACE.sub(" ", text[start:end])  # sentencex panics after "J." at a space of two bytes
    for boundary in sentencex.get_sentence_boundaries(language, line):
        first = boundary["start_index"]
        for part in _FULL_STOP.split(line[first : boundary["end_index"]]):
            stripped = part.strip()
            closing = _CLOSING_MARKS.match(stripped)
            if closing and spans:
                stripped = stripped[closing.end() :]
                spans.append((spans.pop()[0], start + first + part.index(closing["marks"]) + len(closing["marks"])))
            if stripped:
                begins = start + first + part.rindex(stripped)
                end = begins + len(stripped)
                is_continued = spans and _is_continued(text, spans[-1], language)
                spans.append((spans.pop()[0] if is_continued else begins, end))
            first += len(part)
    return spans


def _is_continued(text: str, span: Span, language: str) -> bool:
    """Return whether a sentence goes on: it is only a number or short form, or ends with an ordinal number or a name.

    "Jeopardy! is a quiz" has such a name: no sentence begins with a small letter.
    """
    ordinal = _ORDINAL.get(language)
    short_form = _SHORT_FORM.match(text, span[0])
    is_short_form = short_form is not None and short_form.end() == span[1]
    ends_with_name = text[span[1] - 1] == "!" and text[span[1] + 1 : span[1] + 2].islower()
    ends_with_number = ordinal is not None and ordinal.search(text, *span) is not None
    is_number = _NUMBERS.fullmatch(text, *span) is not None
    return is_short_form or is_number or ends_with_number or ends_with_name


def list_sentences(chunk: Chunk) -> Iterator[tuple[str, Span]]:
    """Yield the sentences of a chunk, each with its span in the document."""
    for start, end in split_sentences(chunk.text):
        yield chunk.text[start:end], (chunk.start + start, chunk.start + end)


def split_lines(text: str) -> list[Span]:
    """Return the spans of a text's lines without blank ones; wrapped lines count as one."""
    spans: list[Span] = []
    block: list[Span] = []
    code = _find_code(text)
    for line in _LINE.finditer(text):
        is_code = is_inside(line.start(), code)
        is_after_blank = block and text.count("\n", block[-1][1], line.start()) > 1
        if is_code or is_after_blank:
            spans += _join_wrapped(text, block)
            block.clear()
        if is_code:
            spans.append(line.span())
        else:
            block.append(line.span())
    return [*spans, *_join_wrapped(text, block)]


def split_blocks(text: str) -> list[Span]:
    """Return the offsets of a text's lines as `split_lines` does, but of each block of code as a whole."""
    code = _find_code(text)
    outside = [line for line in split_lines(text) if not is_inside(line[0], code)]
    return sorted([*code, *outside])


def _find_code(text: str) -> list[Span]:
    """Return the offsets of the blocks of code in Markdown, with the lines around them."""
    return [block.span("block") for block in _CODE_BLOCK.finditer(text)]


def is_code(line: str) -> bool:
    """Return whether a line has the form of code, or of a command: "$ make test"."""
    return len(line) <= _LONGEST_CODE_LINE and _CODE_LINE.fullmatch(line) is not None


def is_inside(position: int, spans: list[Span]) -> bool:
    """Return whether a position is in one of some spans, which are in order."""
    number = bisect_right(spans, position, key=itemgetter(0))
    return number > 0 and position < spans[number - 1][1]


def _join_wrapped(text: str, lines: list[Span]) -> list[Span]:
    """Return the lines between two blank ones; wrapped lines count as one."""
    spans: list[Span] = []
    width = max((end - start for start, end in lines), default=0)
    joined = False
    for i, (start, end) in enumerate(lines):
        spans.append((spans.pop()[0] if joined else start, end))
        joined = i + 1 < len(lines) and _goes_on(text[start:end], text[slice(*lines[i + 1])], width)
    return spans


def _goes_on(line: str, following: str, width: int) -> bool:
    """Return whether a line was wrapped: the next line's first word did not fit into it."""
    if len(line) < _SHORTEST_WRAPPED or _stands_apart(line, following):
        return False
    first_word, *_ = following.split(None, 1)
    is_full = width <= _LONGEST_WRAPPED and len(line) + 1 + len(first_word) > width
    return is_full or (following[0].islower() and _UNFINISHED.search(line) is not None)


def _stands_apart(line: str, following: str) -> bool:
    """Return whether a line is code or a row, or the next one begins a row, an item or a second value."""
    if is_code(line) or NEW_ITEM.match(following):
        return True
    return any(map(is_row, (line, following))) or all(map(_KEY.match, (line, following)))
