"""Waits for changes of files and folders, even if they are deleted or replaced."""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from rag.extras import explain_missing

with explain_missing("rag watch"):
    from watchfiles import DefaultFilter, watch

_TICK_MS = 500
_RETRY_TICKS = 20


def wait_for_changes(paths: Iterable[Path], *, ignored: Path) -> Iterator[bool]:
    """Yield True once the paths are watched, and whenever something changes there, except in the folder `ignored`.

    Deleting, renaming, recreating or unmounting a path is a change too. Yields False every ten seconds without a
    change, so that the caller can try a failed step again.
    """
    real_paths = [os.path.realpath(path) for path in paths]
    is_of_interest = DefaultFilter(ignore_paths=[os.path.realpath(ignored)])
    polls = False
    while True:
        there = _identify(real_paths)
        try:
            yield from _watch_until_replaced(real_paths, there, is_of_interest, polls=polls)
        except (OSError, RuntimeError):
            # If no path is missing, the system's limit of watched folders is reached.
            polls = _identify(real_paths) == there
            time.sleep(_TICK_MS / 1000)


def _watch_until_replaced(
    real_paths: list[str], there: dict[str, tuple[int, int]], is_of_interest: DefaultFilter, *, polls: bool
) -> Iterator[bool]:
    """Yield as `wait_for_changes` does, until one of the paths is another file or folder than at the start."""
    quiet = 0
    is_new = True
    for changes in watch(
        *there,
        watch_filter=is_of_interest,
        rust_timeout=_TICK_MS,
        yield_on_timeout=True,
        force_polling=polls or None,
        ignore_permission_denied=True,
    ):
        # The watcher ends with the folder, even if another folder replaces it.
        if _identify(real_paths) != there or any(path in there for _, path in changes):
            return
        quiet = 0 if changes else quiet + 1
        if changes or is_new:
            yield True
        elif quiet % _RETRY_TICKS == 0:
            yield False
        is_new = False


def _identify(real_paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the device and inode of each path that exists."""
    identities = {}
    for real_path in real_paths:
        try:
            status = Path(real_path).stat()
        except OSError:
            continue
        identities[real_path] = status.st_dev, status.st_ino
    return identities
