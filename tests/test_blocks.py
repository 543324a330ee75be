"""The list or the section that a part of a document belongs to."""

import pytest

from rag.answer.gather.blocks import find_block, find_section, quote_span
from rag.documents.chunk import split_document
from rag.documents.read import make_document
from rag.text import content_words
from rag.types import Chunk

MINUTES = """Council of Osk

1. Minutes
The minutes of the last meeting were read and agreed by all who were present.

2. Grants
These clubs get a grant:
- the brass band
- the rowing club

3. Staff
- Ada
- Otto

4. Any other business
The bridge is closed in May.
"""
RULES = """# Rules of the hall

## Hire

The hall is let by the day.

### Deposit

The deposit is 50 crowns.

### Keys

The keys are with the sexton.

## Noise

It is quiet after ten.
"""
RECIPE = """Plum cake

Method
1. Heat the oven.
2. Beat the butter.
3. Bake it for an hour.

It keeps for four days, if nobody finds it."""


def make_chunks(text: str, *, markdown: bool = False) -> list[Chunk]:
    """Return the chunks of a text as an index stores them, a few words each."""
    document = make_document("a", text, markdown=markdown)
    sections = split_document(
        document, chunk_tokens=8, sentence_tokens=99, count_tokens=lambda words: len(words.split())
    )
    return [
        Chunk(n, 1, "a", "", None, s.start, s.end, text[s.start : s.end], voice=s.voice, heading=s.heading)
        for n, s in enumerate(sections)
    ]


def cut(text: str, wanted: str) -> str | None:
    """Return the block of a text that a part of it belongs to."""
    block = find_block(text, make_chunks(text), text.index(wanted))
    return text[slice(*block)] if block else None


@pytest.mark.parametrize("wanted", ["1. Heat", "2. Beat", "Bake"])
def test_items_come_with_the_label_above_them(wanted: str) -> None:
    assert cut(RECIPE, wanted) == RECIPE[RECIPE.index("Method") : RECIPE.index("\n\nIt keeps")]


@pytest.mark.parametrize("wanted", ["These clubs", "- the brass", "rowing club"])
def test_a_list_ends_at_the_next_heading_even_if_that_has_a_number(wanted: str) -> None:
    assert cut(MINUTES, wanted) == MINUTES[MINUTES.index("These") : MINUTES.index("\n\n3. Staff")]


def test_a_list_right_below_its_heading_is_found() -> None:
    assert cut(MINUTES, "- Otto") == "- Ada\n- Otto"


@pytest.mark.parametrize("wanted", ["The ways", "by card", "in cash"])
def test_lines_below_a_colon_are_items_without_marks_too(wanted: str) -> None:
    text = (
        "The hall is let.\n\nThe ways to pay are:\n\nby card at the door\nby bank\nin cash\n\nIt is quiet.\nIt is warm."
    )
    assert cut(text, wanted) == text[text.index("The ways") : text.index("\n\nIt is quiet")]
    assert cut(text, "It is warm") is None
    assert cut(text.replace("\nby bank\nin cash", ""), "The ways") is None


def test_a_line_with_a_number_below_a_title_is_not_a_list() -> None:
    text = "Council of Osk\n1. Minutes\nThe minutes of the last meeting were read and agreed by all.\n"
    assert cut(text, "1. Minutes") is None
    assert cut(text.replace("Osk", "Osk:"), "1. Minutes") == "Council of Osk:\n1. Minutes"


def test_a_sentence_of_a_paragraph_stands_alone() -> None:
    assert cut(MINUTES, "The bridge") is None
    assert cut(RECIPE, "It keeps") is None


@pytest.mark.parametrize(
    ("topic", "quotes"),
    [
        ("noise", ["It is quiet after ten."]),
        ("noise in the hall", ["It is quiet after ten."]),
        ("hire", ["The hall is let by the day.", "The deposit is 50 crowns.", "The keys are with the sexton."]),
        ("keys", ["The keys are with the sexton."]),
        ("rules of the hall", None),
        ("crowns", None),
        ("", None),
    ],
)
def test_a_section_is_found_by_its_heading_and_the_title(topic: str, quotes: list[str] | None) -> None:
    chunks = make_chunks(RULES, markdown=True)
    section = find_section(chunks, content_words(topic), title="Rules of the hall")
    if section is None:
        assert quotes is None
    else:
        quoted = quote_span(chunks, section, score=1.0)
        assert [RULES[start:end] for _, start, end in quoted.spans] == quotes


def test_the_number_of_a_heading_need_not_be_named() -> None:
    section = find_section(make_chunks(MINUTES), content_words("staff"), title="")
    assert section
    assert MINUTES[slice(*section)] == "- Ada\n- Otto"


@pytest.mark.parametrize(
    "text",
    [
        "Dear Ann:\n\nThank you for the plums.\nWe ate them at once.\nCome again.",
        "The mayor said:\n\nIt is late.\nWe are all tired.\nGo home now.",
    ],
)
def test_sentences_below_a_colon_are_no_items(text: str) -> None:
    assert cut(text, text.splitlines()[3]) is None
