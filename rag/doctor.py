"""Checks models, index, offline use and speed, and says how to fix problems."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rag.assistant import Assistant
from rag.errors import RagError
from rag.index import open_store
from rag.index.build import hash_file
from rag.index.embedder import Vectors
from rag.index.folder import DATABASE_FILE
from rag.index.index import Index, open_index
from rag.index.local import VECTORS_FILE, LocalStore
from rag.index.store import Store
from rag.index.vectors import FaissVectors
from rag.llm import open_llm
from rag.llm.base import LLM, Message
from rag.models import locate_model
from rag.models.fetch import verify_model
from rag.models.registry import load_registry
from rag.settings import OPENAI, Settings
from rag.system import is_path, list_gaps

# The number of vectors to check.
_SAMPLE = 200
# Tokens to read and write for measuring the speed; an answer has about as many to write.
_READ, _WRITE = 400, 32
# Tokens that the LLM reads for a question in addition to the passages.
_QUESTION_TOKENS = 250


class Finding(NamedTuple):
    """The subject of a check, whether it is in order, a description, and what to do if it is not."""

    subject: str
    ok: bool
    text: str
    remedy: str = ""

    @classmethod
    def good(cls, subject: str, text: str) -> "Finding":
        """Return a finding for a part that is in order."""
        return cls(subject, ok=True, text=text)

    @classmethod
    def bad(cls, subject: str, text: str, remedy: str = "") -> "Finding":
        """Return a finding for a part with a problem, and what the user can do."""
        return cls(subject, ok=False, text=text, remedy=remedy)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield the findings, part by part; an earlier problem can rule out later checks."""
    models = [check_model(settings.embedder, "embedder", settings)]
    if settings.has_llm_file:
        models.append(check_model(settings.llm, "llm", settings))
    yield from models
    if gaps := list_gaps():
        yield Finding.good("system", "; ".join(gaps))
    try:
        with closing(open_store(settings.location)) as store:
            yield check_store(store)
        if not models[0].ok:
            return
        index = open_index(settings.location, settings)
    except RagError as exc:
        yield Finding.bad("index", str(exc))
        return
    with index:
        yield check_sources(index, settings)
        if isinstance(index.store, LocalStore):
            yield check_vectors(index.store)
        try:
            if models[-1].ok and (llm := open_llm(settings)):
                Assistant(index, llm, settings).ask("Is everything in order?")
                yield measure_speed(llm, settings)
        except RagError as exc:
            yield Finding.bad("llm", str(exc))
    if not (settings.index or settings.llm.startswith(OPENAI)):  # otherwise the settings call other machines on purpose
        yield check_offline(settings)


def check_offline(settings: Settings) -> Finding:
    """Check whether a setting names a model on another machine; the calls of libraries are not visible here."""
    if settings.from_hub:
        remedy = "name models that are on this machine: `rag models list`"
        return Finding.bad("offline", f"opening asks the model hub for: {', '.join(settings.from_hub)}", remedy)
    text = "no setting names another machine, and onnxruntime's telemetry is off; calls of libraries are not watched"
    return Finding.good("offline", text)


def check_model(name: str, kind: str, settings: Settings) -> Finding:
    """Check whether a model is on this machine, and has the registered SHA-256."""
    try:
        path = locate_model(name, kind="llm" if kind == "llm" else "embedder", home=settings.home)
    except RagError as exc:
        return Finding.bad(kind, str(exc))
    model = load_registry().get(name)
    if model is None:
        return Finding.good(kind, f"{name} is there; its hash is not known, so it was not verified")
    if wrong := verify_model(model, home=settings.home):
        remedy = f"delete {model.folder(settings.home)} and run `rag models pull {name}`"
        return Finding.bad(kind, f"{name}: {', '.join(wrong)} has the wrong SHA-256", remedy)
    return Finding.good(kind, f"{name} is there and verified ({path})")


