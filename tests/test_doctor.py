"""What `rag doctor` finds, and that each finding says what to do."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from rag import Index, Settings, build_index
from rag.cli import main
from rag.doctor import check_model, check_offline, check_sources, check_store, check_vectors, measure_speed
from rag.index.local import LocalStore
from rag.index.vectors import FaissVectors
from tests.fakes import HashingEmbedder, ScriptedLLM, local


def test_a_sound_index_is_in_order(index: Index, settings: Settings) -> None:
    local(index).refresh()
    findings = [check_store(index.store), check_sources(index, settings), check_vectors(local(index))]
    assert [finding.ok for finding in findings] == [True, True, True]
    assert "2 documents, 4 chunks, made by hashing" in findings[0].text
    assert findings[2].text == "FAISS holds the store's 4 vectors; 4 of 4 looked for are found"


def test_changed_and_deleted_files_are_named(index: Index, settings: Settings, docs: Path) -> None:
    (docs / "bridge.md").write_text("It fell down.")
    (docs / "visit.txt").unlink()
    finding = check_sources(index, settings)
    assert not finding.ok
    assert finding.text.startswith("1 changed and 1 gone")
    assert "rag index" in finding.remedy


def test_vectors_that_are_not_the_stores_are_found(index: Index, embedder: HashingEmbedder) -> None:
    store = local(index).refresh()
    ids = index.store.get_ids()
    store.remove(ids)
    store.add(ids, embedder.embed_documents(["wrong"] * len(ids)))
    store.save(local(index).folder / "vectors.faiss")
    finding = check_vectors(local(Index(local(index).folder, embedder)))
    assert not finding.ok
    assert "delete" in finding.remedy


def test_vectors_that_lag_behind_are_brought_in_step(index: Index, embedder: HashingEmbedder) -> None:
    store = local(index).refresh()
    store.remove(index.store.get_ids()[:2])
    store.save(local(index).folder / "vectors.faiss")
    finding = check_vectors(local(Index(local(index).folder, embedder)))
    assert finding.ok
    assert "(2 were missing and 0 left over: updated)" in finding.text
    saved = FaissVectors.load(local(index).folder / "vectors.faiss")
    assert saved is not None
    assert len(saved) == 4


def test_a_damaged_store_and_lost_words_are_found(index: Index) -> None:
    with closing(sqlite3.connect(local(index).folder / "catalog.sqlite")) as database:
        database.execute("DELETE FROM words WHERE rowid = 1")
        database.commit()
    with closing(LocalStore(local(index).folder)) as store:
        assert not check_store(store).ok


def test_a_missing_and_a_changed_model_are_found(settings: Settings, tmp_path: Path) -> None:
    own = settings.model_copy(update={"home": tmp_path})
    assert "rag models pull" in check_model("smollm2-135m", "llm", own).text
    assert check_model("unknown", "llm", own).text.startswith("unknown model")


def test_the_speed_becomes_a_time(settings: Settings) -> None:
    finding = measure_speed(ScriptedLLM("one two three four"), settings)
    assert finding.ok
    assert "tokens/s: an answer takes about" in finding.text


def test_it_claims_to_be_offline_as_far_as_it_can_see(settings: Settings) -> None:
    finding = check_offline(settings)
    assert finding.ok
    assert finding.text.startswith("no setting names another machine, and onnxruntime's telemetry is off")
    finding = check_offline(settings.model_copy(update={"embedder": "hf:owner/repo"}))
    assert (finding.ok, finding.text) == (False, "opening asks the model hub for: embedder")


def test_without_an_index_it_says_what_to_run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_HOME", str(settings.index_dir))
    result = CliRunner().invoke(main, ["doctor", "--name", "none"])
    assert result.exit_code == 1
    assert "WRONG  index: no index at index/none: run `rag index PATHS --name none`" in result.output


@pytest.mark.model
def test_everything_is_checked_with_real_models(docs: Path, tmp_path: Path) -> None:
    settings = Settings.load(index_dir=tmp_path / "index", name="t", llm="smollm2-135m")
    build_index([docs], settings=settings)
    arguments = ["doctor", "--name", "t", "--index-dir", str(tmp_path / "index"), "--llm", "smollm2-135m"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    subjects = [line.split(":")[0].split()[-1] for line in result.output.splitlines()]
    assert subjects == ["embedder", "llm", "store", "files", "vectors", "speed", "offline"]
