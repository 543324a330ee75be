"""Asks an LLM on a server that speaks OpenAI's API: vLLM, llama.cpp's server, Ollama and others."""

import logging
import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from rag.errors import ModelError
from rag.extras import explain_missing
from rag.llm.base import Leaning, Message
from rag.settings import OPENAI
from rag.text import CONTROL_TOKEN

logger = logging.getLogger(__name__)

# The key and its server, as in OpenAI's own programs; no other server gets the key.
KEY_VARIABLE, KEY_HOST_VARIABLE = "OPENAI_API_KEY", "OPENAI_BASE_URL"
_OPENAI_URL = "https://api.openai.com/v1"
_TIMEOUT_S, _CONNECT_S = 300.0, 10.0
# Tokens whose likelihoods the server returns; any other counts as unlikely as the last of them.
_MOST_TOKENS = 20
# The log-odds of the chosen word, if a server returns no likelihoods.
_CHOSEN = 2.0
# A server answers with one of these to a request that it does not support.
_UNABLE = (400, 422, 500, 501)
# To estimate tokens, too many rather than too few: the tokens of a message's marks, and the bytes of a token.
_MESSAGE_TOKENS, _BYTES_PER_TOKEN = 8, 3


class ServerLLM:
    """An LLM at `openai:URL#MODEL`; without a model, the server's first one."""

    def __init__(self, address: str, *, context: int, at_once: int) -> None:
        """Ask the server for its models; raises ModelError if it is out of reach or lacks the model."""
        with explain_missing(address, ModelError):
            from openai import OpenAI, Timeout
        self.name = address
        self.fingerprint = {"name": address}
        self.at_once = at_once
        self._url, _, wanted = address.removeprefix(OPENAI).partition("#")
        if "@" in self._url or not self._url.startswith(("http://", "https://")):
            raise ModelError(f"name an LLM on a server openai:http://HOST:PORT/v1#MODEL, its key in {KEY_VARIABLE}")
        self._key = os.environ.get(KEY_VARIABLE, "") if _is_key_for(self._url) else ""
        self._client = OpenAI(
            base_url=self._url, api_key=self._key or "none", timeout=Timeout(_TIMEOUT_S, connect=_CONNECT_S)
        )
        if not self._key:  # the client also reads the account from the environment
            self._client.organization = self._client.project = None
        with self._explained():
            models = {model.id: model.model_dump() for model in self._client.models.list()}
        self._model = wanted or next(iter(models), "")
        if self._model not in models:
            raise ModelError(f"{self._url} has no model {wanted!r}: it has {', '.join(models) or 'none at all'}")
        self.context_size = int(models[self._model].get("max_model_len") or context)
        self._count = self._find_tokenizer()
        self._has_likelihoods = True

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from openai import APIConnectionError, AuthenticationError, OpenAIError

        try:
            yield
        except OpenAIError as exc:
            reason = "cannot be reached" if isinstance(exc, APIConnectionError) else " ".join(str(exc).split())[:300]
            if self._key:
                reason = reason.replace(self._key, "***")
            remedy = "check whether it runs, and try again"
            if isinstance(exc, AuthenticationError):
                remedy = f"set {KEY_VARIABLE} to its key, and {KEY_HOST_VARIABLE}={self._url}"
            raise ModelError(f"the LLM server {self._url}: {reason}; {remedy}") from exc

    def _find_tokenizer(self) -> Callable[[str], int]:
        """Return a function that counts the tokens of a text: on the server if it can, otherwise an estimate."""
        from openai import OpenAIError

        root = self._url.rstrip("/").removesuffix("/v1")
        ways: tuple[tuple[str, str, Callable[[Any], int]], ...] = (
            ("tokenize", "prompt", lambda reply: int(reply["count"])),  # vLLM
            ("tokenize", "content", lambda reply: len(reply["tokens"])),  # llama.cpp
            ("extras/tokenize/count", "input", lambda reply: int(reply["count"])),  # llama-cpp-python
        )
        for path, field, read in ways:
            count = partial(self._count_there, f"{root}/{path}", field, read)
            with suppress(OpenAIError, KeyError, TypeError, ValueError):
                if count("two words") > 0:
                    return count
        return lambda text: math.ceil(len(text.encode()) / _BYTES_PER_TOKEN)

    def _count_there(self, url: str, field: str, read: Callable[[Any], int], text: str) -> int:
        return read(self._client.post(url, cast_to=object, body={"model": self._model, field: text}))

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return how many tokens the messages take, a few too many rather than too few."""
        with self._explained():
            return self._count("\n".join(m.content for m in messages)) + _MESSAGE_TOKENS * len(messages)

    def read(self, messages: Sequence[Message], *, whole: bool = False) -> None:
        """Do nothing: servers have their own prompt caches."""

    def break_off(self) -> None:
        """Do nothing: `read` does nothing either."""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float, seed: int, begin: str = ""
    ) -> Iterator[str]:
        """Yield the reply in pieces; closing the generator early also stops the server. A server that cannot continue
        after `begin` may repeat it.
        """
        options: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed, "stream": True}
        if begin:
            messages = [*messages, Message("assistant", begin)]
            options["extra_body"] = {"continue_final_message": True, "add_generation_prompt": False}  # vLLM
        ended = False
        with self._explained(), self._create(messages, **options) as chunks:
            for chunk in chunks:
                for choice in chunk.choices:
                    ended = ended or bool(choice.finish_reason)
                    if choice.delta.content:
                        yield choice.delta.content
        if not ended:
            raise ModelError(f"the LLM server {self._url} broke off in the middle of an answer: ask again")

    def compare(self, messages: Sequence[Message], first: str, second: str) -> Leaning:
        """Return the log-odds; if the server has no likelihoods, plus or minus two, by its choice."""
        with self._explained():
            choice = self._choose(messages)
        logprobs = choice.logprobs and choice.logprobs.content
        if not (logprobs and logprobs[0].top_logprobs):
            reply = (choice.message.content or "").strip().lower()
            return Leaning(_CHOSEN * (reply.startswith(first) - reply.startswith(second)))
        likely = {token.token: token.logprob for token in logprobs[0].top_logprobs}
        least = min(likely.values())
        return Leaning(likely.get(first, least) - likely.get(second, least))

    def _choose(self, messages: Sequence[Message]) -> Any:
        """Return the server's choice of the next token, with likelihoods if it can return them."""
        from openai import APIStatusError

        options = {"max_tokens": 1, "temperature": 0.0}
        if self._has_likelihoods:
            try:
                return self._create(messages, logprobs=True, top_logprobs=_MOST_TOKENS, **options).choices[0]
            except APIStatusError as exc:
                if exc.status_code not in _UNABLE:
                    raise
                logger.debug("%s returns no likelihoods: %s", self._url, exc)
                self._has_likelihoods = False
        return self._create(messages, **options).choices[0]

    def _create(self, messages: Sequence[Message], **options: Any) -> Any:
        safe: Any = [{"role": m.role, "content": CONTROL_TOKEN.sub(_break_up, m.content)} for m in messages]
        return self._client.chat.completions.create(model=self._model, messages=safe, **options)


def _is_key_for(url: str) -> bool:
    """Return whether the key is for the server at this address, by scheme, host and port."""
    meant = os.environ.get(KEY_HOST_VARIABLE) or _OPENAI_URL
    return urlsplit(url)[:2] == urlsplit(meant)[:2]


def _break_up(found: re.Match[str]) -> str:
    """Return a control token with a space in it, so that it does not end a message."""
    return f"{found[0][0]} {found[0][1:]}"
