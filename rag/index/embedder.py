"""Turns texts into unit vectors."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.extras import explain_missing, is_installed
from rag.index.bert_onnx import can_convert, make_graph, read_json
from rag.index.runtime import import_onnxruntime
from rag.index.word_weights import load_word_weights
from rag.models import locate_model
from rag.models.registry import explain_loading
from rag.settings import Settings
from rag.system import count_cores

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding

# One vector, or a row for each of several.
Vectors = NDArray[np.float32]

logger = logging.getLogger(__name__)

# Tokens embedded at a time, padding included.
_BATCH_TOKENS = 1024
# The length of a unit vector differs from 1 by less than this.
_LENGTH_TOLERANCE = 0.01


class Embedder(Protocol):
    """The protocol of an embedder; every row that it returns has length 1.

    With `embed_tokens` too (`TokenEmbedder`), passages are compared with a question word by word.
    """

    name: str
    dim: int
    max_tokens: int

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of a text, without the model's special tokens."""

    def embed_documents(self, texts: list[str]) -> Vectors:
        """Return one row a text, float32 of shape (len(texts), dim)."""

    def embed_query(self, text: str) -> Vectors:
        """Return one row, float32 of shape (dim,)."""


class Tokens(NamedTuple):
    """The tokens of a text's words: unit vectors, float32 of shape (n, dim), and the number of each one's word."""

    vectors: Vectors
    words: NDArray[np.int64]


@runtime_checkable
class TokenEmbedder(Protocol):
    """The protocol of an embedder that also gives a vector for each token."""

    def embed_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of each text, without punctuation and special tokens; a long text is cut."""


class SentenceTransformerEmbedder:
    """An embedder of the sentence-transformers library, on the CPU."""

    def __init__(self, name: str, model: "SentenceTransformer") -> None:
        from tokenizers import Tokenizer

        self.name = name
        self._model = model
        # A copy of the tokenizer that neither cuts nor pads; the model's own does both.
        self._tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.dim = int(model.get_embedding_dimension() or 0)
        self.max_tokens = int(model.max_seq_length or 512) - model.tokenizer.num_special_tokens_to_add()
        prompts = [prompt or "" for prompt in (model.prompts or {}).values()]
        self.max_tokens -= max(map(self.count_tokens, ["", *prompts]))

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def embed_documents(self, texts: list[str]) -> Vectors:
        return self._embed(self._model.encode_document, texts)

    def embed_query(self, text: str) -> Vectors:
        row: Vectors = self._embed(self._model.encode_query, [text])[0]
        return row

    def _embed(self, encode: Callable[..., object], texts: list[str]) -> Vectors:
        rows = encode(texts, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
        return _check_rows(np.asarray(rows, dtype=np.float32).reshape(-1, self.dim), embedder=self.name)


class OnnxEmbedder:
    """A BERT embedder as a graph in ONNX Runtime on the CPU, without torch, which takes seconds to import."""

    def __init__(self, name: str, folder: Path, graph: Path) -> None:
        """Load the graph that `make_graph` wrote for the sentence-transformers folder."""
        from tokenizers import Tokenizer

        self.name = name
        self._folder = folder
        self._graphs = graph.parent
        self._session = _open_session(graph)
        self.dim = int(self._session.get_outputs()[0].shape[1])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        config = json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))
        prompts = _read_prompts(folder)
        self._before_query = prompts.get("query", "")
        self._before_document = prompts.get("document") or prompts.get("passage", "")
        self.max_tokens = int(config["max_seq_length"]) - self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self.max_tokens -= max(map(self.count_tokens, (self._before_query, self._before_document)))
        self._cutting = Tokenizer.from_str(self._tokenizer.to_str())
        self._cutting.enable_truncation(int(config["max_seq_length"]))

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def embed_documents(self, texts: list[str]) -> Vectors:
        return self._embed([self._before_document + text for text in texts])

    def embed_query(self, text: str) -> Vectors:
        row: Vectors = self._embed([self._before_query + text])[0]
        return row

    def embed_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        encodings = self._cutting.encode_batch(list(texts))
        vectors = dict(self._run(self._comparing, encodings, "tokens"))
        return [_keep_words(text, encodings[i], vectors[i]) for i, text in enumerate(texts)]

    def _embed(self, texts: list[str]) -> Vectors:
        rows = np.empty((len(texts), self.dim), dtype=np.float32)
        for i, row in self._run(self._session, self._cutting.encode_batch_fast(texts), "vectors"):
            rows[i] = row
        return _check_rows(rows, embedder=self.name)

    @cached_property
    def _comparing(self) -> "InferenceSession":
        """The graph for tokens: with the word weights, if they are of this model."""
        added = load_word_weights(self._folder)
        if not added:
            return self._session
        try:
            return _open_session(make_graph(self._folder, self._graphs, added=added))
        except OSError as exc:
            logger.warning("passages are compared without the trained weights: %s", exc)
            return self._session

    def _run(
        self, session: "InferenceSession", encodings: "Sequence[Encoding]", output: str
    ) -> Iterator[tuple[int, Vectors]]:
        """Yield an output of a graph for each text, with the number of the text."""
        tokens = [encoding.ids for encoding in encodings]
        for batch in _make_batches([len(ids) for ids in tokens]):
            ids = np.zeros((len(batch), max(len(tokens[i]) for i in batch)), dtype=np.int64)
            mask = np.zeros(ids.shape, dtype=np.int32)
            for row, i in enumerate(batch):
                ids[row, : len(tokens[i])] = tokens[i]
                mask[row, : len(tokens[i])] = 1
            yield from zip(batch, session.run([output], {"ids": ids, "mask": mask})[0], strict=True)


def _open_session(graph: Path) -> "InferenceSession":
    """Return a graph ready to run on the CPU."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = count_cores()
    # Spinning threads cost more than they gain if something else runs too.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def _keep_words(text: str, encoding: "Encoding", vectors: Vectors) -> Tokens:
    """Return the tokens of a text's words from the vectors of all its tokens."""
    kept, words = [], []
    for i, (word, (start, end)) in enumerate(zip(encoding.word_ids, encoding.offsets, strict=True)):
        is_of_word = word is not None and any(map(str.isalnum, text[start:end]))
        if is_of_word:
            kept.append(i)
            words.append(word)
    return Tokens(vectors[kept], np.array(words, dtype=np.int64))


