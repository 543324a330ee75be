"""Asks the questions of a data set and measures the answers; a stopped run can continue."""

import hashlib
import importlib.metadata
import io
import json
import logging
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from pydantic import TypeAdapter
from tqdm import tqdm

from rag.assistant import Assistant, get_answer
from rag.errors import DatasetError
from rag.evaluation.dataset import Dataset, Passage, Question, find_passages, list_texts, make_passages
from rag.evaluation.judge import find_gold, judge_answer, measure_answer, measure_hits
from rag.evaluation.metrics import estimate, is_refusal
from rag.evaluation.page import PAGE_FILE, render_page
from rag.evaluation.report import Report, Result, compare, list_costs, save_report
from rag.index.index import Index
from rag.llm.base import LLM, Message
from rag.retrieve import retrieve
from rag.settings import NO_LLM, Settings
from rag.system import get_peak_memory
from rag.types import Answer, Answered, Drafted, Event, Hit, Outcome, Sentence

logger = logging.getLogger(__name__)

# The answers rest on the passages found, on the gold passages, or on the LLM's own knowledge.
Context = Literal["retrieved", "gold", "none"]
# "retrieval" measures the search alone.
Stage = Literal["retrieval", "answers"]
RESULTS_FILE = "results.jsonl"
# Retrieval is measured to this rank, even if the LLM reads fewer passages.
_DEPTH = 10
_PACKAGES = ("footnote-rag", "faiss-cpu", "llama-cpp-python", "numpy", "sentence-transformers", "torch")


@dataclass(frozen=True, slots=True)
class _Run:
    """The parts of a run that are the same for all questions."""

    dataset: Dataset
    index: Index
    assistant: Assistant | None
    context: Context
    stage: Stage
    passages: int
    texts: dict[str, str]


def evaluate(
    subject: Assistant | Index,
    dataset: Dataset,
    *,
    questions: Sequence[Question] | None = None,
    context: Context = "retrieved",
    stage: Stage = "answers",
    folder: Path | None = None,
    baseline: Report | None = None,
    progress: bool = False,
) -> Report:
    """Return the report of asking `questions`, or all of the data set's; with an Index, the stage is "retrieval".

    The index must hold the data set's documents (`Collection.add_documents`). The answers rest on the retrieved
    passages, on the gold passages, or, with context "none", on the LLM's own knowledge. Each result is saved in
    `folder` at once: a stopped run can continue. The finished report replaces the results. A question that raises an
    error counts as wrong. Raises DatasetError if the folder holds the results of another unfinished run.
    """
    questions = dataset.questions if questions is None else questions
    texts = list_texts(dataset.documents)
    if isinstance(subject, Index):
        run = _Run(dataset, subject, None, context, "retrieval", _DEPTH, texts)
    elif subject.llm is None and context == "none":
        raise DatasetError("the context none asks the LLM alone: name one with --llm")
    else:
        run = _Run(dataset, subject.index, subject, context, stage, subject.settings.passages, texts)
    setup = _describe_setup(run, questions)
    with closing(_ResultsFile(folder, setup)) as file:
        results = _ask_all(run, questions, file, progress=progress)
    report = _make_report(dataset, setup, results)
    if baseline:
        report = replace(report, comparison=compare(report, baseline))
    if folder:
        save_report(report, folder)
        (folder / PAGE_FILE).write_text(render_page(report), encoding="utf-8")
        (folder / RESULTS_FILE).unlink()
    return report


def _ask_all(run: _Run, questions: Sequence[Question], file: "_ResultsFile", *, progress: bool) -> list[Result]:
    results = []
    bar = tqdm(questions, desc="asking", unit="question", disable=None if progress else True)
    for question in bar:
        result = file.earlier.get(question.id)
        if not result:
            result = _ask(run, question)
            file.add(result)
        results.append(result)
        bar.set_postfix_str(_describe_score(results))
    return results


