"""Measures the chat page: the time to the first evidence, and its behaviour with many users at once.

    python benchmarks/page.py DATASET --chunks 10000 --questions 100 --clients 20 --seconds 120 --typed 30

DATASET is a data set of `rag eval`. Its documents, repeated under other titles, fill an index of that many chunks,
with random vectors. The program asks its questions, embedded with the default embedder. The LLM is a script that
writes the first passage's first sentence, 20 words a second, so that the program measures only the page. The clients
run in another process. Last, it types some questions for the settings' LLM, over an index of the unchanged documents.
It types 4.3 letters a second, the 52 words a minute that 168,000 people typed on average (Dhakal and others,
"Observations on Typing from 136 Million Keystrokes", CHI 2018). All parts except the clients need Chromium.
"""

import argparse
import math
import multiprocessing
import re
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from click import echo as say
from gradio_client import Client
from playwright.sync_api import sync_playwright
from tqdm import tqdm

from rag import Message, Settings, load_dataset
from rag.evaluation.dataset import sample_questions
from rag.index.build import index_documents
from rag.index.embedder import Embedder, Vectors, open_embedder
from rag.llm import open_llm
from rag.llm.base import Leaning
from rag.web.launch import launch_page
from rag.web.page import build_page
from rag.web.workspace import Models, Workspace

WORDS_PER_S = 20
# The milliseconds from Enter to the wanted element, or null if the answer comes first.
_WAIT = """wanted => new Promise(done => {
    const box = document.querySelector('#fn-question textarea'), start = performance.now();
    const look = () => {
        if (document.querySelector(wanted)) done(performance.now() - start);
        else if (document.querySelector('.fn-outcome')) done(null);
        else setTimeout(look, 5);
    };
    box.dispatchEvent(new KeyboardEvent('keypress', {key: 'Enter', bubbles: true}));
    look();
})"""


class DrawnEmbedder:
    """Embeds questions like the default embedder, and documents at random."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder, self._random = embedder, np.random.default_rng(0)
        self.name, self.dim, self.max_tokens = "drawn", embedder.dim, embedder.max_tokens

    def count_tokens(self, text: str) -> int:
        return self._embedder.count_tokens(text)

    def embed_documents(self, texts: list[str]) -> Vectors:
        rows = self._random.standard_normal((len(texts), self.dim), dtype=np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        return self._embedder.embed_query(text)


class QuotingLLM:
    """Writes the first sentence of the first passage."""

    name, context_size, at_once = "quoting", 8192, 1

    @property
    def fingerprint(self) -> dict[str, str]:
        return {"name": self.name}

    def close(self) -> None:
        pass

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def read(self, messages: Sequence[Message], *, whole: bool = False) -> None:
        pass

    def break_off(self) -> None:
        pass

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float, seed: int, begin: str = ""
    ) -> Iterator[str]:
        passage = messages[-1].content.split(": ", 2)[-1]
        for word in re.findall(r"\S+\s*", re.split(r"(?<=\.)\s", passage)[0])[:20]:
            time.sleep(1 / WORDS_PER_S)
            yield word

    def compare(self, messages: Sequence[Message], first: str, second: str) -> Leaning:
        return Leaning(9.0)


def open_desk(folder: Path, dataset: Path, *, chunks: int) -> tuple[Workspace, list[str]]:
    """Return a workspace over an index of enough chunks, and the questions."""
    data = load_dataset(dataset)
    settings = Settings.load(index_dir=folder, name="bench", index="")
    embedder = DrawnEmbedder(open_embedder(settings))
    documents = list(data.documents)
    with index_documents(documents, settings=settings, embedder=embedder) as index:
        rounds = -(-chunks // index.store.count_chunks())
    copies = [replace(d, source=f"{d.source} {n}", title=f"{d.title} {n}") for n in range(rounds) for d in documents]
    with index_documents(copies, settings=settings, embedder=embedder) as index:
        say(f"{index.store.count_chunks()} chunks of {len(copies)} documents")
    workspace = Workspace(settings, lambda _: Models(embedder, QuotingLLM()))
    return workspace, [question.question for question in data.questions if not question.history]


def measure(address: str, questions: Sequence[str], wanted: str, *, letters_per_s: float = math.inf) -> list[float]:
    """Return the seconds from Enter until an element is in the browser, for questions where it appears."""
    seconds = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(120_000)  # typing a long question takes half a minute, and so does its answer
        page.goto(address)
        page.wait_for_selector("#fn-question textarea")
        for question in tqdm(questions, unit="question", disable=None):
            page.get_by_role("button", name="New conversation").click()
            page.wait_for_selector(".fn-answer", state="detached")
            page.locator("#fn-question textarea").press_sequentially(question, delay=1000 / letters_per_s)
            waited = page.evaluate(_WAIT, wanted)
            if waited is not None:
                seconds.append(waited / 1000)
            page.wait_for_selector(".fn-outcome")
        browser.close()
    return sorted(seconds)


def measure_typed(folder: Path, dataset: Path, *, limit: int, letters_per_s: float) -> list[float]:
    """Return the seconds from Enter to the LLM's first word, for a sample of questions typed on the page."""
    data = load_dataset(dataset)
    settings = Settings.load(index_dir=folder, name="typed", index="")
    with index_documents(data.documents, settings=settings):
        pass  # the index is on disk, for the page
    workspace = Workspace(settings, lambda chosen: Models(open_embedder(chosen), open_llm(chosen)))
    asked = [question.question for question in sample_questions(data.questions, limit, seed=0)]
    address = launch_page(workspace, build_page(workspace), quiet=True)
    measure(address, asked[:1], ".fn-outcome")  # prefill the instructions
    return measure(address, asked, ".fn-draft .fn-caret", letters_per_s=letters_per_s)


