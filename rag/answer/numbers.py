"""Finds the numbers and amounts of a text, in digits or in words, and those that differ from another text's."""

import re
from collections.abc import Iterable, Iterator

from rag.answer.signs import ANY_CURRENCY, CURRENCY_NAMES
from rag.documents.formats.numerals import format_ordinal
from rag.text import stem

_UNITS = "one two three four five six seven eight nine"
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL_VALUES = dict(zip(f"{_UNITS} {_TEENS}".split(), range(1, 20), strict=True))
_VALUES = {**_SMALL_VALUES, **dict(zip(_TENS.split(), range(20, 100, 10), strict=True))}
# "Six hundred" is 600; "six million" is read as 6 and a word, like "6 million".
_MULTIPLES = {"": 1, "hundred": 100, "thousand": 1000}
_IN_WORDS = re.compile(
    rf"\b(?:({_TENS.replace(' ', '|')})(?:[-\s]({_UNITS.replace(' ', '|')}))?|({'|'.join(_SMALL_VALUES)})"
    r"|a(?=\s+(?:hundred|thousand)))(?:\s+(hundred|thousand))?\b",
    re.IGNORECASE,
)
# The English ordinals, as alternatives of a pattern.
ORDINALS = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth"
    "|sixteenth|seventeenth|eighteenth|nineteenth|twentieth"
)
_ORDINAL_DIGITS = {word: format_ordinal(number) for number, word in enumerate(ORDINALS.split("|"), 1)}
# In "twenty-second" it is another number.
_ORDINAL = re.compile(rf"(?<!ty[ -])\b(?:{ORDINALS})\b", re.IGNORECASE)
# Other words that count: `write_digits` leaves them as they are.
COUNTING_WORDS = (
    "one|zero|(?:hundred|thousand|million|billion|trillion|dozen)s?|both|single|pair|couple|half|third|quarter|twice|once"
    "|doubled?|tripled?"
)
_NUMBER = r"\d+(?:[.,]\d+)*"
# A minus is directly before its number and after a space: "-5", but not "pages 5-7" and "5 -7".
_DIGITS = re.compile(rf"((?<![^\s(])(?<!\d\s)[-−]|\bminus )?({_NUMBER})", re.IGNORECASE)
# A time, a date, a score or a range: "10:30", "2024-05-12", "12.5.2024", "3-1".
_JOINED = re.compile(r"(?<![\w.,:/–-])(?:\d{1,4}[-/.]\d\d?[-/.]\d{1,4}|\d{1,3}(?:[-–:]\d{1,3})+)(?![\w:/–-]|[.,]\d)")
# The text between such numbers in another notation: "10h30", "3 goals to 1". It can be read in one way only.
_BETWEEN = r"(?=(?<=\d)[h.] ?\d|[^\d\n]{0,12}(?:[-–—:/]|\b(?:to|until|through|hours?|uhr)\b))[^\d\n]{1,16}"
# "91,25": one or two digits after a comma are a fraction where a comma is the decimal sign.
_COMMA_FRACTION = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})*|\d+),(\d{1,2})(?![\d.,]*\d)")
# A power of ten, and how it is written after a number; last with its letter beside a currency.
_MAGNITUDES = {
    "thousand": "thousand tsd k",
    "million": "million millions millionen mio mn m",
    "billion": "billion billions bn milliarde milliarden mrd b",
    "trillion": "trillion trillions tn t",
}
_MAGNITUDE_NAMES = {word: name for name, words in _MAGNITUDES.items() for word in words.split()}
_ANY_MAGNITUDE = "|".join(word for word in _MAGNITUDE_NAMES if len(word) > 1)
# "5 million", "$5m", "5k €": a letter without a currency may be a unit, as in "5 m".
_AMOUNT = re.compile(
    rf"(?:(?P<before>{ANY_CURRENCY})\s?)?(?P<number>{_NUMBER})"
    rf"(?:\s?(?P<magnitude>{_ANY_MAGNITUDE}|[kmbt](?(before)|(?=\s?(?:{ANY_CURRENCY}))))\b)?"
    rf"(?(before)|(?:\s?(?P<after>{ANY_CURRENCY}))?)",
    re.IGNORECASE,
)
# "every Monday", "every second Monday", "every 4 years"
_FREQUENCY = re.compile(r"\b(?:every|each)\s+(?:(other|few|\d+)(?:st|nd|rd|th)?\s+)?([^\W\d_]+)", re.IGNORECASE)
_LOOSE_MAGNITUDE = re.compile(rf"(?<![\w'’])(?:{_ANY_MAGNITUDE}|[kmbt])\b", re.IGNORECASE)


