"""What the page keeps and deletes, uploads, conversations and exports, whatever a browser sends."""

import dataclasses
import json
import os
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("gradio")

import gradio as gr
import orjson
from markdown_it import MarkdownIt

from rag import (
    Answer,
    Assistant,
    Document,
    DocumentError,
    Index,
    RagError,
    Section,
    Settings,
    StoreError,
    build_index,
)
from rag.errors import SettingsError
from rag.evaluation.dataset import Question, add_question
from rag.index import read_entries
from rag.index.build import index_documents
from rag.provenance import save_answer
from rag.retrieve import retrieve
from rag.web.chat import Chat
from rag.web.history import History, Turn
from rag.web.launch import format_conversation
from rag.web.library import Library
from rag.web.suggestions import Suggestions
from rag.web.workspace import Models, Options, Workspace
from tests.fakes import AnsweringLLM, HashingEmbedder
from tests.test_build import kill_while
from tests.test_storage import flip, get_mode, list_modes, umask, within

COST = {"cost": "The bridge cost nine million euros."}
OPTIONS = Options(4, 0.3, 256)
HALF = "\ud800"


@pytest.fixture
def workspace(index: Index, settings: Settings) -> Iterator[Workspace]:
    workspace = Workspace(settings, lambda _: Models(HashingEmbedder(), AnsweringLLM(COST)))
    yield workspace
    workspace.close()


@pytest.fixture
def answer(index: Index, settings: Settings) -> Answer:
    return Assistant(index, AnsweringLLM(COST), settings).ask("What did the bridge cost?")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def list_names(workspace: Workspace, index: str = "test") -> list[str]:
    return sorted(Path(source).name for entry in workspace.list_documents(index) for source in entry.sources)


# ---- Removing.


def test_only_what_the_store_holds_is_removed_and_only_uploads_are_deleted(
    workspace: Workspace, tmp_path: Path
) -> None:
    precious = write(tmp_path / "precious.txt", "It is nobody's business.")
    workspace.add_files("test", [write(tmp_path / "given" / "zebra.txt", "The zebra escaped.")])
    uploads = workspace.get_folder("test") / "documents"
    link = uploads / "link.txt"
    link.symlink_to(precious)
    before = list_names(workspace)
    sources = [
        "/",
        "",
        str(tmp_path),
        str(uploads),
        str(uploads.resolve()),
        str(precious),
        f"{uploads.resolve()}/../../../precious.txt",
        f"{uploads.resolve()}/zebra.txt/../../../../precious.txt",
        str(link),
        f"{uploads.resolve()}/../documents/zebra.txt",
        f"/{uploads.resolve()}/zebra.txt",
    ]
    for source in sources:
        with pytest.raises(DocumentError, match="is not in the index test"):
            workspace.remove("test", source)
    assert list_names(workspace) == before
    assert precious.exists()
    assert (uploads / "zebra.txt").exists()
    workspace.remove("test", str((uploads / "zebra.txt").resolve()))
    assert not (uploads / "zebra.txt").exists()
    assert list_names(workspace) == ["bridge.md", "visit.txt"]


def test_what_a_store_names_outside_of_the_uploads_is_never_deleted(workspace: Workspace, tmp_path: Path) -> None:
    precious = write(tmp_path / "precious.txt", "It is nobody's business.")
    settings = workspace.settle("made")
    uploads = workspace.get_folder("made") / "documents"
    uploads.mkdir(parents=True)
    link = uploads / "link.txt"
    link.symlink_to(precious)
    (uploads / "folder").symlink_to(tmp_path)
    sources = [f"{uploads.resolve()}/../../../precious.txt", str(link), str(uploads / "folder" / "precious.txt")]
    text = "The zebra escaped."
    documents = [Document(source, text, source, (Section(0, len(text), voice="article"),)) for source in sources]
    with index_documents(documents, settings=settings, embedder=HashingEmbedder(), progress=False):
        pass
    for source in sources:
        workspace.remove("made", source)
    assert workspace.list_documents("made") == []
    assert precious.read_text() == "It is nobody's business."
    assert link.is_symlink()


@pytest.mark.parametrize("data", [None, {}, [], "source", {"source": None}, {"source": ["/"]}, {"source": {"a": 1}}])
def test_a_forged_event_removes_nothing(data: object, workspace: Workspace) -> None:
    event = gr.EventData(None, data)
    Library(workspace).remove("test", "", event)
    assert list_names(workspace) == ["bridge.md", "visit.txt"]


@pytest.mark.parametrize("name", [None, "", "..", "../x", "/etc", "a/b", "\ud800", ["test"], {"a": 1}, 7])
def test_no_value_of_a_browser_leads_out_of_the_folder_of_indexes(name: Any, workspace: Workspace) -> None:
    acts: Sequence[Callable[[str], object]] = (
        workspace.get_folder,
        workspace.list_documents,
        workspace.locate,
        workspace.open_index,
        workspace.update,
    )
    for act in acts:
        with pytest.raises(SettingsError):
            act(name)


