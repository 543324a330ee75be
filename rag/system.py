"""Handles the differences between Linux, macOS and Windows: cores, limits of a process, names of files.

`list_gaps` names the limits that a system lacks.
"""

import os
import re
import sys
import threading
import time
from contextlib import suppress
from io import TextIOWrapper
from pathlib import PurePath, PureWindowsPath
from typing import TextIO

try:
    import resource
except ModuleNotFoundError:  # Windows has none
    resource = None  # type: ignore[assignment]

IS_WINDOWS = sys.platform == "win32"
IS_MACOS = sys.platform == "darwin"

# Seconds between two checks of the memory, if the system does not limit it.
_LOOK_S = 0.1
# Windows takes these names, with any suffix, for devices.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])[ ]*(?:\..*)?", re.IGNORECASE | re.DOTALL)
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")


def list_gaps() -> list[str]:
    """Return a line for each limit or protection that this system lacks; none on Linux."""
    gaps = []
    if resource is None:
        gaps.append("reading a file is limited in time, not in memory: the setting read_memory_mb has no effect")
    elif IS_MACOS:
        gaps.append("a file that is read may exceed the setting read_memory_mb for a moment")
    if IS_WINDOWS:
        gaps.append("an index can be read by everyone who can read the folder above it")
    return gaps


def count_cores() -> int:
    """Return the number of cores that this process may use, or of all if the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def can_limit_memory() -> bool:
    """Return whether `limit_memory` has an effect."""
    return resource is not None


def get_memory_limit() -> int | None:
    """Return the memory limit of this process in bytes; None: there is no limit."""
    if resource is None:
        return None
    limits = [limit for limit in resource.getrlimit(resource.RLIMIT_AS) if limit != resource.RLIM_INFINITY]
    return min(limits, default=None)


def limit_memory(limit: int) -> None:
    """End this process, or make its allocations fail, when it needs more than `limit` bytes of memory."""
    if resource is None:
        return
    if IS_MACOS:  # it has this limit, but does not enforce it
        threading.Thread(target=_watch_memory, args=(limit,), daemon=True).start()
    else:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def limit_processor_time(process_id: int, seconds: int) -> None:
    """End a process, or one that it starts from now on, after some seconds of processor time; only Linux does it."""
    if hasattr(resource, "prlimit"):
        with suppress(ProcessLookupError):
            resource.prlimit(process_id, resource.RLIMIT_CPU, (seconds, seconds))


def _watch_memory(limit: int) -> None:
    while get_peak_memory() <= limit:
        time.sleep(_LOOK_S)
    os._exit(1)


def get_peak_memory() -> int:
    """Return the peak memory of this process in bytes; 0 if the system does not say."""
    if resource is None:
        return 0
    unit = 1 if IS_MACOS else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forbid_core_dumps() -> None:
    """Keep a crash of this process from writing its memory to the disk."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def get_file_limit() -> int | None:
    """Return the most files that this process may have open; None: there is no limit."""
    if resource is None:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if limit == resource.RLIM_INFINITY else limit


def write_utf8(*streams: TextIO) -> None:
    """Make the streams write UTF-8: on Windows, files and pipes otherwise get the letters of one region only."""
    for stream in streams:
        if IS_WINDOWS and isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8")


def is_reserved(name: str) -> bool:
    """Return whether Windows cannot have a file of this name: a device's name, or an ending that Windows drops."""
    return IS_WINDOWS and (_DEVICE.fullmatch(name) is not None or name.endswith((".", " ")))


def avoid_reserved(name: str) -> str:
    """Return the name of a file, changed if Windows does not allow it."""
    return f"_{name.rstrip('. ')}" if is_reserved(name) else name


def is_path(source: str) -> bool:
    """Return whether a stored source is a file's path, and not the name of a text that a program added."""
    return parse_source(source).is_absolute()


def parse_source(source: str) -> PurePath:
    """Return the path of a source, from whichever system stored it."""
    return PureWindowsPath(source) if _WINDOWS_PATH.match(source) else PurePath(source)
