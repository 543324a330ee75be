"""The page without a browser: what is shown of answers and documents, what is kept, who waits, what is refused."""

import dataclasses
import json
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from html import unescape
from pathlib import Path

import pytest

pytest.importorskip("gradio")

from rag import Answer, Assistant, Drafted, Index, RagError, Retrieved, Settings, evaluate, load_dataset
from rag.assistant import get_answer
from rag.evaluation.dataset import Question, add_question
from rag.formatting import mark_spans
from rag.llm.base import Message
from rag.web.cancel import Cancellable
from rag.web.history import History, Turn, list_messages
from rag.web.prefetch import Prefetcher
from rag.web.queue import Queue
from rag.web.render import render_answer, render_document, render_draft, render_sources
from rag.web.suggestions import Suggestions
from rag.web.workspace import Models, Options, Waiting, Workspace
from tests.fakes import AnsweringLLM, HashingEmbedder, ScriptedLLM, wait_until

ROOT = Path(__file__).parents[1]
EVIL = "<script>alert(1)</script> ![x](http://example.org/x.png)\n\n<b> [1](javascript:alert(1))"
OPTIONS = Options(4, 0.3, 256)
COST = {"cost": "The bridge cost nine million euros."}


def open_desk(settings: Settings, llm: ScriptedLLM) -> Workspace:
    return Workspace(settings, lambda _: Models(HashingEmbedder(), llm))


def ask(workspace: Workspace, question: str) -> Answer:
    return get_answer(workspace.ask(question, index="test", options=OPTIONS))


@pytest.fixture
def answer(index: Index, settings: Settings) -> Answer:
    return Assistant(index, ScriptedLLM("The bridge cost nine million euros."), settings).ask("What did it cost?")


@pytest.fixture
def workspace(index: Index, settings: Settings) -> Iterator[Workspace]:
    workspace = open_desk(settings, AnsweringLLM(COST))
    yield workspace
    workspace.close()


def test_a_number_is_a_link_to_the_card_with_the_quote_marked(answer: Answer) -> None:
    assert 'href="#t2-1"' in render_answer(answer, turn=2)
    turns = [Turn(answer, "test", 0.0)] * 3
    panel = render_sources(turns)
    assert 'id="t2-1"' in panel
    assert "<mark>The bridge cost nine million euros.</mark>" in panel
    assert "document?index=test&amp;source=" in panel


def test_nothing_is_read_ahead_while_somebody_is_answered(workspace: Workspace) -> None:
    llm = workspace.models.llm
    assert isinstance(llm, AnsweringLLM)

    def list_read() -> list[str]:
        return [prompt[-1].content for prompt in llm.read_ahead if "What did the bridge" in prompt[-1].content]

    def list_questions() -> list[str]:
        return [prompt[-1].content.partition("Question: ")[2].splitlines()[0] for prompt in llm.read_whole]

    with workspace.queue.join():
        workspace.read_ahead("What did the bridge cost?", index="test", options=OPTIONS)
    workspace.read_ahead("What did the bridge", index="test", options=OPTIONS)
    wait_until(lambda: list_questions() == ["What did the bridge"])
    assert len(list_read()) == 3
    assert not any("What did the bridge cost?" in prompt for prompt in list_read())
    workspace.read_ahead("What did the bridge cost?", index="test", options=OPTIONS)  # the same are found, and known
    wait_until(lambda: list_questions() == ["What did the bridge", "What did the bridge cost?"])
    before = [Message("user", "What did the old bridge cost?"), Message("assistant", "Two million euros.")]
    workspace.read_ahead("And what did the bridge cost then?", index="test", options=OPTIONS, history=before)
    workspace.read_ahead("What did the bridge cost us?", index="test", options=OPTIONS, history=before)
    wait_until(lambda: len(list_questions()) == 3)  # a follow-up is rewritten: it is not what will be asked
    assert list_questions()[-1] == "What did the bridge cost us?"
    ask(workspace, "What did the bridge cost?")
    first, *_ = list_read()
    assert "nine million euros" in first
    assert len(list_read()) == 3


def test_without_an_llm_there_is_nothing_to_read_ahead(index: Index, settings: Settings) -> None:
    workspace = Workspace(settings, lambda _: Models(HashingEmbedder(), None))
    assert workspace.models.llm is None  # loaded
    workspace.read_ahead("What did the bridge cost?", index="test", options=OPTIONS)
    assert ask(workspace, "What did the bridge cost?").model == "none"
    workspace.close()


