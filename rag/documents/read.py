"""Reads a file into a document."""

import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from rag.documents.blocks import Extract, assemble
from rag.documents.clean import clean_document
from rag.documents.comments.sections import find_sections
from rag.documents.formats.plain.metadata import find_metadata
from rag.documents.formats.visibility import drop_unseen_signs
from rag.errors import DocumentError
from rag.extras import explain_missing
from rag.types import Document, Section, Voice

# Formats with a reader each, `read_NAME` in the module of `rag.documents.formats`.
_FORMATS = {
    ".html": "html.reader.read_html", ".htm": "html.reader.read_html", ".xhtml": "html.reader.read_html",
    ".pdf": "pdf.reader.read_pdf",
    ".docx": "office.reader.read_docx", ".pptx": "office.reader.read_pptx", ".xlsx": "office.reader.read_xlsx",
    ".csv": "tables.read_csv", ".tsv": "tables.read_csv",
    ".json": "tables.read_json", ".jsonl": "tables.read_jsonl", ".ndjson": "tables.read_jsonl",
    ".epub": "epub.read_epub", ".eml": "mail.read_mail",
}  # fmt: skip
_ZIPPED = frozenset((".docx", ".pptx", ".xlsx", ".epub"))
_MARKDOWN = frozenset((".md", ".markdown"))
# Pages that people wrote, whose comments and headings are told apart; a file without a suffix is one too.
_PROSE = frozenset((".txt", ".text", "")) | _MARKDOWN
_CODE = frozenset((
    ".rst", ".tex", ".org", ".log", ".adoc", ".py", ".pyi", ".js", ".mjs", ".ts", ".jsx", ".tsx", ".java", ".kt",
    ".scala", ".go", ".rs", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".swift", ".rb", ".php", ".pl", ".lua", ".r",
    ".jl", ".sql", ".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf",
    ".properties", ".xml", ".css", ".scss", ".vue", ".svelte", ".proto", ".graphql", ".tf", ".cmake", ".gradle", ".vtt",
    ".srt",
))  # fmt: skip
SUFFIXES = frozenset(_FORMATS) | (_PROSE - {""}) | _CODE
SHOWN_SUFFIXES = ".txt .md .html .pdf .docx .pptx .xlsx .csv .json .jsonl .epub .eml and source code"
_MEGABYTE = 1_000_000
# A zip archive of text packs it to a tenth; what promises more than this is a bomb.
_MOST_UNPACKED = 20
_LONGEST_ERROR = 200


def read_document(path: Path) -> Document:
    """Return the document in a file, without a title if it names none; raises DocumentError with the reason."""
    suffix = path.suffix.lower()
    try:
        if suffix in _FORMATS:
            with explain_missing(f"reading {suffix}", DocumentError):
                document = assemble(str(path), _load_reader(_FORMATS[suffix])(path))
        elif suffix in _PROSE or suffix in _CODE:
            from rag.documents.formats.plain.decode import decode
            from rag.documents.formats.plain.markdown import drop_hidden_words

            text = drop_unseen_signs(decode(path.read_bytes()))
            text = drop_hidden_words(text) if suffix in _MARKDOWN else text
            document = make_document(
                str(path), text, voice="article" if suffix in _CODE else None, markdown=suffix in _MARKDOWN
            )
        else:
            raise DocumentError(f"only these are read: {SHOWN_SUFFIXES}")
    except DocumentError as exc:
        raise DocumentError(f"cannot read {path}: {exc}") from exc
    except OSError as exc:
        raise DocumentError(f"cannot read {path}: {exc.strerror or exc}") from exc
    if not document.sections:
        why = "it has metadata lines and no text" if document.text.strip() else "it is empty"
        raise DocumentError(f"cannot read {path}: {why}")
    return clean_document(document)


def _load_reader(name: str) -> Callable[[Path], Extract]:
    module, _, function = name.rpartition(".")
    reader: Callable[[Path], Extract] = getattr(import_module(f"rag.documents.formats.{module}"), function)
    return reader


def describe_failure(path: Path, error: BaseException) -> str:
    """Return why a file is skipped if a library raised an error that nobody foresaw."""
    words = " ".join(str(error).split())[:_LONGEST_ERROR]
    return f"cannot read {path}: it is damaged, or its reader has a fault ({type(error).__name__}: {words})"


def check_size(path: Path, *, max_mb: int) -> None:
    """Raise DocumentError if a file is none, or is larger than `max_mb` megabytes."""
    try:
        status = path.stat()
    except OSError as exc:
        raise DocumentError(f"cannot read {path}: {exc.strerror}") from exc
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError(f"cannot read {path}: it is no file")
    _limit_size(path, status.st_size, max_mb)


def check_unpacked(path: Path, *, max_mb: int) -> None:
    """Raise DocumentError if an archive promises to unpack to many times `max_mb` megabytes, or is damaged.

    The directory of an archive is untrusted and can be large, so this is for the process with limits.
    """
    if path.suffix.lower() not in _ZIPPED:
        return
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except OSError as exc:
        raise DocumentError(f"cannot read {path}: {exc.strerror or exc}") from exc
    except MemoryError:
        raise
    except Exception as exc:  # zipfile raises many kinds on a damaged directory
        raise DocumentError(f"cannot read {path}: it is damaged, or is another format with this name") from exc
    _limit_size(path, size, max_mb * _MOST_UNPACKED)


def _limit_size(path: Path, size: int, max_mb: int) -> None:
    if size > max_mb * _MEGABYTE:
        raise DocumentError(
            f"cannot read {path}: it has {size / _MEGABYTE:,.0f} MB, and at most {max_mb:,} are read; split it, or "
            "raise the setting max_file_mb"
        )


def make_document(
    source: str,
    text: str,
    *,
    title: str | None = None,
    outlet: str | None = None,
    author: str | None = None,
    date: str | None = None,
    voice: Voice | None = None,
    markdown: bool = False,
) -> Document:
    """Return the document with a text; what is not given is read from the text, the voices too unless one is given."""
    found = find_metadata("" if voice else text)
    metadata = replace(
        found,
        title=title or found.title,
        outlet=outlet or found.outlet,
        author=author or found.author,
        date=date or found.date,
    )
    sections: tuple[Section, ...] = ()
    if not voice:
        sections = find_sections(text, metadata, markdown=markdown)
    elif text.strip():
        sections = (Section(0, len(text), voice, author, date),)
    return Document(
        source=source,
        text=text,
        title=metadata.title or "",
        sections=sections,
        outlet=metadata.outlet,
        author=metadata.author,
        date=metadata.date,
    )
