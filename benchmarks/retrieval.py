"""Measures the value of each step of the retrieval, and its time.

    python benchmarks/retrieval.py DATASET [--questions FILE] [--chunks N] [--place ADDRESS]...

It uses the answerable questions. It prints how often one of the first k passages has an accepted text and is from a
gold document, with 95 % intervals. With --chunks it fills the index up to N chunks, with copies whose words are
shuffled and vectors blurred; this measures only the time. With --place it copies the index there (`milvus:URI/NAME`,
the URI of a server or a file of milvus-lite), and searches there too.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from click import echo as say
from tqdm import tqdm, trange

import rag.index.index
from rag import Document, Hit, Index, Section, Settings, load_dataset
from rag.evaluation.dataset import Dataset, Question
from rag.evaluation.judge import has_short_answers, measure_hits
from rag.evaluation.metrics import RANKS, estimate
from rag.index.build import index_documents
from rag.index.migrate import copy_index
from rag.index.store import StoredChunk, WritableStore
from rag.retrieve import retrieve

DEPTH = max(RANKS)
_A_DOCUMENT = 1000


def search_vectors(index: Index, question: str) -> Sequence[Hit]:
    weight, rag.index.index.WORDS_WEIGHT = rag.index.index.WORDS_WEIGHT, 0.0
    try:
        return index.search(question, k=DEPTH)
    finally:
        rag.index.index.WORDS_WEIGHT = weight


def search_words(index: Index, question: str) -> Sequence[Hit]:
    found = dict(index.store.search_words(question, DEPTH))
    return [Hit(chunk, found[chunk.id], rank) for rank, chunk in enumerate(index.store.get_chunks(list(found)), 1)]


def search_both(index: Index, question: str) -> Sequence[Hit]:
    return index.search(question, k=DEPTH)


def search_whole(index: Index, question: str) -> Sequence[Hit]:
    return retrieve(index, question, passages=DEPTH)


STEPS: dict[str, Callable[[Index, str], Sequence[Hit]]] = {
    "vectors alone": search_vectors,
    "words alone (BM25)": search_words,
    "both": search_both,
    "both, then word by word, duplicates once (`rag search`)": search_whole,
}


def fill_up(index: Index, count: int) -> None:
    """Add copies of the chunks, `_A_DOCUMENT` of them for each document."""
    with index.store.lock(lambda _: True) as store:
        _add_copies(store, index.embedder.dim, count)


def _add_copies(store: WritableStore, dim: int, count: int) -> None:
    random = np.random.default_rng(0)
    ids, rows = store.get_embeddings(store.get_ids().tolist(), dim=dim)
    chunks = store.get_chunks(ids)
    for first in trange(len(ids), count, _A_DOCUMENT, desc="filling up", disable=None):
        copied = np.arange(first, min(first + _A_DOCUMENT, count)) % len(ids)
        texts = [" ".join(random.permutation(chunks[n].text.split())) for n in copied]
        blurred = rows[copied] + random.normal(0, 0.05, (len(copied), dim))
        blurred /= np.linalg.norm(blurred, axis=1, keepdims=True)
        ends = np.cumsum([len(text) + 1 for text in texts]) - 1
        sections = [
            Section(int(end) - len(text), int(end), voice="article") for text, end in zip(texts, ends, strict=True)
        ]
        store.put_document(
            Document(f"copies from {first}", "\n".join(texts), "", tuple(sections)),
            [StoredChunk(s, "", row.tobytes()) for s, row in zip(sections, blurred.astype(np.float16), strict=True)],
            content_hash="",
            file_hash=f"copies from {first}",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--chunks", type=int, default=0)
    parser.add_argument("--place", action="append", default=[], metavar="ADDRESS")
    arguments = parser.parse_args()
    dataset = load_dataset(arguments.dataset, questions=arguments.questions)
    questions = [q for q in dataset.questions if q.answerable and has_short_answers(q)]
    settings = Settings.load(name=f"retrieval-{arguments.chunks}", index="")
    with index_documents(dataset.documents, settings=settings) as index:
        fill_up(index, arguments.chunks)
        show_table(index, questions, dataset)
        for place in arguments.place:
            started = time.perf_counter()
            copy_index(settings.location, place, progress=True)
            say(f"\n{place}: copied in {time.perf_counter() - started:.0f} s")
            with Index(place, index.embedder) as other:
                show_table(other, questions, dataset)


def show_table(index: Index, questions: Sequence[Question], dataset: Dataset) -> None:
    say(f"{len(questions)} questions, {index.store.count_chunks()} chunks\n")
    say("| | " + " | ".join(f"at {k}" for k in RANKS) + " | p50 | p95 |")
    say("| --- " * (len(RANKS) + 3) + "|")
    for name, search in STEPS.items():
        seconds, measures = [], []
        for question in tqdm(questions, desc=name, disable=None):
            started = time.perf_counter()
            hits = search(index, question.question)
            seconds.append(time.perf_counter() - started)
            measures.append(measure_hits(question, hits, dataset.passages))
        cells = []
        for k in RANKS:
            value, low, high, _ = estimate([m[f"answer@{k}"] for m in measures])
            cells.append(f"{value:.3f} ({low:.3f} to {high:.3f})")
        cells += [f"{1000 * value:.1f} ms" for value in np.percentile(seconds, [50, 95])]
        say(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
