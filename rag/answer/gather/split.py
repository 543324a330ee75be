"""Splits a question that compares two things into one question about each."""

import re
from collections.abc import Callable, Sequence, Set
from itertools import takewhile
from typing import NamedTuple

from rag.answer.prompt import Prompts, fill
from rag.answer.signs import COMPARING, RELATIVE
from rag.answer.understand.query import Query
from rag.answer.understand.restate import find_spelling
from rag.answer.understand.rewrite import is_faithful
from rag.language import QUESTION_MARKS
from rag.llm.base import LLM
from rag.text import content_words

_MAX_TOKENS = 64
_QUESTION_MARKS = "".join(QUESTION_MARKS)
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")
_WORD = re.compile(r"[\w'’]+")
_NAME = re.compile(r"(?<!^)\b[^\W\d_a-z][\w'’]+")


class _Pair(NamedTuple):
    """Two lines that the LLM wrote for a question, and the words that only one of them has.

    `names` has the words of the two things, and `asked` the other words of both lines, for the property.
    """

    question: Query
    lines: Sequence[str]
    own_words: tuple[set[str], set[str]]
    names: set[str]
    asked: set[str]

    @property
    def things(self) -> set[str]:
        """The words that only one of the lines has."""
        return set().union(*self.own_words)


def split_question(question: Query, *, llm: LLM, prompts: Prompts) -> tuple[str, ...]:
    """Return two questions, one about each thing that a question compares, or () if it compares none.

    The LLM writes them. If they have one of `_FAULTS`, each is the question without the other thing, unless there are
    more, or the question does not simply name the two things.
    """
    if not question.may_compare:
        return ()
    messages = fill(prompts, question=question.text)
    written = "".join(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
    lines = [_correct_names(line, question.text) for line in re.split(r"\s*\n\s*", written.strip())]
    if len(lines) == 2 and not _has_fault(lines, question):
        return _add_lost_numbers(lines, question)
    are_more = len(lines) > 2
    return () if are_more else tuple(side.question for side in question.sides)


def _correct_names(line: str, question: str) -> str:
    """Return a line with its names spelt as in the question: a small LLM misspells unknown names."""
    spellings: dict[str, str] = {word.lower(): word for word in _WORD.findall(question)}

    def correct(match: re.Match[str]) -> str:
        name = match[0]
        if name.lower() in spellings:
            return name
        similar = find_spelling(name.lower(), spellings)
        return spellings.get(similar, name)

    return _NAME.sub(correct, line)


def _has_fault(lines: Sequence[str], question: Query) -> bool:
    """Return whether two lines fail to ask about the two things that a question compares."""
    one, other = map(content_words, lines)
    names = (one ^ other).union(*(content_words(side.name) for side in question.sides))
    pair = _Pair(question, lines, (one - other, other - one), names, one & other - names)
    return any(has_fault(pair) for has_fault in _FAULTS)


def _adds_names(pair: _Pair) -> bool:
    """Return whether a line does not ask, or names a thing that the question does not."""
    return not all(is_faithful(line, pair.question.text) for line in pair.lines)


def _begins_otherwise(pair: _Pair) -> bool:
    """Return whether the lines ask in different ways, as for two properties: "What is …", "How long …"."""
    one, other = (line.split()[0] for line in pair.lines)
    return one != other


def _adds_things(pair: _Pair) -> bool:
    """Return whether a line has no thing of its own, or one that the question does not name."""
    return not all(pair.own_words) or not _are_said(pair.things, pair.question)


def _names_by_other(pair: _Pair) -> bool:
    """Return whether a thing is named by the other one: "the year before", "its successor"."""
    return not RELATIVE.isdisjoint(pair.things)


def _mixes_sides(pair: _Pair) -> bool:
    """Return whether the question has two sides, and the lines do not name one each."""
    if not pair.question.sides:
        return False
    first, second = pair.question.sides
    one, other = pair.own_words
    in_order = first.is_named(one) and second.is_named(other)
    in_reverse = first.is_named(other) and second.is_named(one)
    return not in_order and not in_reverse


def _asks_for_another(pair: _Pair) -> bool:
    """Return whether the lines ask for a property that the question does not: "longer" may become "how long"."""
    return not pair.question.has_comparative and not _are_said(pair.asked, pair.question)


def _asks_for_none(pair: _Pair) -> bool:
    """Return whether the lines ask for no property, and the question for one."""
    return not pair.asked and not pair.question.words <= COMPARING | pair.names


_FAULTS: tuple[Callable[[_Pair], bool], ...] = (
    _adds_names,
    _begins_otherwise,
    _adds_things,
    _names_by_other,
    _mixes_sides,
    _asks_for_another,
    _asks_for_none,
)


def _are_said(words: Set[str], question: Query) -> bool:
    """Return whether all words are in a question, where they may be misspelt."""
    return all(find_spelling(word, question.words) in question.words for word in words)


def _add_lost_numbers(lines: Sequence[str], question: Query) -> tuple[str, ...]:
    """Return lines with the numbers of the question that no thing has: "What did bread cost (2023)?"."""
    said = _NUMBER.findall(" ".join([*lines, *(side.name for side in question.sides)]))
    lost = [number for number in _NUMBER.findall(question.text) if number not in said]
    if not lost:
        return tuple(lines)
    return tuple(f"{line.rstrip(_QUESTION_MARKS)} ({', '.join(lost)})?" for line in lines)


def name_things(lines: Sequence[str], question: str) -> list[str]:
    """Return the thing that each of two lines is about: the words between those that both begin and end with.

    There is none if the lines begin with different words.
    """
    one, other = (line.rstrip(_QUESTION_MARKS).split() for line in lines)
    begin = _count_same(one, other)
    end = _count_same(one[begin:][::-1], other[begin:][::-1])
    return [_find_name(words, begin, len(words) - end, question) for words in (one, other)] if begin else []


def _find_name(words: Sequence[str], begin: int, stop: int, question: str) -> str:
    """Return words as a name, with the words after them that follow in the question: "Aller bridge"."""
    for longer in range(stop + 1, len(words) + 1):
        if " ".join(words[begin:longer]).lower() not in question.lower():
            break
        stop = longer
    name = " ".join(words[begin:stop])
    return name[:1].upper() + name[1:]


def _count_same(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words at the beginning of two lists are the same."""
    pairs = zip(one, other, strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
