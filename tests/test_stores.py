"""What every place that can hold an index does alike: a folder, a file of milvus-lite, a Milvus server."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pymilvus")

from rag import (
    Document,
    DocumentError,
    Filter,
    Index,
    QuestionError,
    Section,
    Settings,
    SettingsError,
    StoreError,
    build_index,
)
from rag.assistant import get_answer
from rag.index import open_store, read_entries
from rag.index.build import index_documents, remove_sources
from rag.index.migrate import copy_index
from rag.index.milvus import MilvusStore
from rag.settings import MILVUS
from rag.web.workspace import Models, Options, Workspace
from tests.conftest import ARTICLE
from tests.fakes import AnsweringLLM, HashingEmbedder
from tests.places import Server, run_server, wait_for

# Each test of a server takes ten seconds.
PLACES = ["folder", "milvus-lite", pytest.param("server", marks=pytest.mark.slow)]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the sleeps of pymilvus: it waits half a second for each of the five fields that it indexes."""
    clock = SimpleNamespace(time=time.time, sleep=lambda seconds: time.sleep(seconds / 50))
    monkeypatch.setattr("pymilvus.client.grpc_handler.time", clock)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run_server(tmp_path_factory.mktemp("milvus")) as server:
        yield server


_numbers = iter(range(1000))


