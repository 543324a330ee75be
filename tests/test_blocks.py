"""The list, the section or the counting sentences that a sentence of a text belongs to."""

import pytest

from rag.answer.gather.blocks import find_block, find_section
from rag.text import content_words

MINUTES = """Council of Osk

1. Minutes
The minutes of the last meeting were read and agreed by all who were present.
2. Grants
The brass band gets 2,500 crowns and the rowing club nothing, since it has no accounts.
The grants are paid in May.

Opening hours
The town hall is open on Mondays from nine to noon, and on Fridays in the afternoon.
"""
RECIPE = """Plum cake

Method
1. Heat the oven.
2. Beat the butter.
3. Bake it for an hour.

It keeps for four days, if nobody finds it."""
PARTS = "A boat has parts. The first is the hull. It is of oak. The second is the mast. Nobody counts the rudder."


def cut(text: str, wanted: str) -> str | None:
    """Return the block of a text that a part of it belongs to."""
    block = find_block(text, text.index(wanted))
    return text[slice(*block)] if block else None


@pytest.mark.parametrize("wanted", ["1. Heat", "2. Beat", "Bake"])
def test_items_come_with_the_heading_above_them(wanted: str) -> None:
    assert cut(RECIPE, wanted) == RECIPE[RECIPE.index("Method") : RECIPE.index("\n\nIt keeps")]


def test_a_heading_comes_with_its_section() -> None:
    assert cut(MINUTES, "2. Grants") == MINUTES[MINUTES.index("2. Grants") : MINUTES.index("\n\nOpening")]
    assert cut(MINUTES, "Opening hours") == MINUTES[MINUTES.index("Opening") :].rstrip()


def test_a_sentence_of_a_paragraph_stands_alone() -> None:
    assert cut(MINUTES, "The grants are paid") is None
    assert cut(RECIPE, "It keeps") is None


@pytest.mark.parametrize("wanted", ["A boat", "The first", "It is of oak", "The second"])
def test_sentences_that_count_come_together(wanted: str) -> None:
    assert cut(PARTS, wanted) == PARTS[: PARTS.index(" Nobody")]


@pytest.mark.parametrize(
    ("topic", "first"),
    [("grants", "2. Grants"), ("opening hours of Osk", "Opening hours"), ("Osk", None), ("rowing", None), ("", None)],
)
def test_a_section_is_found_by_its_heading_and_the_title(topic: str, first: str | None) -> None:
    section = find_section(MINUTES, content_words(topic), title="Council of Osk")
    assert (MINUTES[slice(*section)].splitlines()[0] if section else None) == first
