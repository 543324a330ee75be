"""Reads a file that is inside of another one: an attachment of a mail, a member of an archive."""

from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from rag.documents.read import ARCHIVES, SUFFIXES, check_unpacked, find_suffix, read_document
from rag.errors import DocumentError
from rag.types import Document

# A file inside of another may itself unpack to twenty times this.
_MOST_MEGABYTES = 20


def read_member(name: str, data: bytes) -> Document:
    """Return the document in a file inside of another one; raises DocumentError with the reason if it cannot be read.

    The name only gives the format: the file is written to a private folder for its reader, and then removed.
    """
    suffix = find_suffix(PurePosixPath(name))
    if suffix in ARCHIVES:
        raise DocumentError("it is inside of another file")
    if suffix and suffix not in SUFFIXES:
        raise DocumentError("its format is not read")
    with TemporaryDirectory(prefix="rag-") as folder:
        path = Path(folder, f"member{suffix}")
        path.write_bytes(data)
        return _read(path)


def _read(path: Path) -> Document:
    try:
        check_unpacked(path, max_mb=_MOST_MEGABYTES)
        return read_document(path)
    except DocumentError as exc:
        raise DocumentError(str(exc).removeprefix(f"cannot read {path}: ")) from exc
    except (MemoryError, ImportError):
        raise
    except Exception as exc:  # any error of a library: only this file is left out
        raise DocumentError(f"it is damaged, or its reader has a fault ({type(exc).__name__})") from exc