def place_settings(place: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    name = f"test_{next(_numbers)}"
    if place == "folder":
        return Settings.load(index_dir=tmp_path / "index", name=name, chunk_tokens=32)
    uri = str(tmp_path / "lite.db") if place == "milvus-lite" else request.getfixturevalue("server").uri
    return Settings.load(index=f"{MILVUS}{uri}/{name}", index_dir=tmp_path / "index", chunk_tokens=32)


@pytest.fixture(params=PLACES)
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with an index at each place."""
    return place_settings(str(request.param), tmp_path, request)


def build(settings: Settings, *paths: Path, embedder: HashingEmbedder | None = None) -> object:
    return build_index(paths, settings=settings, embedder=embedder or HashingEmbedder())


def describe(settings: Settings) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]], list[str], int]:
    """Return what is in an index, whatever the ids."""
    with Index(settings.location, HashingEmbedder()) as index:
        store = index.store
        chunks = store.get_chunks(store.get_ids().tolist())
        told: list[tuple[object, ...]] = sorted(
            (c.source, c.start, c.end, c.text, c.title, c.outlet or "", c.voice, c.author or "", c.date or "")
            for c in chunks
        )
        entries: list[tuple[object, ...]] = [
            (e.sources, e.title, e.chunks, e.comments, e.characters) for e in store.list_entries()
        ]
        texts = [store.get_text(e.document_id) for e in store.list_entries()]
        return told, entries, texts, store.count_chunks()


def test_documents_go_in_are_found_and_go_out(there: Settings, docs: Path) -> None:
    build(there, docs)
    with Index(there.location, HashingEmbedder()) as index:
        hits = index.search("What did the new bridge cost?", k=3)
        assert "nine million" in hits[0].chunk.text
        assert (hits[0].chunk.title, hits[0].rank) == ("A new bridge", 1)
        assert (
            index.store.get_text(hits[0].chunk.document_id)[hits[0].chunk.start : hits[0].chunk.end]
            == hits[0].chunk.text
        )
        comments = [hit.chunk for hit in index.search("pipeline contract", k=9, where=Filter(voice="comment"))]
        assert comments[0].author == "Zara"
        assert {chunk.voice for chunk in comments} == {"comment"}
        document = hits[0].chunk.document_id
        assert [c.start for c in index.store.list_chunks(document)] == sorted(
            c.start for c in index.store.list_chunks(document)
        )
    assert remove_sources(there.location, [str(docs / "bridge.md")]) == 1
    assert [entry.title for entry in read_entries(there.location)] == ["Minister arrives after summit is called off"]
    with Index(there.location, HashingEmbedder()) as index:
        assert "bridge.md" not in {Path(hit.chunk.source).name for hit in index.search("bridge", k=9)}
    with pytest.raises(DocumentError, match="is not in the index"):
        remove_sources(there.location, ["nothing.txt"])


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES[1:])
def test_the_places_hold_and_find_the_same(
    place: str, request: pytest.FixtureRequest, tmp_path: Path, docs: Path
) -> None:
    (docs / "copy.txt").write_text(ARTICLE.replace("'", "’"), encoding="utf-8")
    (docs / "long.md").write_text("# Long\n\n" + "\n\n".join(f"Entry {n} tells of ünïcode {n}." for n in range(700)))
    (docs / "empty title.txt").write_text("A text without a title: its file's name stands for one.")
    one, other = place_settings("folder", tmp_path, request), place_settings(place, tmp_path, request)
    build(one, docs)
    build(other, docs)
    assert describe(one) == describe(other)
    filters = [
        None, Filter(outlet="TEST times"), Filter(author="a. writer"), Filter(author="zara"), Filter(voice="article"),
        Filter(source="copy"), Filter(date="2012-10-05"), Filter(date="2012"), Filter(voice="comment", date="2012-10"),
    ]  # fmt: skip
    with Index(one.location, HashingEmbedder()) as here, Index(other.location, HashingEmbedder()) as away:
        for where in filters:
            for question in ("minister visit cancelled", "entry 77 ünïcode", "a rival power"):
                near = [{h.chunk.text for h in i.search(question, k=200, where=where)} for i in (here, away)]
                # Of many that are much alike the graph finds the nearest, and not each of the others.
                assert near[0] == near[1] or len(near[0]) > 20
                wanted = here.embedder.embed_query(question)
                ids = [i.store.search_vectors(wanted, 3, where=where) for i in (here, away)]
                rows = [
                    i.store.get_embeddings(found, dim=256)[1] @ wanted
                    for i, found in zip((here, away), ids, strict=True)
                ]
                assert sorted(rows[0]) == pytest.approx(sorted(rows[1]), abs=1e-3)
        for store in (here.store, away.store):
            for where in (Filter(outlet="other"), Filter(source="nowhere"), Filter(date="2013")):
                assert store.search_vectors(here.embedder.embed_query("minister"), 3, where=where) == []
        with pytest.raises(QuestionError, match="passes the filter"):
            away.search("minister", k=3, where=Filter(outlet="other"))


def test_words_are_found_by_their_stems_as_in_a_folder(
    request: pytest.FixtureRequest, tmp_path: Path, docs: Path
) -> None:
    (docs / "many.md").write_text("\n\n".join(f"# Part {n}\n\nThe café number {n} was opened." for n in range(60)))
    one, other = place_settings("folder", tmp_path, request), place_settings("milvus-lite", tmp_path, request)
    build(one, docs)
    build(other, docs)
    with Index(one.location, HashingEmbedder()) as here, Index(other.location, HashingEmbedder()) as away:
        for question in (
            "ministers arriving",
            "cafes",
            "which café had the number 17",
            "on the",
            "officials' suspicions",
        ):
            first, second = (
                {
                    chunk.text: score
                    for (_, score), chunk in zip(found, i.store.get_chunks([n for n, _ in found]), strict=True)
                }
                for i in (here, away)
                for found in [i.store.search_words(question, 99)]
            )
            assert first.keys() == second.keys(), question
            if "17" in question:  # the scores of the others are the same
                assert next(iter(first)) == next(iter(second))


HOSTILE = [
    'o"x',
    "back\\slash",
    "' or 1 == 1 or 'a",
    '" or id > 0 or outlet_folded == "',
    "{a}",
    "%",
    "日本",
    "\n",
    "\\",
]


def test_what_a_filter_says_is_never_read_as_a_filter(there: Settings) -> None:
    documents = [
        Document(f"{n}.txt", text, str(n), (Section(0, len(text), voice="article"),), outlet=name)
        for n, (name, text) in enumerate((name, f"The zebra number {n} is striped.") for n, name in enumerate(HOSTILE))
    ]
    with index_documents(documents, settings=there, embedder=HashingEmbedder(), progress=False) as index:
        for n, name in enumerate(HOSTILE):
            assert {hit.chunk.title for hit in index.search("zebra", k=9, where=Filter(outlet=name))} == {str(n)}
            for none in (Filter(author=name), Filter(outlet=name, date=name), Filter(outlet=name, source=name)):
                with pytest.raises(QuestionError):
                    index.search("zebra", k=9, where=none)


def test_what_is_unchanged_costs_nothing_and_what_is_changed_replaces_what_was(there: Settings, docs: Path) -> None:
    embedder = HashingEmbedder()
    build(there, docs, embedder=embedder)
    done = len(embedder.embedded)
    build(there, docs, embedder=embedder)
    assert len(embedder.embedded) == done
    (docs / "bridge.md").write_text("# A new bridge\n\nThe bridge cost ten million euros.\n")
    (docs / "visit.txt").rename(docs / "moved.txt")
    build(there, docs, embedder=embedder)
    assert len(embedder.embedded) == done + 1
    assert {Path(s).name for e in read_entries(there.location) for s in e.sources} == {"bridge.md", "moved.txt"}
    with Index(there.location, embedder) as index:
        texts = [hit.chunk.text for hit in index.search("bridge cost", k=9)]
    assert not any("nine" in text for text in texts)


def test_files_that_say_the_same_are_stored_once(there: Settings, docs: Path) -> None:
    (docs / "copy.txt").write_text(ARTICLE, encoding="utf-8")
    (docs / "wrapped.txt").write_text(ARTICLE.replace(" visit ", "\nvisit "), encoding="utf-8")
    build(there, docs)
    names = sorted([Path(s).name for s in e.sources] for e in read_entries(there.location))
    assert names == [["bridge.md"], ["copy.txt", "visit.txt", "wrapped.txt"]]
    for gone in ("copy.txt", "wrapped.txt"):
        (docs / gone).unlink()
    build(there, docs)
    names = sorted([Path(s).name for s in e.sources] for e in read_entries(there.location))
    assert names == [["bridge.md"], ["visit.txt"]]


def test_another_embedder_and_a_missing_index_are_told(there: Settings, docs: Path) -> None:
    with pytest.raises(StoreError, match="run `rag index PATHS"):
        open_store(there.location)
    build(there, docs)
    with pytest.raises(StoreError, match="was made with embedder hashing"):
        Index(there.location, HashingEmbedder(name="other"))


def name_file(n: int) -> str:
    return f"{n}.txt"


def write_documents(folder: Path, *, count: int) -> None:
    folder.mkdir(exist_ok=True)
    for n in range(count):
        lines = [f"Paragraph {i} of number {n} tells of the harbour." for i in range(6)]
        (folder / name_file(n)).write_text("\n\n".join(lines))
    (folder / "same.txt").write_bytes((folder / name_file(0)).read_bytes())


class Killed(HashingEmbedder):
    """Kills its process in the middle of a document that is being written, as a lack of memory would."""

    def __init__(self) -> None:
        super().__init__()
        put_source, puts = MilvusStore.put_source, iter(range(10))

        def put_or_die(store: MilvusStore, source: str, *, file_hash: str, document_id: int) -> None:
            if next(puts) == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            put_source(store, source, file_hash=file_hash, document_id=document_id)

        setattr(MilvusStore, "put_source", put_or_die)  # noqa: B010


def index_shard(settings: Settings, folder: Path, shard: tuple[int, int], embedder: type[HashingEmbedder]) -> None:
    build_index([folder], settings=settings, embedder=embedder(), shard=shard)


@pytest.mark.slow
def test_four_processes_one_of_them_killed_make_what_one_makes(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    count = (
        48  # by the hashes of their paths, each process gets more than the three that are written before one is killed
    )
    write_documents(docs, count=count)
    one, four = place_settings("folder", tmp_path, request), place_settings("server", tmp_path, request)
    build(one, docs)
    spawn = multiprocessing.get_context("spawn")  # gRPC does not live through a fork

    def run(shard: int, embedder: type[HashingEmbedder] = HashingEmbedder) -> multiprocessing.process.BaseProcess:
        process = spawn.Process(target=index_shard, args=(four, docs, (shard, 4), embedder))
        process.start()
        return process

    processes = [run(1), run(2, Killed), run(3), run(4)]
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, -signal.SIGKILL, 0, 0]
    half = describe(four)
    assert len(half[1]) < count
    assert half[3] > len(half[0])  # chunks of a document that was not finished: there, and not seen
    again = run(2)
    again.join(120)
    assert again.exitcode == 0
    assert describe(four) == describe(one)
    (docs / name_file(5)).unlink()
    for shard in range(1, 5):
        index_shard(four, docs, (shard, 4), HashingEmbedder)
    build(one, docs)
    assert describe(four) == describe(one)


def test_a_writer_leaves_alone_what_another_is_writing(
    request: pytest.FixtureRequest, tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = place_settings("folder", tmp_path, request), place_settings("milvus-lite", tmp_path, request)
    build(one, docs)
    put_source, meanwhile = MilvusStore.put_source, iter([docs / "bridge.md"])

    def put_late(store: MilvusStore, source: str, *, file_hash: str, document_id: int) -> None:
        for path in meanwhile:
            build(other, path)
        put_source(store, source, file_hash=file_hash, document_id=document_id)

    monkeypatch.setattr(MilvusStore, "put_source", put_late)
    build(other, docs / "visit.txt")
    assert describe(other) == describe(one)


@pytest.mark.slow
def test_a_server_that_is_away_is_told_and_found_again(
    server: Server, request: pytest.FixtureRequest, tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.milvus._TIMEOUT_S", 3.0)
    settings = place_settings("server", tmp_path, request)
    build(settings, docs)
    with Index(settings.location, HashingEmbedder()) as index:
        before = index.search("What did the bridge cost?", k=2)
        server.stop()
        started = time.monotonic()
        with pytest.raises(StoreError, match="check whether the server runs"):
            index.search("What did the bridge cost?", k=2)
        with pytest.raises(StoreError, match="check whether the server runs"):
            build(settings, docs)
        assert time.monotonic() - started < 30
        server.start()

        def answers() -> bool:
            try:
                return index.search("What did the bridge cost?", k=2) == before
            except StoreError:
                return False

        wait_for(answers)


def test_an_index_is_copied_there_and_back_without_embedding(there: Settings, docs: Path, tmp_path: Path) -> None:
    source = Settings.load(index_dir=tmp_path / "here", name="one", chunk_tokens=32)
    (docs / "copy.txt").write_text(ARTICLE, encoding="utf-8")
    build(source, docs)
    back = tmp_path / "back" / "one"
    assert copy_index(source.location, there.location) == copy_index(there.location, back) == 2
    returned = source.model_copy(update={"index_dir": tmp_path / "back"})
    assert describe(source) == describe(there) == describe(returned)
    with Index(source.location, HashingEmbedder()) as one, Index(back, HashingEmbedder()) as other:
        rows = [i.store.get_embeddings(i.store.get_ids().tolist(), dim=256)[1] for i in (one, other)]
        assert np.array_equal(rows[0], rows[1])
    embedder = HashingEmbedder()
    build(there, docs, embedder=embedder)
    assert not embedder.embedded  # the hashes of the files came along
    (docs / "bridge.md").write_text("Another bridge.")
    build(there, docs)
    with pytest.raises(StoreError, match="is not empty"):
        copy_index(source.location, there.location)


def test_the_page_works_on_an_address_and_on_no_other(
    request: pytest.FixtureRequest, tmp_path: Path, docs: Path
) -> None:
    settings = place_settings("milvus-lite", tmp_path, request)
    build(settings, docs)
    llm = AnsweringLLM({"cost": "The bridge cost nine million euros."})
    workspace = Workspace(settings, lambda _: Models(HashingEmbedder(), llm))
    address = settings.index
    assert workspace.list_indexes() == [address]
    answer = get_answer(workspace.ask("What did the new bridge cost?", index=address, options=Options(4, 0.3, 64)))
    assert answer.citations[0].quote == "The bridge cost nine million euros."
    assert workspace.find_stale(address, answer) == {}
    (tmp_path / "zebra.txt").write_text("The zebra escaped on Monday.")
    assert workspace.add_files(address, [tmp_path / "zebra.txt"]).indexed == 1
    (source,) = [s for e in workspace.list_documents(address) for s in e.sources if s.endswith("zebra.txt")]
    assert Path(source).is_file()
    workspace.remove(address, source)
    workspace.remove(address, str(docs / "bridge.md"))
    assert not Path(source).exists()
    assert workspace.find_stale(address, answer) == {1: "This source is no longer in the index."}
    with pytest.raises(SettingsError, match="is not what this page was started with"):
        workspace.find("zebra", index="milvus:http://10.0.0.1:19530/other", options=Options(4, 0.3, 64))
    workspace.close()


def test_a_password_in_an_address_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="MILVUS_TOKEN") as refused:
        open_store("milvus:http://me:secret@127.0.0.1:1/name")
    assert "secret" not in str(refused.value)
    monkeypatch.setenv("MILVUS_TOKEN", "me:secret")
    monkeypatch.setattr("rag.index.milvus._TIMEOUT_S", 1.0)
    with pytest.raises(StoreError, match="check whether the server runs") as refused:
        open_store("milvus:http://127.0.0.1:1/name")
    assert "secret" not in str(refused.value)


def test_a_search_asks_once_whether_the_documents_have_another_language(
    request: pytest.FixtureRequest, tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = place_settings("milvus-lite", tmp_path, request)
    build(settings, docs)
    asked: list[str] = []
    query = MilvusStore._query

    def query_and_note(store: MilvusStore, collection: str, condition: str, *fields: str, **given: Any) -> Any:
        asked.append(condition)
        return query(store, collection, condition, *fields, **given)

    monkeypatch.setattr(MilvusStore, "_query", query_and_note)
    with Index(settings.location, HashingEmbedder()) as index:
        index.store.search_words("bridge", 1)
        asked.clear()
        index.store.search_words("bridge", 1)
        assert len(asked) == 1
        text = "Die Kündigungen sind schriftlich an den Vermieter zu richten, und die Fristen sind lang."
        (docs / "frist.txt").write_text(text, encoding="utf-8")
        build(settings, docs)  # by another writer
        ((chunk_id, _),) = index.store.search_words("Kuendigung", 5)
        assert index.store.get_chunks([chunk_id])[0].text == text
