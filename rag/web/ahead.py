"""Reads passages, then the question, while it is still being typed and nobody waits for the LLM."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice

from rag.llm.llm import LLM, Message
from rag.web.line import Line


class Ahead:
    """Lets an LLM read prompts that may be asked, one after another, as long as the line before it is empty."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._pool = ThreadPoolExecutor(1)
        self._reads: dict[str, Future[None]] = {}  # by what is read
        self._lock = threading.Lock()

    def want(self, llm: LLM, prompts: Sequence[list[Message]], *, soon: bool = False) -> None:
        """Have the passages in these read in this order, then the first one's question; returns at once.

        If they are to be asked `soon`, the question comes after the first passage. Nothing else is read any more.
        """
        passages = {_get_shared(prompt): partial(llm.read, prompt) for prompt in prompts}
        questions = {prompt[-1].content: partial(llm.read, prompt, whole=True) for prompt in prompts[:1]}
        first = dict(islice(passages.items(), 1)) | questions
        wanted = first | passages if soon else passages | questions
        with self._lock:
            begun = {content: read for content, read in self._reads.items() if not read.cancel()}
            kept = {c: read for c, read in begun.items() if read.done() or c in (first if soon else wanted)}
            if len(kept) < len(begun):
                llm.break_off()
            self._reads = {
                content: kept.get(content) or self._pool.submit(self._read, read) for content, read in wanted.items()
            }

    def _read(self, read: Callable[[], None]) -> None:
        if not len(self._line):
            read()


def _get_shared(prompt: Sequence[Message]) -> str:
    return prompt[-1].content[: prompt[-1].shared]
