"""Writing the likeliest reply with guesses from the prompt."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rag.llm.base import Message
from rag.llm.greedy import GreedyWriter, guess_next
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


def write(llm: LlamaCpp, asked: str, *, temperature: float = 0.0) -> str:
    messages = [Message("system", "You repeat what the user says."), Message("user", asked)]
    return "".join(llm.stream(messages, max_tokens=40, temperature=temperature, seed=0))


@pytest.fixture
def llm(tmp_path: Path) -> Iterator[LlamaCpp]:
    path = locate_model("smollm2-135m", kind="llm", home=Settings.load().home)
    opened = LlamaCpp("small", path, context=1024, cache=tmp_path)
    yield opened
    opened.close()


@pytest.mark.model
@pytest.mark.parametrize("asked", [*SENTENCES, "Say something about the sea."])
def test_the_likeliest_tokens_are_written(llm: LlamaCpp, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.llm.greedy.guess_next", lambda text, prompt: [])
    assert write(llm, asked) == write(llm, asked, temperature=1e-6) != ""


@pytest.mark.model
def test_a_reply_ends_with_the_context(tmp_path: Path) -> None:
    path = locate_model("smollm2-135m", kind="llm", home=Settings.load().home)
    llm = LlamaCpp("small", path, context=256, cache=tmp_path)
    messages = [Message("user", "Count on: one, two, three, four. " * 18)]
    room = llm.context_size - llm.count_tokens(messages)
    assert 0 < room < 40
    likeliest, sampled = (
        list(llm.stream(messages, max_tokens=256, temperature=temperature, seed=0)) for temperature in (0.0, 1e-6)
    )
    assert 0 < len(likeliest) <= room
    assert "".join(sampled)
    llm.close()
    llm.close()  # a second time does nothing


@pytest.mark.model
def test_guesses_save_steps_and_do_not_change_what_is_written(llm: LlamaCpp, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where two tokens are as likely, rounding may decide otherwise; in this text it does not.
    steps: list[int] = []
    read = GreedyWriter._read

    def count(writer: GreedyWriter, token: int, guesses: Sequence[int]) -> list[int]:
        written = read(writer, token, guesses)
        steps.append(len(written))
        return written

    monkeypatch.setattr(GreedyWriter, "_read", count)
    guessed = write(llm, SENTENCES[0])
    assert guessed == write(llm, SENTENCES[0], temperature=1e-6)
    assert sum(steps) > len(steps)
