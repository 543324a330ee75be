"""Passages that say what a thing is come first if the question asks for that."""

from pathlib import Path

import pytest

from rag import Index, Settings, build_index
from rag.retrieve import retrieve
from rag.statements import find_statements
from tests.fakes import HashingEmbedder
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
        ("spindle", 2),
        ("the crank", 1),
        ("How does the crank turn?", None),
        ("What is the reason that each of the cranks is the arm?", None),
    ],
)
def test_a_passage_that_says_what_a_thing_is_is_told_from_others_with_its_name(
    question: str, first: int | None
) -> None:
    hits = [make_hit(rank, text) for rank, text in enumerate(PASSAGES, start=1)]
    assert find_statements(hits, question) == [number == first for number in range(len(PASSAGES))]


def test_a_passage_that_says_what_a_thing_is_comes_first(settings: Settings, tmp_path: Path) -> None:
    texts = (PASSAGES[0], "A crank is the arm that turns the long shaft of the pump beside the old mill.")
    for name, text in zip(("a.txt", "b.txt"), texts, strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
    build_index([tmp_path / "a.txt", tmp_path / "b.txt"], settings=settings, embedder=HashingEmbedder())
    with Index(settings.index_dir / "test", HashingEmbedder()) as index:
        firsts = [retrieve(index, question, passages=2)[0] for question in ("What is a crank?", "What turns a crank?")]
    assert [Path(hit.chunk.source).name for hit in firsts] == ["b.txt", "a.txt"]
    assert [hit.bonus for hit in firsts] == [0.3, 0.0]
