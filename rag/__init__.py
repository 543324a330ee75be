"""Footnote: ask your own documents, and check every sentence of the answer.

>>> from rag import Assistant, build_index
>>> build_index(["examples"], name="examples")
>>> Assistant.open("index/examples").ask("Why was Putin's visit cancelled?").answer
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.assistant import Assistant, Chat
    from rag.errors import (
        CatalogError,
        DatasetError,
        DocumentError,
        ModelError,
        PromptError,
        QuestionError,
        RagError,
        SettingsError,
    )
    from rag.evaluation.dataset import Dataset, load_dataset
    from rag.evaluation.report import Report
    from rag.evaluation.run import evaluate
    from rag.index.build import IndexReport, build_index
    from rag.index.index import Index
    from rag.llm.base import Message
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

# Loaded when first used, so that `import rag` is instant.
_MODULES = {
    "rag.assistant": ("Assistant", "Chat"),
    "rag.errors": (
        "CatalogError", "DatasetError", "DocumentError", "ModelError", "PromptError", "QuestionError", "RagError",
        "SettingsError",
    ),
    "rag.evaluation.dataset": ("Dataset", "load_dataset"),
    "rag.evaluation.report": ("Report",),
    "rag.evaluation.run": ("evaluate",),
    "rag.index.build": ("IndexReport", "build_index"),
    "rag.index.index": ("Index",),
    "rag.llm.base": ("Message",),
    "rag.settings": ("Settings",),
    "rag.types": (
        "Answer", "Answered", "Chunk", "Citation", "Document", "Drafted", "Evidence", "Filter", "Hit", "Retrieved",
        "Section", "Sentence",
    ),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Answer", "Answered", "Assistant", "CatalogError", "Chat", "Chunk", "Citation", "Dataset", "DatasetError",
    "Document", "DocumentError", "Drafted", "Evidence", "Filter", "Hit", "Index", "IndexReport", "Message",
    "ModelError", "PromptError", "QuestionError", "RagError", "Report", "Retrieved", "Section", "Sentence", "Settings",
    "SettingsError", "build_index", "evaluate", "load_dataset",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)
