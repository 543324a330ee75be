"""Asks the questions of a data set, measures the answers, and can go on after a kill."""

import hashlib
import importlib.metadata
import json
import logging
import math
import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal, Self

from pydantic import TypeAdapter
from tqdm import tqdm

from rag.answer.prompt import find_prompts
from rag.assistant import Assistant
from rag.errors import DatasetError
from rag.evaluation.dataset import Dataset, Question
from rag.evaluation.judge import judge_answer, measure_answer, measure_hits
from rag.evaluation.metrics import estimate, is_refusal
from rag.evaluation.page import PAGE_FILE, render_page
from rag.evaluation.report import Report, Result, compare, save_report
from rag.index.index import Index
from rag.llm.base import LLM, Message
from rag.llm.llama import LlamaCpp
from rag.retrieve import retrieve
from rag.settings import Settings
from rag.system import get_peak_memory
from rag.types import Answer, Answered, Drafted, Hit, Sentence

logger = logging.getLogger(__name__)

Context = Literal["retrieved", "gold", "none"]
Stage = Literal["retrieval", "answers"]
RESULTS_FILE = "results.jsonl"
# Retrieval is measured so deep, however few passages the LLM is given.
_DEPTH = 10
_PACKAGES = ("footnote-rag", "faiss-cpu", "llama-cpp-python", "numpy", "sentence-transformers", "torch")


@dataclass(frozen=True, slots=True)
class _Run:
    """What stays the same from question to question."""

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
    """Return the report of asking a data set's questions, or those given; of an Index, the stage is always "retrieval".

    The index must hold the data set's documents (`index_documents`). The answers rest on what is retrieved, on the
    gold passages, or, with context "none", on nothing but what the LLM knows. In `folder` every result is kept as soon
    as it is there, so that a run that was stopped goes on; the finished report replaces what was there. A question that
    raises counts as wrong. Raises DatasetError if the folder holds the results of another run that did not finish.
    """
    if isinstance(subject, Assistant) and subject.llm is None and context == "none":
        raise DatasetError("the context none asks the LLM alone: name one with --llm")
    questions = dataset.questions if questions is None else questions
    assistant = subject if isinstance(subject, Assistant) else None
    index = subject.index if isinstance(subject, Assistant) else subject
    run = _Run(
        dataset,
        index,
        assistant,
        context,
        stage if assistant else "retrieval",
        assistant.settings.passages if assistant else _DEPTH,
        {document.source: document.text for document in dataset.documents},
    )
    setup = _describe_setup(run, questions)
    results = []
    with _Kept(folder, setup) as kept:
        bar = tqdm(questions, desc="asking", unit="question", disable=None if progress else True)
        for question in bar:
            result = kept.done.get(question.id)
            if not result:
                result = _ask(run, question)
                kept.add(result)
            results.append(result)
            bar.set_postfix_str(_describe_score(results))
    report = Report(
        dataset=dataset.name,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        setup=setup,
        measures={name: estimate([v for v in column if not math.isnan(v)]) for name, column in _tabulate(results)},
        quantiles=_find_quantiles(results),
        peak_memory=get_peak_memory(),
        results=tuple(results),
    )
    if baseline:
        report = replace(report, comparison=compare(report, baseline))
    if folder:
        save_report(report, folder)
        (folder / PAGE_FILE).write_text(render_page(report), encoding="utf-8")
        (folder / RESULTS_FILE).unlink()
    return report


def _ask(run: _Run, question: Question) -> Result:
    hits: tuple[Hit, ...] = ()
    answer, seconds, error, rewritten = None, None, None, None
    try:
        if run.assistant and run.stage == "retrieval":
            rewritten = run.assistant.rewrite(question.question, question.history)
        elif run.assistant:
            answer, seconds = _answer(run, run.assistant, question)
            rewritten = answer.rewritten
    except Exception as exc:  # whatever a question brings up must not cost the other questions' results
        error = _describe_error(question, exc)
    try:
        depth = max(_DEPTH, run.passages)
        hits = retrieve(run.index, question.question, passages=depth, only=question.only, rewritten=rewritten)
    except Exception as exc:
        error = error or _describe_error(question, exc)
    measures = measure_hits(question, hits, run.dataset.passages)
    if run.stage == "retrieval":
        return Result(question, hits, measures, error=error)
    verdict = judge_answer(question, answer)
    measures |= measure_answer(question, answer, verdict, run.dataset.passages, run.texts)
    return Result(question, hits, measures, answer, verdict, seconds, error)


def _describe_error(question: Question, exc: Exception) -> str:
    logger.debug("question %s", question.id, exc_info=exc)
    return f"{type(exc).__name__}: {exc}"


def _answer(run: _Run, assistant: Assistant, question: Question) -> tuple[Answer, dict[str, float]]:
    if run.context == "none" and assistant.llm:
        return _ask_closed_book(assistant.llm, assistant.settings, question.question)
    given = _find_gold(run, question) if run.context == "gold" else None
    started = time.perf_counter()
    seconds: dict[str, float] = {}
    answer = None
    for event in assistant.stream(question.question, only=question.only, history=question.history, hits=given):
        now = time.perf_counter() - started
        if isinstance(event, Drafted):
            seconds.setdefault("first token", now)
        elif isinstance(event, Answered):
            answer = event.answer
            seconds["answer"] = now
        else:
            seconds["evidence"] = now
    if answer is None:
        raise RuntimeError("the assistant gave no answer")
    return answer, seconds


