"""Reads a file into a document."""

import stat
import zipfile
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from rag.documents.blocks import assemble
from rag.documents.clean import clean_document
from rag.documents.comments.sections import find_sections
from rag.documents.formats import FORMATS
from rag.documents.formats.plain.metadata import find_metadata
from rag.documents.formats.untrusted import is_compound
from rag.documents.formats.visibility import drop_unseen_signs
from rag.errors import DocumentError, PassedOverError
from rag.extras import explain_missing
from rag.types import Document, Section, Voice

_FORMATS = {suffix: file_format for file_format in FORMATS for suffix in file_format.suffixes}
_MARKDOWN = frozenset((".md", ".markdown"))
# Texts in which the reader looks for comments and headings. A file without a suffix is such a text too.
_PROSE = frozenset((".txt", ".text", "")) | _MARKDOWN
_CODE = frozenset((
    ".log", ".py", ".pyi", ".js", ".mjs", ".ts", ".jsx", ".tsx", ".java", ".kt", ".scala", ".go", ".rs", ".c", ".h",
    ".cc", ".cpp", ".hpp", ".cs", ".swift", ".rb", ".php", ".pl", ".lua", ".r", ".jl", ".sql", ".sh", ".bash", ".zsh",
    ".fish", ".ps1", ".bat", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".properties", ".css", ".scss",
    ".vue", ".svelte", ".proto", ".graphql", ".tf", ".cmake", ".gradle",
))  # fmt: skip
SUFFIXES = frozenset(_FORMATS) | (_PROSE - {""}) | _CODE
# The suffixes of files whose parts are documents; one inside of another file is not opened.
ARCHIVES = frozenset((".zip", ".tar", ".tgz", ".tar.gz"))
SHOWN_SUFFIXES = " ".join((".txt", ".md", *(file_format.suffixes[0] for file_format in FORMATS), "and source code"))
_MEGABYTE = 1_000_000
# Zip archives pack text to a tenth. One that unpacks to more than this many times the allowed size is an attack.
_MOST_UNPACKED = 20
_LONGEST_ERROR = 200
_HEAD_BYTES = 8


def find_suffix(path: PurePath) -> str:
    """Return the suffix by which a file's format is known, in small letters: ".tar.gz" of "notes.TAR.GZ"."""
    last_two = "".join(path.suffixes[-2:]).lower()
    return last_two if last_two in _FORMATS else path.suffix.lower()


def read_document(path: Path) -> Document:
    """Return the document in a file; its title is empty if the file has none. Raises DocumentError with the reason."""
    try:
        document = _read_format(path)
    except PassedOverError as exc:
        raise PassedOverError(f"cannot read {path}: {exc}", exc.why) from exc
    except DocumentError as exc:
        raise DocumentError(f"cannot read {path}: {exc}") from exc
    except OSError as exc:
        raise DocumentError(f"cannot read {path}: {exc.strerror or exc}") from exc
    if not document.sections:
        raise DocumentError(f"cannot read {path}: it is empty")
    return clean_document(document)


def _read_format(path: Path) -> Document:
    suffix = find_suffix(path)
    if suffix in _FORMATS:
        with explain_missing(f"reading {suffix}", DocumentError):
            return assemble(str(path), _FORMATS[suffix].load_reader()(path))
    if suffix in _PROSE or suffix in _CODE:
        return _read_text(path, suffix)
    raise DocumentError(f"only these are read: {SHOWN_SUFFIXES}")


def _read_text(path: Path, suffix: str) -> Document:
    from rag.documents.formats.plain.decode import decode

    text = drop_unseen_signs(decode(path.read_bytes()))
    if suffix in _CODE:
        return make_document(str(path), text, voice="article")
    if suffix in _MARKDOWN:
        return _read_markdown(str(path), text)
    return make_document(str(path), text)


def _read_markdown(source: str, text: str) -> Document:
    from rag.documents.formats.plain.front_matter import add_front_matter, read_front_matter
    from rag.documents.formats.plain.markdown import show_markdown

    shown = show_markdown(text)
    document = make_document(source, shown, markdown=True)
    return add_front_matter(document, read_front_matter(shown))


def describe_failure(path: Path, error: BaseException) -> str:
    """Return why a file is skipped after a library raised an unexpected error."""
    words = " ".join(str(error).split())[:_LONGEST_ERROR]
    return f"cannot read {path}: it is damaged, or its reader has a fault ({type(error).__name__}: {words})"


def check_size(path: Path, *, max_mb: int) -> None:
    """Raise DocumentError if a path is not a regular file, or the file is larger than `max_mb` megabytes."""
    try:
        status = path.stat()
    except OSError as exc:
        raise DocumentError(f"cannot read {path}: {exc.strerror}") from exc
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError(f"cannot read {path}: it is no file")
    _limit_size(path, status.st_size, max_mb)


def check_unpacked(path: Path, *, max_mb: int) -> None:
    """Raise DocumentError if a zip archive says that it unpacks to many times `max_mb` megabytes, or is damaged.

    The directory of an archive is untrusted and can be large: only the process with limits calls this.
    """
    file_format = _FORMATS.get(find_suffix(path))
    if file_format is None or not file_format.is_zip:
        return
    try:
        with path.open("rb") as file:
            if is_compound(file.read(_HEAD_BYTES)):
                return  # its reader says that it has a password
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
    """Return the document with a text. Title, outlet, author and date are searched for in the text if not given.

    With a `voice` the text is one section, and nothing is searched for.
    """
    given = {"title": title, "outlet": outlet, "author": author, "date": date}
    known: dict[str, Any] = {name: value for name, value in given.items() if value}
    metadata = replace(find_metadata("" if voice else text), **known)
    sections = () if voice else find_sections(text, metadata, markdown=markdown)
    if text.strip() and not sections:  # lines of metadata alone are text too
        sections = (Section(0, len(text), voice=voice or "article", author=metadata.author, date=metadata.date),)
    return Document(
        source=source,
        text=text,
        title=metadata.title or "",
        sections=sections,
        outlet=metadata.outlet,
        author=metadata.author,
        date=metadata.date,
    )
