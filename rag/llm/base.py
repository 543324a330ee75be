"""The protocol of an LLM, and the messages that it is given."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt


class Message(NamedTuple):
    """One message of a chat; `role` is "system", "user" or "assistant".

    `shared` is how many characters of its beginning come again in other prompts: an LLM may keep what it made of them.
    """

    role: str
    content: str
    shared: int = 0


class Leaning(NamedTuple):
    """How an LLM leans between two replies, before it writes any.

    `log_odds` say how much likelier the first is; `values`, shape (layers, n), are what attention keeps of the last
    token that was read, in every layer: more than the reply tells. They are None where they cannot be seen.
    """

    log_odds: float
    values: npt.NDArray[np.float32] | None = None


class LLM(Protocol):
    """What the assistant needs of an LLM; safe to use from several threads."""

    name: str
    context_size: int

    @property
    def at_once(self) -> int:
        """How many replies it writes at once; more of them wait for one another."""

    def close(self) -> None:
        """Free what the LLM holds; it is asked no more."""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return how many tokens of the context the messages take."""

    def read(self, messages: Sequence[Message], *, whole: bool = False) -> None:
        """Read ahead what the messages share with others, or the whole, so that to ask them takes less time later."""

    def break_off(self) -> None:
        """End what `read` is doing just now, if anything: what it has not read to the end counts as not read."""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float, seed: int, begin: str = ""
    ) -> Iterator[str]:
        """Yield the reply piece by piece, one token or more each; it goes on from `begin`, which is not yielded."""

    def compare(self, messages: Sequence[Message], first: str, second: str) -> Leaning:
        """Return how the reply leans between beginning as `first` and as `second`, told by their first tokens."""
