"""Real implementations of the protocols, small and scripted, that record how they were called."""

import re
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rag import Index
from rag.index.embedder import Vectors
from rag.index.local import LocalStore
from rag.llm.base import Leaning, Message


class HashingEmbedder:
    """Counts words in hashed buckets: texts that share words are near each other."""

    def __init__(self, name: str = "hashing", dim: int = 256, max_tokens: int = 64) -> None:
        self.name, self.dim, self.max_tokens = name, dim, max_tokens
        self.embedded: list[str] = []

    def count_tokens(self, text: str) -> int:
        return len(re.findall(r"\w+|[^\w\s]", text))

    def embed_documents(self, texts: list[str]) -> Vectors:
        self.embedded += texts
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> Vectors:
        row = np.zeros(self.dim, dtype=np.float32)
        row[0] = 1e-3  # a text without words has a direction too
        for word in re.findall(r"\w+", text.lower()):
            row[zlib.crc32(word.encode()) % self.dim] += 1
        return row / np.float32(np.linalg.norm(row))


def asks_for_reply(messages: Sequence[Message]) -> bool:
    """Return whether an LLM is asked for the reply to a question from quotes, and not about a passage."""
    return messages[-1].content.startswith("Quotes:")


def asks_to_split(messages: Sequence[Message]) -> bool:
    """Return whether an LLM is asked to split a comparison."""
    return messages[0].content.startswith("You split")


class ScriptedLLM:
    """Writes what it was told to, one word a piece; `log_odds` may depend on words of the passage.

    Asked for the reply to a question from quotes, it writes `reply`, which may depend on words of the prompt; asked to
    split a comparison, `split`.
    """

    name = "scripted"
    at_once = 1

    def __init__(
        self,
        *replies: str,
        context_size: int = 4096,
        log_odds: float | dict[str, float] = 9.0,
        reply: str | dict[str, str] = "",
        split: str = "",
    ) -> None:
        self.replies = list(replies)
        self.split = split
        self.reply = reply
        self.replied: list[list[Message]] = []
        self.log_odds = log_odds
        self.compared: list[list[Message]] = []
        self.context_size = context_size
        self.fingerprint = {"name": self.name}
        self.asked: list[list[Message]] = []
        self.read_ahead: list[list[Message]] = []
        self.read_whole: list[list[Message]] = []
        self.broken_off = 0
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def read(self, messages: Sequence[Message], *, whole: bool = False) -> None:
        (self.read_whole if whole else self.read_ahead).append(list(messages))

    def break_off(self) -> None:
        self.broken_off += 1

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float, seed: int, begin: str = ""
    ) -> Iterator[str]:
        if asks_to_split(messages):
            yield self.split
            return
        is_reply = asks_for_reply(messages)
        (self.replied if is_reply else self.asked).append(list(messages))
        text = self._find_reply(messages[-1].content) if is_reply else self.replies.pop(0)
        yield from re.findall(r"\S+\s*", text)

    def _find_reply(self, prompt: str) -> str:
        if isinstance(self.reply, str):
            return self.reply
        return next((reply for words, reply in self.reply.items() if words in prompt), "")

    def compare(self, messages: Sequence[Message], first: str, second: str) -> Leaning:
        self.compared.append(list(messages))
        if isinstance(self.log_odds, float):
            return Leaning(self.log_odds)
        return Leaning(next((odds for words, odds in self.log_odds.items() if words in messages[-1].content), -9.0))


class AnsweringLLM(ScriptedLLM):
    """Replies by the words of the question, a word a piece, slowly; counts the replies that were not read on."""

    def __init__(self, replies: dict[str, str], *, delay_s: float = 0.0) -> None:
        super().__init__()
        self._replies, self._delay_s = replies, delay_s
        self.stopped = 0

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float, seed: int, begin: str = ""
    ) -> Iterator[str]:
        if asks_for_reply(messages):
            return
        self.asked.append(list(messages))
        question = messages[-1].content.rpartition("uestion:")[2]
        reply = next((text for words, text in self._replies.items() if words in question), "The documents do not say.")
        try:
            for word in re.findall(r"\S+\s*", reply):
                time.sleep(self._delay_s)
                yield word
        except GeneratorExit:
            self.stopped += 1
            raise


def local(index: Index) -> LocalStore:
    """Return the store of an index in a folder."""
    assert isinstance(index.store, LocalStore)
    return index.store


def find_free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_until(holds: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait until something holds; it is an error if it does not in time."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
