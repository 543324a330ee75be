"""Finds the two things that a question compares."""

from rag.answer.kinds import COMPARISON, find_kind
from rag.answer.signs import COMPARATIVE, COMPARING, SIDES
from rag.text import content_words


def name_sides(question: str) -> tuple[str, str] | None:
    """Return the two things that a question compares, in its own words; None if it compares none."""
    is_comparison = find_kind(question) is COMPARISON or COMPARATIVE.search(question)
    if not is_comparison:
        return None
    for sides in SIDES:
        match = sides.search(question)
        if match:
            return match["one"], match["other"]
    return None


def find_sides(question: str) -> tuple[frozenset[str], ...]:
    """Return the words of each of two things that a question compares, without common ones; () if it compares none."""
    named = name_sides(question)
    if named is None:
        return ()
    one, other = content_words(named[0]), content_words(named[1])
    sides = (frozenset(one - other), frozenset(other - one))
    return sides if all(sides) else ()


def compares_in_general(question: str) -> bool:
    """Return whether a question compares two things without naming a property of them."""
    named = name_sides(question)
    if named is None:
        return False
    words_beside = content_words(question) - content_words(" ".join(named))
    return words_beside <= COMPARING


def compares_amounts(question: str) -> bool:
    """Return whether a question asks which of two things is or has more."""
    has_comparative = COMPARATIVE.search(question) is not None
    return has_comparative and find_sides(question) != ()
