"""Finds the two things that a question compares."""

from rag.answer.kinds import COMPARISON, find_kind
from rag.answer.signs import COMPARATIVE, COMPARING, SIDES
from rag.text import content_words


def name_sides(question: str) -> tuple[str, str] | None:
    """Return the two things that a question compares, in its own words; None if it compares none."""
    is_comparison = find_kind(question) is COMPARISON or COMPARATIVE.search(question)
    matches = (sides.search(question) for sides in SIDES)
    match = next((match for match in matches if match), None)
    return (match["one"], match["other"]) if is_comparison and match else None


def find_sides(question: str) -> tuple[frozenset[str], ...]:
    """Return the words of each of two things that a question compares, without those that both have; () if none is."""
    named = name_sides(question)
    if named is None:
        return ()
    one, other = (frozenset(content_words(name)) for name in named)
    sides = (one - other, other - one)
    return sides if all(sides) else ()


def compares_in_general(question: str) -> bool:
    """Return whether a question compares two things without a word on what of them."""
    named = name_sides(question)
    if named is None:
        return False
    words_beside = content_words(question) - content_words(" ".join(named))
    return words_beside <= COMPARING


def compares_amounts(question: str) -> bool:
    """Return whether a question asks which of two things is or has more."""
    return bool(find_sides(question)) and bool(COMPARATIVE.search(question))
