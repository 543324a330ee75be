"""Finds, without an LLM, claims of a text that its sources lack: a number, a name, a "not", other words."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, permutations

from rag.answer.mentions import (
    JOINED_NUMBERS,
    JoinedNumbers,
    find_joined_words,
    find_numbers,
    find_other_currencies,
    find_other_magnitudes,
    find_unknown_names,
    list_known_numbers,
    spell_names,
    write_digits,
)
from rag.answer.signs import (
    ASKING_WORDS,
    BEGINS_WITH_NO,
    BELOW_ZERO,
    CLAUSE_END,
    DENIAL,
    DIRECTIONS,
    FORBIDDEN,
    FREQUENCY,
    HEDGE,
    LINKS,
    NEGATION,
    NO_DENIAL,
    OFFERS_CHOICE,
    QUANTIFIER,
    SIDES_OF,
    STATES,
    YES_OR_NO,
    is_order,
)
from rag.documents.dates import spell_dates
from rag.text import content_words, list_stems, stem

# At most a quarter of a reply's words may be missing from its quotes.
_NEW_WORDS = 0.25


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


def read_claim(reply: str, quotes: Sequence[str], *, sources: Sequence[str], question: str) -> Claim:
    """Return the claim of a reply: without its yes or no, and with its dates and names as in the quotes.

    Numbers in words are digits, in all texts.
    """
    quotes = [write_digits(quote) for quote in quotes]
    known = write_digits("\n".join((*quotes, *sources)))
    question = write_digits(question)
    reply = write_digits(spell_dates(reply, known))
    reply = spell_names(reply, f"{known}\n{question}")
    text = YES_OR_NO.sub("", reply, count=1)
    return Claim(text, known, question, reply, quotes)


def _find_first(rules: Sequence[Rule | NamingRule], claim: Claim) -> str | None:
    """Return the fault of the first rule that finds one, or None."""
    for rule in rules:
        fault = rule.find_fault(claim)
        if fault:
            return fault
    return None


def _list_new_numbers(claim: Claim) -> Iterator[str]:
    """Yield the numbers of a claim that its sources do not have; numbers of the question do not count."""
    known = list_known_numbers(claim.sources)
    if BELOW_ZERO.search(claim.text):
        known |= {number.removeprefix("-") for number in known}
    for number in find_numbers(claim.text):
        if number not in known:
            yield number


def _list_new_joined(form: JoinedNumbers, claim: Claim) -> Iterator[str]:
    """Yield the numbers of a form that a claim joins in another way than its sources."""
    return form.list_unknown(claim.text, claim.sources)


def _has_other_words(claim: Claim) -> bool:
    """Return whether too many words of a claim are in neither its sources nor the question; numbers have a rule."""
    unknown = claim.words - content_words(claim.known)
    new_words = [word for word in unknown if not word[0].isdigit()]
    return len(new_words) > _NEW_WORDS * len(claim.words)


def _repeats_question(claim: Claim) -> bool:
    """Return whether a claim only repeats words of the question, and is not a yes or no or a choice."""
    chooses = claim.is_yes_or_no or OFFERS_CHOICE.search(claim.question)
    return not chooses and claim.words <= content_words(claim.question)


def _denies_alone(claim: Claim) -> bool:
    """Return whether a claim denies, and neither quotes nor question do; a claim after a "No" may deny."""
    is_new = NEGATION.search(claim.text) and not NEGATION.search(claim.nearest)
    return bool(is_new) and not BEGINS_WITH_NO.match(claim.reply)


def _has_new_quantifier(claim: Claim) -> bool:
    """Return whether a claim says "all" or "only" where neither the quotes nor the question do."""
    return not _list_quantifiers(claim.text) <= _list_quantifiers(claim.nearest)


def _list_quantifiers(text: str) -> set[str]:
    return {word.lower() for word in QUANTIFIER.findall(text)}


def _says_opposite(claim: Claim) -> bool:
    """Return whether a claim says "rose" or "above 5" where the quotes say only "fell" or "below 5".

    Two opposites can agree if there is a "not" in the claim or the quotes.
    """
    quoted = " ".join(claim.quotes)
    if NEGATION.search(f"{claim.reply} {quoted}"):
        return False
    if any(_is_turned(pair, claim.text, quoted, known=claim.nearest) for pair in STATES):
        return True
    return any(_is_turned(pair, claim.text, quoted, known=quoted) for pair in (*DIRECTIONS, *SIDES_OF))


def _is_turned(pair: Sequence[re.Pattern[str]], text: str, quoted: str, *, known: str) -> bool:
    """Return whether a text has only one of two opposites, the quotes have the other, and `known` lacks the first."""
    for own, opposite in permutations(pair):
        said = set(own.findall(text)) - set(own.findall(known)) - set(opposite.findall(text))
        if not said.isdisjoint(opposite.findall(quoted)):
            return True
    return False


def _list_new_frequencies(claim: Claim) -> Iterator[str]:
    """Yield what a claim says of "every Monday" where the quotes have only "every second Monday"."""
    known = {_read_frequency(match) for quote in claim.quotes for match in FREQUENCY.finditer(quote)}
    for match in FREQUENCY.finditer(claim.text):
        unit, step = _read_frequency(match)
        steps = {known_step for known_unit, known_step in known if known_unit == unit}
        if steps and step not in steps:
            yield match[0]


def _read_frequency(match: re.Match[str]) -> tuple[str, str]:
    """Return the stem of what comes round, and its step, or nothing for each one."""
    return stem(match["unit"]), (match["step"] or "").lower()


def _loses(sign: re.Pattern[str], claim: Claim) -> bool:
    """Return whether a claim lacks a sign that all clauses of the quotes nearest to it have."""
    is_kept = sign.search(claim.text) or sign.search(claim.question)
    return not is_kept and all(sign.search(clause) for clause in _find_nearest_clauses(claim.text, claim.quotes))


def _asserts_denied(claim: Claim) -> bool:
    """Return whether a claim states what its quotes have only after a verb such as "denied" or "claimed that"."""
    is_kept = DENIAL.search(f"{claim.text} {claim.question}") or NEGATION.search(claim.text)
    clauses = _find_nearest_clauses(claim.text, claim.quotes)
    return not is_kept and all(_find_denied(clause) in claim.words for clause in clauses)


def _find_denied(clause: str) -> str | None:
    """Return the stem of the first word that a clause's verb denies: "resign" in "he denied that he resigned"."""
    verb = DENIAL.search(clause)
    denied = list_stems(clause[verb.end() :]) if verb else []
    return denied[0] if denied else None


