"""Measures the wait from the question to the first evidence, to the first word, and to the last.

    python -m benchmarks.speed DATASET --questions FILE --limit 30 [--peer llama-index] [--peer txtai]

The assistant and each peer (`pip install -e '.[peers]'`) answer each question of a sample in turns. Then the assistant
answers another question about the same paragraph, once with a new search and once from the passages already found.
Later it answers the first one again, after prefilling all but its last word, as on the page. Then the program starts
`rag ask` in a terminal a few times. For comparison it measures how long the bare LLM takes to read the question and the
best sentence found, and to write. It writes speed.json and speed.png to --out; times are medians in seconds.
"""

import json
import os
import pty
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click
import matplotlib.pyplot as plt
from tqdm import tqdm

from benchmarks.peers import PEERS
from rag import Answer, Assistant, Settings, load_dataset
from rag.answer.quote.cite import rank_evidence
from rag.evaluation.dataset import sample_questions
from rag.index.build import index_documents
from rag.llm import open_llm
from rag.llm.base import LLM, Message
from rag.models import locate_model
from rag.types import Answered, Drafted, Hit

STEPS = ("evidence", "first word", "all")
COLD_RUNS = 10


def watch(assistant: Assistant, question: str, hits: tuple[Hit, ...] | None = None) -> tuple[dict[str, float], Answer]:
    """Ask, and return the times of evidence, first word and answer; a refusal has no first word."""
    started = time.perf_counter()
    times: dict[str, float] = {}
    for event in assistant.stream(question, hits=hits):
        passed = time.perf_counter() - started
        if isinstance(event, Answered):
            return {**times, "all": passed}, event.answer
        times.setdefault("first word" if isinstance(event, Drafted) else "evidence", passed)
    raise AssertionError("a stream ends with an answer")


def measure_limit(llm: LLM, question: str, hits: Sequence[Hit]) -> float:
    """Return the seconds of the bare LLM for the shortest prompt with the best sentence, and a short answer."""
    sentence, _ = rank_evidence(hits)[0]
    started = time.perf_counter()
    asked = [Message("user", f"{sentence.words} {question}")]
    list(llm.stream(asked, max_tokens=12, temperature=0.0, seed=0))
    return time.perf_counter() - started


def start_anew(question: str, settings: Settings) -> dict[str, float]:
    """Start `rag ask`, and return the times of evidence, of the first word in its terminal, and of its end."""
    started = time.perf_counter()
    where = ["--name", settings.name, "--index-dir", str(settings.index_dir)]
    run = [sys.executable, "-m", "rag", "ask", question, *where]
    seen, terminal = pty.openpty()
    times: dict[str, float] = {}
    with subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=terminal):
        os.close(terminal)
        with suppress(OSError):  # a terminal ends like this
            while shown := os.read(seen, 4096):
                for _ in filter(None, shown.split(b"\r\033[K")):
                    if len(times) < len(STEPS) - 1:
                        times[STEPS[len(times)]] = time.perf_counter() - started
    os.close(seen)
    return {**times, "all": time.perf_counter() - started}


def summarise(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each step over the runs that have it."""
    steps = dict.fromkeys(step for run in runs for step in run)
    return {step: round(statistics.median(run[step] for run in runs if step in run), 3) for step in steps}


def draw(medians: dict[str, dict[str, float]], path: Path) -> None:
    """Draw the times as bars."""
    figure, axes = plt.subplots(figsize=(8, 0.6 * len(medians) + 1))
    for row, steps in enumerate(medians.values()):
        before = 0.0
        for step, shade in zip(STEPS, ("0.8", "0.55", "0.25"), strict=True):
            until = steps.get(step, before)
            axes.barh(row, until - before, left=before, color=shade, label=step if row == 0 else None)
            before = until
    axes.set_yticks(range(len(medians)), [*medians])
    axes.invert_yaxis()
    axes.set_xlabel("seconds, median")
    axes.legend(title="until")
    figure.savefig(path, bbox_inches="tight", dpi=150)


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--questions", type=click.Path(path_type=Path), help="Questions to ask instead of DATASET's own.")
@click.option("--limit", type=click.IntRange(2), default=30, show_default=True, help="Size of the sample.")
@click.option("--peer", "names", type=click.Choice([*PEERS]), multiple=True, help="Also ask this peer.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("eval/speed"), show_default=True)
def main(dataset: Path, questions: Path | None, limit: int, names: Sequence[str], out: Path) -> None:
    """Ask in turns, and write the measurements."""
    out.mkdir(parents=True, exist_ok=True)
    data = load_dataset(dataset, questions=questions)
    sample = sample_questions(data.questions, limit, seed=0)
    others = {q.source_passage_id: q.question for q in load_dataset(dataset).questions if q.answerable}
    settings = Settings.load(name="speed", index="", index_dir=out / "index")
    index, llm = index_documents(data.documents, settings=settings), open_llm(settings)
    if llm is None:
        raise SystemExit("the waits need an LLM: set RAG_LLM to one")
    assistant = Assistant(index, llm, settings)
    assistant.ask(sample[0].question)  # prefill the instructions
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    paths = [locate_model(settings.llm, kind="llm", home=settings.home)]
    paths.append(locate_model(settings.embedder, kind="embedder", home=settings.home))
    peers = {name: PEERS[name](data, *paths) for name in names}
    runs: dict[str, list[dict[str, float]]] = {}
    for question, paragraph in tqdm([(q.question, q.source_passage_id) for q in sample], unit="question"):
        times, answer = watch(assistant, question)
        runs.setdefault("asked", []).append(times)
        for name, ask in peers.items():
            started = time.perf_counter()
            ask(question)
            runs.setdefault(name, []).append({"all": time.perf_counter() - started})
        runs.setdefault("the least for the LLM", []).append({"all": measure_limit(llm, question, answer.hits)})
        other = others.get(paragraph, question)
        if other == question:
            continue
        for name, hits in (("another about its paragraph", None), ("the same from its passages", answer.hits)):
            assistant.ask(question)
            runs.setdefault(name, []).append(watch(assistant, other, hits)[0])
    for question in tqdm([q.question for q in sample], unit="question"):  # their passages are no longer cached
        typed = question.rpartition(" ")[0]
        llm.read(assistant.build_prompts(typed, assistant.find(typed)[:1])[0])
        runs.setdefault("read ahead while it is typed", []).append(watch(assistant, question)[0])
    for question in tqdm([q.question for q in sample[:COLD_RUNS]], unit="question"):
        runs.setdefault("rag ask, a new process", []).append(start_anew(question, settings))
    medians = {name: summarise(of) for name, of in runs.items()}
    ratios = {
        name: round(statistics.median(t["all"] / o["all"] for t, o in zip(runs[name], runs["asked"], strict=True)), 2)
        for name in names
    }
    result = {
        "questions": len(sample),
        "seconds": medians,
        "ratios": ratios,
        "memory_gb": round(memory, 2),
    }
    (out / "speed.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    draw(medians, out / "speed.png")
    click.echo(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