def find_numbers(text: str) -> Iterator[str]:
    """Yield the numbers of a text in digits, with their minus; of numbers in words, those from two on."""
    for minus, digits in _DIGITS.findall(write_digits(text)):
        yield ("-" if minus else "") + _simplify(digits)


def write_digits(text: str) -> str:
    """Return a text with its numbers in digits, from two on: "Three people" is "3 people", and "one" is a pronoun."""
    return _IN_WORDS.sub(_write_number, text)


def _write_number(words: re.Match[str]) -> str:
    """Return a number in words in digits, from two on; a part may be empty: "a hundred" has only the last."""
    *parts, multiple = (part.lower() for part in words.groups(""))
    value = sum(_VALUES.get(part, 0) for part in parts) or 1
    value *= _MULTIPLES[multiple]
    return str(value) if value > 1 else words[0]


def write_ordinals(text: str) -> str:
    """Return a text with its ordinals in digits: "the 2nd law"."""
    return _ORDINAL.sub(lambda word: _ORDINAL_DIGITS[word[0].lower()], text)


def list_known_numbers(text: str) -> set[str]:
    """Return the numbers of a text; "91,25" is also known as 91.25."""
    pointed = _COMMA_FRACTION.sub(lambda match: f"{match[1].replace('.', '')}.{match[2]}", text)
    return {*find_numbers(text), *find_numbers(pointed)}


def has_new_number(text: str, known: str) -> bool:
    """Return whether a text has a number that another text lacks."""
    return not list_known_numbers(known).issuperset(find_numbers(text))


def _simplify(digits: str) -> str:
    """Return a number without separators and needless zeros: "1,200.50" is "1200.5", "05" is "5"."""
    whole, _, fraction = digits.replace(",", "").partition(".")
    whole = whole.lstrip("0") or "0"
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def has_new_joined(text: str, known: str) -> bool:
    """Return whether a text joins numbers, as in "10:30" and "3-1", that another text joins in no notation."""
    known = re.sub(r"\bbetween (\d+) and (?=\d)", r"\1-", known, flags=re.IGNORECASE)
    for joined in _JOINED.finditer(text):
        numbers = re.findall(r"0*(\d+)", joined[0])
        same = _BETWEEN.join(f"0*{number}" for number in numbers)
        if not re.search(rf"(?<!\d){same}(?!\d)", known, re.IGNORECASE):
            return True
    return False


def _has_other(said: Iterable[tuple[str, str]], known: Iterable[tuple[str, str]]) -> bool:
    """Return whether the first of a pair, such as "3" and "euro", is known only beside another second."""
    known = set(known)
    known_firsts = {first for first, _ in known}
    return any(pair[0] in known_firsts and pair not in known for pair in said)


def has_other_currency(text: str, known: str) -> bool:
    """Return whether a text has an amount, such as "3 euro", that another text has in another currency only."""
    return _has_other(_list_sums(text), _list_sums(known))


def has_other_frequency(text: str, known: str) -> bool:
    """Return whether a text says "every Monday" where another text has only "every second Monday"."""
    return _has_other(_list_frequencies(text), _list_frequencies(known))


def _list_frequencies(text: str) -> list[tuple[str, str]]:
    """Return the frequencies of a text: the stem of what comes round, and its step, "" for each one."""
    return [(stem(unit), step.lower()) for step, unit in _FREQUENCY.findall(write_ordinals(text))]


def _list_sums(text: str) -> list[tuple[str, str]]:
    """Return the number and the currency of each amount of money in a text."""
    amounts = [(amount["number"], amount["before"] or amount["after"]) for amount in _AMOUNT.finditer(text)]
    return [(_simplify(number), CURRENCY_NAMES[currency.lower()]) for number, currency in amounts if currency]


def has_other_magnitude(text: str, known: str, *, question: str) -> bool:
    """Return whether a text has an amount, such as "5 million", that another text has only as "5 billion" or "5".

    A magnitude may be left out if a label or the question names it: "How many million?" "5".
    """
    loose = _LOOSE_MAGNITUDE.findall(_AMOUNT.sub(" ", f"{known} {question}"))
    labels = set(map(_name_magnitude, loose))
    amounts = set(_list_measured(known))
    amounts |= {(number, label) for label in labels for number, magnitude in amounts if not magnitude}
    amounts |= {(number, "") for number, magnitude in amounts if magnitude in labels}
    return _has_other(_list_measured(text), amounts)


def _list_measured(text: str) -> Iterator[tuple[str, str]]:
    """Yield each number of a text with the name of its magnitude, or with nothing."""
    for match in _AMOUNT.finditer(text):
        yield _simplify(match["number"]), _name_magnitude(match["magnitude"] or "")


def _name_magnitude(written: str) -> str:
    return _MAGNITUDE_NAMES.get(written.lower(), "")