def summarise(seconds: Sequence[float]) -> str:
    """Return the median and the 95th percentile of sorted seconds, in words."""
    if not seconds:
        return "no question came so far"
    p95 = seconds[int(0.95 * (len(seconds) - 1))]
    return f"median {statistics.median(seconds):.3f} s, p95 {p95:.3f} s, {len(seconds)} questions"


def ask_all(address: str, questions: Sequence[str], clients: int, seconds: float) -> list[tuple[float, float, str]]:
    """Let the clients ask for some seconds; return the times of questions and answers, and the errors."""
    results: list[tuple[float, float, str]] = []
    end = time.time() + seconds

    def ask(client: Client, number: int) -> None:
        turn = number
        while time.time() < end:
            question, asked = f"{questions[turn % len(questions)]} ({number})", time.time()
            turn += clients
            try:
                answer = client.predict(question, "bench", api_name="/ask")
                wrong = "" if answer["question"] == question else "another's answer"
            except Exception as exc:
                wrong = f"{type(exc).__name__}: {exc}"
            results.append((asked, time.time(), wrong))

    opened = [Client(address, verbose=False) for _ in range(clients)]
    threads = [threading.Thread(target=ask, args=(client, n)) for n, client in enumerate(opened)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def read_memory_mb() -> float:
    """Return the memory that this process holds, in MB."""
    return int(re.findall(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))[0]) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--typed", type=int, default=0)
    parser.add_argument("--letters-per-second", type=float, default=4.3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace, questions = open_desk(Path(folder), given.dataset, chunks=given.chunks)
        address = launch_page(workspace, build_page(workspace), quiet=True)
        seen = measure(address, questions[: given.questions], ".fn-evidence")
        say(f"Enter to evidence: {summarise(seen)}")
        memory: list[float] = []
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            asking = pool.apply_async(ask_all, (address, questions, given.clients, given.seconds))
            while not asking.ready():
                asking.wait(5)
                memory.append(read_memory_mb())
            results = sorted(asking.get())
    wrong = [text for _, _, text in results if text]
    # Answers that overtook a question from half a second earlier; simultaneous questions may come in any order.
    late = sum(
        done > others_done and asked < others_asked - 0.5
        for n, (asked, done, _) in enumerate(results)
        for others_asked, others_done, _ in results[n + 1 :]
    )
    waits = [done - asked for asked, done, _ in results]
    say(f"{given.clients} clients, {given.seconds:.0f} s: {len(results)} answers, {len(wrong)} wrong, {late} overtaken")
    say(f"wait: median {statistics.median(waits):.1f} s, longest {max(waits):.1f} s")
    say(f"memory: {memory[len(memory) // 4]:.0f} MB after a quarter, {memory[-1]:.0f} MB at the end")
    for text in wrong[:5]:
        say(text)
    if given.typed:
        with tempfile.TemporaryDirectory() as folder:
            said = measure_typed(Path(folder), given.dataset, limit=given.typed, letters_per_s=given.letters_per_second)
        say(f"Enter to first word, typed: {summarise(said)}")


if __name__ == "__main__":
    main()
