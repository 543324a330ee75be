"""Measures against hand-worked cases, data sets with mistakes, and runs that stop and go on."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rag.assistant import Assistant
from rag.cli import main
from rag.errors import DatasetError
from rag.evaluation.dataset import Dataset, Question, convert_squad2, load_dataset, sample_questions
from rag.evaluation.judge import judge_answer, measure_answer
from rag.evaluation.metrics import (
    contains_answer,
    estimate,
    estimate_difference,
    exact_match,
    is_refusal,
    normalize_answer,
    ranking_measures,
    rouge_l,
    token_f1,
)
from rag.evaluation.page import render_page
from rag.evaluation.report import Report, compare, load_report
from rag.evaluation.run import RESULTS_FILE, evaluate
from rag.index.build import index_documents
from rag.llm.base import Message
from rag.settings import Settings
from rag.types import Answer, Citation, Sentence
from tests.fakes import HashingEmbedder, ScriptedLLM, asks_for_reply

EXAMPLES = Path(__file__).parents[1] / "examples"
TEXT = "The cat sat on the mat.\n\nIt rained."


def make_answer(
    text: str, *, outcome: str = "answered", quote: str = "", source: str = "a", voice: str = "article"
) -> Answer:
    start = TEXT.find(quote)
    citations = (
        (Citation(1, 1, 1, source, "T", None, quote, start, start + len(quote), voice=voice),)  # type: ignore[arg-type]
        if quote
        else ()
    )
    sentences = (Sentence(text, (1,) if quote else ()),)
    return Answer("?", outcome, sentences, citations, (), "fake", 10, 5)  # type: ignore[arg-type]


def test_answers_are_normalised_as_squad_does() -> None:
    assert normalize_answer("The  U.S., a state!") == "us state"


def test_exact_match_and_f1_by_hand() -> None:
    assert exact_match("The cat.", ["dog", "cat"]) == 1
    assert exact_match("cat sat", ["cat"]) == 0
    # two words of three are in the accepted one's two: P = 2/3, R = 1
    assert token_f1("cat sat down", ["cat sat"]) == pytest.approx(0.8)
    assert token_f1("", []) == exact_match("", []) == 1
    assert token_f1("cat", []) == 0


@pytest.mark.slow  # torchmetrics imports torch, which takes longer than an example may
@hypothesis_settings(deadline=None)
@given(
    st.text(alphabet="ab the,.", max_size=20),
    st.lists(st.text(alphabet="ab the,.", min_size=1, max_size=20), min_size=1, max_size=3),
)
def test_exact_match_and_f1_agree_with_another_squad(text: str, accepted: list[str]) -> None:
    from torchmetrics.functional.text import squad

    theirs = squad(
        {"prediction_text": text, "id": "1"},
        {"answers": {"answer_start": [0] * len(accepted), "text": accepted}, "id": "1"},
    )
    assert exact_match(text, accepted) * 100 == pytest.approx(float(theirs["exact_match"]))
    if normalize_answer(text) and all(map(normalize_answer, accepted)):
        assert token_f1(text, accepted) * 100 == pytest.approx(float(theirs["f1"]), abs=1e-3)


def test_an_accepted_text_counts_only_as_whole_words() -> None:
    assert contains_answer("It was in the Moscow.", ["Moscow"])
    assert not contains_answer("It was 1200 once.", ["20"])
    assert not contains_answer("anything", ["the"])


def test_rouge_l_by_hand() -> None:
    # the longest common subsequence is "police the gunman": 3 of 4 and 3 of 4 words
    assert rouge_l("police kill the gunman", ["police killed the gunman"]) == pytest.approx(0.75)
    assert rouge_l("", ["a b"]) == rouge_l("a", []) == 0


def test_ranking_measures_by_hand() -> None:
    found = ranking_measures([["x"], ["a"], ["a"], ["b"]], ["a", "b"])
    assert found["recall@1"] == 0
    assert found["recall@3"] == 0.5
    assert found["recall@5"] == 1
    assert found["mrr@10"] == 0.5
    ideal = 1 + 1 / math.log2(3)
    assert found["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)
    assert ranking_measures([], ["a"])["recall@10"] == 0


@pytest.mark.parametrize(
    ("text", "refused"),
    [("I don't know: the passages do not say.", True), ("", True), ("It is Paris. More is not mentioned.", False)],
)
def test_refusals_are_recognised_in_the_first_sentence(text: str, refused: bool) -> None:
    assert is_refusal(text) is refused


def test_an_interval_holds_the_mean() -> None:
    found = estimate([1, 0, 1, 1])
    assert found.value == 0.75
    assert found.low < 0.75 < found.high
    assert estimate([1, 1]) == (1, 1, 1, 2)


def test_a_difference_is_paired_and_leaves_out_what_is_not_defined() -> None:
    assert estimate_difference([(1, 0), (1, 0), (0, -1)])[:3] == (1, 1, 1)
    assert estimate_difference([(1, 0), (math.nan, 1), (1, 0)]).questions == 2


@pytest.mark.parametrize(
    ("answerable", "answer", "verdict", "score"),
    [
        (True, make_answer("A cat."), "right", 1),
        (True, make_answer("A dog."), "wrong", -1),
        (True, make_answer("Not in the documents.", outcome="not_found"), "refused", 0),
        (False, make_answer("Not in the documents.", outcome="not_found"), "right", 1),
        (False, make_answer("A cat."), "wrong", -1),
        (True, None, "wrong", -1),
        (False, None, "wrong", -1),
    ],
)
def test_verdicts_and_scores(answerable: bool, answer: Answer | None, verdict: str, score: float) -> None:
    question = Question("1", "?", answerable, ("cat",) if answerable else ())
    assert judge_answer(question, answer) == verdict
    assert measure_answer(question, answer, judge_answer(question, answer), {}, {"a": TEXT})["score"] == score


def test_citations_are_measured() -> None:
    question = Question("1", "?", True, ("cat",), ("a",))
    good = measure_answer(question, make_answer("A cat.", quote="The cat"), "right", {}, {"a": TEXT})
    assert (good["citation precision"], good["citation recall"], good["uncited"], good["quotes_absent"]) == (1, 1, 0, 0)
    other = make_answer("A cat.", quote="The cat", source="b")
    bad = measure_answer(question, other, "right", {}, {"a": TEXT})
    assert (bad["citation precision"], bad["citation recall"], bad["quotes_absent"]) == (0, 0, 1)
    assert measure_answer(question, make_answer("A cat."), "right", {}, {"a": TEXT})["uncited"] == 1


@pytest.mark.parametrize(
    ("text", "voice", "told_as_fact"),
    [("A reader says a cat.", "comment", 0), ("A cat did.", "comment", 1), ("A reader says a cat.", "article", 1)],
)
def test_a_comment_told_as_a_fact_is_counted(text: str, voice: str, told_as_fact: float) -> None:
    question = Question("1", "?", True, ("cat",), ("a",), voice="comment")
    answer = make_answer(text, quote="The cat", voice=voice)
    assert measure_answer(question, answer, "right", {}, {"a": TEXT})["comment_as_fact"] == told_as_fact


def write(
    folder: Path, questions: list[str], corpus: str = '{"id": "a", "title": "T", "text": "The cat sat."}'
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "corpus.jsonl").write_text(corpus + "\n")
    (folder / "questions.jsonl").write_text("\n".join(questions) + "\n")
    return folder


GOOD = '{"id": "1", "question": "Who sat?", "answers": ["cat"], "answerable": true, "gold_doc_ids": ["a"]}'


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 2: "),
        (GOOD, "line 2: id '1' was in line 1 already"),
        (GOOD.replace('"1"', '"2"').replace('["a"]', '["z"]'), "line 2: unknown gold_doc_ids 'z'"),
        (GOOD.replace('"1"', '"2"').replace("true", '"yes"'), "line 2: answerable"),
        (GOOD.replace('"1"', '"2"').replace("true", "false"), "line 2: not answerable, but has answers"),
        ('{"id": "2", "answerable": true}', "line 2: question"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset(write(tmp_path / "set", [GOOD, line]))
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistake_in_the_corpus_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"corpus\.jsonl line 1: text is empty"):
        load_dataset(write(tmp_path / "set", [GOOD], '{"id": "a", "title": "T", "text": " "}'))


def test_the_own_set_is_whole() -> None:
    data = load_dataset(EXAMPLES)
    special = [q for q in data.questions if not q.answerable or q.voice == "comment"]
    assert len(data.questions) >= 40
    assert len(special) * 3 >= len(data.questions)
    assert all(q.outcome for q in data.questions)


def test_a_sample_keeps_the_shares_and_the_order() -> None:
    questions = [Question(str(i), "?", i % 3 == 0, type="x" if i % 3 == 0 else "y") for i in range(90)]
    sample = sample_questions(questions, 30, seed=1)
    assert [q.type for q in sample].count("x") == 10
    assert [int(q.id) for q in sample] == sorted(int(q.id) for q in sample)
    assert sample == sample_questions(questions, 30, seed=1) != sample_questions(questions, 30, seed=2)


def test_a_squad_file_becomes_a_data_set(tmp_path: Path) -> None:
    answer = {"text": "cat", "answer_start": 4}
    qas = [
        {"id": "1", "question": "Who sat?", "is_impossible": False, "answers": [answer, answer]},
        {"id": "2", "question": "Who ran?", "is_impossible": True, "answers": []},
    ]
    article = {
        "title": "A_cat",
        "paragraphs": [{"context": "A dog.", "qas": []}, {"context": "The cat sat.", "qas": qas}],
    }
    (tmp_path / "dev.json").write_text(json.dumps({"version": "v2.0", "data": [article]}))
    data = convert_squad2(tmp_path / "dev.json", tmp_path / "set")
    passage = data.passages["A_cat#1"]
    assert data.documents[0].text[passage.start : passage.end] == "The cat sat."
    assert [q.answers for q in data.questions] == [("cat",), ()]
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(DatasetError, match="not a SQuAD"):
        convert_squad2(tmp_path / "other.json", tmp_path / "other")


@pytest.fixture
def small(tmp_path: Path) -> Dataset:
    lines = [GOOD.replace('"1"', f'"{i}"').replace("sat?", f"sat {'there ' * i}?") for i in range(1, 6)]
    corpus = '{"id": "a", "title": "T", "text": "The cat sat. A mat lay there."}'
    return load_dataset(write(tmp_path / "set", lines, corpus))


class StoppingLLM(ScriptedLLM):
    """Is interrupted, or fails, at one of its calls."""

    def __init__(self, reply: str, *, at: int, error: BaseException) -> None:
        super().__init__(*[reply] * 5)
        self._left, self._error = at, error

    def stream(self, messages: Sequence[Message], **keywords: object):  # type: ignore[no-untyped-def]
        self._left -= not asks_for_reply(messages)
        if self._left == 0:
            raise self._error
        return super().stream(messages, **keywords)  # type: ignore[arg-type]


REPLY = "The cat sat."
REPLIES = [REPLY] * 5


def run_with(llm: ScriptedLLM, data: Dataset, settings: Settings, folder: Path | None = None) -> Report:
    with index_documents(data.documents, settings=settings, embedder=HashingEmbedder(), progress=False) as index:
        return evaluate(Assistant(index, llm, settings), data, folder=folder)


def timeless(report: Report) -> Report:
    results = tuple(replace(r, seconds=None, answer=r.answer and replace(r.answer, seconds={})) for r in report.results)
    return replace(report, made="", quantiles={}, peak_memory=0, results=results)


@pytest.fixture
def _no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the pages of reports drawn without plots: matplotlib takes half a second for those of a page."""
    monkeypatch.setattr("rag.evaluation.page._draw_plots", lambda _: ())


