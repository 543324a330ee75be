"""Measures the vectors of a growing index: recall of the exact result, time, memory, size on disk.

    python benchmarks/vectors.py INDEX --sizes 10000 100000 1000000

INDEX is a folder that `rag index` made. The program draws vectors and questions near its embeddings (cosine similarity
about 0.7), like chunks of a larger corpus. It does not search words.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from click import echo as say
from tqdm import trange

from rag import Document, Index, Section
from rag.index import open_store
from rag.index.embedder import Vectors
from rag.index.store import StoredChunk, WritableStore
from rag.index.vectors import FLAT_LIMIT

QUESTIONS = 200
CHANGED = 1000
NOISE = 1.0


class FixedEmbedder:
    """Embeds a question as the vector with its number."""

    name, max_tokens = "fixed", 256

    def __init__(self, questions: Vectors) -> None:
        self.questions, self.dim = questions, questions.shape[1]

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def embed_documents(self, texts: list[str]) -> Vectors:
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> Vectors:
        row: Vectors = self.questions[int(text)]
        return row


def draw(centres: Vectors, count: int, random: np.random.Generator) -> Vectors:
    rows = centres[random.integers(0, len(centres), count)]
    rows = rows + (NOISE / np.sqrt(rows.shape[1])) * random.standard_normal(rows.shape, dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def fill(store: WritableStore, centres: Vectors, count: int, random: np.random.Generator, *, prefix: str = "") -> None:
    for n in trange(0, count, CHANGED, unit="thousand", disable=None):
        text = "x " * CHANGED
        rows = draw(centres, CHANGED, random).astype(np.float16)
        chunks = [
            StoredChunk(Section(2 * i, 2 * i + 1, voice="article"), "", row.tobytes()) for i, row in enumerate(rows)
        ]
        source = f"{prefix}{n}"
        store.put_document(Document(source, text, "", ()), chunks, content_hash="", file_hash=source)


def measure(centres: Vectors, size: int, folder: Path) -> str:
    """Return the line of the table for an index of `size` chunks."""
    random = np.random.default_rng(0)
    embedder = FixedEmbedder(draw(centres, QUESTIONS, random))
    seconds: dict[str, float] = {}

    def clock(name: str, started: float) -> None:
        seconds[name] = time.perf_counter() - started

    with Index(folder, embedder, create=True) as index, index.store.lock(lambda _: True) as store:
        fill(store, centres, size, random)
        started = time.perf_counter()
        store.refresh()
        clock("build", started)
    with Index(folder, embedder) as index, index.store.lock(lambda _: True) as store:
        started = time.perf_counter()
        store.refresh()
        clock("open", started)
        times, found = [], []
        for n in range(QUESTIONS):
            started = time.perf_counter()
            found.append({hit.chunk.id for hit in index.search(str(n), k=10)})
            times.append(time.perf_counter() - started)
        recall = np.mean([len(f & e) / 10 for f, e in zip(found, find_exact(index, embedder.questions), strict=True)])
        fill(store, centres, CHANGED, random, prefix="new")
        started = time.perf_counter()
        store.refresh()
        clock("add", started)
        store.remove_source("new0")
        started = time.perf_counter()
        store.refresh()
        clock("remove", started)
    p50, p95 = np.percentile(times, [50, 95]) * 1000
    megabytes = (folder / "vectors.faiss").stat().st_size / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    steps = " | ".join(f"{seconds[name]:.1f} s" for name in ("build", "open", "add", "remove"))
    return f"| {size:,} | {recall:.3f} | {p50:.1f} ms | {p95:.1f} ms | {steps} | {megabytes:,.0f} MB | {peak:.1f} GB |"


def find_exact(index: Index, questions: Vectors) -> list[set[int]]:
    ids = index.store.get_ids()
    best = [np.zeros(0, dtype=np.int64)] * len(questions)
    top = [np.zeros(0, dtype=np.float32)] * len(questions)
    for start in range(0, len(ids), 50_000):
        there, rows = index.store.get_embeddings(ids[start : start + 50_000].tolist(), dim=questions.shape[1])
        for n, scores in enumerate(questions @ rows.T):
            nearest = np.argpartition(-scores, 10)[:10]
            joined = np.concatenate([top[n], scores[nearest]])
            names = np.concatenate([best[n], np.array(there)[nearest]])
            keep = np.argsort(-joined, kind="stable")[:10]
            top[n], best[n] = joined[keep], names[keep]
    return [set(names.tolist()) for names in best]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, FLAT_LIMIT, 1_000_000])
    parser.add_argument("--embedder", default="all-minilm-l6-v2")
    parser.add_argument("--dim", type=int, default=384)
    arguments = parser.parse_args()
    store = open_store(arguments.index, embedder=arguments.embedder, dim=arguments.dim)
    _, centres = store.get_embeddings(store.get_ids().tolist(), dim=arguments.dim)
    say("| chunks | recall@10 | p50 | p95 | build | open | add 1,000 | remove 1,000 | vectors.faiss | peak memory |")
    say("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            say(measure(centres, size, Path(folder) / "index"))


if __name__ == "__main__":
    main()