class SlowReader(ScriptedLLM):
    """Reads until it may go on, or is to break off."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Semaphore(0)
        self.begun: list[str] = []

    def read(self, messages: Sequence[Message], *, whole: bool = False) -> None:
        *_, last = messages
        self.begun.append(last.content if whole else last.content[: last.shared])
        self.may_go_on.acquire()

    def break_off(self) -> None:
        super().break_off()
        self.may_go_on.release()


def test_what_is_no_longer_wanted_is_not_read_to_its_end() -> None:
    queue, llm = Queue(), SlowReader()
    ahead = Prefetcher(queue)

    def want(question: str, *passages: str, soon: bool = False) -> None:
        prompts = [[Message("user", f"{p} {question}", shared=len(p))] for p in passages]
        ahead.want(llm, prompts, prompts[:1], soon=soon)

    want("So?", "one", "two", "three")
    wait_until(lambda: llm.begun == ["one"])
    want("So?", "four", "one", "three")
    llm.may_go_on.release()
    wait_until(lambda: llm.begun == ["one", "four"])
    want("So?", "three", "one")
    wait_until(lambda: llm.begun == ["one", "four", "three"])
    with queue.join():
        want("So?", "three")  # it is needed, and nothing else
        assert llm.broken_off == 1  # that was four
        want("So?")
        wait_until(lambda: llm.broken_off == 2)
    want("So?", "six", "three")
    wait_until(lambda: llm.begun[3:] == ["six"])
    llm.may_go_on.release(2)
    wait_until(lambda: llm.begun[4:] == ["three", "six So?"])  # the passages, then the question about the first
    want("So what?", "six", "three")
    wait_until(lambda: llm.begun[6:] == ["six So what?"])
    assert llm.broken_off == 3
    want("So what?", "seven", "eight")
    llm.may_go_on.release()
    wait_until(lambda: llm.begun[7:] == ["seven", "eight"])
    want("So what?", "seven", "eight", soon=True)  # its question comes before the other passage
    wait_until(lambda: llm.begun[9:] == ["seven So what?"])
    assert llm.broken_off == 5
    llm.may_go_on.release()
    wait_until(lambda: llm.begun[10:] == ["eight"])
    want("So what?", "seven", "eight", soon=True)  # all that is urgent is read
    assert llm.broken_off == 5
    llm.may_go_on.release()


def test_a_comment_is_a_readers_at_a_glance(index: Index, settings: Settings) -> None:
    llm = ScriptedLLM("The pipeline contract was not ready.", log_odds={"surely not ready": 9.0})
    answer = Assistant(index, llm, settings).ask("Was the pipeline contract ready?")
    assert "Not confirmed: only readers' comments say so" in unescape(render_answer(answer, turn=0))
    panel = render_sources([Turn(answer, "test", 0.0)])
    assert 'class="fn-card fn-comment"' in panel
    assert "Reader’s comment</span> by Zara on" in panel


def test_a_refusal_has_no_sources_but_what_came_near(index: Index, settings: Settings) -> None:
    answer = Assistant(index, ScriptedLLM(log_odds=-9.0), settings).ask("Who built the new bridge?")
    panel = render_sources([Turn(answer, "test", 0.0)])
    assert "Near, but not an answer" in panel
    assert "fn-number" not in panel
    assert "Not in the documents" in render_answer(answer, turn=0)


def test_markup_in_documents_and_answers_stays_text(answer: Answer) -> None:
    citation = dataclasses.replace(answer.citations[0], quote=EVIL, title=EVIL, author=EVIL, outlet=EVIL, heading=EVIL)
    chunk = dataclasses.replace(answer.hits[0].chunk, text=EVIL, title=EVIL, outlet=EVIL, source=EVIL)
    sentence = dataclasses.replace(answer.sentences[0], text=EVIL)
    hit = dataclasses.replace(answer.hits[0], chunk=chunk)
    evil = dataclasses.replace(
        answer, question=EVIL, sentences=(sentence,), citations=(citation,), hits=(hit,), note=EVIL
    )
    shown = [
        render_answer(evil, turn=0),
        render_draft([hit], draft=EVIL),
        render_sources([Turn(evil, EVIL, 0.0)], pending=[hit]),
        render_document(EVIL, [chunk], quotes=[(0, 5)], css=""),
    ]
    for html in shown:
        assert "<script" not in html
        assert "<b>" not in html
        assert "<img" not in html
    # A blank line would end the HTML, and the rest would be Markdown.
    assert "\n" not in shown[0] + shown[1]


@pytest.mark.parametrize(
    ("quotes", "marked"),
    [([(4, 6)], ["ef"]), ([(4, 6), (5, 8)], ["ef", "gh"]), ([(6, 99)], ["ghij"]), ([(50, 60)], []), ([(6, 4)], [])],
)
def test_quotes_are_marked_and_no_letter_is_lost(quotes: list[tuple[int, int]], marked: list[str]) -> None:
    parts = mark_spans("abcdefghij", quotes)
    assert "".join(part.text for part in parts) == "abcdefghij"
    assert [part.text for part in parts if part.is_marked] == marked


def test_a_conversation_is_kept_found_renamed_and_deleted(answer: Answer, tmp_path: Path) -> None:
    history = History(tmp_path)
    first = history.add("", Turn(answer, "test", 1.0), owner="ann")
    assert history.add(first, Turn(answer, "test", 2.0), owner="ann") == first
    history.add("", Turn(dataclasses.replace(answer, question="Who wept?"), "test", 3.0), owner="ann")
    assert [one.title for one in history.list_conversations(owner="ann")] == ["Who wept?", "What did it cost?"]
    assert [one.id for one in history.list_conversations(owner="ann", words="NINE did")] == [first]
    history.rename(first, "The  bridge", owner="ann")
    history.close()
    again = History(tmp_path)
    assert again.read(first, owner="ann") == [Turn(answer, "test", 1.0), Turn(answer, "test", 2.0)]
    assert [m.content for m in list_messages(again.read(first, owner="ann"))[:1]] == ["What did it cost?"]
    assert again.list_conversations(owner="ann")[1].title == "The bridge"
    assert (again.get_title(first, owner="ann"), again.get_title(first, owner="bob")) == ("The bridge", "")
    again.rate(first, 1, rating="Dislike", comment="Too short.", owner="ann")
    assert [(turn.rating, turn.comment) for turn in again.read(first, owner="ann")][1] == ("Dislike", "Too short.")
    again.cut(first, keep=1, owner="ann")
    assert len(again.read(first, owner="ann")) == 1
    again.delete(first, owner="ann")
    assert again.read(first, owner="ann") == []
    again.close()


def test_nobody_sees_or_changes_what_is_anothers(answer: Answer, tmp_path: Path) -> None:
    history = History(tmp_path)
    anns = history.add("", Turn(answer, "test", 1.0), owner="ann")
    history.rename(anns, "Mine", owner="bob")
    history.delete(anns, owner="bob")
    history.cut(anns, keep=0, owner="bob")
    history.rate(anns, 0, rating="Like", comment=None, owner="bob")
    assert history.read(anns, owner="bob") == []
    assert history.list_conversations(owner="bob") == []
    assert history.add(anns, Turn(answer, "test", 2.0), owner="bob") != anns
    assert history.read(anns, owner="ann") == [Turn(answer, "test", 1.0)]
    assert history.list_conversations(owner="ann")[0].title == "What did it cost?"
    history.close()


def test_a_damaged_history_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "conversations.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(RagError, match="cannot keep conversations"):
        History(tmp_path)


def test_the_queue_is_first_come_first_served_and_not_endless() -> None:
    queue, order, waited = Queue(longest=3), [], threading.Event()

    def stand(name: str) -> None:
        with queue.join() as place:
            for _ in place.wait():
                waited.set()
            order.append(name)

    with queue.join() as mine:
        assert list(mine.wait()) == []
        threads = []
        for name in ("first", "second"):
            threads.append(threading.Thread(target=stand, args=(name,)))
            threads[-1].start()
            while len(queue) < len(threads) + 1:
                time.sleep(0.001)
        with pytest.raises(RagError, match="3 questions are waiting"), queue.join():
            pass
        assert waited.wait(5)
    for thread in threads:
        thread.join(5)
    assert order == ["first", "second"]
    assert len(queue) == 0


def test_a_question_waits_for_the_models_and_gets_evidence_before_its_turn(
    index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.web.queue._TICK_S", 0.05)
    gate = threading.Event()

    def load(_: Settings) -> Models:
        assert gate.wait(10)
        return Models(HashingEmbedder(), AnsweringLLM(COST))

    workspace = Workspace(settings, load)
    events = workspace.ask("What did the bridge cost?", index="test", options=OPTIONS)
    assert next(events) == Waiting("The models are loading …")
    with workspace.queue.join():
        gate.set()
        seen = [event for event, _ in zip(events, range(9), strict=False) if not isinstance(event, Drafted)][:2]
        hits = next(event.hits for event in seen if isinstance(event, Retrieved))
        assert "nine million" in hits[0].chunk.text
        assert next(e for e in events if e != Waiting("The models are loading …")) == Waiting(
            "1 question before yours …"
        )
    assert get_answer(events).outcome == "answered"
    workspace.close()


def test_what_stands_in_the_way_of_the_models_is_said_to_all(index: Index, settings: Settings) -> None:
    def load(_: Settings) -> Models:
        raise ValueError("no such thing")

    workspace = Workspace(settings, load)
    with pytest.raises(RagError, match="the models could not be loaded: no such thing"):
        ask(workspace, "What did the bridge cost?")
    workspace.close()


def test_an_abandoned_question_frees_the_line(workspace: Workspace) -> None:
    events = workspace.ask("What did the bridge cost?", index="test", options=OPTIONS)
    while not isinstance(next(events), Drafted):
        assert len(workspace.queue) <= 1
    assert len(workspace.queue) == 1
    events.close()
    assert len(workspace.queue) == 0
    llm = workspace.models.llm
    assert isinstance(llm, AnsweringLLM)
    assert llm.stopped == 1


def test_one_need_not_wait_for_an_event_that_is_long_in_coming() -> None:
    arrived, closed = threading.Event(), threading.Event()

    def reads_for_long() -> Generator[str, None, None]:
        try:
            yield "first"
            arrived.wait(20)
            yield "second"
        finally:
            closed.set()

    events = Cancellable(reads_for_long())
    coming = iter(events)
    assert next(coming) == "first"
    assert next(coming) is None
    events.stop()
    assert list(coming) == []
    assert not closed.is_set()
    arrived.set()
    assert closed.wait(20)


def test_what_fails_behind_fails_before_one() -> None:
    def fails() -> Generator[str, None, None]:
        yield "first"
        raise RagError("no more")

    coming = iter(Cancellable(fails()))
    assert next(coming) == "first"
    with pytest.raises(RagError, match="no more"):
        next(coming)


def test_files_are_copied_indexed_and_removed_with_their_copies(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "zebra.txt").write_text("The zebra escaped on Monday.")
    (tmp_path / "broken.pdf").write_bytes(b"no pdf")
    seen: list[tuple[str, bool]] = []
    files = [tmp_path / "zebra.txt", tmp_path / "broken.pdf"]
    report = workspace.add_files(
        "test", files, on_file=lambda file, reason: seen.append((file.name, reason is not None))
    )
    assert (report.indexed, len(report.skipped)) == (1, 1)
    assert seen == [("zebra.txt", False), ("broken.pdf", True)]
    copies = workspace.get_folder("test") / "documents"
    assert [file.name for file in copies.iterdir()] == ["zebra.txt"]
    (source,) = [s for e in workspace.list_documents("test") for s in e.sources if s.endswith("zebra.txt")]
    assert "zebra" in workspace.find("zebra escaped", index="test", options=OPTIONS)[0].chunk.text
    workspace.remove("test", source)
    assert not list(copies.iterdir())
    assert all("zebra" not in hit.chunk.text for hit in workspace.find("zebra escaped", index="test", options=OPTIONS))


def test_a_bad_file_costs_not_the_good_one_of_its_name(workspace: Workspace, tmp_path: Path) -> None:
    good, bad = tmp_path / "good" / "a.txt", tmp_path / "bad" / "a.txt"
    for file, content in ((good, b"The zebra escaped."), (bad, b"\0\1\2" * 100)):
        file.parent.mkdir()
        file.write_bytes(content)
    workspace.add_files("test", [good])
    with pytest.raises(RagError, match=r"nothing was indexed: .* it holds binary data"):
        workspace.add_files("test", [bad])
    assert (workspace.get_folder("test") / "documents" / "a.txt").read_bytes() == b"The zebra escaped."
    other = tmp_path / "other" / "a.txt"
    other.parent.mkdir()
    other.write_text("A lion slept.")
    assert workspace.add_files("test", [good, other]).indexed == 1
    names = {Path(source).name for entry in workspace.list_documents("test") for source in entry.sources}
    assert {"a.txt", "a-1.txt"} <= names


def test_an_index_is_made_by_its_first_file_and_its_name_is_a_name(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "zebra.txt").write_text("The zebra escaped.")
    workspace.add_files("zoo", [tmp_path / "zebra.txt"])
    assert workspace.list_indexes() == ["test", "zoo"]
    for name in ("../zoo", "", "a/b"):
        with pytest.raises(RagError, match="setting name cannot be"):
            workspace.add_files(name, [tmp_path / "zebra.txt"])


def test_reading_again_takes_changes_in_and_what_is_gone_out(workspace: Workspace, docs: Path) -> None:
    (docs / "visit.txt").unlink()
    (docs / "bridge.md").write_text("# A new bridge\n\nThe bridge cost ten million euros.\n")
    report = workspace.update("test")
    assert (report.indexed, report.removed) == (1, 1)
    assert "ten million" in workspace.find("bridge cost", index="test", options=OPTIONS)[0].chunk.text


def test_an_old_answer_says_what_became_of_its_sources(workspace: Workspace, docs: Path) -> None:
    answer = ask(workspace, "What did the bridge cost?")
    assert workspace.find_stale("test", answer) == {}
    (docs / "bridge.md").write_text("# A new bridge\n\nThe bridge cost ten million euros.\n")
    workspace.update("test")
    stale = workspace.find_stale("test", answer)
    assert "has changed since" in stale[1]
    assert stale[1] in render_sources([Turn(answer, "test", 0.0)], stale={0: stale})
    (docs / "bridge.md").unlink()
    workspace.update("test")
    assert "no longer in the index" in workspace.find_stale("test", answer)[1]


def test_a_whole_document_has_its_comments_set_off_and_the_quote_marked(workspace: Workspace, docs: Path) -> None:
    text, chunks = workspace.read_document("test", str(docs / "visit.txt"))
    start = text.index("Some officials")
    html = render_document(text, chunks, quotes=[(start, start + 14)], css="")
    assert '<mark id="quote">Some officials</mark>' in html
    assert 'class="fn-comment"' in html
    assert "Zara" in html
    with pytest.raises(RagError, match="no longer in the index"):
        workspace.read_document("test", "/etc/passwd")


def test_a_question_of_the_page_becomes_a_test_that_an_eval_runs(
    workspace: Workspace, docs: Path, settings: Settings
) -> None:
    folder = workspace.get_folder("test")
    question = Question("page-1", "What did the bridge cost?", True, ("nine million",), (str(docs / "bridge.md"),))
    path = add_question(folder, dataclasses.replace(question, answers=("ten",)))
    assert add_question(folder, question) == path
    add_question(folder, Question("page-2", "Who built it?", False))
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == ["page-1", "page-2"]
    data = load_dataset(folder)
    report = evaluate(Assistant(workspace.open_index("test"), AnsweringLLM(COST), settings), data)
    assert report.measures["correct"].value == 1.0
    path.write_text("no json\n")
    with pytest.raises(RagError, match="mend the file"):
        add_question(folder, question)


def test_questions_are_suggested_once_from_the_documents_and_again_after_a_change(
    workspace: Workspace, docs: Path
) -> None:
    text = "The zebra escaped from the zoo in Lindholm on a Monday in March, and nobody has seen it since. " * 2
    (docs / "zebra.txt").write_text(text)
    llm = AnsweringLLM({"zebra": "When did the zebra escape from the zoo?\nOr:", "": "What?"}, delay_s=0.001)
    workspace = Workspace(workspace.settings, lambda _: Models(HashingEmbedder(), llm))
    workspace.update("test")
    workspace.add_files("test", [docs / "zebra.txt"])
    suggestions = Suggestions(workspace)

    def get() -> list[str]:
        end = time.monotonic() + 10
        while (questions := suggestions.get("test")) is None and time.monotonic() < end:
            time.sleep(0.01)
        assert questions is not None
        return questions

    assert get() == ["When did the zebra escape from the zoo?"]
    asked = len(llm.asked)
    assert Suggestions(workspace).get("test") == get()
    assert len(llm.asked) == asked
    workspace.remove("test", next(s for e in workspace.list_documents("test") for s in e.sources if "zebra" in s))
    assert get() == []
    workspace.close()


def test_ui_py_imports_only_the_library() -> None:
    lines = (ROOT / "ui.py").read_text(encoding="utf-8").splitlines()
    assert {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))} <= {
        "rag",
        "gradio",
    }
