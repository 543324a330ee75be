"""Reads text and Markdown files into documents."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rag.documents.voices import find_metadata, find_sections
from rag.errors import DocumentError
from rag.types import Document

SUFFIXES = (".txt", ".md")
# Control characters that no text has; their presence means a binary file with a text file's name.
_BINARY = frozenset(map(chr, [*range(8), *range(14, 27), *range(28, 32)]))


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files at `paths`, and in folders all readable ones, each resolved, in order of name.

    Raises DocumentError for a path that does not exist or has no readable file.
    """
    for path in paths:
        if path.is_file():
            yield path.resolve()
            continue
        if not path.is_dir():
            raise DocumentError(f"no such file or folder: {path}; check the spelling")
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        if not files:
            raise DocumentError(f"no {' or '.join(SUFFIXES)} files in {path}; name another folder")
        yield from (p.resolve() for p in files)


def read_document(path: Path) -> Document:
    """Return the document in a UTF-8 file; raises DocumentError with the reason if it cannot be read."""
    if path.suffix.lower() not in SUFFIXES:
        raise DocumentError(f"cannot read {path}: only {' and '.join(SUFFIXES)} files are read")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        raise DocumentError(f"cannot read {path}: not UTF-8 text; save it as UTF-8") from exc
    except OSError as exc:
        raise DocumentError(f"cannot read {path}: {exc.strerror}") from exc
    if not _BINARY.isdisjoint(text):
        raise DocumentError(f"cannot read {path}: it holds binary data, not text")
    if not text.strip():
        raise DocumentError(f"cannot read {path}: it is empty")
    metadata = find_metadata(text)
    sections = find_sections(text, metadata)
    if not sections:
        raise DocumentError(f"cannot read {path}: it has metadata lines and no text")
    return Document(
        source=str(path),
        text=text,
        title=metadata.title or path.stem.replace("-", " ").replace("_", " "),
        outlet=metadata.outlet,
        author=metadata.author,
        date=metadata.date,
        sections=sections,
    )
