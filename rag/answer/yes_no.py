"""Compares a "Yes" or "No" alone with the quotes: it may not affirm what they deny, nor deny what they state."""

import re

from rag.answer.claim import CLAUSE_END, Claim, find_nearest_clauses, list_quantifiers
from rag.answer.mentions import find_unknown_names
from rag.answer.numbers import find_numbers
from rag.answer.signs import DENIAL, FORBIDDEN, HEDGE, NEGATION, OPPOSITES
from rag.text import content_words, list_stems

# These deny nothing: "not only Bo", "no later than 9".
_NO_DENIAL = re.compile(r"\bnot only\b|\bno \w+ than\b", re.IGNORECASE)
# A statement answers a question without these words: "Can I park here?"
_ASKING_WORDS = content_words("can could may must should shall i we you one there")


def affirms_denied(claim: Claim) -> bool:
    """Return whether "Yes" alone answers a question that all clauses nearest to it deny.

    They have to have most of the question's words.
    """
    if _denies(f"{claim.question} {claim.reply}"):
        return False
    asked = content_words(claim.question) - _ASKING_WORDS
    quotes = [FORBIDDEN.sub("not allowed", quote) for quote in claim.quotes]
    for clause in find_nearest_clauses(claim.question, quotes):
        has_most = 2 * len(asked & content_words(clause)) > len(asked)
        if not (has_most and _denies(clause)):
            return False
    return True


def denies_stated(claim: Claim) -> bool:
    """Return whether "No" alone answers a question that a clause repeats, and no quote denies or doubts."""
    if not claim.begins_with_no or _denies(claim.nearest) or HEDGE.search(claim.nearest):
        return False
    clauses = CLAUSE_END.split(" ; ".join(claim.quotes))
    return any(_repeats(clause, claim.question) and not _adds_to(clause, claim.question) for clause in clauses)


def _denies(text: str) -> bool:
    """Return whether a text has a negation, or a verb that denies or forbids."""
    text = _NO_DENIAL.sub(" ", text)
    return any(sign.search(text) for sign in (NEGATION, DENIAL, FORBIDDEN))


def _repeats(clause: str, question: str) -> bool:
    """Return whether a clause has the words of a question in the same order: "A beat B" is not "B beat A"."""
    following = iter(list_stems(clause))
    asked = [word for word in list_stems(question) if word not in _ASKING_WORDS]
    return bool(asked) and all(word in following for word in asked)  # each search begins after the word before


def _adds_to(clause: str, question: str) -> bool:
    """Return whether a clause has a number, a name, a quantifier or an opposite that a question lacks."""
    new_name = next(find_unknown_names(clause, question), None)
    return new_name is not None or not _list_marks(clause) <= _list_marks(question)


def _list_marks(text: str) -> set[str]:
    """Return the numbers and the quantifiers of a text, and the patterns of the opposites that it has."""
    opposites = {sign.pattern for pair in OPPOSITES for sign in pair if sign.search(text)}
    return {*find_numbers(text), *list_quantifiers(text), *opposites}
