"""The handle of one index: documents go in and out, and are searched and asked."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import rag
from rag import Document, DocumentError, Filter, QuestionError, Retrieved, Section, Settings, StoreError
from rag.collection import Collection
from rag.doctor import check_sources
from rag.index.index import Index
from rag.index.local import LocalStore
from rag.index.store import get_today
from rag.web.workspace import Models, Workspace
from tests.fakes import AnsweringLLM, HashingEmbedder, ScriptedLLM

ROOT = Path(__file__).parents[1]
RENT = "The rent is due on the first day of each month. It is 900 euros."
HOUSE = "The house in Elm Street was built in 1911. Its roof was mended last spring."


def open_notes(folder: Path, *, llm: ScriptedLLM | None = None, create: bool = True) -> Collection:
    return rag.open(folder / "notes", create=create, embedder=HashingEmbedder(), llm=llm or ScriptedLLM())


def test_texts_go_in_are_found_changed_and_go_out(tmp_path: Path) -> None:
    with open_notes(tmp_path) as notes:
        report = notes.add_text(RENT, id="memo-1", title="Lease", metadata={"team": "ops"})
        assert (report.indexed, report.unchanged) == (1, 0)
        assert notes.add_text(RENT, id="memo-1", title="Lease", metadata={"team": "ops"}).unchanged == 1
        notes.add_text(HOUSE, id="memo-2")
        (entry, other) = notes.documents()
        assert (entry.title, entry.sources, entry.metadata) == ("Lease", ("memo-1",), {"team": "ops"})
        assert other.metadata == {}
        hit = notes.search("When is the rent due?")[0]
        assert (hit.chunk.source, hit.chunk.metadata) == ("memo-1", {"team": "ops"})
        notes.add_text(RENT.replace("900", "950"), id="memo-1", title="Lease")
        assert "950" in notes.search("How much is the rent?")[0].chunk.text
        assert notes.remove("memo-1") == 1
        assert [entry.sources for entry in notes.documents()] == [("memo-2",)]
        with pytest.raises(DocumentError, match="memo-1 is not in the index"):
            notes.remove("memo-1")


def test_metadata_filters_what_is_searched_and_asked(tmp_path: Path) -> None:
    with open_notes(tmp_path, llm=AnsweringLLM({"rent": "The rent is due on the first day of each month."})) as notes:
        notes.add_text(RENT, id="memo-1", metadata={"team": "Ops", "year": "2026"})
        notes.add_text(RENT.replace("first", "last"), id="memo-2", metadata={"team": "sales"})
        notes.add_text(HOUSE, id="memo-3", author="Ada", metadata={"team": "ops"})

        def find(**where: str) -> set[str]:
            return {hit.chunk.source for hit in notes.search("When is the rent due?", where=where)}

        assert find(team="ops") == {"memo-1", "memo-3"}
        assert find(team="OPS", year="2026") == {"memo-1"}
        assert find(team="ops", author="ada") == {"memo-3"}
        hits = notes.search("rent", where=Filter(metadata={"team": "sales"}))
        assert [hit.chunk.source for hit in hits] == ["memo-2"]
        answer = notes.ask("When is the rent due?", where={"team": "ops", "year": "2026"})
        assert [citation.metadata for citation in answer.citations] == [{"team": "Ops", "year": "2026"}]
        for nothing in ({"team": "law"}, {"owner": "ops"}, {"team": "ops' OR 1=1 --"}):
            with pytest.raises(QuestionError, match="passes the filter"):
                notes.search("rent", where=nothing)
        with pytest.raises(QuestionError, match="a voice is article or comment"):
            notes.search("rent", where={"voice": "shout"})


@pytest.mark.parametrize("metadata", [{"source": "x"}, {"a b": "x"}, {"": "x"}, {"a": "x" * 1001}, {"a": 3}])
def test_metadata_that_cannot_be_stored_is_refused(tmp_path: Path, metadata: dict[str, str]) -> None:
    with open_notes(tmp_path) as notes:
        with pytest.raises(DocumentError, match="metadata"):
            notes.add_text(RENT, id="memo-1", metadata=metadata)
        assert notes.documents() == []


@pytest.mark.parametrize(("id_", "text"), [("", RENT), ("/etc/hosts", RENT), ("x" * 501, RENT), ("memo", " \n")])
def test_texts_without_a_name_or_words_are_refused(tmp_path: Path, id_: str, text: str) -> None:
    with open_notes(tmp_path) as notes, pytest.raises(DocumentError):
        notes.add_text(text, id=id_)


def test_files_keep_their_metadata_until_others_are_given(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "rent.txt").write_text(RENT)
    with open_notes(tmp_path) as notes:
        notes.add_text(HOUSE, id="memo-1")
        notes.add(docs, metadata={"team": "ops"})
        assert notes.add(docs).unchanged == 1
        (docs / "rent.txt").write_text(RENT.replace("900", "950"))
        (docs / "house.txt").write_text(HOUSE)
        assert notes.add(docs).indexed == 2
        kept = {Path(source).name: entry.metadata for entry in notes.documents() for source in entry.sources}
        assert kept == {"rent.txt": {"team": "ops"}, "house.txt": {}, "memo-1": {}}
        assert notes.add(docs, metadata={"team": "law"}).indexed == 2
        assert notes.add(docs, metadata={"team": "law"}).unchanged == 2
        assert {entry.metadata.get("team") for entry in notes.documents()} == {"law", None}


def test_the_same_words_with_other_metadata_are_another_document(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text(RENT)
    with open_notes(tmp_path) as notes:
        notes.add(tmp_path / "one.txt", metadata={"team": "ops"})
        notes.add(tmp_path / "two.txt", metadata={"team": "law"})
        assert len(notes.documents()) == 2
        assert [Path(hit.chunk.source).name for hit in notes.search("rent", where={"team": "law"})] == ["two.txt"]


def test_events_answers_and_conversations_come_from_the_same_assistant(tmp_path: Path) -> None:
    seen: list[object] = []
    llm = AnsweringLLM({"rent": "The rent is due on the first day of each month."})
    with rag.open(tmp_path / "notes", create=True, embedder=HashingEmbedder(), llm=llm, on_event=seen.append) as notes:
        notes.add_text(RENT, id="memo-1")
        events = list(notes.stream("When is the rent due?"))
        assert isinstance(events[0], Retrieved)
        assert seen == events
        answer = asyncio.run(notes.aask("When is the rent due?"))
        assert answer.citations[0].quote == "The rent is due on the first day of each month."
        assert notes.chat().ask("When is the rent due?").answer == answer.answer
    assert not llm.is_closed  # it was given, so it is not the handle's to close


def test_the_handle_closes_the_llm_that_it_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    llm = ScriptedLLM("The rent is due on the first day of each month.")
    monkeypatch.setattr("rag.collection.open_llm", lambda settings: llm)
    with rag.open(tmp_path / "notes", create=True, embedder=HashingEmbedder()) as notes:
        notes.add_text(RENT, id="memo-1")
        notes.ask("When is the rent due?")
    assert llm.is_closed


def test_an_assistant_closes_what_it_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    llm, embedder = ScriptedLLM(), HashingEmbedder()
    monkeypatch.setattr("rag.assistant.open_llm", lambda settings: llm)
    monkeypatch.setattr("rag.index.index.open_embedder", lambda settings: embedder)
    open_notes(tmp_path).close()
    with rag.Assistant.open(tmp_path / "notes") as assistant:
        assert assistant.llm is llm
    assert llm.is_closed
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        assistant.index.store.count_chunks()


def test_a_store_that_is_given_is_used(tmp_path: Path) -> None:
    embedder = HashingEmbedder()
    store = LocalStore(tmp_path / "mine", embedder=embedder.name, dim=embedder.dim, create=True)
    with rag.open(store, embedder=embedder, llm=ScriptedLLM()) as notes:
        notes.add_text(RENT, id="memo-1")
        assert notes.search("rent")[0].chunk.source == "memo-1"
    with Index(tmp_path / "mine", embedder) as index:
        assert index.store.count_chunks() == 1


def test_an_index_that_is_not_there_is_an_error_unless_it_is_to_be_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no index at"):
        open_notes(tmp_path, create=False)


def test_a_closed_handle_says_so(tmp_path: Path) -> None:
    notes = open_notes(tmp_path)
    notes.add_text(RENT, id="memo-1")
    notes.close()
    notes.close()
    uses: list[Callable[[], object]] = [
        lambda: notes.search("rent"),
        lambda: notes.ask("When is the rent due?"),
        lambda: notes.add_text(HOUSE, id="memo-2"),
        lambda: notes.remove("memo-1"),
        notes.documents,
        notes.chat,
    ]
    for use in uses:
        with pytest.raises(StoreError, match="the handle of notes is closed: open it again"):
            use()


def test_wrong_arguments_get_one_clear_line(tmp_path: Path) -> None:
    with open_notes(tmp_path) as notes:
        notes.add_text(RENT, id="memo-1")
        for k in (0, -1, "3"):
            with pytest.raises(QuestionError, match="k must be a whole number of at least 1"):
                notes.search("rent", k=k)  # type: ignore[arg-type]
        with pytest.raises(QuestionError, match="the question is empty"):
            notes.search(" ")
        for where in ("ops", {"year": 2026}, {"team": ""}):
            with pytest.raises(QuestionError, match="filter"):
                notes.search("rent", where=where)  # type: ignore[arg-type]
        with pytest.raises(DocumentError, match="no path is given"):
            notes.add()
        with pytest.raises(DocumentError, match="must be strings"):
            notes.add_text(None, id="memo-2")  # type: ignore[arg-type]


def test_the_prompts_can_be_others(tmp_path: Path) -> None:
    with pytest.raises(rag.PromptError, match="no prompts in"):
        rag.open(tmp_path / "notes", create=True, embedder=HashingEmbedder(), llm=ScriptedLLM(), prompts=tmp_path).ask(
            "Who?"
        )


def test_an_index_of_the_version_before_is_brought_up_to_date_when_it_is_written_to(tmp_path: Path) -> None:
    with open_notes(tmp_path) as notes:
        notes.add_text(RENT, id="memo-1")
    with sqlite3.connect(tmp_path / "notes" / "catalog.sqlite") as db:
        db.execute("ALTER TABLE documents DROP COLUMN metadata")
        db.execute("ALTER TABLE documents DROP COLUMN indexed")
        take_back_stems(db)
        db.execute("ALTER TABLE chunks DROP COLUMN ocr")
        db.execute("UPDATE meta SET schema_version = 4")
    db.close()
    with pytest.raises(StoreError, match="run `rag index PATHS --name notes` once"):
        open_notes(tmp_path, create=False)
    with open_notes(tmp_path) as notes:
        assert notes.search("rent")[0].chunk.metadata == {}
        notes.add_text(HOUSE, id="memo-2", metadata={"team": "ops"})
        assert [entry.metadata for entry in notes.documents()] == [{}, {"team": "ops"}]
        assert [entry.indexed for entry in notes.documents()] == [None, get_today()]


def test_an_index_made_without_ocr_is_brought_up_to_date_when_it_is_written_to(tmp_path: Path) -> None:
    with open_notes(tmp_path) as notes:
        notes.add_text(RENT, id="memo-1")
    with sqlite3.connect(tmp_path / "notes" / "catalog.sqlite") as db:
        take_back_stems(db)
        db.execute("ALTER TABLE chunks DROP COLUMN ocr")
        db.execute("UPDATE meta SET schema_version = 5")
    db.close()
    with pytest.raises(StoreError, match="run `rag index PATHS --name notes` once"):
        open_notes(tmp_path, create=False)
    with open_notes(tmp_path) as notes:
        assert notes.search("rent")[0].chunk.ocr is None


def take_back_stems(db: sqlite3.Connection) -> None:
    """Give a store the word index that it had in version 6, with English stems of SQLite."""
    db.executescript(
        """
        DROP TRIGGER chunk_removed; DROP TABLE words; DROP INDEX documents_by_language;
        ALTER TABLE documents DROP COLUMN language;
        ALTER TABLE chunks ADD COLUMN about TEXT NOT NULL DEFAULT '';
        CREATE VIRTUAL TABLE words USING fts5 (
            text, about, content = 'chunks', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
        );
        INSERT INTO words (words) VALUES ('rebuild');
        CREATE TRIGGER chunk_added AFTER INSERT ON chunks BEGIN
            INSERT INTO words (rowid, text, about) VALUES (new.id, new.text, new.about);
        END;
        CREATE TRIGGER chunk_removed AFTER DELETE ON chunks BEGIN
            INSERT INTO words (words, rowid, text, about) VALUES ('delete', old.id, old.text, old.about);
        END;
        """
    )


def test_the_words_of_an_index_of_english_stems_are_stemmed_again(tmp_path: Path) -> None:
    text = "Die Kündigungen sind schriftlich an den Vermieter zu richten, und die Fristen sind lang."
    with open_notes(tmp_path) as notes:
        notes.add_text(text, id="memo-1")
    with sqlite3.connect(tmp_path / "notes" / "catalog.sqlite") as db:
        take_back_stems(db)
        db.execute("UPDATE meta SET schema_version = 6")
    db.close()
    with open_notes(tmp_path) as notes:
        store = notes.index.store
        assert len(store.search_words("Kuendigung", 5)) == 1
        assert notes.remove("memo-1") == 1
        assert store.search_words("Kuendigung", 5) == []


def test_damaged_metadata_is_an_error_in_one_line(tmp_path: Path) -> None:
    with open_notes(tmp_path) as notes:
        notes.add_text(RENT, id="memo-1")
    with sqlite3.connect(tmp_path / "notes" / "catalog.sqlite") as db:
        db.execute("UPDATE documents SET metadata = '[1]'")
    db.close()
    with open_notes(tmp_path) as notes, pytest.raises(StoreError, match="index again"):
        notes.search("rent")


def test_the_doctor_does_not_look_for_the_files_of_texts(tmp_path: Path) -> None:
    with open_notes(tmp_path) as notes:
        notes.add_text(RENT, id="memo-1")
    with Index(tmp_path / "notes", HashingEmbedder()) as index:
        assert check_sources(index, Settings.load()).ok


def test_documents_of_ones_own_go_in(tmp_path: Path) -> None:
    document = Document("cms/7", RENT, "Lease", (Section(0, len(RENT), voice="article"),), metadata={"team": "ops"})
    with open_notes(tmp_path) as notes:
        assert notes.add_documents([document]).indexed == 1
        assert notes.add_documents([document]).unchanged == 1
        assert notes.documents()[0].sources == ("cms/7",)


def test_the_page_keeps_texts_when_it_reads_changed_files_again(tmp_path: Path) -> None:
    (tmp_path / "lease.txt").write_text(RENT)
    with open_notes(tmp_path) as notes:
        notes.add_text(HOUSE, id="memo-1")
        notes.add(tmp_path / "lease.txt")
    settings = Settings.load(index_dir=tmp_path, name="notes")
    workspace = Workspace(settings, lambda _: Models(HashingEmbedder(), ScriptedLLM()))
    report = workspace.update("notes")
    workspace.close()
    assert (report.removed, report.skipped) == (0, [])
    with open_notes(tmp_path) as notes:
        assert len(notes.documents()) == 2


WRITER = """
import sys
import rag
from tests.fakes import HashingEmbedder, ScriptedLLM

folder, name, count = sys.argv[1:]
with rag.open(folder, create=True, embedder=HashingEmbedder(), llm=ScriptedLLM()) as notes:
    for number in range(int(count)):
        notes.add_text(f"{name} wrote the text of number {number}.", id=f"{name}-{number}")
"""


def start_writer(folder: Path, name: str, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, str(folder), name, str(count)]
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_an_open_handle_and_other_processes_write_in_turn(tmp_path: Path) -> None:
    with open_notes(tmp_path) as notes:
        for turn in range(3):
            notes.add_text(f"This process wrote in turn {turn}.", id=f"here-{turn}")
            writer = start_writer(tmp_path / "notes", f"there{turn}", 2)
            _, errors = writer.communicate(timeout=60)
            assert (writer.returncode, errors) == (0, "")
        assert len(notes.documents()) == 9
    with open_notes(tmp_path, create=False) as notes:
        assert len(notes.documents()) == 9


@pytest.mark.slow
def test_several_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    writers = [start_writer(tmp_path / "notes", name, 8) for name in ("one", "two", "three")]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors
    with open_notes(tmp_path, create=False) as notes:
        assert len(notes.documents()) == 24
