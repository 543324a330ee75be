"""Finds, without an LLM, claims of a text that its sources lack: a number, a name, a "not", other words."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from rag.answer.claim import CLAUSE_END, Claim, find_nearest_clauses, read_claim
from rag.answer.mentions import has_new_name, has_new_phrase
from rag.answer.negation import (
    BOUNDS,
    CHANGES,
    DENIAL,
    DOUBT,
    FORBIDDEN,
    HEDGE,
    NEGATION,
    STATES,
    denies,
    find_reversal,
)
from rag.answer.numbers import (
    find_numbers,
    has_new_joined,
    has_new_number,
    has_other_currency,
    has_other_frequency,
    has_other_magnitude,
)
from rag.answer.signs import QUANTIFIER, is_order
from rag.text import STOP_WORDS, WORD, are_in_order, content_words, drop_plural, list_stems

# At most a quarter of a reply's words may be missing from its quotes.
_NEW_WORDS = 0.25
# The opposites that a reply may turn round; those of states may also come from the question.
_DIRECTIONS = [*CHANGES, *BOUNDS]
# "1. Tea": the number of an item, at the beginning of a quote.
_ITEM_NUMBER = re.compile(r"^\(?\d{1,3}[.)]\s", re.MULTILINE)
# A statement answers a question without these words: "Can I park here?"
_ASKING_WORDS = content_words("can could may must should shall i we you one there")


class Rule(NamedTuple):
    """A fault, and the test of whether a claim has it."""

    fault: str
    has_fault: Callable[[Claim], bool]


def find_conflict(text: str, sources: Sequence[str], *, question: str = "") -> str | None:
    """Return a fault of a sentence, or None: an order to machines, or a number or name that its sources lack.

    A name may come from the question instead.
    """
    return _find_first(CONFLICTS, read_claim(text, (), sources=sources, question=question))


def find_fault(reply: str, quotes: Sequence[str], *, sources: Sequence[str], question: str) -> str | None:
    """Return the fault of a reply, or None: a claim that its quotes lack, or a doubt or negation that it leaves out.

    The first of `FAULTS` that objects names the fault, or of `BARE_FAULTS` for a "Yes" or "No" alone.
    """
    claim = read_claim(reply, quotes, sources=sources, question=question)
    is_bare = claim.is_yes_or_no and not claim.words
    return _find_first(BARE_FAULTS if is_bare else FAULTS, claim)


def _find_first(rules: Sequence[Rule], claim: Claim) -> str | None:
    """Return the first fault that a claim has, or None."""
    return next((rule.fault for rule in rules if rule.has_fault(claim)), None)


def _has_other_words(claim: Claim) -> bool:
    """Return whether too many words of a claim are in neither its sources nor the question; numbers have a rule."""
    unknown = claim.words - content_words(claim.known)
    new_words = [word for word in unknown if not word[0].isdigit()]
    return len(new_words) > _NEW_WORDS * len(claim.words)


def _repeats_question(claim: Claim) -> bool:
    """Return whether a claim only repeats words of the question, and is not a yes or no or a choice.

    The words are compared whole: "RetailSync" says more than "retailers".
    """
    if claim.is_yes_or_no or " or " in claim.question.lower():
        return False
    said, asked = (set(map(drop_plural, WORD.findall(text))) for text in (claim.text, claim.question))
    return said - STOP_WORDS <= asked


def _is_item_number(claim: Claim) -> bool:
    """Return whether a claim is a number alone that the quotes have only before an item: "1" of "1. Tea"."""
    is_number = claim.text.strip(" .").isdecimal()
    return is_number and has_new_number(claim.text, _ITEM_NUMBER.sub("", claim.sources))


def _denies_alone(claim: Claim) -> bool:
    """Return whether a claim denies, and neither quotes nor question do; a claim after a "No" may deny."""
    may_deny = claim.begins_with_no or NEGATION.search(claim.meant)
    return not may_deny and NEGATION.search(claim.text) is not None


def _says_opposite(claim: Claim) -> bool:
    """Return whether a claim says "rose" or "above 5" where the quotes say only "fell" or "below 5".

    Two opposites can agree if there is a "not" in the claim or the quotes. A state may come from the question.
    """
    if claim.begins_with_no or NEGATION.search(f"{claim.text} {claim.quotes}"):
        return False
    of_state = find_reversal(STATES, claim.text, known=claim.meant, quoted=claim.quotes)
    of_change = find_reversal(_DIRECTIONS, claim.text, known=claim.quotes, quoted=claim.quotes)
    return bool(of_state or of_change)


def _loses(sign: re.Pattern[str], claim: Claim) -> bool:
    """Return whether a claim lacks a sign that all clauses of the quotes nearest to it have."""
    if sign.search(f"{claim.text} {claim.question}"):
        return False
    return all(sign.search(clause) for clause in find_nearest_clauses(claim.text, claim.quotes))


def _asserts_denied(claim: Claim) -> bool:
    """Return whether a claim states what its quotes have only after a verb such as "denied" or "claimed that"."""
    if DENIAL.search(f"{claim.text} {claim.question}") or NEGATION.search(claim.text):
        return False
    return all(_find_denied(clause) in claim.words for clause in find_nearest_clauses(claim.text, claim.quotes))


def _find_denied(clause: str) -> str | None:
    """Return the stem of the first word that a clause's verb denies: "resign" in "he denied that he resigned"."""
    verb = DENIAL.search(clause)
    denied = list_stems(clause[verb.end() :]) if verb else []
    return denied[0] if denied else None