def check_store(store: Store) -> Finding:
    """Check whether the store is undamaged, and has documents."""
    where, name = store.location, store.name
    if isinstance(store, LocalStore) and (damage := store.find_damage()):
        return Finding.bad("store", damage, f"delete {Path(where, DATABASE_FILE)} and index again")
    entries = store.list_entries()
    chunks = sum(entry.chunks for entry in entries)
    text = f"{where} is whole: {len(entries)} documents, {chunks} chunks, made by {store.embedder[0]}"
    return Finding("store", bool(entries), text, "" if entries else f"run `rag index PATHS --name {name}`")


def check_sources(index: Index, settings: Settings) -> Finding:
    """Check whether the indexed files are still there and unchanged."""
    changed, gone = [], []
    sources = index.store.get_sources()
    for source, (file_hash, _) in sources.items():
        if not is_path(source):
            continue  # a text that a program added
        path = Path(source)
        if not path.is_file():
            gone.append(source)
        elif hash_file(path, settings, index.embedder) != file_hash:
            changed.append(source)
    if not (changed or gone):
        return Finding.good("files", f"all {len(sources)} are as they were indexed")
    examples = ", ".join(repr(source) for source in [*changed, *gone][:3])
    text = f"{len(changed)} changed and {len(gone)} gone since they were indexed: {examples}"
    return Finding.bad("files", text, "run `rag index` with the same folders, or `rag remove` what is to go")


def check_vectors(store: LocalStore) -> Finding:
    """Check whether FAISS has the store's vectors."""
    saved = FaissVectors.load(store.folder / VECTORS_FILE)
    ids = store.get_ids()
    if saved is None:
        store.refresh()
        return Finding.good("vectors", "vectors.faiss was missing or torn, and was made again")
    missing, left = np.setdiff1d(ids, saved.ids), np.setdiff1d(saved.ids, ids)
    vectors = store.refresh()
    sample = np.random.default_rng(0).permutation(ids)[:_SAMPLE]
    there, rows = store.get_embeddings(sample.tolist(), dim=store.embedder[1])
    found = sum(_finds(store, vectors, row) for row in rows)
    if found < len(there):
        remedy = f"delete {store.folder / VECTORS_FILE}: it is made again"
        return Finding.bad("vectors", f"FAISS finds only {found} of {len(there)} vectors of the store", remedy)
    text = f"FAISS holds the store's {len(ids)} vectors; {found} of {len(there)} looked for are found"
    if len(missing) or len(left):
        text += f" ({len(missing)} were missing and {len(left)} left over: updated)"
    return Finding.good("vectors", text)


def _finds(store: LocalStore, vectors: FaissVectors, row: Vectors) -> bool:
    """Return whether the nearest vector equals this one."""
    _, rows = store.get_embeddings(vectors.search(row, 1), dim=store.embedder[1])
    return bool(len(rows)) and bool(np.allclose(rows[0], row, atol=1e-2))


def measure_speed(llm: LLM, settings: Settings) -> Finding:
    """Measure how fast the LLM reads and writes, and estimate the time for an answer."""
    text = " ".join(f"Sentence {n} of a text to be read." for n in range(_READ // 10))
    messages = [Message("user", f"{text} Repeat it word by word.")]
    started = time.perf_counter()
    first = 0.0
    pieces = 0
    for _ in llm.stream(messages, max_tokens=_WRITE, temperature=0.0, seed=0):
        first = first or time.perf_counter() - started
        pieces += 1
    reading = llm.count_tokens(messages) / first
    writing = (pieces - 1) / (time.perf_counter() - started - first) if pieces > 1 else reading
    to_read = settings.passages * settings.chunk_tokens + _QUESTION_TOKENS
    seconds = to_read / reading + _WRITE / writing
    text = f"{llm.name} reads {reading:.0f} and writes {writing:.0f} tokens/s: an answer takes about {seconds:.0f} s"
    return Finding.good("speed", text)
