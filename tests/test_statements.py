"""Passages that say what a thing is come first if the question asks for that."""

import pytest

from rag.statements import prefer_statements
from tests.test_answer import make_hit

PASSAGES = (
    "Turn the crank to the left. What the crank does, the second crank does too. Spindles break if they are dry.",
    "The pump has many parts. A crank (or winch) is the arm that turns its shaft.",
    "The thin rod in the middle of the wheel is called a “spindle”.",
    "MSRV stands for the oldest version that works. C++ is a language.\nRent: 900 euros",
)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What is a crank?", 1),
        ("what's the crank", 1),
        ("What are cranks?", 1),
        ("What does MSRV mean?", 3),
        ("What is C++?", 3),
        ("What is the rent?", 3),
        ("What are spindles?", 2),
        ("How does the crank turn?", 0),
        ("What is the reason that each of the cranks is the arm?", 0),
    ],
)
def test_a_passage_that_says_what_a_thing_is_comes_before_others_with_its_name(question: str, first: int) -> None:
    hits = tuple(make_hit(rank, text) for rank, text in enumerate(PASSAGES, start=1))
    ordered = prefer_statements(hits, question)
    assert ordered[0].chunk.text == PASSAGES[first]
    assert {hit.score for hit in ordered} == {hits[0].score}
    assert [hit.rank for hit in ordered if hit.rank != first + 1] == [n for n in (1, 2, 3, 4) if n != first + 1]
