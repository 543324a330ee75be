"""Writes the likeliest reply of a llama.cpp model, and guesses tokens where the reply copies its prompt.

If the last tokens of a reply are in the prompt too, the tokens that follow them there are good guesses for the next
ones. Checking three guesses takes 1.5 times as long as writing one token, because each step reads all weights from
memory. Wrong guesses are dropped. So the reply stays the same, unless two tokens are nearly as likely, where rounding
decides (prompt lookup decoding, Saxena 2023).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

# Three tokens are guessed at once. With seven, a step takes twice as long, and few of the additional guesses are right.
_GUESSED = 3
# Look up the last three tokens in the prompt, else the last two, else the last one.
_LOOKED_UP = (3, 2, 1)


class GreedyWriter:
    """Writes with a `Llama` object of llama-cpp-python; not safe to use from several threads."""

    def __init__(self, llama: Any) -> None:
        import llama_cpp

        self._llama = llama
        self._vocabulary = llama_cpp.llama_model_get_vocab(llama.model)
        self._batch: Any = llama_cpp.llama_batch_init(1 + _GUESSED, 0, 1)

    def close(self) -> None:
        """Free the memory of the batch; a second call does nothing."""
        import llama_cpp

        batch, self._batch = self._batch, None
        if batch is not None:
            llama_cpp.llama_batch_free(batch)

    def write(self, prompt: Sequence[int], *, max_tokens: int) -> Iterator[int]:
        """Yield the tokens of the likeliest reply to a prompt, at most `max_tokens`, without the one that ends it.

        The model has read a beginning of the prompt, and reads the rest here. The reply also ends when the context is
        full.
        """
        import llama_cpp

        llama = self._llama
        llama.eval(prompt[llama.n_tokens :])
        text = list(prompt)
        following = [self._get_likeliest(-1)]
        for _ in range(min(max_tokens, llama.n_ctx() - len(prompt))):
            if not following:
                room = llama.n_ctx() - llama.n_tokens - 1
                following = self._read(text[-1], guess_next(text, prompt)[:room])
            token = following.pop(0)
            if llama_cpp.llama_vocab_is_eog(self._vocabulary, token):
                return
            text.append(token)
            yield token

    def _read(self, token: int, guesses: Sequence[int]) -> list[int]:
        """Read a token and guesses of the next ones; return the right guesses, and the token that follows these."""
        import llama_cpp

        llama, tokens = self._llama, [token, *guesses]
        llama_cpp.llama_memory_seq_rm(llama_cpp.llama_get_memory(llama.ctx), -1, llama.n_tokens, -1)
        self._fill_batch(tokens)
        if llama_cpp.llama_decode(llama.ctx, self._batch) != 0:
            raise RuntimeError("llama.cpp failed to read a token")
        likeliest = [self._get_likeliest(position) for position in range(len(tokens))]
        right = 0
        while right < len(guesses) and guesses[right] == likeliest[right]:
            right += 1
        end = llama.n_tokens + 1 + right
        llama.input_ids[llama.n_tokens : end] = tokens[: 1 + right]
        llama.n_tokens = end  # the next step drops the wrong guesses from the model's memory
        return likeliest[: 1 + right]

    def _fill_batch(self, tokens: Sequence[int]) -> None:
        """Put tokens into the batch, which asks for the scores after each of them."""
        self._batch.n_tokens = len(tokens)
        for position, token in enumerate(tokens):
            self._batch.token[position] = token
            self._batch.pos[position] = self._llama.n_tokens + position
            self._batch.n_seq_id[position] = 1
            self._batch.seq_id[position][0] = 0
            self._batch.logits[position] = True

    def _get_likeliest(self, position: int) -> int:
        """Return the likeliest token after a position in the tokens read last; -1 is the last one."""
        import llama_cpp

        scores = llama_cpp.llama_get_logits_ith(self._llama.ctx, position)
        return int(np.argmax(np.ctypeslib.as_array(scores, (self._llama.n_vocab(),))))


def guess_next(text: Sequence[int], prompt: Sequence[int]) -> list[int]:
    """Return the tokens that follow the last ones of a text in a prompt, where they occur last; [] if they do not."""
    for length in _LOOKED_UP:
        wanted = list(text[-length:])
        for end in range(len(prompt) - 1, length - 1, -1):
            if list(prompt[end - length : end]) == wanted:
                return list(prompt[end : end + _GUESSED])
    return []
