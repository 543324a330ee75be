"""Makes chat messages from the texts in `prompts/`: to ask, reply, rewrite, split and suggest."""

import re
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from string import Template
from typing import NamedTuple

from rag.errors import PromptError
from rag.llm.base import Message
from rag.text import CONTROL_TOKEN, WORD, split_sentences
from rag.types import Chunk, Hit

REFUSAL = "The documents do not say."
# The examples in the prompts reply "no", or "yes:" and the words of the passage.
NO, YES = "no", "yes"
BEGIN = f"{YES}:"
# The LLM sees the speakers of a conversation under these names.
_SPEAKERS, _ASSISTANT = {"user": "Reader"}, "Assistant"
_PACKAGE = Path(__file__).resolve().parents[1]
_TURNS = "user and assistant take turns, and the user comes last"
_FILE = re.compile(r"\d\d-[\w-]+\.(system|user|assistant)\.txt")
# The placeholders that the last text of each folder has to have.
_PLACEHOLDERS = {
    "answer": frozenset({"passage", "question"}),
    "reply": frozenset({"quotes", "question"}),
    "rewrite": frozenset({"history", "question"}),
    "split": frozenset({"question"}),
    "suggest": frozenset({"passage"}),
}
# A number in square brackets in a document would look like a citation: the LLM sees it in round ones.
_BRACKETED = re.compile(r"\[(\d+)\]")


class Prompts(NamedTuple):
    """The messages before the question, and the template of the question."""

    examples: tuple[Message, ...]
    question: Template


def find_prompts() -> Path:
    """Return the folder of the prompts: inside the installed package, or beside it in a checkout."""
    installed = _PACKAGE / "prompts"
    return installed if installed.is_dir() else _PACKAGE.parent / "prompts"


def load_prompts(name: str, folder: Path | None = None) -> Prompts:
    """Return the prompts of a name, in the order of their files, from `folder` or else the usual one.

    The names are those in `_PLACEHOLDERS`. Raises PromptError.
    """
    folder = folder or find_prompts() / name
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise PromptError(f"no prompts in {folder}: install the package again, or restore the folder")
    *examples, question = paths
    _check_turns(paths)
    messages = tuple(Message(_role(path), _load(path, required=frozenset()).substitute()) for path in examples)
    return Prompts(messages, _load(question, required=_PLACEHOLDERS[name]))


def _check_turns(paths: Sequence[Path]) -> None:
    """Raise PromptError unless user and assistant take turns, after the system's rules, and the user is the last."""
    turns = [path for path in paths if _role(path) != "system"]
    for path, expected in zip(turns, cycle(("user", "assistant")), strict=False):
        if _role(path) != expected:
            raise PromptError(f"prompt {path}: {_TURNS}")
    if _role(paths[-1]) != "user":
        raise PromptError(f"prompt {paths[-1]}: {_TURNS}")


def _role(path: Path) -> str:
    """Return the role in the name of a prompt's file."""
    match = _FILE.fullmatch(path.name)
    if not match:
        raise PromptError(f"prompt {path}: name it NN-NAME.ROLE.txt with role system, user or assistant")
    return match[1]


def _load(path: Path, *, required: frozenset[str]) -> Template:
    """Return the template in a prompt's file; it must have the required placeholders and no others."""
    template = Template(path.read_text(encoding="utf-8").strip())
    if not template.is_valid():
        raise PromptError(f"prompt {path}: a stray $; write $$ for a dollar sign")
    placeholders = set(template.get_identifiers())
    missing, unknown = required - placeholders, placeholders - required
    if missing:
        raise PromptError(f"prompt {path}: the placeholder ${min(missing)} is missing; put it in")
    if unknown:
        raise PromptError(f"prompt {path}: unknown placeholder ${min(unknown)}; write $$ for a dollar sign")
    return template


def label_chunk(chunk: Chunk) -> str:
    """Return a chunk's speaker, title, outlet and date: 'Article "Visit called off", The Courier, 2012-10-04'.

    The title often names a thing or person that the chunk does not. The heading follows in round brackets.
    """
    title = f'"{_flatten(chunk.title)}"'
    if chunk.voice == "article":
        parts = [f"Article {title}", chunk.outlet, chunk.date]
    else:
        parts = ["Reader's comment", chunk.author, chunk.date, f"on {title}"]
    return ", ".join(part for part in parts if part) + _bracket_heading(chunk)


def _bracket_heading(chunk: Chunk) -> str:
    return f" ({_flatten(chunk.heading)})" if chunk.heading else ""


def build_question(question: str, hit: Hit, *, prompts: Prompts) -> list[Message]:
    """Return the messages that ask whether a hit states the answer; the part before the question is marked shared."""
    passage = f"{label_chunk(hit.chunk)}: {_flatten(_hide_replies(hit.chunk.text))}"
    content = prompts.question.substitute(passage=passage, question=_flatten(question))
    before, _, _ = prompts.question.template.partition("$question")
    return [*prompts.examples, Message("user", content, shared=len(Template(before).safe_substitute(passage=passage)))]


def has_evidence(hit: Hit) -> bool:
    """Return whether a hit has words for the LLM besides control tokens and sentences that look like its reply."""
    return bool(WORD.search(CONTROL_TOKEN.sub(" ", _hide_replies(hit.chunk.text))))


def _hide_replies(text: str) -> str:
    """Return a text without sentences that begin like the LLM's reply ("yes: …"): the LLM would repeat them."""
    if BEGIN not in text:  # splitting takes time
        return text
    for start, end in reversed(split_sentences(text)):
        if text.startswith(BEGIN, start):
            text = text[:start] + text[end:]
    return text


def build_rewrite(question: str, history: Sequence[Message], *, prompts: Prompts) -> list[Message]:
    """Return the messages that ask for a question that stands alone, given the turns before it."""
    turns = "\n".join(f"{_SPEAKERS.get(message.role, _ASSISTANT)}: {_flatten(message.content)}" for message in history)
    content = prompts.question.substitute(history=turns, question=_flatten(question))
    return [*prompts.examples, Message("user", content)]


def build_suggestion(chunk: Chunk, *, prompts: Prompts) -> list[Message]:
    """Return the messages that ask for a question that a chunk answers."""
    return fill(prompts, passage=f"{chunk.title}{_bracket_heading(chunk)}: {chunk.text}")


def fill(prompts: Prompts, **texts: str) -> list[Message]:
    """Return the messages of prompts with texts, on one line each, in the places that are named for them."""
    content = prompts.question.substitute({name: _flatten(text) for name, text in texts.items()})
    return [*prompts.examples, Message("user", content)]


def _flatten(text: str) -> str:
    return _BRACKETED.sub(r"(\1)", " ".join(text.split()))
