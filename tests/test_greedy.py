"""Writing the likeliest reply with guesses from the prompt."""

from pathlib import Path

import pytest

from rag.llm.base import Message
from rag.llm.greedy import guess_next
from rag.llm.llama import LlamaCpp
from rag.models import locate_model
from rag.settings import Settings

SENTENCES = [
    "The ferry to Brill leaves at nine, and the ferry to Kell leaves at noon.",
    "On Sundays there is no ferry at all; the café “Zum Anker” stays open.",
]


@pytest.mark.parametrize(
    ("prompt", "text", "guesses"),
    [
        ([1, 2, 3, 4, 5, 6, 7], [2, 3], [4, 5, 6]),
        ([1, 2, 9, 1, 2, 8], [1, 2], [8]),  # where the tokens occur last
        ([1, 2, 3, 7, 2, 3, 8], [1, 2, 3], [7, 2, 3]),  # three tokens before two
        ([1, 2, 3], [9, 3], []),  # nothing follows
        ([1, 2, 3], [9], []),
        ([], [9], []),
    ],
)
def test_tokens_are_guessed_from_the_prompt(prompt: list[int], text: list[int], guesses: list[int]) -> None:
    assert guess_next(text, prompt) == guesses


@pytest.mark.model
@pytest.mark.parametrize("asked", [*SENTENCES, "Say something about the sea."])
def test_guesses_do_not_change_what_is_written(asked: str, tmp_path: Path) -> None:
    path = locate_model("smollm2-135m", kind="llm", home=Settings.load().home)
    llm = LlamaCpp("small", path, context=1024, cache=tmp_path)
    messages = [Message("system", "You repeat what the user says."), Message("user", asked)]
    likeliest = "".join(llm.stream(messages, max_tokens=40, temperature=0.0, seed=0))
    token_by_token = "".join(llm.stream(messages, max_tokens=40, temperature=1e-6, seed=0))
    assert likeliest == token_by_token != ""
    begun = "".join(llm.stream(messages, max_tokens=4, temperature=0.0, seed=0, begin=likeliest[:3]))
    assert 0 < len(begun) < len(likeliest)
    llm.close()
