"""Keeps an LLM's states after the beginnings of prompts, which saves seconds of prefill each time."""

import hashlib
import logging
import mmap
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

logger = logging.getLogger(__name__)

# Most states on disk, of 20 to 40 MB each, for the prompts of one or two LLMs. Memory holds as many, with the states of
# passages.
_KEPT = 8
_DIGEST_BYTES = hashlib.sha256().digest_size


class PromptCache:
    """States of an LLM, by the tokens it has read, in memory and in a folder."""

    def __init__(self, folder: Path, *, model: str) -> None:
        """Use the states in `folder`, made if it is missing; `model` identifies the model and its settings."""
        self._folder = folder
        self._model = model
        self._states: dict[str, memoryview] = {}

    def get(self, tokens: Sequence[int]) -> memoryview | None:
        """Return the state after these tokens, or None if it is missing or damaged."""
        name = self._name(tokens)
        state = self._states.pop(name, None) or self._load(name)
        if state:
            self._remember(name, state)
        return state

    def _load(self, name: str) -> memoryview | None:
        path = self._folder / name
        try:
            content = _allocate(path.stat().st_size)
            with path.open("rb") as file:
                file.readinto(content)
        except (OSError, ValueError):  # ValueError: it is empty
            return None
        digest, state = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        return state if hashlib.sha256(state).digest() == digest else None

    def put(self, tokens: Sequence[int], state: bytes | memoryview, *, on_disk: bool) -> None:
        """Keep the state after these tokens in memory, and on disk if wanted and if the folder is writable."""
        name = self._name(tokens)
        kept = _allocate(len(state))
        kept[:] = state
        self._remember(name, kept)
        if not on_disk:
            return
        aside = self._folder / f"{name}.{os.getpid()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(hashlib.sha256(state).digest() + state)
            aside.replace(self._folder / name)
            for old in sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
                old.unlink(missing_ok=True)
        except OSError as exc:
            logger.info("cannot write the prompt cache %s: %s", self._folder, exc)
            with suppress(OSError):
                aside.unlink(missing_ok=True)

    def _remember(self, name: str, state: memoryview) -> None:
        if len(self._states) == _KEPT:  # the least recently used one
            del self._states[next(iter(self._states))]
        self._states[name] = state

    def _name(self, tokens: Sequence[int]) -> str:
        return hashlib.sha256(self._model.encode() + np.array(tokens, dtype=np.int32).tobytes()).hexdigest()


def _allocate(size: int) -> memoryview:
    """Return memory that the system gets back after its use.

    Blocks of this size on the heap leave gaps, which grow with every question.
    """
    if not hasattr(mmap, "MAP_PRIVATE"):  # Windows, whose memory belongs to one process anyway
        return memoryview(mmap.mmap(-1, size))
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without large pages; small ones take three times as long
            pages.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(pages)
