"""Footnote: ask your own documents, and check every sentence of the answer.

>>> import rag
>>> with rag.open("index/examples", create=True) as examples:
...     examples.add("examples")
...     print(examples.ask("Why was Putin's visit cancelled?").text)
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.assistant import Assistant, Chat
    from rag.collection import Collection, open  # noqa: A004
    from rag.errors import (
        DatasetError,
        DocumentError,
        ModelError,
        PromptError,
        QuestionError,
        RagError,
        SettingsError,
        StoreError,
    )
    from rag.evaluation.dataset import Dataset, load_dataset
    from rag.evaluation.report import Report
    from rag.evaluation.run import evaluate
    from rag.index.build import IndexReport, build_index
    from rag.index.embedder import Embedder
    from rag.index.index import Index
    from rag.index.reranker import Reranker
    from rag.index.store import Entry, Store
    from rag.llm.base import LLM, Leaning, Message
    from rag.settings import Settings
    from rag.types import (
        Answer,
        Answered,
        Chunk,
        Citation,
        Document,
        Drafted,
        Evidence,
        Filter,
        Hit,
        Retrieved,
        Section,
        Sentence,
    )

    __version__: str

# Loaded when first used, so that `import rag` is instant.
_MODULES = {
    "rag.assistant": ("Assistant", "Chat"),
    "rag.collection": ("Collection", "open"),
    "rag.errors": (
        "DatasetError", "DocumentError", "ModelError", "PromptError", "QuestionError", "RagError", "SettingsError",
        "StoreError",
    ),
    "rag.evaluation.dataset": ("Dataset", "load_dataset"),
    "rag.evaluation.report": ("Report",),
    "rag.evaluation.run": ("evaluate",),
    "rag.index.build": ("IndexReport", "build_index"),
    "rag.index.embedder": ("Embedder",),
    "rag.index.index": ("Index",),
    "rag.index.reranker": ("Reranker",),
    "rag.index.store": ("Entry", "Store"),
    "rag.llm.base": ("LLM", "Leaning", "Message"),
    "rag.settings": ("Settings",),
    "rag.types": (
        "Answer", "Answered", "Chunk", "Citation", "Document", "Drafted", "Evidence", "Filter", "Hit", "Retrieved",
        "Section", "Sentence",
    ),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "LLM",
    "Answer",
    "Answered",
    "Assistant",
    "Chat",
    "Chunk",
    "Citation",
    "Collection",
    "Dataset",
    "DatasetError",
    "Document",
    "DocumentError",
    "Drafted",
    "Embedder",
    "Entry",
    "Evidence",
    "Filter",
    "Hit",
    "Index",
    "IndexReport",
    "Leaning",
    "Message",
    "ModelError",
    "PromptError",
    "QuestionError",
    "RagError",
    "Report",
    "Reranker",
    "Retrieved",
    "Section",
    "Sentence",
    "Settings",
    "SettingsError",
    "Store",
    "StoreError",
    "build_index",
    "evaluate",
    "load_dataset",
    "open",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name == "__version__":  # as pyproject.toml has it
        return importlib.import_module("importlib.metadata").version("footnote-rag")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)
