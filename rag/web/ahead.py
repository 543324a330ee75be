"""Reads passages ahead for a question that is still being typed, while nobody waits for the LLM."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from rag.llm.llm import LLM, Message
from rag.web.line import Line


class Ahead:
    """Lets an LLM read what prompts share with others, one after another, as long as the line before it is empty."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._pool = ThreadPoolExecutor(1)
        self._reads: dict[str, Future[None]] = {}  # by what is read
        self._lock = threading.Lock()

    def want(self, llm: LLM, prompts: Sequence[list[Message]]) -> None:
        """Have these read in this order, and nothing else any more; returns at once."""
        wanted = {_get_shared(prompt): prompt for prompt in prompts}
        with self._lock:
            begun = {shared: read for shared, read in self._reads.items() if not read.cancel()}
            if any(shared not in wanted and not read.done() for shared, read in begun.items()):
                llm.break_off()
            self._reads = {
                shared: begun.get(shared) or self._pool.submit(self._read, llm, prompt)
                for shared, prompt in wanted.items()
            }

    def _read(self, llm: LLM, prompt: list[Message]) -> None:
        if not len(self._line):
            llm.read(prompt)


def _get_shared(prompt: Sequence[Message]) -> str:
    return prompt[-1].content[: prompt[-1].shared]