def _make_report(dataset: Dataset, setup: dict[str, Any], results: Sequence[Result]) -> Report:
    names = dict.fromkeys(chain.from_iterable(result.measures for result in results))
    return Report(
        dataset=dataset.name,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        setup=setup,
        measures={name: estimate(_list_values(results, name)) for name in names},
        quantiles=_find_quantiles(results),
        peak_memory=get_peak_memory(),
        results=tuple(results),
    )


def _list_values(results: Sequence[Result], name: str) -> list[float]:
    """Return a measure of all results for which it is defined."""
    return [result.measures[name] for result in results if name in result.measures]


def _ask(run: _Run, question: Question) -> Result:
    hits: tuple[Hit, ...] = ()
    answer, seconds, rewritten = None, None, None
    errors: list[str] = []
    with _noting_errors(question, errors):
        if run.assistant and run.stage == "answers":
            answer, seconds = _answer(run, run.assistant, question)
            rewritten = answer.rewritten
        elif run.assistant:
            rewritten = run.assistant.rewrite(question.question, question.history)
    with _noting_errors(question, errors):
        depth = max(_DEPTH, run.passages)
        hits = retrieve(run.index, question.question, passages=depth, where=question.only, rewritten=rewritten)
    error = next(iter(errors), None)
    measures = measure_hits(question, hits, run.dataset.passages)
    if run.stage == "retrieval":
        return Result(question, hits, measures, error=error)
    verdict = judge_answer(question, answer)
    measures |= measure_answer(question, answer, verdict, run.dataset.passages, run.texts)
    return Result(question, hits, measures, answer, verdict, seconds, error)


@contextmanager
def _noting_errors(question: Question, errors: list[str]) -> Iterator[None]:
    """Add an error of the block to `errors`; the other questions keep their results."""
    try:
        yield
    except Exception as exc:
        logger.debug("question %s", question.id, exc_info=exc)
        errors.append(f"{type(exc).__name__}: {exc}")


def _answer(run: _Run, assistant: Assistant, question: Question) -> tuple[Answer, dict[str, float]]:
    if run.context == "none" and assistant.llm:
        return _ask_closed_book(assistant.llm, assistant.settings, question.question)
    hits = _find_gold(run, question) if run.context == "gold" else None
    seconds: dict[str, float] = {}
    events = assistant.stream(question.question, where=question.only, history=question.history, hits=hits)
    return get_answer(_time_events(events, seconds)), seconds


def _time_events(events: Iterable[Event], seconds: dict[str, float]) -> Iterator[Event]:
    """Yield the events, and note in `seconds` when the evidence, the first token and the answer came."""
    started = time.perf_counter()
    for event in events:
        now = time.perf_counter() - started
        if isinstance(event, Drafted):
            seconds.setdefault("first token", now)
        else:
            seconds["answer" if isinstance(event, Answered) else "evidence"] = now
        yield event


def _find_gold(run: _Run, question: Question) -> tuple[Hit, ...] | None:
    """Return the chunks with the gold passages, or the best chunks of the gold documents; None if there is no gold."""
    names = question.gold_passage_ids or (question.source_passage_id or "",)
    passages = find_passages(names, run.dataset.passages)
    if passages:
        return _rank_chunks(run.index, question, passages)
    if question.gold_doc_ids:
        return _rank_chunks(run.index, question, make_passages(question.gold_doc_ids))[: run.passages]
    return None


def _rank_chunks(index: Index, question: Question, passages: Mapping[str, Passage]) -> tuple[Hit, ...]:
    """Return the chunks that share words with some passages, best first."""
    chunks = index.list_chunks(passage.doc_id for passage in passages.values())
    ids = [chunk.id for chunk in chunks if find_gold(chunk, passages)]
    return index.rank(question.question, ids)


