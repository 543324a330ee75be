"""Footnote: ask your own documents, and check every sentence of the answer.

>>> import rag
>>> with rag.open("index/examples", create=True) as examples:
...     examples.add("examples")
...     print(examples.ask("Why was Putin's visit cancelled?").text)
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.assistant import Assistant as Assistant
    from rag.assistant import Chat as Chat
    from rag.collection import Collection as Collection
    from rag.collection import open as open  # noqa: A004
    from rag.errors import DatasetError as DatasetError
    from rag.errors import DocumentError as DocumentError
    from rag.errors import ModelError as ModelError
    from rag.errors import PromptError as PromptError
    from rag.errors import QuestionError as QuestionError
    from rag.errors import RagError as RagError
    from rag.errors import SettingsError as SettingsError
    from rag.errors import StoreError as StoreError
    from rag.evaluation.dataset import Dataset as Dataset
    from rag.evaluation.dataset import load_dataset as load_dataset
    from rag.evaluation.report import Report as Report
    from rag.evaluation.run import evaluate as evaluate
    from rag.index.build import IndexReport as IndexReport
    from rag.index.build import build_index as build_index
    from rag.index.embedder import Embedder as Embedder
    from rag.index.embedder import TokenEmbedder as TokenEmbedder
    from rag.index.embedder import Tokens as Tokens
    from rag.index.index import Index as Index
    from rag.index.reranker import Reranker as Reranker
    from rag.index.store import Entry as Entry
    from rag.index.store import Store as Store
    from rag.llm.base import LLM as LLM
    from rag.llm.base import Leaning as Leaning
    from rag.llm.base import Message as Message
    from rag.settings import Settings as Settings
    from rag.types import Answer as Answer
    from rag.types import Answered as Answered
    from rag.types import Chunk as Chunk
    from rag.types import Citation as Citation
    from rag.types import Document as Document
    from rag.types import Drafted as Drafted
    from rag.types import Evidence as Evidence
    from rag.types import Filter as Filter
    from rag.types import Hit as Hit
    from rag.types import Origin as Origin
    from rag.types import Retrieved as Retrieved
    from rag.types import Section as Section
    from rag.types import Sentence as Sentence

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
    "rag.index.embedder": ("Embedder", "TokenEmbedder", "Tokens"),
    "rag.index.index": ("Index",),
    "rag.index.reranker": ("Reranker",),
    "rag.index.store": ("Entry", "Store"),
    "rag.llm.base": ("LLM", "Leaning", "Message"),
    "rag.settings": ("Settings",),
    "rag.types": (
        "Answer", "Answered", "Chunk", "Citation", "Document", "Drafted", "Evidence", "Filter", "Hit", "Origin",
        "Retrieved", "Section", "Sentence",
    ),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

# Without `open`: `from rag import *` would replace Python's own.
__all__ = [name for name in sorted(_MODULE_OF) if name != "open"]


def __getattr__(name: str) -> object:
    if name == "__version__":  # as pyproject.toml has it
        return importlib.import_module("importlib.metadata").version("footnote-rag")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)