# ---- Uploads.


def test_a_file_never_takes_the_place_of_another_of_its_name(workspace: Workspace, tmp_path: Path) -> None:
    first = write(tmp_path / "one" / "a.txt", "The zebra escaped.")
    second = write(tmp_path / "two" / "a.txt", "The lion slept.")
    assert workspace.add_files("test", [first]).renamed == []
    report = workspace.add_files("test", [second])
    assert report.renamed == ["a.txt is kept as a-1.txt: another file has its name"]
    assert list_names(workspace) == ["a-1.txt", "a.txt", "bridge.md", "visit.txt"]
    same = workspace.add_files("test", [first, second])
    assert (same.indexed, same.unchanged) == (0, 2)
    uploads = workspace.get_folder("test") / "documents"
    assert {path.name: path.read_text() for path in uploads.iterdir()} == {
        "a.txt": "The zebra escaped.",
        "a-1.txt": "The lion slept.",
    }
    *_, (progress, _, _) = Library(workspace).add([str(write(tmp_path / "three" / "a.txt", "A crow sang."))], "test")
    assert "a.txt is kept as a-2.txt: another file has its name" in progress


def test_a_file_that_cannot_be_kept_is_named_and_costs_the_others_nothing(workspace: Workspace, tmp_path: Path) -> None:
    good = write(tmp_path / "good.txt", "The zebra escaped.")
    os.mkfifo(tmp_path / "pipe.txt")
    link = tmp_path / "link.txt"
    link.symlink_to(good)
    seen: list[str] = []
    with within(30):
        report = workspace.add_files(
            "test", [tmp_path / "pipe.txt", link, tmp_path, good], on_file=lambda file, reason: seen.append(file.name)
        )
    assert (report.indexed, len(report.skipped)) == (1, 3)
    assert sorted(seen) == sorted(["pipe.txt", "link.txt", tmp_path.name, "good.txt"])
    assert "pipe.txt" in report.skipped[0]


def test_a_link_among_the_uploads_is_not_written_through(workspace: Workspace, tmp_path: Path) -> None:
    precious = write(tmp_path / "precious.txt", "It is nobody's business.")
    uploads = workspace.get_folder("test") / "documents"
    uploads.mkdir(parents=True)
    (uploads / "a.txt").symlink_to(precious)
    workspace.add_files("test", [write(tmp_path / "given" / "a.txt", "The zebra escaped.")])
    assert precious.read_text() == "It is nobody's business."
    assert "a-1.txt" in list_names(workspace)


def test_what_cannot_be_read_stays_when_the_index_is_brought_up_to_date(
    workspace: Workspace, tmp_path: Path, docs: Path
) -> None:
    (docs / "visit.txt").unlink()
    disk = tmp_path / "disk"
    write(disk / "sub" / "zebra.txt", "The zebra escaped.")
    build_index([disk], settings=workspace.settings, embedder=HashingEmbedder())
    shutil.rmtree(disk / "sub")
    seen: list[str | None] = []
    report = workspace.update("test", on_file=lambda file, reason: seen.append(reason))
    assert (report.removed, report.unchanged) == (1, 1)
    assert "zebra.txt: its folder cannot be read; it stays as it was indexed" in report.skipped[0]
    assert report.skipped[0] in seen
    assert list_names(workspace) == ["bridge.md", "zebra.txt"]
    shutil.rmtree(docs)
    docs.mkdir()  # as the place of a disk that was taken out is
    assert workspace.update("test").removed == 0


def test_an_index_that_is_made_anew_answers_on_the_page(workspace: Workspace, docs: Path, settings: Settings) -> None:
    assert "nine million" in workspace.find("What did the bridge cost?", index="test", options=OPTIONS)[0].chunk.text
    shutil.rmtree(workspace.get_folder("test"))
    with pytest.raises(StoreError, match="index test has no documents yet"):
        workspace.find("What did the bridge cost?", index="test", options=OPTIONS)
    (docs / "bridge.md").write_text("# A new bridge\n\nThe bridge cost ten million euros.\n")
    build_index([docs], settings=settings, embedder=HashingEmbedder())
    assert "ten million" in workspace.find("What did the bridge cost?", index="test", options=OPTIONS)[0].chunk.text


# ---- Who may read, and damage.


