"""Finds, without an LLM, what a text says and its sources do not: a number, a name, a "not", words of its own."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from rag.answer.mentions import (
    LETTERS,
    find_joined_names,
    find_names,
    find_numbers,
    find_unknown_names,
    strip_possessive,
)
from rag.answer.signs import (
    BEGINS_WITH_NO,
    CLAUSE_END,
    HEDGE,
    LINKS,
    NEGATION,
    OFFERS_CHOICE,
    QUANTIFIER,
    WEAK_WORDS,
    YES_OR_NO,
    is_order,
)
from rag.text import content_words, stem

# Two sentences that differ in no more words than this at a place say the same around it.
_MOST_CHANGED = 3
# A negation covers this many words to its right, the weak ones not counted.
_REACH = 2
# A reply may have this share of words that its quotes do not have.
_NEW_WORDS = 0.25
# The words of a sentence, and those of its quote in their place.
Change = tuple[list[str], list[str]]


@dataclass(frozen=True, slots=True)
class Statement:
    """A text, and what it is held against.

    `sources` are the texts and labels of the passages that it rests on, `quotes` the sentences of theirs that are
    nearest to it.
    """

    text: str
    sources: Sequence[str]
    quotes: Sequence[str]
    question: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, its quotes, and what it is held against beside them; `claim` is the reply behind its "Yes" or "No"."""

    text: str
    claim: str
    quotes: Sequence[str]
    sources: Sequence[str]
    question: str

    @property
    def words(self) -> set[str]:
        """The words that the claim does not only join others with."""
        return content_words(self.claim) - LINKS

    @property
    def says_yes_or_no(self) -> bool:
        """Whether the reply begins with yes or no."""
        return self.claim != self.text

    @property
    def quotes_and_question(self) -> str:
        """What a word that changes the meaning of the claim may come from."""
        return " ".join((*self.quotes, self.question))

    @property
    def everything(self) -> str:
        """All that the words and the names of the claim may come from."""
        return " ".join((*self.quotes, *self.sources, self.question))


def find_conflict(text: str, sources: Sequence[str], quotes: Sequence[str], *, question: str = "") -> str | None:
    """Return what a sentence says and its sources do not, or None: what the first of `CONFLICTS` finds.

    See `Statement` for `sources` and `quotes`. A name may stand in the question instead.
    """
    statement = Statement(text, sources, quotes, question)
    return _find_first(rule(statement) for rule in CONFLICTS)


def find_fault(text: str, quotes: Sequence[str], *, sources: Sequence[str], question: str) -> str | None:
    """Return what a reply says and its quotes do not, or what it leaves out, or None: what the first of `FAULTS` finds.

    A reply of yes or no alone has no fault that words could show.
    """
    claim = YES_OR_NO.sub("", text, count=1)
    reply = Reply(text, claim, quotes, sources, question)
    is_bare = reply.says_yes_or_no and not reply.words
    return None if is_bare else _find_first(rule(reply) for rule in FAULTS)


def _find_first(faults: Iterable[str | None]) -> str | None:
    return next((fault for fault in faults if fault), None)


def _find_order(statement: Statement) -> str | None:
    """Return "an order" if the text or a quote gives one to machines."""
    is_given = any(is_order(text) for text in (statement.text, *statement.quotes))
    return "an order" if is_given else None


def _find_new_number(statement: Statement) -> str | None:
    """Return the first number that no source has."""
    known = set(find_numbers(" ".join(statement.sources)))
    unknown = (number for number in find_numbers(statement.text) if number not in known)
    return _describe("the number", unknown)


def _find_new_name(statement: Statement) -> str | None:
    """Return the first name that neither a source nor the question has."""
    known = f"{' '.join(statement.sources)} {statement.question}"
    return _describe("the name", find_unknown_names(statement.text, known))


def _find_changed_meaning(statement: Statement) -> str | None:
    """Return a name or a negation in which the text differs from one of its quotes."""
    return _find_first(_find_difference(statement.text, quote) for quote in statement.quotes)


def _find_difference(text: str, quote: str) -> str | None:
    """Return the name that stands in a text where its quote has another, or "a negation" if one of them denies."""
    changes = list(_find_changes(text, quote))
    swapped = _describe("the name", _find_swapped(text, quote, changes))
    if swapped:
        return swapped
    return "a negation" if _is_negated_otherwise(text, quote, changes) else None


def _describe(thing: str, names: Iterator[str]) -> str | None:
    """Return a thing with the first of its names, or None if there is none."""
    name = next(names, None)
    return f"{thing} {name}" if name else None


Conflict = Callable[[Statement], str | None]
CONFLICTS: tuple[Conflict, ...] = (_find_order, _find_new_number, _find_new_name, _find_changed_meaning)


def _find_no_word(reply: Reply) -> str | None:
    """Return a fault if the claim has no word."""
    return None if reply.words else "no word of the quotes"


def _find_reply_conflict(reply: Reply) -> str | None:
    """Return the number, name or order of the claim that stands nowhere else."""
    return find_conflict(reply.claim, [*reply.quotes, *reply.sources], [], question=reply.question)


