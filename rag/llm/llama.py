"""Runs a GGUF model in this process with llama.cpp."""

import codecs
import ctypes
import logging
import math
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rag.errors import ModelError
from rag.files import digest_file
from rag.llm.base import Leaning, Message
from rag.llm.greedy import GreedyWriter
from rag.llm.kv_state import read_last_values
from rag.llm.prompt_cache import PromptCache
from rag.llm.trial import load_llama, try_loading
from rag.models.registry import explain_loading
from rag.system import IS_WINDOWS

_logger = logging.getLogger("llama-cpp-python")  # prints llama.cpp's messages
# Prompts with cached tokens: this question's and the previous one's, each needed a few times.
_PROMPTS = 64
_REMEDY = "run `rag models verify`, or name another file"


class _Read(NamedTuple):
    """Tokens, the scores of the next one, and the attention values of the last one."""

    tokens: list[int]
    logits: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32] | None


class LlamaCpp:
    """An LLM of llama-cpp-python, with a lock, since one `Llama` object serves one thread at a time."""

    at_once = 1

    def __init__(
        self, name: str, path: Path, *, context: int, cache: Path, threads: int = 0, gpu_layers: int = 0
    ) -> None:
        """Load the GGUF file at `path`; `threads` 0 takes every core.

        The folder `cache` keeps the prompt cache, and the list of files that load. Raises ModelError.
        """
        import llama_cpp
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        self.name = name
        self.path = path
        with explain_loading("LLM", path, remedy=_REMEDY):
            _check_gguf(path)
        file = path.stat()
        made_by = (str(path.resolve()), file.st_size, file.st_mtime_ns, llama_cpp.__version__, context, gpu_layers)
        key = repr(made_by)
        try_loading(path, context=context, gpu_layers=gpu_layers, key=key, cache=cache / "loadable")
        with explain_loading("LLM", path, remedy=_REMEDY):
            self._llama = load_llama(path, context=context, threads=threads, gpu_layers=gpu_layers)
        self.context_size = self._llama.n_ctx()
        template = self._llama.metadata.get("tokenizer.chat_template")
        if template is None:
            raise ModelError(f"{path} has no chat template: name an instruction-tuned model")
        vocabulary = llama_cpp.llama_model_get_vocab(self._llama.model)
        text_of = {
            token: llama_cpp.llama_vocab_get_text(vocabulary, token).decode("utf-8", "replace")
            for token in range(self._llama.n_vocab())
            if llama_cpp.llama_vocab_is_control(vocabulary, token)
        }
        self._control = re.compile("|".join(re.escape(text) for text in text_of.values() if text) or r"(?!)")
        with explain_loading("LLM", path, remedy=_REMEDY):
            self._format = Jinja2ChatFormatter(
                template=template,
                eos_token=text_of.get(self._llama.token_eos(), ""),
                bos_token=text_of.get(self._llama.token_bos(), ""),
            )
        self._prefixes = PromptCache(cache / "prefixes", model=key)
        self._greedy = GreedyWriter(self._llama)
        self._state = (ctypes.c_uint8 * 0)()
        self._read_last: _Read | None = None
        tokenize = self._llama.tokenize
        self._tokenize_prompt: Callable[[str, bool], list[int]] = lru_cache(_PROMPTS)(
            lambda prompt, add_bos: tokenize(prompt.encode(), add_bos=add_bos, special=True)
        )
        self._lock = threading.Lock()
        # llama.cpp calls this before each of a thousand steps, to ask whether to stop. A Python function would wait for
        # the interpreter's lock each time. libc's strlen needs no lock: 0 for b"", and 1, true, for b"!".
        self._broken_off = ctypes.create_string_buffer(2)
        self._is_broken_off = ctypes.cast(_find_strlen(), llama_cpp.ggml_abort_callback)

    @property
    def fingerprint(self) -> dict[str, str]:
        return {"name": self.name, "sha256": digest_file(self.path)}

    def close(self) -> None:
        with self._lock:
            self._greedy.close()
            self._llama.close()

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self._tokenize(messages))

    def read(self, messages: Sequence[Message], *, whole: bool = False) -> None:
        import llama_cpp

        self._broken_off.value = b""
        tokens = self._tokenize(messages)
        with self._lock:
            llama_cpp.llama_set_abort_callback(self._llama.ctx, self._is_broken_off, self._broken_off)
            level = _logger.level
            _logger.setLevel(logging.CRITICAL)  # for this call alone: stopping is not an error
            try:
                (self._read_whole if whole else self._read_shared)(tokens, messages)
            except RuntimeError:
                if not self._broken_off.value:
                    raise
            finally:
                _logger.setLevel(level)
                llama_cpp.llama_set_abort_callback(self._llama.ctx, llama_cpp.ggml_abort_callback(), None)

    def break_off(self) -> None:
        self._broken_off.value = b"!"

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float, seed: int, begin: str = ""
    ) -> Iterator[str]:
        tokens = self._tokenize(messages)
        begun = self._llama.tokenize(begin.encode(), add_bos=False) if begin else []
        with self._lock:
            self._prefill(tokens, messages, whole=bool(begun))
            if temperature == 0:
                yield from self._spell(self._greedy.write(tokens + begun, max_tokens=max_tokens))
            else:
                chunks: Any = self._llama.create_completion(
                    tokens + begun, max_tokens=max_tokens, temperature=temperature, seed=seed, stream=True
                )
                yield from (chunk["choices"][0]["text"] for chunk in chunks)

    def _prefill(self, tokens: list[int], messages: Sequence[Message], *, whole: bool) -> None:
        """Prefill the messages before a reply, to their end or only their shared part."""
        if whole and self._has_read(tokens):  # usually by `compare`
            self._llama.n_tokens = len(tokens)  # the next evaluation removes the rest from the cache
            return
        self._read_shared(tokens, messages)
        if whole:
            self._llama.eval(tokens[self._llama.n_tokens :])

    def _spell(self, tokens: Iterable[int]) -> Iterator[str]:
        """Yield the text of tokens; a character may take several."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for token in tokens:
            text = decoder.decode(self._llama.detokenize([token]))
            if text:
                yield text

    def compare(self, messages: Sequence[Message], first: str, second: str) -> Leaning:
        tokens = self._tokenize(messages)
        one, other = (self._llama.tokenize(word.encode(), add_bos=False)[0] for word in (first, second))
        with self._lock:
            read = self._read_whole(tokens, messages)
        log_odds = float(read.logits[one]) - float(read.logits[other])
        if not math.isfinite(log_odds):
            raise ModelError(f"the LLM {self.name} gives scores that are not numbers: {_REMEDY}")
        return Leaning(log_odds, read.values)

    def _read_whole(self, tokens: list[int], messages: Sequence[Message]) -> _Read:
        """Return the state after the messages; if they were the last ones read here, do not read them again."""
        import llama_cpp

        if self._read_last is None or self._read_last.tokens != tokens:
            self._read_shared(tokens, messages)
            self._llama.eval(tokens[self._llama.n_tokens :])
            pointer = llama_cpp.llama_get_logits_ith(self._llama.ctx, -1)
            logits = np.ctypeslib.as_array(pointer, (self._llama.n_vocab(),)).copy()
            self._read_last = _Read(tokens, logits, read_last_values(self._save_state()))
        return self._read_last

    def _read_shared(self, tokens: list[int], messages: Sequence[Message]) -> None:
        """Prefill only the shared part: all messages before the last, and the passage at the beginning of the last.

        Rounding depends on how a prompt is cut into batches. With the same cuts every time, a reply does not depend on
        earlier questions.
        """
        *earlier, last = messages
        shared = [*earlier, last._replace(content=last.content[: last.shared])] if last.shared else []
        cuts = [self._llama.longest_token_prefix(tokens, self._tokenize(begin)) for begin in (earlier, shared) if begin]
        self._go_back(tokens, cuts)
        for cut in cuts:
            if cut > self._llama.n_tokens:
                self._llama.eval(tokens[self._llama.n_tokens : cut])
                self._prefixes.put(tokens[:cut], self._save_state(), on_disk=bool(earlier) and cut == cuts[0])

    def _go_back(self, tokens: list[int], cuts: Sequence[int]) -> None:
        """Go back to the longest beginning of the tokens that was read or is cached; it may be empty."""
        import llama_cpp

        llama = self._llama
        for cut in sorted(cuts, reverse=True):
            if self._has_read(tokens[:cut]):
                llama.n_tokens = cut  # the next evaluation removes the rest from the cache
                return
            kept = self._prefixes.get(tokens[:cut])
            if kept:
                state = (ctypes.c_uint8 * len(kept)).from_buffer(kept)
                if llama_cpp.llama_state_seq_set_data(llama.ctx, state, len(kept), 0):
                    llama.input_ids[:cut] = tokens[:cut]
                    llama.n_tokens = cut
                    return
        llama.reset()

    def _has_read(self, tokens: list[int]) -> bool:
        return bool(self._llama.input_ids[: self._llama.n_tokens][: len(tokens)].tolist() == tokens)

    def _save_state(self) -> memoryview:
        """Return the LLM's current state, in memory that the next call overwrites."""
        import llama_cpp

        size = llama_cpp.llama_state_seq_get_size(self._llama.ctx, 0)
        if size > len(self._state):
            self._state = (ctypes.c_uint8 * size)()
        llama_cpp.llama_state_seq_get_data(self._llama.ctx, self._state, size, 0)
        return memoryview(self._state).cast("B")[:size]

    def _tokenize(self, messages: Sequence[Message]) -> list[int]:
        # A control token in a document ("<|im_end|>") must not end its message, so a space breaks it up.
        safe: Any = [
            {"role": m.role, "content": self._control.sub(lambda found: f"{found[0][0]} {found[0][1:]}", m.content)}
            for m in messages
        ]
        prompt = self._format(messages=safe)
        return self._tokenize_prompt(prompt.prompt, not prompt.added_special)


def _find_strlen() -> Any:
    """Return the function `strlen` of the C library, which is a separate library on Windows."""
    return ctypes.CDLL("msvcrt" if IS_WINDOWS else None).strlen


def _check_gguf(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ValueError("not a GGUF file")