def test_uploads_conversations_and_tests_are_their_owners_alone(answer: Answer, tmp_path: Path, docs: Path) -> None:
    with umask(0):
        settings = Settings.load(index_dir=tmp_path / "new", name="test", chunk_tokens=32)
        workspace = Workspace(settings, lambda _: Models(HashingEmbedder(), None))
        workspace.history.add("", Turn(answer, "test", 1.0), owner="")
        workspace.add_files("test", [docs / "bridge.md"])
        add_question(workspace.get_folder("test"), Question("page-1", "What?", False))
        assert len(list(settings.index_dir.glob("conversations*"))) == 3
        assert list_modes(settings.index_dir) == {0o600}
        assert {get_mode(path) for path in (settings.index_dir, *settings.index_dir.rglob("*")) if path.is_dir()} == {
            0o700
        }
        workspace.close()


def test_conversations_of_an_earlier_version_are_closed_to_others(tmp_path: Path, answer: Answer) -> None:
    History(tmp_path).close()
    (tmp_path / "conversations.sqlite").chmod(0o644)
    History(tmp_path).close()
    assert get_mode(tmp_path / "conversations.sqlite") == 0o600


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path.with_name("other"))])
def test_conversations_that_are_no_file_neither_hang_nor_lead_out(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "conversations.sqlite")
    with within(20), pytest.raises(StoreError, match=r"conversations.sqlite is not a plain file: move it away"):
        History(tmp_path)
    assert not (tmp_path / "other").exists()


def test_damaged_conversations_are_said_in_one_line_without_their_words(answer: Answer, tmp_path: Path) -> None:
    history = History(tmp_path)
    secret = dataclasses.replace(answer, question="Secretword ünï " * 400)
    ids = [history.add("", Turn(secret, "test", float(n)), owner="") for n in range(20)]
    history.close()
    file = tmp_path / "conversations.sqlite"
    data = file.read_bytes()
    chance, messages = random.Random(3), []  # noqa: S311
    for _ in range(60):
        for left in tmp_path.glob("conversations*"):
            left.unlink()
        file.write_bytes(flip(data, chance))
        try:
            with closing(History(tmp_path)) as damaged:
                for conversation in ids:
                    damaged.read(conversation, owner="")
                damaged.list_conversations(owner="", words="secretword")
                damaged.add("", Turn(secret, "test", 1.0), owner="")
        except RagError as exc:
            messages.append(str(exc))
    assert messages
    assert not any("ecretword" in message or "\n" in message for message in messages)


def test_a_damaged_answer_is_said_without_its_words(answer: Answer, tmp_path: Path) -> None:
    history = History(tmp_path)
    conversation = history.add("", Turn(answer, "test", 1.0), owner="")
    with closing(sqlite3.connect(tmp_path / "conversations.sqlite")) as db:
        db.execute("UPDATE turns SET record = replace(record, '\"article\"', '\"nobody\"')")
        db.commit()
    with pytest.raises(StoreError, match=r"cannot keep conversations in .*: the file is damaged; move it away"):
        history.read(conversation, owner="")
    history.close()


def test_suggestions_that_are_no_file_do_not_hang(workspace: Workspace) -> None:
    assert workspace.models.llm
    os.mkfifo(workspace.get_folder("test") / "suggestions.json")
    with within(20):
        Suggestions(workspace).get("test")


# ---- Exports.

EVIL = [
    "What of ![x](http://example.org/x.png) and <img src=x onerror=alert(1)>?",
    "<script>alert(1)</script>",
    "[here](javascript:alert(1)) and <http://example.org> and http://example.org and www.example.org",
    "a\n\n# b\n\n- c\n\n![x](http://example.org)\n\n<b>d</b>",
    "`x` *y* __z__ ~~w~~ &lt;b&gt; \\<i> #",
    "| a | b |\n|---|---|\n| <u>c</u> | d |",
    "\r<b>\u2028<i>\x85<u>\x0b<s>",
]


