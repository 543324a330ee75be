"""Finds the numbers and the names that a text mentions, and the names that another text does not have."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.answer.signs import (
    CURRENCIES,
    MAGNITUDES,
    MULTIPLES,
    NUMBER_IN_WORDS,
    QUANTIFIER,
    SENTENCE_OPENERS,
    SMALL_NUMBERS,
    TENS,
    UNITS,
)
from rag.rows import get_first_cell, split_row
from rag.text import STOP_WORDS, stem

LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NUMBER = r"\d+(?:[.,]\d+)*"
# A minus is directly before its number and after a space: "-5", but not "pages 5-7" and "5 -7".
_DIGITS = re.compile(rf"(?:(?<![^\s(])(?<!\d\s)[-−]|\bminus )?{_NUMBER}", re.IGNORECASE)
_MINUS = re.compile(r"[-−]|minus ", re.IGNORECASE)
_ANY_CURRENCY = "|".join(currency.pattern for currency in CURRENCIES)
# "€3", "3 €", "3 million euros"
_AMOUNT = re.compile(
    rf"(?P<before>{_ANY_CURRENCY})\s?(?P<number>{_NUMBER})"
    rf"|(?P<first>{_NUMBER})\s?(?:(?:hundred|thousand|[mb]illion|bn|m|k)\s)?(?P<after>{_ANY_CURRENCY})",
    re.IGNORECASE,
)
_ANY_MAGNITUDE = "|".join(magnitude.words for magnitude in MAGNITUDES)
_ANY_LETTER = "".join(magnitude.letter for magnitude in MAGNITUDES)
# "5 million", "$5m", "5k €": a letter without a currency may be a unit, as in "5 m".
_MEASURED = re.compile(
    rf"(?:(?P<sign>{_ANY_CURRENCY})\s?)?(?P<number>{_NUMBER})"
    rf"(?:\s?(?P<magnitude>{_ANY_MAGNITUDE}|[{_ANY_LETTER}](?(sign)|(?=\s?(?:{_ANY_CURRENCY}))))\b)?",
    re.IGNORECASE,
)
_LOOSE_MAGNITUDE = re.compile(rf"(?<![\w'’])(?:{_ANY_MAGNITUDE}|[{_ANY_LETTER}])\b", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?$")
_ENDS_SENTENCE = re.compile(r"[.!?:“\"]\s*$")
_ACRONYM = re.compile(r"\b[A-Z]{2,}\b")
_BETWEEN_NAMES = r"\s+(?:(?:of|the|and|for)\s+)*"
# "United States of America"
_LONG_NAME = re.compile(rf"[A-Z][\w'’-]*(?:{_BETWEEN_NAMES}[A-Z][\w'’-]*)+")
_WORDS = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:['’][^\W_]+)*")
# A comma or a point between two digits is part of a number.
_PUNCTUATION = re.compile(r"(?:[;:()\[\]/–—-]|(?<!\d)[,.]|[,.](?!\d))+")
# A cell of a table that begins with a number: "100", "12.50 EUR".
_NUMBER_CELL = re.compile(r"\d+(?:[.,]\d+)*(?!\w)")
# "91,25": one or two digits after a comma are a fraction where a comma is the decimal sign.
_COMMA_FRACTION = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})*|\d+),(\d{1,2})(?![\d.,]*\d)")
_LINKS = ("of", "the")
# "Russia" and "Russian" are one name: a beginning of this many letters is shared, and the longer has few more.
_FEWEST_SHARED, _MOST_ADDED = 4, 3


def find_numbers(text: str) -> Iterator[str]:
    """Yield the numbers of a text in digits: first written in digits, with their minus, then in words from two on."""
    for digits in _DIGITS.findall(text):
        yield _simplify(digits)
    for words in NUMBER_IN_WORDS.finditer(text):
        value = _read_number(words)
        if value > 1:
            yield str(value)


def write_digits(text: str) -> str:
    """Return a text with its numbers in digits, from two on: "Three people" is "3 people", and "one" is a pronoun."""
    return NUMBER_IN_WORDS.sub(_write_number, text)


def _write_number(words: re.Match[str]) -> str:
    value = _read_number(words)
    return str(value) if value > 1 else words[0]


def list_known_numbers(text: str) -> set[str]:
    """Return the numbers of a text; "91,25" is also known as 91.25."""
    pointed = _COMMA_FRACTION.sub(lambda match: f"{match[1].replace('.', '')}.{match[2]}", text)
    return {*find_numbers(text), *find_numbers(pointed)}


def _simplify(digits: str) -> str:
    """Return a number without separators and needless zeros: "1,200.50" is "1200.5", "−05" is "-5"."""
    unsigned = _MINUS.sub("", digits)
    sign = "-" if unsigned != digits else ""
    whole, _, fraction = unsigned.replace(",", "").partition(".")
    whole = whole.lstrip("0") or "0"
    fraction = fraction.rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


class JoinedNumbers(NamedTuple):
    """A form of numbers that are compared together, and what may be between them in another text, in one line."""

    name: str
    pattern: re.Pattern[str]
    between: str

    def list_unknown(self, text: str, known: str) -> Iterator[str]:
        """Yield what a text has in this form and another text has neither so nor in another writing."""
        for match in self.pattern.finditer(text):
            numbers = [digits.lstrip("0") or "0" for digits in re.findall(r"\d+", match[0])]
            same = self.between.join(f"0*{number}" for number in numbers)
            if not re.search(rf"(?<!\d){same}(?!\d)", known, re.IGNORECASE):
                yield match[0]


JOINED_NUMBERS = (
    # A time or ratio: "10:30" is also "10h30".
    JoinedNumbers(
        "time or date",
        re.compile(r"(?<![\w.:/-])\d+(?::\d+)+(?![\w:/-]|\.\d)"),
        r"[^\S\n]?(?:[-–—:./h]|hours?(?: and)?|uhr|to)[^\S\n]?",
    ),
    # A date: "2024-05-12".
    JoinedNumbers(
        "time or date",
        re.compile(r"(?<![\w.:/-])\d{1,4}([-/.])\d\d?\1\d{1,4}(?![\w:/-]|\.\d)"),
        r"[^\d\n]*",
    ),
    # "3-1" is also "3 goals to 1".
    JoinedNumbers(
        "score or range",
        re.compile(r"(?<![\w.,:/–-])\d{1,3}[-–]\d{1,3}(?![\w:/–-]|[.,]\d)"),
        r"[^\d\n]{0,12}(?:[-–—:/]|\b(?:to|and|until|through)\b)[^\d\n]{0,4}",
    ),
)


def find_other_currencies(text: str, known: str) -> Iterator[str]:
    """Yield the amounts of a text, such as "3 euro", that another text has in another currency only."""
    known_amounts = set(_list_amounts(known))
    known_numbers = {number for number, _ in known_amounts}
    for number, currency in _list_amounts(text):
        if number in known_numbers and (number, currency) not in known_amounts:
            yield f"{number} {currency}"


def find_other_magnitudes(text: str, known: str, *, question: str) -> Iterator[str]:
    """Yield the amounts of a text, such as "5 million", that another text has only as "5 billion" or "5".

    A magnitude may be left out if a label or the question names it: "How many million?" "5".
    """
    known_amounts = set(_list_measured(known))
    labels = _list_labels(f"{known} {question}")
    for number, magnitude in _list_measured(text):
        others = {known_magnitude for known_number, known_magnitude in known_amounts if known_number == number}
        magnitudes = others | {magnitude}
        is_left_out = "" in magnitudes and not labels.isdisjoint(magnitudes)
        if others and magnitude not in others and not is_left_out:
            yield f"{number} {magnitude}".strip()


def _list_measured(text: str) -> Iterator[tuple[str, str]]:
    """Yield each number of a text with the name of its magnitude, or with nothing."""
    for match in _MEASURED.finditer(text):
        yield _simplify(match["number"]), _name_magnitude(match["magnitude"] or "")


def _list_labels(text: str) -> set[str]:
    """Return the magnitudes that a text names without a number: "Revenue (€m)"."""
    return {_name_magnitude(written) for written in _LOOSE_MAGNITUDE.findall(_MEASURED.sub(" ", text))}


def _name_magnitude(written: str) -> str:
    """Return the name of a magnitude, or nothing."""
    names = (magnitude.name for magnitude in MAGNITUDES if re.fullmatch(magnitude.pattern, written, re.IGNORECASE))
    return next(names, "")


def _list_amounts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the number and the currency of each amount of money in a text."""
    for match in _AMOUNT.finditer(text):
        number = _simplify(match["number"] or match["first"])
        written = match["before"] or match["after"]
        for currency in CURRENCIES:
            if re.fullmatch(currency.pattern, written, re.IGNORECASE):
                yield number, currency.name


