"""Late interaction: passages are compared with a question word by word."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rag import Index, Settings, build_index
from rag.index.embedder import Tokens
from rag.index.late_interaction import compare_words, knows_words
from rag.retrieve import retrieve
from tests.fakes import HashingEmbedder

# The dimension of each token; a synonym is close to its word.
_MEANINGS = {"rent": (1.0, 0.0, 0.0), "lease": (0.8, 0.6, 0.0), "dog": (0.0, 1.0, 0.0), "pri": (0.0, 0.0, 1.0)}


class WordEmbedder(HashingEmbedder):
    """Knows some words; "priya" has two tokens, and other words have none."""

    def embed_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        return [self._split(text) for text in texts]

    def _split(self, text: str) -> Tokens:
        found = []
        for number, word in enumerate(text.lower().replace("\n", " ").split()):
            pieces = ("pri", "pri") if word == "priya" else (word,)
            found += [(number, _MEANINGS[piece]) for piece in pieces if piece in _MEANINGS]
        vectors = np.array([vector for _, vector in found], dtype=np.float32).reshape(-1, 3)
        return Tokens(vectors, np.array([number for number, _ in found], dtype=np.int64))


@pytest.mark.parametrize(
    ("question", "passage", "similarity"),
    [
        ("rent", "dog rent", 1.0),  # the most similar token counts
        ("rent", "lease", 0.8),
        ("rent dog", "rent", 0.5),  # the mean of the words
        ("rent dog", "lease", 0.7),
        ("priya rent", "rent", 0.5),  # a word weighs the same with two tokens
        ("rent", "?", 0.0),
        ("?", "rent", 0.0),
    ],
)
def test_words_are_compared_one_by_one(question: str, passage: str, similarity: float) -> None:
    (found,) = compare_words(question, [passage], WordEmbedder())
    assert found == pytest.approx(similarity)


@pytest.mark.parametrize(
    ("question", "tokens", "known"),
    [("When is the rent due?", 6, True), ("Сколько?", 7, False), ("多少钱？", 4, False)],
)
def test_an_embedder_that_spells_a_question_out_does_not_know_its_words(
    question: str, tokens: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = WordEmbedder()
    monkeypatch.setattr(embedder, "count_tokens", lambda _: tokens)
    assert knows_words(question, embedder) is known


@pytest.mark.parametrize("lease", ["The lease is due in May.", "# Lease\n\nIt is due in May."])
def test_a_passage_with_a_synonym_comes_first(settings: Settings, tmp_path: Path, lease: str) -> None:
    (tmp_path / "lease.md").write_text(lease)
    (tmp_path / "dog.md").write_text("When is the dog due? The dog is due in June.")
    build_index([tmp_path / "lease.md", tmp_path / "dog.md"], settings=settings, embedder=WordEmbedder())
    with Index(settings.index_dir / "test", WordEmbedder()) as index:
        hits = retrieve(index, "When is the rent due?", passages=2)
        found = index.search("When is the rent due?", k=2)
    assert [Path(hit.chunk.source).stem for hit in hits] == ["lease", "dog"]
    assert [hit.rank for hit in hits] == [1, 2]
    # The scores are still those of the search, which prefers shared words.
    assert [hit.score for hit in reversed(hits)] == [hit.score for hit in found]


def test_an_article_below_many_comments_is_compared_too(settings: Settings, tmp_path: Path) -> None:
    names = "Ann Bea Cid Dan Eva Fay Gil Hal Ida Jon Kim Lea Max Ned Ora Pam".split()  # noqa: SIM905
    comments = "\n\n".join(
        f"{name} (5 October 2012): The rent here is due, {name} says, and rent it is." for name in names
    )
    page = f"Title: Houses\n\nThe town talks.\n\nComments ({len(names)})\n\n{comments}\n"
    (tmp_path / "page.txt").write_text(page, encoding="utf-8")
    (tmp_path / "terms.md").write_text("The lease has to be paid in May.")
    build_index([tmp_path / "page.txt", tmp_path / "terms.md"], settings=settings, embedder=WordEmbedder())
    with Index(settings.index_dir / "test", WordEmbedder()) as index:
        found = index.search("When is the rent due?", k=50)
        hits = retrieve(index, "When is the rent due?", passages=4)
    assert [hit.chunk.voice for hit in found[:12]] == ["comment"] * 12
    assert [hit.chunk.source for hit in hits if hit.bonus and hit.chunk.voice == "article"]