def _find_nearest_clauses(text: str, quotes: Sequence[str]) -> list[str]:
    """Return the clauses of the quotes that share the most words with a text."""
    words = content_words(text)
    by_count = defaultdict[int, list[str]](list)
    for quote in quotes:
        for clause in CLAUSE_END.split(quote):
            shared = words & content_words(clause)
            by_count[len(shared)].append(clause)
    return by_count[max(by_count, default=0)]


def _affirms_denied(claim: Claim) -> bool:
    """Return whether "Yes" alone answers a question that all clauses nearest to it deny.

    They have to have most of the question's words.
    """
    if BEGINS_WITH_NO.match(claim.reply) or _denies(f"{claim.text} {claim.question}"):
        return False
    asked = content_words(claim.question) - ASKING_WORDS
    quotes = [FORBIDDEN.sub("not allowed", quote) for quote in claim.quotes]
    clauses = _find_nearest_clauses(claim.question, quotes)
    return all(_denies(clause) and _is_most(asked & content_words(clause), asked) for clause in clauses)


def _is_most(shared: set[str], words: set[str]) -> bool:
    return 2 * len(shared) > len(words)


def _denies_stated(claim: Claim) -> bool:
    """Return whether "No" alone answers a question that a clause repeats, and no quote denies or doubts."""
    said = f"{claim.question} {' '.join(claim.quotes)}"
    if not BEGINS_WITH_NO.match(claim.reply) or _denies(said) or HEDGE.search(said):
        return False
    clauses = [clause for quote in claim.quotes for clause in CLAUSE_END.split(quote)]
    return any(_repeats(clause, claim.question) and not _differs(clause, claim.question) for clause in clauses)


def _denies(text: str) -> bool:
    """Return whether a text has a negation, or a verb that denies or forbids."""
    text = NO_DENIAL.sub(" ", text)
    return any(sign.search(text) for sign in (NEGATION, DENIAL, FORBIDDEN))


def _repeats(clause: str, question: str) -> bool:
    """Return whether a clause has the words of a question in the same order: "A beat B" is not "B beat A"."""
    following = iter(list_stems(clause))
    asked = [word for word in list_stems(question) if word not in ASKING_WORDS]
    return bool(asked) and all(word in following for word in asked)  # each search begins after the word before


def _differs(clause: str, question: str) -> bool:
    """Return whether a clause has a number, a name, a quantifier or an opposite that a question lacks."""
    has_number = not set(find_numbers(clause)) <= set(find_numbers(question))
    has_name = any(find_unknown_names(clause, question))
    has_quantifier = not _list_quantifiers(clause) <= _list_quantifiers(question)
    signs = chain.from_iterable((*STATES, *DIRECTIONS, *SIDES_OF))
    has_opposite = any(sign.search(clause) and not sign.search(question) for sign in signs)
    return has_number or has_name or has_quantifier or has_opposite


# A text has a conflict if it gives an order to machines, or if its sources lack one of its numbers, amounts or names.
CONFLICTS: tuple[Rule | NamingRule, ...] = (
    Rule("an order", lambda claim: is_order(claim.text)),
    NamingRule("the number", _list_new_numbers),
    *(NamingRule(f"the {form.name}", partial(_list_new_joined, form)) for form in JOINED_NUMBERS),
    NamingRule("the amount", lambda claim: find_other_magnitudes(claim.text, claim.sources, question=claim.question)),
    NamingRule("the currency", lambda claim: find_other_currencies(claim.text, claim.sources)),
    NamingRule("the name", lambda claim: find_unknown_names(claim.text, claim.known)),
)
# A reply with one of these faults is unsupported. The first one that it has is named.
FAULTS: tuple[Rule | NamingRule, ...] = (
    Rule("no word of the quotes", lambda claim: not claim.words),
    *CONFLICTS,
    NamingRule("the words", lambda claim: find_joined_words(claim.text, claim.known)),
    Rule("other words than the quotes", _has_other_words),
    Rule("the words of the question", _repeats_question),
    Rule("a negation", _denies_alone),
    Rule("a quantifier", _has_new_quantifier),
    NamingRule("the frequency", _list_new_frequencies),
    Rule("the opposite", _says_opposite),
    Rule("a doubt", partial(_loses, HEDGE)),
    Rule("a negation", partial(_loses, NEGATION)),
    Rule("what is denied", _asserts_denied),
)
# So is a "Yes" or "No" alone with one of these.
BARE_FAULTS = (
    Rule("a yes to what is denied", _affirms_denied),
    Rule("a no to what is stated", _denies_stated),
)