def _read_number(words: re.Match[str]) -> int:
    """Return the value of a number in words from its parts; a part may be empty: "a hundred" has only the last."""
    tens, unit, small, multiple = (part.lower() for part in words.groups(""))
    spelt = TENS.get(tens, 0) + UNITS.get(unit, 0)
    value = spelt or SMALL_NUMBERS.get(small, 1)
    return value * MULTIPLES.get(multiple, 1)


def find_names(text: str) -> Iterator[str]:
    """Yield the capitalised words of a text, except words that only begin a sentence."""
    for match in LETTERS.finditer(text):
        word = strip_possessive(match[0])
        is_capitalised = word[0].isupper() and word != "I"
        if is_capitalised and not _only_opens_sentence(text, match):
            yield word


def _only_opens_sentence(text: str, match: re.Match[str]) -> bool:
    """Return whether a capitalised word begins a sentence and is not the beginning of a name."""
    before = text[: match.start()]
    is_first_word = not LETTERS.search(before)
    if not is_first_word and not _ENDS_SENTENCE.search(before):
        return False
    word = strip_possessive(match[0]).lower()
    following = LETTERS.search(text, match.end())
    name_goes_on = following is not None and following[0][0].isupper()
    return not name_goes_on or word in STOP_WORDS | SENTENCE_OPENERS


