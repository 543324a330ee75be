"""Finds, without an LLM, what a sentence says and its sources do not: a number, a name, a "not"."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from rag.answer.signs import NEGATION, is_order
from rag.text import STOP_WORDS, stem

_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_UNITS = dict(zip(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], range(1, 10), strict=True))
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_SMALL = _UNITS | dict(zip(_TEENS, range(10, 20), strict=True))
_TEN_WORDS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_TENS = dict(zip(_TEN_WORDS, range(20, 100, 10), strict=True))
# "Six hundred" is 600; "six million" stays 6 beside a word, as 6 million does.
_TIMES = {"hundred": 100, "thousand": 1000}
_SPELT = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[-\s]({'|'.join(_UNITS)}))?|({'|'.join(_SMALL)})|a(?=\s+(?:{'|'.join(_TIMES)})))"
    rf"(?:\s+({'|'.join(_TIMES)}))?\b"
)
# Begin a sentence with a capital and are no names.
_OPENERS = frozenset(
    {"according", "after", "also", "although", "because", "both", "during", "however", "many", "since"}
)
_LONGEST = 6
_ACRONYM = re.compile(r"\b[A-Z]{2,}\b")
_RUN = re.compile(r"[A-Z][\w'’-]*(?:\s+(?:(?:of|the|and|for)\s+)*[A-Z][\w'’-]*)+")
_TOGETHER = re.compile(r"\b[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)+")
# A negation covers this many words to its right, these not counted.
_WEAK = frozenset({"a", "an", "any", "be", "been", "the", "to", "yet"})
_REACH = 2
# Two sentences that differ in no more words than this at a place say the same around it.
_SHORT = 3
# The words of a sentence, and those of its quote in their place.
Change = tuple[list[str], list[str]]


def find_conflict(text: str, sources: Sequence[str], quotes: Sequence[str], *, question: str = "") -> str | None:
    """Return what a sentence says and its sources do not, or None.

    `sources` are the texts and labels of the passages that it rests on, `quotes` the sentences of theirs that are
    nearest to it. A name may stand in the question instead.
    """
    if any(is_order(said) for said in (text, *quotes)):
        return "an order"
    given = " ".join(sources)
    known = set(find_numbers(given))
    for number in find_numbers(text):
        if number not in known:
            return f"the number {number}"
    for name in _find_unknown(text, f"{given} {question}"):
        return f"the name {name}"
    for quote in quotes:
        changes = [*_find_changes(text, quote)]
        for name in _find_swapped(text, quote, changes):
            return f"the name {name}"
        if _is_negated_otherwise(text, quote, changes):
            return "a negation"
    return None


def find_numbers(text: str) -> Iterator[str]:
    """Yield the numbers of a text in digits, those in words from two on."""
    for digits in _DIGITS.findall(text):
        whole, _, part = digits.replace(",", "").partition(".")
        part = part.rstrip("0")
        yield (whole.lstrip("0") or "0") + (f".{part}" if part else "")
    for tens, unit, small, times in _SPELT.findall(text.lower()):
        value = (_TENS.get(tens, 0) + _UNITS.get(unit, 0) or _SMALL.get(small, 1)) * _TIMES.get(times, 1)
        if value > 1:  # "one" is a pronoun too
            yield str(value)


def find_names(text: str) -> Iterator[str]:
    """Yield the capitalised words of a text, less those that only begin a sentence."""
    words = list(_WORD.finditer(text))
    for i, match in enumerate(words):
        word = _strip(match[0])
        if not word[0].isupper() or word == "I":
            continue
        opens = i == 0 or re.search(r"[.!?:“\"]\s*$", text[: match.start()])
        followed = i + 1 < len(words) and words[i + 1][0][0].isupper()
        if opens and (not followed or word.lower() in STOP_WORDS | _OPENERS):
            continue
        yield word


def _find_unknown(text: str, known: str) -> Iterator[str]:
    """Yield the names of a text that another does not have, spelt out or abbreviated either."""
    words = {_strip(word.lower()) for word in _WORD.findall(known)}
    short = set(_ACRONYM.findall(known))
    abbreviated = {acronym for run in _find_runs(known) for acronym in _abbreviate(run)}
    spelt_out = {word for run in _find_runs(text) if short.intersection(_abbreviate(run)) for word in run}
    for name in find_names(text):
        if name not in spelt_out | abbreviated and not _is_known(name.lower(), words):
            yield name


def find_joined_names(text: str, known: str) -> Iterator[str]:
    """Yield the names of a text that stand together there, and in another text only apart: "Huguenots XIV"."""
    flat = " ".join(known.lower().split())
    for run in _TOGETHER.findall(text):
        words = run.split()
        name = " ".join(words[1:] if words[0].lower() in STOP_WORDS else words)
        if " " in name and name.lower() not in flat:
            yield name


def _find_swapped(text: str, quote: str, changes: Sequence[Change]) -> Iterator[str]:
    """Yield the names that stand in a text where its quote, which does not have them, has others."""
    others = {*find_names(quote)}
    changed = [said for said, there in changes if others.intersection(map(_strip, there))]
    come = {_strip(word) for said in changed for word in said}
    if come:
        yield from (name for name in _find_unknown(text, quote) if name in come)


def _strip(word: str) -> str:
    return re.sub(r"['’]s?$", "", word)


def _is_known(name: str, words: set[str]) -> bool:
    # "Russian" is known where "Russia" is, and the other way round.
    return name in words or any(
        (name.startswith(word) or word.startswith(name))
        and min(len(name), len(word)) >= 4
        and abs(len(name) - len(word)) <= 3
        for word in words
    )


def _find_runs(text: str) -> Iterator[list[str]]:
    """Yield the capitalised words that stand together: "United States of America"."""
    for run in _RUN.findall(text):
        yield [_strip(word) for word in run.split() if word[0].isupper()]


def _abbreviate(run: list[str]) -> Iterator[str]:
    initials = "".join(word[0] for word in run)
    yield from (initials[i:j] for i in range(len(run)) for j in range(i + 2, min(i + _LONGEST, len(run)) + 1))


def _find_changes(text: str, quote: str) -> Iterator[Change]:
    """Yield the few words of a text, and those of a quote in their place, where the words around are the same."""
    said, there = _WORD.findall(text), _WORD.findall(quote)
    same = SequenceMatcher(None, [word.lower() for word in said], [word.lower() for word in there], autojunk=False)
    for kind, i, j, k, m in same.get_opcodes():
        if kind != "equal" and max(j - i, m - k) <= _SHORT:
            yield said[i:j], there[k:m]


def _is_negated_otherwise(text: str, quote: str, changes: Sequence[Change]) -> bool:
    """Return whether a thing is denied in one of the two and not in the other, as far as the words beside show."""
    changed = any(
        bool(NEGATION.search(" ".join(said))) != bool(NEGATION.search(" ".join(there))) for said, there in changes
    )
    return changed or _denies(text, quote) or _denies(quote, text)


def _denies(text: str, other: str) -> bool:
    if NEGATION.search(other):
        return False
    said = {stem(word) for word in _WORD.findall(other)}
    for match in NEGATION.finditer(text):
        after = [stem(word) for word in _WORD.findall(text[match.end() :]) if word.lower() not in _WEAK][:_REACH]
        if after and said.issuperset(after):
            return True
    return False
