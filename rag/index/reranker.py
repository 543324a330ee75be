"""Reorders the best passages with a model that reads each together with the question; off by default."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rag.errors import ModelError
from rag.extras import explain_missing
from rag.models import locate_model
from rag.models.registry import explain_loading
from rag.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class Reranker(Protocol):
    """The protocol of a reranker."""

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return a score for each text: the higher, the better it answers the question."""


class CrossEncoderReranker:
    """A cross-encoder of the sentence-transformers library, on the CPU."""

    def __init__(self, model: "CrossEncoder") -> None:
        self._model = model

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        scores = self._model.predict([(question, text) for text in texts], show_progress_bar=False)
        if not np.isfinite(scores).all():
            raise ModelError("the reranker gives scores that are not numbers: download it again, or set none")
        return [float(score) for score in scores]


def open_reranker(settings: Settings) -> CrossEncoderReranker | None:
    """Return the reranker that the settings name, or None; raises ModelError if it cannot be loaded."""
    if not settings.reranker:
        return None
    folder = locate_model(settings.reranker, kind="embedder", home=settings.home)
    with explain_missing("the reranker", ModelError):
        from sentence_transformers import CrossEncoder
    with explain_loading("reranker", folder, remedy="name the folder of a cross-encoder"):
        model = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    if model.num_labels != 1:
        raise ModelError(f"the model in {folder} returns {model.num_labels} scores a passage: name one with one score")
    return CrossEncoderReranker(model)
