"""Makes files that only their owner can read, and refuses links, pipes and folders."""

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from rag.system import IS_WINDOWS

try:
    import fcntl
except ModuleNotFoundError:  # Windows: nobody can delete an open file there, so it needs no lock
    fcntl = None  # type: ignore[assignment]

# Files that are not finished yet; an earlier version named the vectors like the second pattern.
_ASIDE = (".*.tmp", "vectors.*.tmp")


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, with missing folders above it; raises OSError."""
    if not folder.is_dir():
        if folder.parent != folder:  # a drive of Windows that is not there
            make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def is_plain(path: Path) -> bool:
    """Return whether `path` is a visible file, and not a link, a pipe, a device or a folder."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def check_plain(path: Path) -> bool:
    """Return whether `path` exists; raises OSError if it is not visible, or not a plain file."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"{path.name} is not a plain file: move it away")
    return True


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_share(folder: Path) -> int:
    """Return the permissions that a folder gives to its group; 0 if others can enter it.

    At first only the owner can enter a folder. An administrator who shares it uses mode 0750, or 0770 if the group may
    write. If others can enter a folder, an earlier version made it, and nobody shared it with its group on purpose.
    """
    mode = folder.stat().st_mode
    return 0 if mode & stat.S_IRWXO else mode & stat.S_IRWXG


def restrict(path: Path, share: int = 0) -> None:
    """Let only the owner use a file or folder, and its group as far as `share` allows; skip files of other users."""
    is_folder = path.is_dir()
    if is_folder or is_plain(path):
        with suppress(OSError):
            path.chmod(0o700 | share if is_folder else 0o600 | share & 0o660)


def make_file(path: Path, share: int = 0) -> None:
    """Make an empty file if it is missing; only its owner can read it, and its group as far as `share` allows.

    Raises OSError if it cannot be written, or if `path` is a link, a pipe, a device or a folder.
    """
    # Do not open an existing file here: this process may have it open as a database, and closing any second descriptor
    # drops the locks of the first (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    if check_plain(path):
        return
    make_folder(path.parent)
    with suppress(FileExistsError):  # another process was first
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600 | share & 0o660))
    check_plain(path)


def write_file(path: Path, content: str | Callable[[Path], object]) -> None:
    """Write a text, or the output of a function, to a temporary file, and then replace `path` with it.

    Only the folder's owner can read it, and its group if the folder is shared. Raises the errors of the writing.
    """
    number, name = tempfile.mkstemp(prefix=f".{path.stem[:50]}.", suffix=".tmp", dir=path.parent)
    aside, held = Path(name), os.fdopen(number)
    try:
        if fcntl:
            with suppress(OSError):  # not every file system has locks
                fcntl.flock(held, fcntl.LOCK_EX)  # while this process writes, others do not take it for a leftover
        restrict(aside, find_share(path.parent))
        if isinstance(content, str):
            aside.write_text(content, encoding="utf-8")
        else:
            content(aside)
        if IS_WINDOWS:  # Windows moves no open file
            held.close()
        aside.replace(path)
    finally:
        held.close()
        aside.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of killed processes in a folder."""
    for left in (file for pattern in _ASIDE for file in folder.glob(pattern)):
        with suppress(OSError):  # another process is writing it
            if fcntl is None:
                left.unlink()
                continue
            number = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()
            finally:
                os.close(number)