def _affirms_denied(claim: Claim) -> bool:
    """Return whether "Yes" alone answers a question that all clauses nearest to it deny or doubt.

    They have to have most of the question's words.
    """
    if claim.begins_with_no or _speaks_against(f"{claim.question} {claim.text}"):
        return False
    asked = content_words(claim.question) - _ASKING_WORDS
    clauses = find_nearest_clauses(claim.question, FORBIDDEN.sub("not allowed", claim.quotes))
    return all(_speaks_against(clause) and 2 * len(asked & content_words(clause)) > len(asked) for clause in clauses)


def _speaks_against(text: str) -> bool:
    """Return whether a text denies or doubts something."""
    return denies(text) or DOUBT.search(text) is not None


def _denies_stated(claim: Claim) -> bool:
    """Return whether "No" alone answers a question that a clause repeats, and no quote denies or doubts."""
    if not claim.begins_with_no or denies(claim.meant) or HEDGE.search(claim.meant):
        return False
    clauses = CLAUSE_END.split(claim.quotes)
    return any(_repeats(clause, claim.question) and not _adds_to(clause, claim.question) for clause in clauses)


def _repeats(clause: str, question: str) -> bool:
    """Return whether a clause has the words of a question in the same order."""
    asked = [word for word in list_stems(question) if word not in _ASKING_WORDS]
    return bool(asked) and are_in_order(asked, list_stems(clause))


def _adds_to(clause: str, question: str) -> bool:
    """Return whether a clause has a number, a name, a quantifier or an opposite that a question lacks."""
    return has_new_name(clause, question) or not _list_marks(clause) <= _list_marks(question)


def _list_marks(text: str) -> set[str]:
    """Return the numbers and the quantifiers of a text, and the patterns of the opposites that it has."""
    opposites = {sign.pattern for pair in [*STATES, *_DIRECTIONS] for sign in pair if sign.search(text)}
    return {*find_numbers(text), *_list_quantifiers(text), *opposites}


def _list_quantifiers(text: str) -> set[str]:
    """Return the words such as "all" and "only" of a text, in small letters."""
    return set(QUANTIFIER.findall(text.lower()))


# A text has a conflict if it gives an order to machines, or if its sources lack one of its numbers, amounts or names.
CONFLICTS = (
    Rule("an order", lambda claim: is_order(claim.text)),
    # Numbers of the question do not count.
    Rule("a new number", lambda claim: has_new_number(claim.text, claim.sources)),
    Rule("a new time, date or range", lambda claim: has_new_joined(claim.text, claim.sources)),
    Rule("a new amount", lambda claim: has_other_magnitude(claim.text, claim.sources, question=claim.question)),
    Rule("a new currency", lambda claim: has_other_currency(claim.text, claim.sources)),
    Rule("a new name", lambda claim: has_new_name(claim.text, claim.known)),
)
# A reply with one of these faults is unsupported. The first one that it has is named.
FAULTS = (
    Rule("no word of the quotes", lambda claim: not claim.words),
    *CONFLICTS,
    Rule("the number of an item", _is_item_number),
    Rule("a new phrase", lambda claim: has_new_phrase(claim.text, claim.known)),
    Rule("other words than the quotes", _has_other_words),
    Rule("the words of the question", _repeats_question),
    Rule("a negation", _denies_alone),
    Rule("a quantifier", lambda claim: not _list_quantifiers(claim.text) <= _list_quantifiers(claim.meant)),
    Rule("a new frequency", lambda claim: has_other_frequency(claim.text, claim.quotes)),
    Rule("the opposite", _says_opposite),
    Rule("a doubt", partial(_loses, HEDGE)),
    Rule("a negation", partial(_loses, NEGATION)),
    Rule("what is denied", _asserts_denied),
)
# So is a "Yes" or "No" alone with one of these.
BARE_FAULTS = (
    Rule("a yes to what is denied or doubted", _affirms_denied),
    Rule("a no to what is stated", _denies_stated),
)
