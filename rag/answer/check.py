"""Finds, without an LLM, claims of a text that its sources lack: a number, a name, a "not", other words."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

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

# If two sentences differ in no more words than this at a place, the words there are compared with one another.
_MOST_CHANGED = 3
# A negation covers this many words to its right, the weak ones not counted.
_REACH = 2
# A reply may have this share of words that its quotes do not have.
_NEW_WORDS = 0.25
# The words of a sentence, and those of its quote in their place.
Change = tuple[list[str], list[str]]


@dataclass(frozen=True, slots=True)
class Claim:
    """A text whose claims are checked, with everything that it is checked against.

    `text` is a sentence, or a `reply` without its "Yes" or "No". Its numbers have to be in the `sources`; its names and
    words may come from the question too. `quotes` are the sentences from which the LLM wrote the reply.
    """

    text: str
    sources: str
    question: str
    reply: str = ""
    quotes: Sequence[str] = ()

    @property
    def is_yes_or_no(self) -> bool:
        """Whether the reply says yes or no."""
        return self.reply != self.text

    @property
    def words(self) -> set[str]:
        """The words that do more than join others."""
        return content_words(self.text) - LINKS

    @property
    def known(self) -> str:
        """The text that names and words may come from."""
        return f"{self.sources} {self.question}"

    @property
    def nearest(self) -> str:
        """The quotes and the question; words that reverse a meaning must come from these."""
        return " ".join((*self.quotes, self.question))


@dataclass(frozen=True, slots=True)
class Rule:
    """A claim has the fault of this name if `objects` says so."""

    fault: str
    objects: Callable[[Claim], bool]

    def find_fault(self, claim: Claim) -> str | None:
        """Return the fault of a claim, or None."""
        return self.fault if self.objects(claim) else None


@dataclass(frozen=True, slots=True)
class NamingRule:
    """A claim has a fault if `list_unknown` finds something in it that is not known; the first one is named."""

    thing: str
    list_unknown: Callable[[Claim], Iterator[str]]

    def find_fault(self, claim: Claim) -> str | None:
        """Return the fault of a claim with what is unknown, or None."""
        unknown = next(self.list_unknown(claim), None)
        return f"{self.thing} {unknown}" if unknown else None


def find_conflict(text: str, sources: Sequence[str], quotes: Sequence[str], *, question: str = "") -> str | None:
    """Return a fault of a sentence, or None: an order, or a number, name or negation unlike its sources.

    `sources` are the texts and labels of the passages behind the sentence. `quotes` are the sentences of these passages
    that are nearest to it. A name may come from the question instead.
    """
    fault = _find_first(CONFLICTS, Claim(text, " ".join(sources), question))
    for quote in quotes:
        fault = fault or _find_difference(text, quote)
    return fault


def find_fault(reply: str, quotes: Sequence[str], *, sources: Sequence[str], question: str) -> str | None:
    """Return the fault of a reply, or None: a claim that its quotes lack, or a doubt or negation that it leaves out.

    The first of `FAULTS` that objects names the fault. "Yes" or "No" alone has no words to check.
    """
    claim = read_claim(reply, quotes, sources=sources, question=question)
    is_bare = claim.is_yes_or_no and not claim.words
    return None if is_bare else _find_first(FAULTS, claim)


def read_claim(reply: str, quotes: Sequence[str], *, sources: Sequence[str], question: str) -> Claim:
    """Return the claim of a reply, without its yes or no."""
    text = YES_OR_NO.sub("", reply, count=1)
    return Claim(text, " ".join((*quotes, *sources)), question, reply, quotes)


def _find_first(rules: Sequence[Rule | NamingRule], claim: Claim) -> str | None:
    """Return the fault of the first rule that finds one, or None."""
    for rule in rules:
        fault = rule.find_fault(claim)
        if fault:
            return fault
    return None


def _gives_order(claim: Claim) -> bool:
    """Return whether a claim gives an order to machines."""
    return is_order(claim.text)


def _list_new_numbers(claim: Claim) -> Iterator[str]:
    """Yield the numbers of a claim that its sources do not have; those of the question do not count."""
    known = set(find_numbers(claim.sources))
    for number in find_numbers(claim.text):
        if number not in known:
            yield number


def _list_new_names(claim: Claim) -> Iterator[str]:
    """Yield the names of a claim that neither its sources nor the question have."""
    return find_unknown_names(claim.text, claim.known)


def _list_joined_names(claim: Claim) -> Iterator[str]:
    """Yield the names that only the claim makes by joining words."""
    return find_joined_names(claim.text, claim.known)


def _has_no_word(claim: Claim) -> bool:
    """Return whether a claim has no word with a meaning."""
    return not claim.words


def _has_other_words(claim: Claim) -> bool:
    """Return whether too many words of a claim are in neither its sources nor the question."""
    new_words = claim.words - content_words(claim.known)
    return len(new_words) > _NEW_WORDS * len(claim.words)


def _repeats_question(claim: Claim) -> bool:
    """Return whether a claim only repeats words of the question, and is not a yes or no or a choice."""
    chooses = claim.is_yes_or_no or OFFERS_CHOICE.search(claim.question)
    return not chooses and claim.words <= content_words(claim.question)


def _denies_alone(claim: Claim) -> bool:
    """Return whether a claim denies, and neither quotes nor question do; a claim behind a "No" may deny."""
    is_new = NEGATION.search(claim.text) and not NEGATION.search(claim.nearest)
    return bool(is_new) and not BEGINS_WITH_NO.match(claim.reply)


def _has_new_quantifier(claim: Claim) -> bool:
    """Return whether a claim says "all" or "only" where neither the quotes nor the question do."""
    return not _list_quantifiers(claim.text) <= _list_quantifiers(claim.nearest)


def _list_quantifiers(text: str) -> set[str]:
    return {word.lower() for word in QUANTIFIER.findall(text)}


def _loses_doubt(claim: Claim) -> bool:
    """Return whether a claim leaves out a "perhaps" of its quotes."""
    return _loses(HEDGE, claim)


def _loses_negation(claim: Claim) -> bool:
    """Return whether a claim leaves out a "not" of its quotes."""
    return _loses(NEGATION, claim)


def _loses(sign: re.Pattern[str], claim: Claim) -> bool:
    """Return whether a claim lacks a sign that all clauses of the quotes nearest to it have."""
    is_kept = sign.search(claim.text) or sign.search(claim.question)
    return not is_kept and all(sign.search(clause) for clause in _find_nearest_clauses(claim))


def _find_nearest_clauses(claim: Claim) -> list[str]:
    """Return the clauses of the quotes that share the most words with a claim."""
    words = content_words(claim.text)
    by_count = defaultdict[int, list[str]](list)
    for quote in claim.quotes:
        for clause in CLAUSE_END.split(quote):
            shared = words & content_words(clause)
            by_count[len(shared)].append(clause)
    return by_count[max(by_count, default=0)]


# A text has a conflict if it gives an order to machines, or if its sources lack one of its numbers or names.
CONFLICTS = (
    Rule("an order", _gives_order),
    NamingRule("the number", _list_new_numbers),
    NamingRule("the name", _list_new_names),
)
# A reply with one of these faults is unsupported. The first one that it has is named.
FAULTS = (
    Rule("no word of the quotes", _has_no_word),
    *CONFLICTS,
    NamingRule("the name", _list_joined_names),
    Rule("other words than the quotes", _has_other_words),
    Rule("the words of the question", _repeats_question),
    Rule("a negation", _denies_alone),
    Rule("a quantifier", _has_new_quantifier),
    Rule("a doubt", _loses_doubt),
    Rule("a negation", _loses_negation),
)


def _find_difference(text: str, quote: str) -> str | None:
    """Return how a text differs from its quote: "an order" in the quote, an exchanged name, "a negation"; or None."""
    if is_order(quote):
        return "an order"
    changes = list(_find_changes(text, quote))
    for name in _find_swapped(text, quote, changes):
        return f"the name {name}"
    return "a negation" if _is_negated_otherwise(text, quote, changes) else None


def _find_changes(text: str, quote: str) -> Iterator[Change]:
    """Yield the few words in which a text differs from a quote, with the quote's words in their place."""
    said, quoted = LETTERS.findall(text), LETTERS.findall(quote)
    matcher = SequenceMatcher(None, _lower(said), _lower(quoted), autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        is_short = max(j - i, m - k) <= _MOST_CHANGED
        if tag != "equal" and is_short:
            yield said[i:j], quoted[k:m]


def _lower(words: Sequence[str]) -> list[str]:
    return [word.lower() for word in words]


def _find_swapped(text: str, quote: str, changes: Sequence[Change]) -> Iterator[str]:
    """Yield the names of a text that replace other names of its quote and are not in the quote."""
    quoted_names = set(find_names(quote))
    new_words = set[str]()
    for said, quoted in changes:
        if not quoted_names.isdisjoint(map(strip_possessive, quoted)):
            new_words.update(map(strip_possessive, said))
    for name in find_unknown_names(text, quote):
        if name in new_words:
            yield name


def _is_negated_otherwise(text: str, quote: str, changes: Sequence[Change]) -> bool:
    """Return whether only one of two texts denies a thing, by the changed words and those near a "not"."""
    for said, quoted in changes:
        if _has_negation(said) != _has_negation(quoted):
            return True
    return _denies(text, quote) or _denies(quote, text)


def _has_negation(words: Sequence[str]) -> bool:
    return NEGATION.search(" ".join(words)) is not None


def _denies(text: str, other: str) -> bool:
    """Return whether a text denies words of another one, which has no negation."""
    if NEGATION.search(other):
        return False
    known = {stem(word) for word in LETTERS.findall(other)}
    for match in NEGATION.finditer(text):
        denied = _list_denied(text, match.end())
        if denied and known.issuperset(denied):
            return True
    return False


def _list_denied(text: str, start: int) -> list[str]:
    """Return the stems of the words that a negation covers, if it ends at `start`."""
    words = [word for word in LETTERS.findall(text, start) if word.lower() not in WEAK_WORDS]
    return [stem(word) for word in words[:_REACH]]
