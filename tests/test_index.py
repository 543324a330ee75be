"""The index: building, updating, searching, and what may go wrong."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rag import DocumentError, Filter, Index, ModelError, QuestionError, Settings, StoreError, build_index
from rag.index.embedder import Vectors
from rag.index.reranker import open_reranker
from rag.index.vectors import FaissVectors, count_training
from rag.retrieve import retrieve
from tests.fakes import HashingEmbedder, local


def test_chunks_are_exact_slices_of_their_documents(index: Index) -> None:
    hits = index.search("minister bridge contract", k=50)
    assert len(hits) == index.store.count_chunks()
    for hit in hits:
        assert index.store.get_text(hit.chunk.document_id)[hit.chunk.start : hit.chunk.end] == hit.chunk.text


def test_search_ranks_the_nearest_first(index: Index) -> None:
    hits = index.search("What did the bridge cost?", k=2)
    assert "nine million" in hits[0].chunk.text
    assert [hit.rank for hit in hits] == [1, 2]
    assert hits[0].score > hits[1].score


def test_a_rare_word_is_found_wherever_it_is_in_the_vectors(settings: Settings, tmp_path: Path) -> None:
    class BlindEmbedder(HashingEmbedder):
        def embed_query(self, text: str) -> Vectors:
            return super().embed_query("")

    (tmp_path / "a.md").write_text("\n\n".join(f"Note {n} of many others that we have." for n in range(300)))
    (tmp_path / "b.md").write_text("The Zwiesel file was closed.")
    build_index([tmp_path / "a.md", tmp_path / "b.md"], settings=settings, embedder=BlindEmbedder())
    with Index(settings.index_dir / "test", BlindEmbedder()) as index:
        assert index.search("And what of the zwiesel files?", k=3)[0].chunk.text == "The Zwiesel file was closed."


def test_what_a_document_begins_with_is_searched_for_with_each_of_its_chunks(
    settings: Settings, embedder: HashingEmbedder, tmp_path: Path
) -> None:
    for name, who in (("a", "Harold Penhaligon"), ("b", "Simon Eastlake"), ("c", "Tobias Amory")):
        filler = "Nothing else was found, and nothing else was done by anybody on that day. " * 9
        (tmp_path / f"{name}.txt").write_text(f"Patient: {who}. {filler}\n\nHe was given {name}-mycin for a week.")
    build_index([tmp_path / f"{name}.txt" for name in "abc"], settings=settings, embedder=embedder)
    with Index(settings.index_dir / "test", embedder) as index:
        found = index.store.search_words("What was Eastlake given for a week?", 1)
        (chunk,) = index.store.get_chunks([found[0][0]])
    assert chunk.text == "He was given b-mycin for a week."


def test_a_question_of_stop_words_alone_is_searched_for_by_them(index: Index) -> None:
    assert index.store.search_words("on the", 9)
    assert index.store.search_words("What was on the pipeline?", 9) == index.store.search_words("pipeline", 9)


def test_words_that_very_many_chunks_hold_count_only_where_nothing_else_is_asked_for(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["minister bridge", "bridge", "pipeline contract", "bridge pipeline"]
    both, bridge, pipeline, _ = (index.store.search_words(asked, 9) for asked in words)
    assert len(both) > len(bridge) == 1
    monkeypatch.setattr("rag.index.sqlite.MOST_RANKED", 1)
    assert index.store.search_words("minister bridge", 9) == bridge
    monkeypatch.setattr("rag.index.sqlite.MOST_RANKED", 0)
    assert [index.store.search_words(asked, 9) for asked in words[2:]] == [pipeline, []]


def test_quoted_words_count_as_a_phrase(settings: Settings, embedder: HashingEmbedder, tmp_path: Path) -> None:
    for name, text in (("a", "house of the white horse"), ("b", "horse of the white house")):
        (tmp_path / f"{name}.md").write_text(text)
    build_index([tmp_path / "a.md", tmp_path / "b.md"], settings=settings, embedder=embedder)
    with Index(settings.index_dir / "test", embedder) as index:
        found = [index.search(f'which horse, which house: "white {word}"', k=1)[0] for word in ("horse", "house")]
    assert [hit.chunk.text[:5] for hit in found] == ["house", "horse"]


@pytest.mark.parametrize(
    "question",
    ["the of and", "\U0001f600", "_", "\x00bridge", "word " * 10_000, " ".join(map(str, range(10_000))),
     'NEAR("a" b, 2) AND OR NOT *', '"', '""', "“”", "a:b^2 - {text}", "\ud800", "مرحبا بالعالم",
     "'; DROP TABLE words; --"],
)  # fmt: skip
def test_any_question_is_searched_for_without_an_error(index: Index, question: str) -> None:
    assert index.search(question, k=3) == index.search(question, k=3)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (Filter(outlet="test times"), {"article", "comment"}),
        (Filter(voice="comment"), {"comment"}),
        (Filter(author="ZARA", date="2012-10-05"), {"comment"}),
        (Filter(date="2012-10-04", voice="article"), {"article"}),
        (Filter(source="docs/VISIT"), {"article", "comment"}),
    ],
)
def test_a_filter_keeps_what_passes_every_field(index: Index, where: Filter, found: set[str]) -> None:
    hits = index.search("the bridge and the minister", k=50, where=where)
    assert {hit.chunk.voice for hit in hits} == found
    assert all(hit.chunk.source.endswith("visit.txt") for hit in hits)


def test_a_filter_that_nothing_passes_is_an_error(index: Index) -> None:
    with pytest.raises(QuestionError, match="nothing in the index passes the filter"):
        index.search("the bridge", k=5, where=Filter(outlet="' OR 1 = 1 --"))


def test_a_follow_up_is_searched_in_both_wordings(index: Index) -> None:
    alone = index.search("What did it cost?", k=1, rewritten=None)[0]
    both = index.search("What did it cost?", k=9, rewritten="What did the new bridge cost?")
    assert "bridge" in both[0].chunk.text
    assert both[0].score > alone.score


def test_what_says_the_same_is_found_once(settings: Settings, embedder: HashingEmbedder, tmp_path: Path) -> None:
    text = "The tram line will open at last in the spring of next year, the mayor said on Monday evening to her friends"
    (tmp_path / "a.md").write_text(f"{text}.")
    (tmp_path / "b.md").write_text(f"{text} again!")
    (tmp_path / "c.md").write_text("The tram depot is to be sold.")
    build_index([tmp_path / f"{name}.md" for name in "abc"], settings=settings, embedder=embedder)
    with Index(settings.index_dir / "test", embedder) as index:
        hits = retrieve(index, "When will the tram line open?", passages=3)
    assert [Path(hit.chunk.source).name for hit in hits] in (["a.md", "c.md"], ["b.md", "c.md"])
    assert [hit.rank for hit in hits] == [1, 2]


def test_a_reranker_has_the_last_word_on_the_order(index: Index) -> None:
    class Backwards:
        def score(self, question: str, texts: Sequence[str]) -> list[float]:
            assert question == "What did the bridge cost?"
            return [float(i) for i in range(len(texts))]

    plain = retrieve(index, "What did the bridge cost?", passages=3)
    index.reranker = Backwards()
    turned = retrieve(index, "What did the bridge cost?", passages=3)
    assert "nine million" in plain[0].chunk.text
    assert "nine million" not in turned[0].chunk.text
    assert [hit.rank for hit in turned] == [1, 2, 3]
    assert {hit.chunk.id: hit.score for hit in plain}.items() <= {
        hit.chunk.id: hit.score for hit in retrieve(index, "What did the bridge cost?", passages=9)
    }.items()


@pytest.mark.slow  # it imports torch
def test_a_cross_encoder_is_opened_by_its_folder(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    folder = tmp_path / "small"
    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "bridge", "cost"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        num_labels=1,
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    reranker = open_reranker(Settings.load(reranker=str(folder)))
    assert reranker
    assert len(reranker.score("cost", ["bridge", "bridge cost"])) == 2
    assert open_reranker(Settings.load()) is None
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="cannot load the reranker"):
        open_reranker(Settings.load(reranker=str(tmp_path / "empty")))


@pytest.mark.parametrize(
    ("first", "second"),
    [("was approved", "was not approved"), ("1000001", "1000002"), ("Anna Berg", "Anna Lind")],
)
def test_what_says_otherwise_in_nearly_the_same_words_is_found_too(
    settings: Settings, embedder: HashingEmbedder, tmp_path: Path, first: str, second: str
) -> None:
    text = "the invoice of the north harbour for the repair of a crane and two boats in the spring after the storm"
    for name, told in (("a", first), ("b", second)):
        (tmp_path / f"{name}.md").write_text(f"{text} {told}")
    build_index([tmp_path / "a.md", tmp_path / "b.md"], settings=settings, embedder=embedder)
    with Index(settings.index_dir / "test", embedder) as index:
        assert len(retrieve(index, "What of the invoice?", passages=2)) == 2


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What is the total due of invoice 8841?", {"a.txt"}),
        ("What is the total due of invoices #8842 and PO-55-12?", {"a.txt", "b.txt"}),
        ("What is the total due of invoice 8843?", {"a.txt", "b.txt", "c.txt"}),
        ("What is the total due in invoice 2019?", {"a.txt", "b.txt", "c.txt"}),
        ("Which invoice is over 300?", {"a.txt", "b.txt", "c.txt"}),
        ("Which invoice is of more than 8841?", {"a.txt", "b.txt", "c.txt"}),
        ("Which invoice is between 8841 and 8900?", {"a.txt", "b.txt", "c.txt"}),
    ],
)
def test_a_question_that_names_a_thing_by_its_number_is_about_the_documents_that_have_it(
    settings: Settings, embedder: HashingEmbedder, tmp_path: Path, question: str, found: set[str]
) -> None:
    invoices = {
        "a.txt": "Invoice no.: 8841\nOrder: PO-55-12\nTotal due: 300",
        "b.txt": "Invoice no.: 8842\nTotal due: 18841",
        "c.txt": "Invoice of 2019\nTotal due: 70",
    }
    for name, text in invoices.items():
        (tmp_path / name).write_text(text)
    build_index([tmp_path / name for name in invoices], settings=settings, embedder=embedder)
    with Index(settings.location, embedder) as index:
        assert {Path(hit.chunk.source).name for hit in retrieve(index, question, passages=4)} == found


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What was decided on 4 March 2024?", {"a.md", "c.md"}),
        ("What did the board decide on March 11?", {"b.md", "c.md"}),
        ("What did the board decide in March?", {"a.md", "b.md", "c.md"}),
        ("What did the board decide on 5 March?", {"a.md", "b.md", "c.md"}),
        ("What may the board decide?", {"a.md", "b.md", "c.md"}),
        ("What did the board decide between 4 March and 11 March?", {"a.md", "b.md", "c.md"}),
        ("What did the board decide before 5 March?", {"a.md", "b.md", "c.md"}),
        ("What did the board decide on 4 and 11 March?", {"a.md", "b.md", "c.md"}),
        ("What did the board decide on 4–11 March?", {"a.md", "b.md", "c.md"}),
        ("What did the board decide on 4 & 11 March?", {"a.md", "b.md", "c.md"}),
        ("What did the board decide on the 4th and the 11th of March?", {"a.md", "b.md", "c.md"}),
        ("What did the board decide on the 4th of March?", {"a.md", "c.md"}),
        ("What did the board decide from 4 March on?", {"a.md", "b.md", "c.md"}),
        ("Which part of section 4 may the board mend?", {"a.md", "b.md", "c.md"}),
    ],
)
def test_of_documents_with_one_title_the_one_of_the_day_is_found(
    tmp_path: Path, settings: Settings, question: str, names: set[str]
) -> None:
    texts = {
        "a.md": "# Minutes 1 of the board\n\nDate: 2024-03-04\n\nThe board decided to mend the roof.",
        "b.md": "# Minutes 2 of the board\n\nDate: 2024-03-11\n\nThe board decided to buy a lock.",
        "c.md": "# What a board decides\n\nDate: 2024-05-01\n\nThe board decides once a week.",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    build_index([tmp_path / name for name in texts], settings=settings, embedder=HashingEmbedder())
    with Index(settings.index_dir / "test", HashingEmbedder()) as index:
        hits = retrieve(index, question, passages=5)
    assert {Path(hit.chunk.source).name for hit in hits} == names


def test_documents_without_a_title_are_no_series(tmp_path: Path, settings: Settings) -> None:
    for day in (4, 11):
        text = f"Date: 2024-03-{day:02}\n\nThe board decided to mend roof number {day} of the house soon."
        (tmp_path / f"{day}.txt").write_text(text, encoding="utf-8")
    build_index([tmp_path / "4.txt", tmp_path / "11.txt"], settings=settings, embedder=HashingEmbedder())
    with Index(settings.index_dir / "test", HashingEmbedder()) as index:
        assert len(retrieve(index, "What did the board decide on 4 March?", passages=5)) == 2


def test_an_unsigned_comment_is_not_its_articles_author(index: Index) -> None:
    hits = index.search("good relations", k=9, where=Filter(author="a. WRITER"))
    assert {hit.chunk.voice for hit in hits} == {"article"}


def test_the_evidence_is_the_sentences_that_share_most_with_the_question(index: Index) -> None:
    (hit, *_) = retrieve(index, "Which officials suspect a rival power?", passages=2)
    best = max(hit.evidence, key=lambda evidence: evidence.score)
    text = index.store.get_text(hit.chunk.document_id)
    assert text[best.start : best.end].startswith("Some officials suspect that a rival power")
    assert 0 < best.score <= 1


def test_an_unchanged_file_is_not_embedded_again(docs: Path, settings: Settings, embedder: HashingEmbedder) -> None:
    first = build_index([docs], settings=settings, embedder=embedder)
    done = len(embedder.embedded)
    second = build_index([docs], settings=settings, embedder=embedder)
    assert (first.indexed, second.indexed, second.unchanged) == (2, 0, 2)
    assert len(embedder.embedded) == done


def test_a_changed_file_is_swapped_and_a_deleted_one_is_gone(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    build_index([docs], settings=settings, embedder=embedder)
    (docs / "bridge.md").write_text("The bridge is closed.", encoding="utf-8")
    (docs / "visit.txt").unlink()
    report = build_index([docs], settings=settings, embedder=embedder)
    assert (report.indexed, report.removed, report.chunks) == (1, 1, 1)
    with Index(settings.index_dir / "test", embedder) as index:
        assert [hit.chunk.text for hit in index.search("minister bridge", k=9)] == ["The bridge is closed."]


def test_an_unreadable_file_is_skipped_and_its_last_state_stays(
    docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    build_index([docs], settings=settings, embedder=embedder)
    (docs / "bridge.md").write_bytes(b"\x00\xff")
    report = build_index([docs], settings=settings, embedder=embedder)
    assert len(report.skipped) == 1
    with Index(settings.index_dir / "test", embedder) as index:
        assert "nine million" in index.search("bridge cost", k=1)[0].chunk.text


def test_nothing_readable_is_an_error(tmp_path: Path, settings: Settings, embedder: HashingEmbedder) -> None:
    (tmp_path / "a.txt").write_bytes(b"")
    with pytest.raises(DocumentError, match=r"nothing was indexed: .*empty"):
        build_index([tmp_path / "a.txt"], settings=settings, embedder=embedder)
    with Index(settings.index_dir / "test", embedder) as index, pytest.raises(StoreError, match="no documents"):
        index.search("Who?", k=1)


def test_an_index_of_another_embedder_names_the_command(index: Index) -> None:
    with pytest.raises(StoreError, match=r"made with embedder hashing .*--embedder hashing"):
        Index(local(index).folder, HashingEmbedder(name="other"))


def test_a_missing_and_a_damaged_index_are_errors(tmp_path: Path, embedder: HashingEmbedder) -> None:
    with pytest.raises(StoreError, match="rag index PATHS --name none"):
        Index(tmp_path / "none", embedder)
    (tmp_path / "catalog.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="index again"):
        Index(tmp_path, embedder)


def test_vectors_are_made_again_when_missing_or_torn(index: Index, embedder: HashingEmbedder) -> None:
    expected = index.search("minister", k=3)
    saved = local(index).folder / "vectors.faiss"
    saved.write_bytes(saved.read_bytes()[:100])
    assert Index(local(index).folder, embedder).search("minister", k=3) == expected
    saved.unlink()
    assert Index(local(index).folder, embedder).search("minister", k=3) == expected


def test_an_open_index_sees_what_another_process_adds(
    index: Index, docs: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    local(index).refresh()
    (docs / "new.txt").write_text("A zebra escaped.", encoding="utf-8")
    build_index([docs], settings=settings, embedder=embedder)
    assert index.search("zebra", k=1)[0].chunk.text == "A zebra escaped."


def test_ties_are_broken_by_id(settings: Settings, embedder: HashingEmbedder, tmp_path: Path) -> None:
    for name in ("first", "second", "third"):
        (tmp_path / f"{name}.md").write_text("The same words.")
        build_index([tmp_path / f"{name}.md"], settings=settings, embedder=embedder)
    with Index(settings.index_dir / "test", embedder) as index:
        ids = [hit.chunk.id for hit in index.search("the same words", k=3)]
    assert ids == sorted(ids)


def test_vectors_follow_the_store_without_being_made_again(
    index: Index, docs: Path, settings: Settings, embedder: HashingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    local(index).refresh()
    monkeypatch.setattr(FaissVectors, "train", None)
    (docs / "new.txt").write_text("A zebra escaped.", encoding="utf-8")
    (docs / "bridge.md").unlink()
    build_index([docs], settings=settings, embedder=embedder)
    assert sorted(local(index).refresh().ids) == sorted(index.store.get_ids())


def test_vectors_of_a_deleted_store_are_not_used(
    docs: Path, settings: Settings, embedder: HashingEmbedder, tmp_path: Path
) -> None:
    folder = settings.index_dir / "test"
    build_index([docs], settings=settings, embedder=embedder)
    for file in folder.glob("catalog*"):
        file.unlink()
    (tmp_path / "other.md").write_text("A zebra escaped.\n\nA giraffe did not.")
    build_index([tmp_path / "other.md"], settings=settings, embedder=embedder)
    with Index(folder, embedder) as index:
        assert local(index).refresh().ids.tolist() == index.store.get_ids().tolist()
        (nearest,) = local(index).refresh().search(embedder.embed_query("a zebra escaped"), 1)
        assert "zebra" in index.store.get_chunks([nearest])[0].text


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("rag.index.vectors.FLAT_LIMIT", 1000)
    return 1000


def draw_vectors(count: int) -> Vectors:
    rows = np.random.default_rng(0).normal(size=(count, 16)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_a_large_store_finds_nearly_what_an_exact_one_does(small_limit: int, tmp_path: Path) -> None:
    rows, ids = draw_vectors(3000), np.arange(3000) * 7
    store = FaissVectors.train(rows[: count_training(3000)], size=3000)
    store.add(ids, rows)
    store.remove(ids[:500])
    store.save(tmp_path / "vectors.faiss")
    loaded = FaissVectors.load(tmp_path / "vectors.faiss")
    assert loaded
    assert loaded.fits(2500, 16)
    assert not loaded.fits(100, 16)
    assert not loaded.fits(100_000, 16)
    assert sorted(loaded.ids) == ids[500:].tolist()
    questions = rows[500:600]
    exact = np.argsort(-(questions @ rows[500:].T), axis=1)[:, :10]
    found = [loaded.search(question, 20) for question in questions]
    assert np.mean([len({*f} & {*(ids[500:][e])}) / 10 for f, e in zip(found, exact, strict=True)]) > 0.9
    assert loaded.search(questions[0], 5, among=[3500, 3507])[0] == 3500


def test_an_index_that_grows_and_shrinks_changes_its_kind(
    small_limit: int, settings: Settings, embedder: HashingEmbedder, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    few, many = tmp_path / "docs" / "few.md", tmp_path / "docs" / "many.md"
    few.write_text("The Zwiesel file was closed.")
    many.write_text("\n\n".join(f"Note {n}: " + f"word{n} " * 26 for n in range(1100)))
    with Index(settings.index_dir / "test", embedder, create=True) as index:
        build_index([tmp_path / "docs"], settings=settings, embedder=embedder)
        large = local(index).refresh()
        assert not large.fits(100, embedder.dim)
        assert index.search("the zwiesel file", k=1)[0].chunk.text == "The Zwiesel file was closed."
        many.unlink()
        build_index([tmp_path / "docs"], settings=settings, embedder=embedder)
        assert local(index).refresh().fits(100, embedder.dim)
        assert len(local(index).refresh()) == 1


def test_comments_keep_to_their_share_unless_they_are_asked_for(
    tmp_path: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    comments = "\n\n".join(f"The tram is bad, number {n}." for n in range(9))
    articles = "\n\n".join(
        f"The tram line {word} opens in May after a long wait." for word in ["north", "east", "west"]
    )
    page = f"{articles}\n\nComments\n\n{comments}"
    (tmp_path / "tram.txt").write_text(page, encoding="utf-8")
    build_index([tmp_path / "tram.txt"], settings=settings.model_copy(update={"chunk_tokens": 16}), embedder=embedder)
    with Index(settings.index_dir / "test", embedder) as index:
        voices = [hit.chunk.voice for hit in retrieve(index, "Is the tram bad?", passages=4)]
        asked = [hit.chunk.voice for hit in retrieve(index, "What do readers say of the bad tram?", passages=4)]
        where = [hit.chunk.voice for hit in retrieve(index, "Is it bad?", passages=4, where=Filter(voice="comment"))]
        more = [hit.chunk.voice for hit in retrieve(index, "Is the tram bad?", passages=6)]
    assert voices.count("comment") == 1
    assert asked.count("comment") == where.count("comment") == 4
    assert (more.count("article"), more.count("comment")) == (3, 3)  # all articles, and comments in their stead