@pytest.mark.usefixtures("_no_plots")
def test_a_run_stopped_twice_gives_the_same_report(small: Dataset, settings: Settings, tmp_path: Path) -> None:
    whole = run_with(ScriptedLLM(*REPLIES), small, settings, tmp_path / "whole")
    assert whole.measures["correct"].value == 1
    folder = tmp_path / "stopped"
    for at in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            run_with(StoppingLLM(REPLY, at=at, error=KeyboardInterrupt()), small, settings, folder)
    with (folder / RESULTS_FILE).open("ab") as file:
        file.write(b'{"question": {"id"')  # a line torn by a kill
    llm = StoppingLLM(REPLY, at=3, error=AssertionError("more than the two questions that were left"))
    assert timeless(run_with(llm, small, settings, folder)) == timeless(whole)
    assert timeless(load_report(folder)) == timeless(whole)
    assert not (folder / RESULTS_FILE).exists()


def test_a_stopped_run_of_another_setup_is_not_gone_on_with(small: Dataset, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_with(StoppingLLM(REPLY, at=2, error=KeyboardInterrupt()), small, settings, tmp_path / "out")
    with pytest.raises(DatasetError, match="another setup"):
        run_with(ScriptedLLM(*REPLIES), small, settings.model_copy(update={"passages": 2}), tmp_path / "out")


def test_a_question_that_raises_is_wrong_and_listed(small: Dataset, settings: Settings) -> None:
    report = run_with(StoppingLLM(REPLY, at=2, error=ValueError("no such thing")), small, settings)
    assert [r.verdict for r in report.results] == ["right", "wrong", "right", "right", "right"]
    assert report.results[1].error == "ValueError: no such thing"
    assert report.measures["score"].value == pytest.approx(0.6)


def test_a_baseline_shows_what_changed(small: Dataset, settings: Settings) -> None:
    old = run_with(ScriptedLLM(*["A mat lay there."] * 5), small, settings)
    with index_documents(small.documents, settings=settings, embedder=HashingEmbedder(), progress=False) as index:
        new = evaluate(Assistant(index, ScriptedLLM(*REPLIES), settings), small, baseline=old)
    assert new.comparison
    assert new.comparison.better == ("1", "2", "3", "4", "5")
    assert new.comparison.worse == ()
    assert new.comparison.differences["correct"].value == 1


def test_a_report_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(DatasetError, match="not a report"):
        load_report(tmp_path)


def test_the_page_escapes_whatever_it_shows(settings: Settings, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)> $\\\\frac"
    line = {"id": f'"{evil}', "question": f"Who sat {evil}?", "answers": [f"cat {evil}"], "type": f'"{evil}--$'}
    corpus = json.dumps({"id": f"{evil}", "title": evil, "text": f"The cat sat {evil}."})
    data = load_dataset(write(tmp_path / "set", [json.dumps(line | {"answerable": True})], corpus))
    report = run_with(ScriptedLLM(f"The cat sat {evil}."), data, settings)
    page = render_page(replace(report, comparison=compare(report, replace(report, dataset=evil))))
    assert "<img" not in page
    assert page.count("<script") == 1
    assert "&lt;img src=x" in page


@pytest.mark.usefixtures("_no_plots")
def test_the_page_marks_the_cited_words(small: Dataset, settings: Settings) -> None:
    assert "<mark>The cat sat.</mark>" in render_page(run_with(ScriptedLLM(*REPLIES), small, settings))


def test_retrieval_alone_has_a_page_and_needs_no_llm(small: Dataset, settings: Settings) -> None:
    with index_documents(small.documents, settings=settings, embedder=HashingEmbedder(), progress=False) as index:
        report = evaluate(index, small)
    assert report.measures["recall@1"].value == 1
    assert "score" not in report.measures
    assert "Found among the first k" in render_page(report)


def test_a_follow_up_is_ranked_in_both_wordings(small: Dataset, settings: Settings) -> None:
    question = replace(small.questions[0], question="What of it?", history=(Message("user", "Is there a cat?"),))
    llm = ScriptedLLM(small.questions[0].question)
    with index_documents(small.documents, settings=settings, embedder=HashingEmbedder(), progress=False) as index:
        alone = evaluate(index, small, questions=[question])
        both = evaluate(Assistant(index, llm, settings), small, questions=[question], stage="retrieval")
    assert alone.results[0].hits[0].score < both.results[0].hits[0].score
    assert both.measures["recall@1"].value == 1
    assert len(llm.asked) == 1


def test_a_question_may_be_asked_of_a_part_of_the_documents(tmp_path: Path, settings: Settings) -> None:
    texts = {"a": "The cat sat on the mat.", "b": "The cat slept under the mat."}
    corpus = [{"id": name, "text": text, "source": name} for name, text in texts.items()]
    question = {"id": "1", "question": "Where is the cat?", "answerable": True, "answers": ["under the mat"]}
    rows = [question | {"only": {"source": "b"}, "gold_doc_ids": ["b"]}]
    for name, lines in (("corpus", corpus), ("questions", rows)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    data = load_dataset(tmp_path)
    with index_documents(data.documents, settings=settings, embedder=HashingEmbedder(), progress=False) as index:
        report = evaluate(Assistant(index, ScriptedLLM("under the mat"), settings), data)
    (result,) = report.results
    assert {hit.chunk.source for hit in result.hits} == {"b"}
    assert result.answer and {citation.source for citation in result.answer.citations} == {"b"}


def test_gold_context_is_the_gold_documents_with_the_scores_of_a_search(tmp_path: Path, settings: Settings) -> None:
    texts = {"a": "The cat sat on the mat.", "b": "The cat slept under the mat.\n\nIt rained all night."}
    corpus = "\n".join(json.dumps({"id": name, "text": text}) for name, text in texts.items())
    question = {"id": "1", "question": "Where is the cat?", "answerable": True, "answers": ["under the mat"]}
    data = load_dataset(write(tmp_path / "set", [json.dumps(question | {"gold_doc_ids": ["b"]})], corpus))
    with index_documents(data.documents, settings=settings, embedder=HashingEmbedder(), progress=False) as index:
        report = evaluate(Assistant(index, None, settings), data, context="gold")
        found = {hit.chunk.id: hit.score for hit in index.search("Where is the cat?", k=10)}
    answer = report.results[0].answer
    assert answer
    assert {hit.chunk.source for hit in answer.hits} == {"b"}
    assert [hit.score for hit in answer.hits] == pytest.approx([found[hit.chunk.id] for hit in answer.hits])
    assert report.setup["llm"] == {"name": "none"}


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch, _no_plots: None) -> list[ScriptedLLM]:
    """Let the command take these instead of the models; the last first."""
    llms: list[ScriptedLLM] = []
    for module in ("rag.collection", "rag.evaluation.session"):
        monkeypatch.setattr(f"{module}.open_llm", lambda _: llms.pop())
    monkeypatch.setattr("rag.index.index.open_embedder", lambda _: HashingEmbedder())
    return llms


def test_the_command_shows_the_table_and_writes_the_report(
    small: Dataset, tmp_path: Path, faked: list[ScriptedLLM]
) -> None:
    faked += [ScriptedLLM(*["A mat lay there."] * 5), ScriptedLLM(*REPLIES)]
    good = CliRunner().invoke(main, ["eval", str(tmp_path / "set"), "--min-score", "1"])
    assert good.exit_code == 0, good.output
    assert "correct                      1.000" in good.output
    folder = Path("eval/set-answers-retrieved")
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json"]
    worse = ["eval", str(tmp_path / "set"), "--min-score", "0.5", "--out", "worse", "--baseline", str(folder)]
    bad = CliRunner().invoke(main, worse)
    assert bad.exit_code == 1
    assert "0 better, 5 worse" in bad.output
    assert "Error: the score -1.000 is below --min-score 0.5" in bad.output


@pytest.mark.slow
def test_the_python_of_the_documentation_runs(faked: list[ScriptedLLM]) -> None:
    faked.append(ScriptedLLM(*REPLIES * 20))
    Path("examples").symlink_to(EXAMPLES)
    page = (EXAMPLES.parent / "docs/evaluation.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.+?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102
    assert len(names["report"].results) == len(load_dataset(EXAMPLES).questions)


def test_the_command_tells_how_to_go_on_when_it_is_stopped(
    small: Dataset, tmp_path: Path, faked: list[ScriptedLLM]
) -> None:
    faked += [ScriptedLLM(*REPLIES), StoppingLLM(REPLY, at=3, error=KeyboardInterrupt())]
    stopped = CliRunner().invoke(main, ["eval", str(tmp_path / "set")])
    assert stopped.exit_code == 130
    assert "run the same command again to continue" in stopped.output
    assert CliRunner().invoke(main, ["eval", str(tmp_path / "set")]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stage", "retrieval", "--min-score", "1"], "--min-score and --context need --stage answers"),
        (["--stage", "retrieval", "--out", "set/corpus.jsonl"], "Error: cannot write to set/corpus.jsonl: File exists"),
        (["--questions", "none.jsonl"], "Error: cannot read none.jsonl"),
        (["--baseline", "set"], "Error: cannot read set/report.json"),
    ],
)
def test_bad_options_get_one_clear_line(
    small: Dataset, faked: list[ScriptedLLM], arguments: list[str], message: str
) -> None:
    done = CliRunner().invoke(main, ["eval", "set", *arguments])
    assert done.exit_code != 0
    assert message in done.output
    assert "Traceback" not in done.output


def test_the_command_stops_before_it_starts_on_a_bad_data_set(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["eval", str(write(tmp_path / "set", [GOOD, "{"]))])
    assert done.exit_code == 1
    assert "questions.jsonl line 2" in done.output
