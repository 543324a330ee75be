"""Measures the speed of indexing, where the time goes, and the memory for a growing corpus.

    python benchmarks/indexing.py FOLDER [--peer] [--words 1000000]

FOLDER has the files. With --peer LlamaIndex embeds the same texts with the same model in alternating runs
(`pip install -e '.[peers]'`). Both search for a hundred questions, which are first sentences of the texts, and the
program compares their first ten passages. With --words the program copies the files, with their words shuffled, up to
that number of words, and shows the peak memory on the way.
"""

import argparse
import cProfile
import pstats
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from click import echo as say

from rag import Settings, build_index
from rag.index.embedder import Embedder, Vectors, open_embedder
from rag.models import locate_model
from rag.text import split_sentences

RUNS = 3
QUESTIONS = 100
# The function of each step; its time includes all functions that it calls.
STEPS = {
    "read": "read",
    "chunk": "split_document",
    "embed": "embed_documents",
    "store": "put_document",
    "vectors": "refresh",
}


class Recorder:
    """An embedder that records its texts."""

    def __init__(self, inner: Embedder) -> None:
        self.name, self.dim, self.max_tokens = inner.name, inner.dim, inner.max_tokens
        self.count_tokens, self.embed_query = inner.count_tokens, inner.embed_query
        self.texts: list[str] = []
        self._inner = inner

    def embed_documents(self, texts: list[str]) -> Vectors:
        self.texts += texts
        return self._inner.embed_documents(texts)


def measure(folder: Path, settings: Settings, embedder: Embedder) -> tuple[float, int]:
    """Index a folder into a temporary index; return the seconds and the number of chunks."""
    with tempfile.TemporaryDirectory() as place:
        started = time.perf_counter()
        report = build_index(
            [folder], settings=settings.model_copy(update={"index_dir": Path(place)}), embedder=embedder
        )
        return time.perf_counter() - started, report.chunks


def profile(folder: Path, settings: Settings, embedder: Embedder) -> None:
    """Index a folder into a temporary index, and print where the time went; profiling itself costs some time."""
    with cProfile.Profile() as profiler:
        seconds, chunks = measure(folder, settings, embedder)
    shares = dict.fromkeys(STEPS.values(), 0.0)
    for (file, _, name), (*_, cumulative, _) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        if name in shares and "/rag/" in file:
            shares[name] += cumulative
    say(f"{chunks:,} chunks, where the time went:")
    say("".join(f"  {step} {shares[name] / seconds:.1%}\n" for step, name in STEPS.items()))


def open_peer(settings: Settings) -> Callable[[list[str]], Callable[[str], list[str]]]:
    """Return a function that indexes texts with LlamaIndex, at its defaults except for the model."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    folder = locate_model(settings.embedder, kind="embedder", home=settings.home)
    model = HuggingFaceEmbedding(model_name=str(folder), device="cpu")

    def index(texts: list[str]) -> Callable[[str], list[str]]:
        nodes = [TextNode(text=text, id_=str(n)) for n, text in enumerate(texts)]
        retriever = VectorStoreIndex(nodes, embed_model=model).as_retriever(similarity_top_k=10)
        return lambda question: [found.node.text for found in retriever.retrieve(question)]

    return index


def compare(folder: Path, settings: Settings, embedder: Embedder) -> None:
    """Index a folder in turns with LlamaIndex, and print a comparison of the times and the passages."""
    recorder = Recorder(embedder)
    measure(folder, settings, recorder)
    texts, peer = recorder.texts, open_peer(settings)
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(measure(folder, settings, embedder)[0])
        started = time.perf_counter()
        search = peer(texts)
        theirs.append(time.perf_counter() - started)
    rows = embedder.embed_documents(texts)
    step = max(1, len(texts) // QUESTIONS)
    questions = [text[slice(*split_sentences(text)[0])] for text in texts[::step]]
    overlaps = []
    for question in questions:
        best = np.argsort(-(rows @ embedder.embed_query(question)), kind="stable")[:10]
        overlaps.append(len({texts[i] for i in best} & set(search(question))) / len(best))
    ratios = [t / o for o, t in zip(ours, theirs, strict=True)]
    say(f"{len(texts)} texts, {RUNS} runs in turns, chunks a second (median):")
    say(f"  rag index (read, chunk, embed, store): {len(texts) / statistics.median(ours):.1f}")
    say(f"  LlamaIndex (embed, keep in memory): {len(texts) / statistics.median(theirs):.1f}")
    say(f"  ratio: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    say(f"  the first ten of {len(questions)} questions: {statistics.mean(overlaps):.3f} are the same")


def grow(folder: Path, settings: Settings, embedder: Embedder, words: int) -> None:
    """Index more and more copies of the files, and show the peak memory each time."""
    random = np.random.default_rng(0)
    texts = [path.read_text(encoding="utf-8").split() for path in sorted(folder.rglob("*.txt"))]
    say("| words | chunks | chunks a second | peak memory |")
    say("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as place:
        made, count = Path(place) / "docs", 0
        made.mkdir()
        for goal in (words // 100, words // 10, words):
            while count < goal:
                copy = random.permutation(texts[count % len(texts)])
                lines = [" ".join(copy[i : i + 60]) + "." for i in range(0, len(copy), 60)]
                (made / f"{count}.txt").write_text("\n\n".join(lines), encoding="utf-8")
                count += len(copy)
            seconds, chunks = measure(made, settings, embedder)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
            say(f"| {count:,} | {chunks:,} | {chunks / seconds:.1f} | {peak:,.0f} MB |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--words", type=int, default=0)
    arguments = parser.parse_args()
    settings = Settings.load(name="indexing", index="")
    embedder = open_embedder(settings)
    profile(arguments.folder, settings, embedder)
    if arguments.peer:
        compare(arguments.folder, settings, embedder)
    if arguments.words:
        grow(arguments.folder, settings, embedder, arguments.words)


if __name__ == "__main__":
    main()