def _find_joined_name(reply: Reply) -> str | None:
    """Return a name of several words that stand together only in the claim."""
    return _describe("the name", find_joined_names(reply.claim, reply.everything))


def _find_other_words(reply: Reply) -> str | None:
    """Return a fault if too many words of the claim stand nowhere else."""
    new_words = reply.words - content_words(reply.everything)
    has_many = len(new_words) > _NEW_WORDS * len(reply.words)
    return "other words than the quotes" if has_many else None


def _find_echo(reply: Reply) -> str | None:
    """Return a fault if the reply only repeats the question; to choose one of two that it names is no echo."""
    is_echo = reply.words <= content_words(reply.question)
    may_echo = reply.says_yes_or_no or OFFERS_CHOICE.search(reply.question)
    return "the words of the question" if is_echo and not may_echo else None


def _find_new_negation(reply: Reply) -> str | None:
    """Return a fault if the claim denies, and neither a quote nor the question does; a "No" may be followed by one."""
    denies = NEGATION.search(reply.claim) and not NEGATION.search(reply.quotes_and_question)
    return "a negation" if denies and not BEGINS_WITH_NO.match(reply.text) else None


def _find_new_quantifier(reply: Reply) -> str | None:
    """Return a fault if the claim says "all" or "only" where neither a quote nor the question does."""
    new_quantifiers = _list_quantifiers(reply.claim) - _list_quantifiers(reply.quotes_and_question)
    return "a quantifier" if new_quantifiers else None


def _list_quantifiers(text: str) -> set[str]:
    return {word.lower() for word in QUANTIFIER.findall(text)}


def _find_lost_hedge(reply: Reply) -> str | None:
    """Return a fault if the claim leaves out a doubt that its quotes have."""
    return "a doubt" if _is_lost(HEDGE, reply) else None


def _find_lost_negation(reply: Reply) -> str | None:
    """Return a fault if the claim leaves out a "not" that its quotes have."""
    return "a negation" if _is_lost(NEGATION, reply) else None


def _is_lost(sign: re.Pattern[str], reply: Reply) -> bool:
    """Return whether a sign stands in all clauses of the quotes that are nearest to a claim, and not in the claim."""
    is_kept = sign.search(reply.claim) or sign.search(reply.question)
    return not is_kept and all(sign.search(clause) for clause in _find_nearest_clauses(reply))


def _find_nearest_clauses(reply: Reply) -> list[str]:
    """Return the clauses of the quotes that share most words with a claim."""
    words = content_words(reply.claim)
    clauses = [clause for quote in reply.quotes for clause in CLAUSE_END.split(quote)]
    counts = [len(words & content_words(clause)) for clause in clauses]
    most = max(counts, default=0)
    return [clause for clause, count in zip(clauses, counts, strict=True) if count == most]


Fault = Callable[[Reply], str | None]
FAULTS: tuple[Fault, ...] = (
    _find_no_word,
    _find_reply_conflict,
    _find_joined_name,
    _find_other_words,
    _find_echo,
    _find_new_negation,
    _find_new_quantifier,
    _find_lost_hedge,
    _find_lost_negation,
)


def _find_changes(text: str, quote: str) -> Iterator[Change]:
    """Yield the few words of a text, and those of a quote in their place, where the words around are the same."""
    said, quoted = LETTERS.findall(text), LETTERS.findall(quote)
    matcher = SequenceMatcher(None, _lower(said), _lower(quoted), autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        is_short = max(j - i, m - k) <= _MOST_CHANGED
        if tag != "equal" and is_short:
            yield said[i:j], quoted[k:m]


def _lower(words: Sequence[str]) -> list[str]:
    return [word.lower() for word in words]


def _find_swapped(text: str, quote: str, changes: Sequence[Change]) -> Iterator[str]:
    """Yield the names that stand in a text where its quote, which does not have them, has others."""
    quoted_names = set(find_names(quote))
    new_words = set[str]()
    for said, quoted in changes:
        if not quoted_names.isdisjoint(map(strip_possessive, quoted)):
            new_words.update(map(strip_possessive, said))
    for name in find_unknown_names(text, quote):
        if name in new_words:
            yield name


def _is_negated_otherwise(text: str, quote: str, changes: Sequence[Change]) -> bool:
    """Return whether a thing is denied in one of the two and not in the other, as far as the words beside show."""
    is_changed = any(_has_negation(said) != _has_negation(quoted) for said, quoted in changes)
    return is_changed or _denies(text, quote) or _denies(quote, text)


def _has_negation(words: Sequence[str]) -> bool:
    return NEGATION.search(" ".join(words)) is not None


def _denies(text: str, other: str) -> bool:
    """Return whether a text denies words that another one, without a negation, has."""
    if NEGATION.search(other):
        return False
    known = {stem(word) for word in LETTERS.findall(other)}
    denied = (_list_denied(text, match.end()) for match in NEGATION.finditer(text))
    return any(words and known.issuperset(words) for words in denied)


def _list_denied(text: str, start: int) -> list[str]:
    """Return the stems of the words that a negation before a place covers."""
    words = (word for word in LETTERS.findall(text, start) if word.lower() not in WEAK_WORDS)
    return [stem(word) for word in islice(words, _REACH)]