def list_live(markdown: str) -> set[str]:
    """Return what a text becomes as Markdown, beside headings, plain lines and blocks of code."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown)
    kinds = {token.type for block in tokens for token in (block, *(block.children or []))}
    plain = {"heading", "paragraph", "bullet_list", "list_item"}
    plain_tokens = {f"{kind}_{end}" for kind in plain for end in ("open", "close")}
    return kinds - plain_tokens - {"inline", "text", "text_special", "code_block", "softbreak"}


@pytest.mark.parametrize("question", EVIL)
def test_no_markup_of_a_question_is_live_in_an_export(
    question: str, answer: Answer, index: Index, settings: Settings, tmp_path: Path
) -> None:
    evil = dataclasses.replace(
        answer, question=question, citations=(dataclasses.replace(answer.citations[0], title=question, quote=question),)
    )
    text = format_conversation([Turn(evil, "test", 0.0)] * 2)
    assert list_live(text) == set()
    assert len([line for line in text.splitlines() if line.startswith("#")]) == 2
    save_answer(evil, tmp_path / "answer.md", assistant=Assistant(index, None, settings))
    saved = (tmp_path / "answer.md").read_text(encoding="utf-8")
    assert list_live(saved) == set()
    assert [line for line in saved.splitlines() if line.startswith("#")][1:] == ["## Made with"]


# ---- Half a character.


def test_half_a_character_in_a_question_is_replaced_at_every_door(
    workspace: Workspace, index: Index, settings: Settings, tmp_path: Path
) -> None:
    question = f"What did the bridge {HALF} cost?"
    answer = Assistant(index, AnsweringLLM(COST), settings).ask(question)
    assert answer.question == "What did the bridge \ufffd cost?"
    assert retrieve(index, question, passages=1)
    assert workspace.find(question, index="test", options=OPTIONS)
    workspace.read_ahead(question, index="test", options=OPTIONS)
    request: Any = SimpleNamespace(username=None, session_hash="tab")
    views = list(Chat(workspace).ask(request, question, "", "", "test", 4, 0.3, 256))
    shown = [part for view in views for part in view if not isinstance(part, dict)]
    for part in shown:  # as Gradio sends them
        orjson.dumps(part.value if hasattr(part, "value") else part, default=repr)
    history = workspace.history
    ((conversation, title, _),) = history.list_conversations(owner="")
    assert title == "What did the bridge \ufffd cost?"
    history.rename(conversation, f"The {HALF} bridge", owner="")
    history.rate(conversation, 0, rating="Like", comment=f"Good {HALF}", owner="")
    assert history.list_conversations(owner="", words=f"{HALF} bridge")
    (turn,) = history.read(conversation, owner="")
    assert turn.comment == "Good \ufffd"
    format_conversation([turn]).encode()
    json.dumps(turn._asdict() | {"answer": dataclasses.asdict(turn.answer)}, ensure_ascii=False).encode()
    save_answer(turn.answer, tmp_path / "answer.md", assistant=Assistant(index, None, settings))


def test_a_whole_character_in_two_halves_is_put_together(index: Index, settings: Settings) -> None:
    answer = Assistant(index, None, settings).ask("What did the bridge \ud83d\ude00 cost?")
    assert answer.question == "What did the bridge \U0001f600 cost?"


def test_two_browsers_hand_over_files_of_one_name_at_once(workspace: Workspace, tmp_path: Path) -> None:
    files = [write(tmp_path / str(n) / "a.txt", f"Animal number {n} escaped.") for n in range(6)]
    threads = [threading.Thread(target=workspace.add_files, args=("test", [file])) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    texts = {path.read_text() for path in (workspace.get_folder("test") / "documents").iterdir()}
    assert texts == {file.read_text() for file in files}
    assert len(read_entries(workspace.get_folder("test"))) == 8


# ---- Kills.


def upload(settings: Settings, files: Sequence[Path]) -> None:
    Workspace(settings, lambda _: Models(HashingEmbedder(), None)).add_files("test", files)


def read_texts(folder: Path) -> list[str]:
    """Return the texts of an index, each of a file that is as it was read."""
    with Index(folder, HashingEmbedder()) as index:
        entries = index.store.list_entries()
        texts = [index.store.get_text(entry.document_id) for entry in entries]
        for entry, text in zip(entries, texts, strict=True):
            assert {Path(source).read_text() for source in entry.sources} == {text}
        ids = index.store.get_ids().tolist()
        found = index.search("the harbour", k=len(ids)) if ids else ()
        assert sorted(hit.chunk.id for hit in found) == ids
    return sorted(texts)


@pytest.mark.slow
def test_kills_in_the_middle_of_uploads_lose_nothing(tmp_path: Path, settings: Settings) -> None:
    kills, folder, chance = 25, settings.index_dir / "test", random.Random(0)  # noqa: S311
    given = [
        [
            write(tmp_path / f"version {version}" / f"{n}.txt", f"File {n} of {version} tells of the harbour.\n\n" * 9)
            for n in range(12)
        ]
        for version in range(kills // 5)
    ]
    started = time.perf_counter()
    upload(settings, given[0])
    whole = time.perf_counter() - started
    before = read_texts(folder)
    assert len(before) == 12
    for kill in range(kills):
        kill_while(lambda: upload(settings, given[kill // 5]), chance.uniform(0, whole))  # noqa: B023
        texts = read_texts(folder)
        assert set(before) <= set(texts)
        before = texts
    for files in given:
        upload(settings, files)
    assert list(settings.index_dir.rglob("*.tmp")) == []
    made_at_once = read_texts(folder)
    shutil.rmtree(folder)
    upload(settings, [file for files in given for file in files])
    assert read_texts(folder) == made_at_once
    assert len(made_at_once) == 12 * len(given)