def _read_prompts(folder: Path) -> dict[str, str]:
    """Return the words that a model expects before a text, by the kind of text."""
    return read_json(folder / "config_sentence_transformers.json").get("prompts") or {}


def _check_rows(rows: Vectors, *, embedder: str) -> Vectors:
    """Return the rows; raises ModelError unless each has length 1, which excludes NaN, infinity and zeros."""
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(rows, axis=-1)
    if not (np.abs(lengths - 1) < _LENGTH_TOLERANCE).all():
        raise ModelError(f"the embedder {embedder} gives vectors that are not numbers: run `rag models verify`")
    return rows


def _make_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the indices of texts in batches of similar length, because shorter texts are padded."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and lengths[batch[0]] * (len(batch) + 1) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def open_embedder(settings: Settings) -> Embedder:
    """Return the embedder that the settings name; raises ModelError if it is missing or cannot be loaded."""
    folder: Path = locate_model(settings.embedder, kind="embedder", home=settings.home)
    try:
        if can_convert(folder):
            with ThreadPoolExecutor(1) as pool:
                graph = pool.submit(make_graph, folder, settings.home / "graphs")
                import_onnxruntime()  # in parallel, because it takes longer than hashing the graph
                return OnnxEmbedder(settings.embedder, folder, graph.result())
    except Exception as exc:  # of several libraries
        if not is_installed("sentence_transformers"):
            with explain_loading("embedder", folder, remedy="run `rag models verify`"):
                raise
        # The slower embedder below reports what is wrong with the model.
        logger.debug("no graph for %s: %s", settings.embedder, exc)
    return _open_sentence_transformer(settings, folder)


def _open_sentence_transformer(settings: Settings, folder: Path) -> SentenceTransformerEmbedder:
    with explain_missing(f"the embedder {settings.embedder}", ModelError):
        from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    shows_progress = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with explain_loading("embedder", folder, remedy="run `rag models verify`"):
            model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
            return SentenceTransformerEmbedder(settings.embedder, model)
    finally:
        if shows_progress:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