def _find_gold(run: _Run, question: Question) -> tuple[Hit, ...] | None:
    """Return the chunks of the gold passages, those nearest to the question of the gold documents, or None: no gold."""
    wanted = question.gold_passage_ids or ((question.source_passage_id,) if question.source_passage_id else ())
    places = [run.dataset.passages[i] for i in wanted if i in run.dataset.passages]
    found = run.index.search(question.question, k=run.index.catalog.count_chunks())
    if places:
        chunks = [
            hit for hit in found
            if any(hit.chunk.source == p.doc_id and hit.chunk.start < p.end and p.start < hit.chunk.end for p in places)
        ]  # fmt: skip
    elif question.gold_doc_ids:
        chunks = [hit for hit in found if hit.chunk.source in question.gold_doc_ids][: run.passages]
    else:
        return None
    return tuple(replace(hit, rank=rank) for rank, hit in enumerate(chunks, start=1))


def _ask_closed_book(llm: LLM, settings: Settings, question: str) -> tuple[Answer, dict[str, float]]:
    messages = [Message("user", question)]
    started = time.perf_counter()
    pieces = list(
        llm.stream(
            messages, max_tokens=settings.max_answer_tokens, temperature=settings.temperature, seed=settings.seed
        )
    )
    text = "".join(pieces)
    answer = Answer(
        question,
        text,
        "not_found" if is_refusal(text) else "answered",
        (Sentence(text, ()),),
        (),
        (),
        llm.name,
        llm.count_tokens(messages),
        len(pieces),
    )
    return answer, {"answer": time.perf_counter() - started}


_RESULT = TypeAdapter(Result)


class _Kept:
    """The results kept in a folder: those that an earlier run left, by question, and this one's as they come."""

    def __init__(self, folder: Path | None, setup: dict[str, Any]) -> None:
        self.done: dict[str, Result] = {}
        self._file: IO[bytes] | None = None
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise DatasetError(f"cannot write to {folder}: {exc.strerror}; name another --out") from exc
        path = folder / RESULTS_FILE
        lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()  # torn by a kill
        header = json.dumps(setup, sort_keys=True).encode() + b"\n"
        if lines and lines[0] != header:
            raise DatasetError(
                f"{folder} holds an unfinished run of another setup: name another --out, or delete {path}"
            )
        results = map(_RESULT.validate_json, lines[1:])
        self.done = {result.question.id: result for result in results}
        self._file = path.open("wb")
        self._file.writelines(lines or [header])
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def add(self, result: Result) -> None:
        if self._file:
            self._file.write(_RESULT.dump_json(result) + b"\n")
            self._file.flush()


def _describe_setup(run: _Run, questions: Sequence[Question]) -> dict[str, Any]:
    """Return all that the results depend on; two runs with the same setup give the same results."""
    folder = find_prompts()
    prompts = {path.relative_to(folder).as_posix(): _hash(path.read_bytes()) for path in sorted(folder.glob("*/*.txt"))}
    package = Path(__file__).resolve().parents[1]
    code = _hash(b"".join(path.read_bytes() for path in sorted([*package.rglob("*.py"), *package.rglob("*.json")])))
    index, sources = run.index, run.index.catalog.get_sources()
    setup: dict[str, Any] = {
        "dataset": {"sha256": run.dataset.sha256, "documents": len(run.dataset.documents)},
        "questions": {"sha256": _hash(repr(questions).encode()), "count": len(questions)},
        "index": {
            "embedder": index.embedder.name,
            "chunks": index.catalog.count_chunks(),
            "sha256": _hash(repr(sorted((name, found[0]) for name, found in sources.items())).encode()),
        },
        "stage": run.stage,
        "code": code,
        "versions": {"python": platform.python_version()} | {package: _find_version(package) for package in _PACKAGES},
    }
    if run.assistant and (run.stage == "answers" or run.assistant.llm):
        settings = run.assistant.settings.model_dump(mode="json", exclude={"home", "index_dir", "name"})
        setup |= {"context": run.context, "settings": settings, "prompts": prompts, "cores": os.cpu_count()}
        setup["llm"] = {"name": run.assistant.settings.llm}
        if isinstance(run.assistant.llm, LlamaCpp):
            with run.assistant.llm.path.open("rb") as file:
                setup["llm"]["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    return setup


def _find_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # of an extra
        return "none"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _tabulate(results: Sequence[Result]) -> Iterator[tuple[str, list[float]]]:
    names = dict.fromkeys(name for result in results for name in result.measures)
    for name in names:
        yield name, [result.measures.get(name, math.nan) for result in results]


def _find_quantiles(results: Sequence[Result]) -> dict[str, tuple[float, float]]:
    """Return the median and the 95th percentile of the seconds and the tokens."""
    columns: dict[str, list[float]] = {}
    for result in results:
        for name, value in (result.seconds or {}).items():
            columns.setdefault(f"seconds to {name}", []).append(value)
        if result.answer:
            columns.setdefault("prompt tokens", []).append(result.answer.prompt_tokens)
            columns.setdefault("answer tokens", []).append(result.answer.answer_tokens)
    ordered = {name: sorted(values) for name, values in columns.items()}
    return {name: (v[(len(v) - 1) // 2], v[math.ceil(0.95 * len(v)) - 1]) for name, v in ordered.items()}


def _describe_score(results: Sequence[Result]) -> str:
    name = "score" if any("score" in result.measures for result in results) else "recall@3"
    values = [result.measures[name] for result in results if name in result.measures]
    return f"{name} {sum(values) / len(values):+.2f}" if values else ""
