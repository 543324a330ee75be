"""Prefills passages, and then the question, while the user types and nobody waits for the LLM."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice

from rag.llm.base import LLM, Message
from rag.web.queue import Queue


class Prefetcher:
    """Prefills likely prompts one after another, as long as nobody waits for the LLM."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._pool = ThreadPoolExecutor(1)
        self._reads: dict[str, Future[None]] = {}  # by the text of the prompt
        self._lock = threading.Lock()

    def want(
        self, llm: LLM, prompts: Sequence[list[Message]], whole: Sequence[list[Message]] = (), *, soon: bool = False
    ) -> None:
        """Prefill the shared parts of these prompts, in this order, then the `whole` ones; returns at once.

        It breaks off other prompts. With `soon` the first one and the whole ones come before the others.
        """
        shared = {prompt[-1].content[: prompt[-1].shared]: partial(llm.read, prompt) for prompt in prompts}
        rest = {prompt[-1].content: partial(llm.read, prompt, whole=True) for prompt in whole}
        urgent = dict(islice(shared.items(), 1)) | rest if soon else {}
        wanted = urgent | shared | rest
        with self._lock:
            begun = self._cancel_pending()
            done = {text for text, read in begun.items() if read.done()}
            needed = urgent if urgent.keys() - done else wanted
            for text in begun.keys() - done - needed.keys():  # the one that is read now, if any
                llm.break_off()
                del begun[text]
            self._reads = {
                text: begun.get(text) or self._pool.submit(self._read, read) for text, read in wanted.items()
            }

    def _cancel_pending(self) -> dict[str, Future[None]]:
        """Cancel the reads that have not begun, and return the others."""
        return {text: read for text, read in self._reads.items() if not read.cancel()}

    def _read(self, read: Callable[[], None]) -> None:
        if not len(self._queue):
            read()
