"""Reads archives: each file in one that can be read is a part of the document, below its name."""

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from rag.documents.blocks import Block, Extract
from rag.documents.find import judge_name
from rag.documents.members import read_member
from rag.errors import DocumentError
from rag.formatting import join_first

_MEGABYTE = 1_000_000
_MOST_MEMBERS = 5_000
_LARGEST_MEMBER, _MOST_BYTES = 50 * _MEGABYTE, 500 * _MEGABYTE
# Text packs to a tenth, and repeated lines to a fiftieth. A large archive that packs better is an
# attack.
_MOST_RATIO, _SMALL = 100, 10 * _MEGABYTE
_LONGEST_TITLE = 200
_MOST_NAMED = 20
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, ValueError)


class _Member(NamedTuple):
    """A file in an archive: its name, its size in bytes, how to read it, and what forbids that."""

    name: str
    size: int
    read: Callable[[], bytes]
    obstacle: str | None


def read_zip(path: Path) -> Extract:
    """Return the files of a zip archive; raises DocumentError for an attack, or if none can be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_members(path, _list_zip(archive))
    except _DAMAGED as exc:
        raise DocumentError("it is not a valid zip archive") from exc


def _list_zip(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for info in archive.infolist():
        if not info.is_dir():
            yield _Member(info.filename, info.file_size, partial(archive.read, info), _find_obstacle(info))


def _find_obstacle(info: zipfile.ZipInfo) -> str | None:
    """Return what forbids reading a file of a zip archive."""
    if info.flag_bits & 1:
        return "it is encrypted"
    return "it is a link" if stat.S_ISLNK(info.external_attr >> 16) else None


def read_tar(path: Path) -> Extract:
    """Return the files of a tar archive, packed or not; raises DocumentError for an attack, or if none can be read."""
    try:
        with tarfile.open(path) as archive:
            return _read_members(path, _list_tar(archive))
    except (*_DAMAGED, OSError) as exc:
        raise DocumentError("it is not a valid tar archive") from exc


def _list_tar(archive: tarfile.TarFile) -> Iterator[_Member]:
    for info in archive:
        if not info.isdir():
            obstacle = None if info.isfile() else "it is a link"
            yield _Member(info.name, info.size, partial(_extract, archive, info), obstacle)


def _extract(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info)
    return file.read() if file else b""


def _read_members(path: Path, members: Iterable[_Member]) -> Extract:
    blocks = []
    unread = []
    for member in _limit(path, members):
        try:
            blocks.append(_read(member))
        except DocumentError as exc:
            unread.append(f"{member.name} ({exc})")
    if not blocks:
        raise DocumentError(f"none of its files can be read: {_list_names(unread)}" if unread else "it has no files")
    note = [Block(f"Files that cannot be read: {_list_names(unread)}")] if unread else []
    return Extract([*note, *blocks])


def _limit(path: Path, members: Iterable[_Member]) -> Iterator[_Member]:
    """Yield the files of an archive; raises DocumentError when they are too many or too large, before they are read."""
    most = min(_MOST_BYTES, max(_SMALL, _MOST_RATIO * path.stat().st_size))
    total = 0
    for number, member in enumerate(members, 1):
        total += member.size
        if number > _MOST_MEMBERS:
            raise DocumentError(f"it has more than {_MOST_MEMBERS:,} files; unpack it, and index the folder")
        if total > most:
            raise DocumentError(f"it unpacks to more than {most / _MEGABYTE:,.0f} MB; unpack it, and index the folder")
        yield member


def _read(member: _Member) -> Block:
    """Return the name of a file in an archive as a heading, with the document as its part."""
    path = PurePosixPath(member.name.replace("\\", "/"))
    passed_over = judge_name(path)
    if path.is_absolute() or ".." in path.parts:
        raise DocumentError("its path leads out of the archive")
    if passed_over:
        raise DocumentError(f"passed over {passed_over}")
    if member.obstacle:
        raise DocumentError(member.obstacle)
    if member.size > _LARGEST_MEMBER:
        raise DocumentError(f"it has more than {_LARGEST_MEMBER // _MEGABYTE} MB")
    part = read_member(member.name, _read_bytes(member))
    title = part.title[:_LONGEST_TITLE]
    return Block(f"{path}: {title}" if title else str(path), "heading", part=part)


def _read_bytes(member: _Member) -> bytes:
    try:
        return member.read()
    except (*_DAMAGED, OSError, RuntimeError) as exc:
        raise DocumentError("it is damaged") from exc


def _list_names(files: list[str]) -> str:
    """Return the number of some files, and the names of the first."""
    names = [" ".join(name.split()) for name in files]
    return f"{len(files):,}: {join_first(names, _MOST_NAMED)}"
