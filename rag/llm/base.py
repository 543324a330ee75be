"""The protocol of an LLM, and the messages that it reads."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt


class Message(NamedTuple):
    """One message of a chat; `role` is "system", "user" or "assistant".

    `shared` is the number of characters at its beginning that other prompts repeat; an LLM may keep its state there.
    """

    role: str
    content: str
    shared: int = 0


class Leaning(NamedTuple):
    """The LLM's preference between two replies, before it writes either.

    `log_odds` are the log-odds of the first against the second. `values`, shape (layers, n), are the last token's
    attention values in every layer, which show more than the reply does; None if the LLM does not expose them.
    """

    log_odds: float
    values: npt.NDArray[np.float32] | None = None


class LLM(Protocol):
    """The protocol of an LLM; safe to use from several threads."""

    name: str
    context_size: int

    @property
    def at_once(self) -> int:
        """The number of replies it writes at once; others wait."""

    @property
    def fingerprint(self) -> dict[str, str]:
        """The model's `name`, and the `sha256` of its file if it is a file on this machine."""

    def close(self) -> None:
        """Free the model's memory; the LLM cannot be used again."""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return how many tokens of the context the messages take."""

    def read(self, messages: Sequence[Message], *, whole: bool = False) -> None:
        """Prefill the shared part of the messages, or the whole, so that asking them later takes less time."""

    def break_off(self) -> None:
        """Stop a running `read`; an unfinished part counts as not read."""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float, seed: int, begin: str = ""
    ) -> Iterator[str]:
        """Yield the reply in pieces of one token or more; it continues after `begin`, which is not yielded."""

    def compare(self, messages: Sequence[Message], first: str, second: str) -> Leaning:
        """Return the preference for a reply that begins with `first` over one with `second`, by their first tokens."""
