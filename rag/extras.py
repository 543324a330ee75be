"""Says which extra of the distribution brings a library that is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from rag.errors import RagError

# The libraries that are imported only when needed, and the extra of pyproject.toml that brings each.
EXTRAS = {
    "PIL": "ocr",
    "docx": "office",
    "gradio": "ui",
    "ir_measures": "eval",
    "matplotlib": "eval",
    "mcp": "mcp",
    "olefile": "office",
    "openai": "openai",
    "openpyxl": "office",
    "pptx": "office",
    "pymilvus": "milvus",
    "sentence_transformers": "torch",
    "tesserocr": "ocr",
    "watchfiles": "watch",
}


def is_installed(module: str) -> bool:
    """Return whether a module can be imported, without importing it."""
    return find_spec(module) is not None


@contextmanager
def explain_missing(purpose: str, error: type[RagError] = RagError) -> Iterator[None]:
    """Raise an `error` that names the extra to install, if the block imports a library of `EXTRAS` that is missing."""
    try:
        yield
    except ModuleNotFoundError as exc:
        extra = EXTRAS.get((exc.name or "").partition(".")[0])
        if extra is None:
            raise
        raise error(describe_missing(purpose, extra)) from exc


def describe_missing(purpose: str, extra: str) -> str:
    """Return the line that names the extra to install for a purpose."""
    return f"{purpose} needs the extra {extra!r}: run `pip install 'footnote-rag[{extra}]'`"
