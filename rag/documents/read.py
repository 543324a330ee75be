"""Reads text and Markdown files into documents."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from rag.documents.voices import find_metadata, find_sections
from rag.errors import DocumentError
from rag.types import Document, Section, Voice

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
    document = make_document(str(path), text)
    if not document.sections:
        raise DocumentError(f"cannot read {path}: it has metadata lines and no text")
    return document if document.title else replace(document, title=path.stem.replace("-", " ").replace("_", " "))


def make_document(
    source: str,
    text: str,
    *,
    title: str | None = None,
    outlet: str | None = None,
    author: str | None = None,
    date: str | None = None,
    voice: Voice | None = None,
) -> Document:
    """Return the document with a text; what is not given is read from the text, the voices too unless one is given."""
    found = find_metadata(text)
    metadata = replace(
        found,
        title=title or found.title,
        outlet=outlet or found.outlet,
        author=author or found.author,
        date=date or found.date,
    )
    return Document(
        source=source,
        text=text,
        title=metadata.title or "",
        sections=(Section(0, len(text), voice, author, date),) if voice else find_sections(text, metadata),
        outlet=metadata.outlet,
        author=metadata.author,
        date=metadata.date,
    )
