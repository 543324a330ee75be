"""Finds, without an LLM, claims of a text that its sources lack: a number, a name, a "not", other words."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import permutations
from typing import NamedTuple

from rag.answer.claim import Claim, find_nearest_clauses, list_quantifiers, read_claim
from rag.answer.mentions import find_joined_words, find_unknown_names
from rag.answer.numbers import (
    JOINED_NUMBERS,
    JoinedNumbers,
    find_numbers,
    find_other_currencies,
    find_other_magnitudes,
    find_others,
    list_known_numbers,
)
from rag.answer.signs import DENIAL, DIRECTIONS, HEDGE, NEGATION, SIDES_OF, STATES, is_order
from rag.answer.yes_no import affirms_denied, denies_stated
from rag.text import content_words, list_stems, stem

# At most a quarter of a reply's words may be missing from its quotes.
_NEW_WORDS = 0.25
# A number below zero is often written without its minus beside these words.
_BELOW_ZERO = re.compile(
    r"\b(?:below zero|negative|f[ae]ll\w*|dropp?\w*|declin\w+|decreas\w+|reduc\w+|lower\w*|los\w+|deficits?"
    r"|discounts?)\b",
    re.IGNORECASE,
)
# "every Monday", "every second Monday", "every 4 years"
_FREQUENCY = re.compile(
    r"\b(?:every|each)\s+(?:(?P<step>other|second|third|fourth|fifth|few|\d+)(?:st|nd|rd|th)?\s+)?(?P<unit>[^\W\d_]+)",
    re.IGNORECASE,
)


class Rule(NamedTuple):
    """A fault, and the test of whether a claim has it; of the words that a test finds, the fault names the first."""

    fault: str
    test: Callable[[Claim], bool | Iterator[str]]

    def find_fault(self, claim: Claim) -> str | None:
        """Return the fault of a claim, or None."""
        result = self.test(claim)
        if isinstance(result, bool):
            return self.fault if result else None
        unknown = next(result, None)
        return f"{self.fault} {unknown}" if unknown else None


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
    """Return the fault of the first rule that finds one, or None."""
    faults = (rule.find_fault(claim) for rule in rules)
    return next(filter(None, faults), None)


def _list_new_numbers(claim: Claim) -> Iterator[str]:
    """Yield the numbers of a claim that its sources do not have; numbers of the question do not count."""
    known = list_known_numbers(claim.sources)
    if _BELOW_ZERO.search(claim.text):
        known |= {number.removeprefix("-") for number in known}
    for number in find_numbers(claim.text):
        if number not in known:
            yield number


def _list_new_joined(form: JoinedNumbers, claim: Claim) -> Iterator[str]:
    """Yield the numbers of a form that a claim joins in another way than its sources."""
    return form.find_unknown(claim.text, claim.sources)


def _has_other_words(claim: Claim) -> bool:
    """Return whether too many words of a claim are in neither its sources nor the question; numbers have a rule."""
    unknown = claim.words - content_words(claim.known)
    new_words = [word for word in unknown if not word[0].isdigit()]
    return len(new_words) > _NEW_WORDS * len(claim.words)


def _repeats_question(claim: Claim) -> bool:
    """Return whether a claim only repeats words of the question, and is not a yes or no or a choice."""
    chooses = claim.is_yes_or_no or " or " in claim.question.lower()
    return not chooses and claim.words <= content_words(claim.question)


def _denies_alone(claim: Claim) -> bool:
    """Return whether a claim denies, and neither quotes nor question do; a claim after a "No" may deny."""
    may_deny = claim.begins_with_no or NEGATION.search(claim.nearest)
    return not may_deny and NEGATION.search(claim.text) is not None


def _has_new_quantifier(claim: Claim) -> bool:
    """Return whether a claim says "all" or "only" where neither the quotes nor the question do."""
    return not list_quantifiers(claim.text) <= list_quantifiers(claim.nearest)


def _list_new_frequencies(claim: Claim) -> Iterator[str]:
    """Yield what a claim says of "every Monday" where the quotes have only "every second Monday"."""
    said = _read_frequencies(claim.text)
    for frequency in find_others(said, _read_frequencies(claim.quoted)):
        yield said[frequency]


def _read_frequencies(text: str) -> dict[tuple[str, str], str]:
    """Return the frequencies of a text by the stem of what comes round and by its step, "" for each one."""
    return {(stem(match["unit"]), (match["step"] or "").lower()): match[0] for match in _FREQUENCY.finditer(text)}


def _says_opposite(claim: Claim) -> bool:
    """Return whether a claim says "rose" or "above 5" where the quotes say only "fell" or "below 5".

    Two opposites can agree if there is a "not" in the claim or the quotes. A state may come from the question.
    """
    if NEGATION.search(f"{claim.reply} {claim.quoted}"):
        return False
    known = [(pair, claim.nearest) for pair in STATES]
    known += [(pair, claim.quoted) for pair in (*DIRECTIONS, *SIDES_OF)]
    return any(_is_turned(pair, claim, known=text) for pair, text in known)


def _is_turned(pair: Sequence[re.Pattern[str]], claim: Claim, *, known: str) -> bool:
    """Return whether a claim has only one of two opposites, its quotes have the other, and `known` lacks the first."""
    for own, opposite in permutations(pair):
        said = set(own.findall(claim.text)) - set(own.findall(known)) - set(opposite.findall(claim.text))
        if not said.isdisjoint(opposite.findall(claim.quoted)):
            return True
    return False


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


# A text has a conflict if it gives an order to machines, or if its sources lack one of its numbers, amounts or names.
CONFLICTS = (
    Rule("an order", lambda claim: is_order(claim.text)),
    Rule("the number", _list_new_numbers),
    *(Rule(f"the {form.name}", partial(_list_new_joined, form)) for form in JOINED_NUMBERS),
    Rule("the amount", lambda claim: find_other_magnitudes(claim.text, claim.sources, question=claim.question)),
    Rule("the currency", lambda claim: find_other_currencies(claim.text, claim.sources)),
    Rule("the name", lambda claim: find_unknown_names(claim.text, claim.known)),
)
# A reply with one of these faults is unsupported. The first one that it has is named.
FAULTS = (
    Rule("no word of the quotes", lambda claim: not claim.words),
    *CONFLICTS,
    Rule("the words", lambda claim: find_joined_words(claim.text, claim.known)),
    Rule("other words than the quotes", _has_other_words),
    Rule("the words of the question", _repeats_question),
    Rule("a negation", _denies_alone),
    Rule("a quantifier", _has_new_quantifier),
    Rule("the frequency", _list_new_frequencies),
    Rule("the opposite", _says_opposite),
    Rule("a doubt", partial(_loses, HEDGE)),
    Rule("a negation", partial(_loses, NEGATION)),
    Rule("what is denied", _asserts_denied),
)
# So is a "Yes" or "No" alone with one of these.
BARE_FAULTS = (
    Rule("a yes to what is denied", affirms_denied),
    Rule("a no to what is stated", denies_stated),
)
