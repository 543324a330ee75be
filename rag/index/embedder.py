"""Turns texts into unit vectors."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.models.registry import locate_model
from rag.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """What an index needs of an embedder; every row that it returns has length 1."""

    name: str
    dim: int
    max_tokens: int

    def count_tokens(self, text: str) -> int:
        """Return how many of its `max_tokens` a text takes, the model's own marks not counted."""

    def embed_documents(self, texts: list[str]) -> Vectors:
        """Return one row a text, float32 of shape (len(texts), dim)."""

    def embed_query(self, text: str) -> Vectors:
        """Return one row, float32 of shape (dim,)."""


class SentenceTransformerEmbedder:
    """An embedder of the sentence-transformers library, on the CPU."""

    def __init__(self, name: str, model: "SentenceTransformer") -> None:
        self.name = name
        self._model = model
        self._tokenizer = model.tokenizer
        self.dim = int(model.get_embedding_dimension() or 0)
        self.max_tokens = int(model.max_seq_length or 512) - self._tokenizer.num_special_tokens_to_add()

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False, truncation=False, verbose=False))

    def embed_documents(self, texts: list[str]) -> Vectors:
        rows = self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(rows, dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        row: Vectors = self.embed_documents([text])[0]
        return row


def open_embedder(settings: Settings) -> SentenceTransformerEmbedder:
    """Return the embedder that the settings name; raises ModelError if it is not there or cannot be loaded."""
    folder: Path = locate_model(settings.embedder, kind="embedder", home=settings.home)
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    if not any(name.startswith("hf:") for name in (settings.llm, settings.embedder, settings.reranker)):
        # Everything is on this machine: the libraries are told not to ask the hub about it.
        os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError) as exc:
        raise ModelError(f"cannot load the embedder in {folder}: {exc}; run `rag models verify`") from exc
    return SentenceTransformerEmbedder(settings.embedder, model)