def find_unknown_names(text: str, known: str) -> Iterator[str]:
    """Yield the names of a text that another text lacks."""
    known_words = {strip_possessive(word.lower()) for word in LETTERS.findall(known)}
    for name in find_names(text):
        is_known = name.lower() in known_words
        if not is_known and not any(_is_nearly(name.lower(), word) for word in known_words):
            yield name


def spell_names(text: str, known: str) -> str:
    """Return a text with its names as another text has them: "UN" if that has no "United Nations", or spelt out."""
    for acronym, words in _list_abbreviated(text, known):
        text = _replace(rf"\b{acronym}\b", " ".join(words), text, known)
    for acronym, words in _list_abbreviated(known, text):
        spelt_out = _BETWEEN_NAMES.join(map(re.escape, words))
        text = _replace(rf"\b{spelt_out}\b", acronym, text, known)
    return text


def _list_abbreviated(text: str, other: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each acronym of a text with the words of another text's name that it abbreviates."""
    names = [*_list_long_names(other)]
    for acronym in dict.fromkeys(_ACRONYM.findall(text)):
        for words in names:
            start = _abbreviate(words).find(acronym)
            spelt_out = words[start : start + len(acronym)] if start >= 0 else []
            if spelt_out and not any(word.isupper() for word in spelt_out):
                yield acronym, spelt_out


def _replace(pattern: str, form: str, text: str, known: str) -> str:
    """Return a text with another form of a name, unless `known` has it in the text's own form."""
    return text if re.search(pattern, known) else re.sub(pattern, form, text)


def _is_nearly(name: str, word: str) -> bool:
    """Return whether two words in small letters are forms of one name: "russian" and "russia"."""
    shorter, longer = sorted([name, word], key=len)
    is_near = len(shorter) >= _FEWEST_SHARED and len(longer) - len(shorter) <= _MOST_ADDED
    return is_near and longer.startswith(shorter)


def find_joined_words(text: str, known: str) -> Iterator[str]:
    """Yield the phrases of a text with a name or a number whose words another text has only apart.

    "Louis XIV beat Aas" does not make "Aas XIV" known. The words that "of" or "the" links are one phrase too.
    """
    known_phrases = {_flatten(phrase) for phrase in [*_list_phrases(known), *_list_labelled(known)]}
    for clause in _PUNCTUATION.split(text):
        for phrase in _list_phrases(clause):
            is_named = any(not word.islower() for word in phrase)
            if is_named and _flatten(phrase) not in known_phrases:
                yield " ".join(phrase)


def _list_phrases(text: str) -> Iterator[list[str]]:
    """Yield each word of a text with the next one; common words are left out, but for "of" and "the" between them."""
    words = _WORDS.findall(text)
    for start, word in enumerate(words):
        end = start + 1
        while end < len(words) and words[end].lower() in _LINKS:
            end += 1
        is_whole = end < len(words) and not _is_common(words[end])
        if is_whole and not _is_common(word):
            yield words[start : end + 1]


def _list_labelled(text: str) -> Iterator[list[str]]:
    """Yield each number in a cell of a table with each word of its label: "Range (km): 100" says "100 km" too.

    The quotes are one line each.
    """
    for line in text.split("\n"):
        name = get_first_cell(line)  # "Pressure (bar)" in "Pressure (bar); P200: 4.2"
        for cell in split_row(line):
            number = _NUMBER_CELL.match(cell.value)
            if number is None:
                continue
            for word in _WORDS.findall(f"{cell.label} {name}"):
                yield [number[0], word]
                yield [word, number[0]]


def _is_common(word: str) -> bool:
    """Return whether a word is never a name, also not with a capital."""
    is_quantifier = QUANTIFIER.fullmatch(word) is not None
    return is_quantifier or word.lower() in STOP_WORDS | SENTENCE_OPENERS


def _flatten(phrase: Sequence[str]) -> str:
    """Return the stems of a phrase; a comma in a number is a point, as in `list_known_numbers`."""
    return " ".join(stem(word.lower()).replace(",", ".") for word in phrase)


def strip_possessive(word: str) -> str:
    """Return a word without the "'s" at its end."""
    return _POSSESSIVE.sub("", word)


def _list_long_names(text: str) -> Iterator[list[str]]:
    """Yield the capitalised words of each name that has several: "United States of America" has three."""
    for name in _LONG_NAME.findall(text):
        yield [strip_possessive(word) for word in name.split() if word[0].isupper()]


def _abbreviate(words: Sequence[str]) -> str:
    """Return the initials of a name's words: neighbouring ones are an acronym."""
    return "".join(word[0] for word in words)