def _ask_closed_book(llm: LLM, settings: Settings, question: str) -> tuple[Answer, dict[str, float]]:
    messages, s = [Message("user", question)], settings
    started = time.perf_counter()
    pieces = list(llm.stream(messages, max_tokens=s.max_answer_tokens, temperature=s.temperature, seed=s.seed))
    text = "".join(pieces)
    outcome: Outcome = "not_found" if is_refusal(text) else "answered"
    tokens: dict[str, Any] = {"prompt_tokens": llm.count_tokens(messages), "answer_tokens": len(pieces)}
    answer = Answer(question, outcome, (Sentence(text, ()),), (), (), llm.name, **tokens)
    return answer, {"answer": time.perf_counter() - started}


_RESULT = TypeAdapter(Result)


class _ResultsFile:
    """The file of a run's results, kept only with a folder; `earlier` has a stopped run's results, by question."""

    def __init__(self, folder: Path | None, setup: dict[str, Any]) -> None:
        self.earlier: dict[str, Result] = {}
        self._file: IO[bytes] = io.BytesIO()
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise DatasetError(f"cannot write to {folder}: {exc.strerror}; name another --out") from exc
        path = folder / RESULTS_FILE
        header = json.dumps(setup, sort_keys=True).encode() + b"\n"
        lines = _read_whole_lines(path) or [header]
        if lines[0] != header:
            raise DatasetError(
                f"{folder} holds an unfinished run of another setup: name another --out, or delete {path}"
            )
        results = map(_RESULT.validate_json, lines[1:])
        self.earlier = {result.question.id: result for result in results}
        self._file = path.open("wb")
        self._file.writelines(lines)
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def add(self, result: Result) -> None:
        self._file.write(_RESULT.dump_json(result) + b"\n")
        self._file.flush()


def _read_whole_lines(path: Path) -> list[bytes]:
    """Return a file's lines; the last one is left out if a stopped run wrote only a part of it."""
    content = path.read_bytes() if path.is_file() else b""
    return content[: content.rfind(b"\n") + 1].splitlines(keepends=True)


def _describe_setup(run: _Run, questions: Sequence[Question]) -> dict[str, Any]:
    """Return everything that the results depend on; two runs with the same setup give the same results."""
    index, sources = run.index, run.index.store.get_sources()
    setup: dict[str, Any] = {
        "dataset": {"sha256": run.dataset.sha256, "documents": len(run.dataset.documents)},
        "questions": {"sha256": _hash(repr(questions).encode()), "count": len(questions)},
        "index": {
            "embedder": index.embedder.name,
            "chunks": index.store.count_chunks(),
            "sha256": _hash(repr(sorted((name, source[0]) for name, source in sources.items())).encode()),
        },
        "stage": run.stage,
        "code": _hash_code(),
        "versions": {"python": platform.python_version()} | {package: _find_version(package) for package in _PACKAGES},
    }
    if run.assistant and (run.stage == "answers" or run.assistant.llm):
        setup |= {"context": run.context, **_describe_assistant(run.assistant)}
    return setup


def _describe_assistant(assistant: Assistant) -> dict[str, Any]:
    return {
        "settings": assistant.settings.model_dump(mode="json", exclude={"home", "index_dir", "name"}),
        "prompts": {"sha256": assistant.prompts_hash},
        "cores": os.cpu_count(),
        "llm": assistant.llm.fingerprint if assistant.llm else {"name": NO_LLM},
    }


def _hash_code() -> str:
    package = Path(__file__).resolve().parents[1]
    return _hash(b"".join(path.read_bytes() for path in sorted([*package.rglob("*.py"), *package.rglob("*.json")])))


def _find_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # it belongs to an extra
        return "none"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _find_quantiles(results: Sequence[Result]) -> dict[str, tuple[float, float]]:
    """Return the median and the 95th percentile of the seconds and the tokens, each one of the values."""
    quantiles = {}
    for name, values in list_costs(results).items():
        median, high = np.quantile(values, [0.5, 0.95], method="inverted_cdf")
        quantiles[name] = float(median), float(high)
    return quantiles


def _describe_score(results: Sequence[Result]) -> str:
    for name in ("score", "recall@3"):
        values = _list_values(results, name)
        if values:
            return f"{name} {sum(values) / len(values):+.2f}"
    return ""
