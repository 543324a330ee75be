"""Reads passages, then the question, while it is still being typed and nobody waits for the LLM."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice

from rag.llm.base import LLM, Message
from rag.web.queue import Queue


class Prefetcher:
    """Lets an LLM read prompts that may be asked, one after another, as long as nobody waits for it."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._pool = ThreadPoolExecutor(1)
        self._reads: dict[str, Future[None]] = {}  # by what is read
        self._lock = threading.Lock()

    def want(
        self, llm: LLM, prompts: Sequence[list[Message]], whole: Sequence[list[Message]] = (), *, soon: bool = False
    ) -> None:
        """Have read what these prompts share, in this order, then the `whole` ones, and nothing else; returns at once.

        If they are to be asked `soon`, the first and the whole ones come before all others, and break them off.
        """
        shared = {prompt[-1].content[: prompt[-1].shared]: partial(llm.read, prompt) for prompt in prompts}
        rest = {prompt[-1].content: partial(llm.read, prompt, whole=True) for prompt in whole}
        urgent = dict(islice(shared.items(), 1)) | rest if soon else {}
        wanted = urgent | shared | rest
        with self._lock:
            begun = {text: read for text, read in self._reads.items() if not read.cancel()}
            done = {text for text, read in begun.items() if read.done()}
            needed = wanted if urgent.keys() <= done else urgent
            kept = {text: read for text, read in begun.items() if text in done or text in needed}
            if len(kept) < len(begun):
                llm.break_off()
            self._reads = {text: kept.get(text) or self._pool.submit(self._read, read) for text, read in wanted.items()}

    def _read(self, read: Callable[[], None]) -> None:
        if not len(self._queue):
            read()
