"""Looks whether the passages speak of the year or the code that a question asks for, or only of others."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from rag.answer.cite import NOT_FOUND, get_cited_chunks
from rag.answer.kinds import is_yes_no
from rag.answer.prompt import label_chunk
from rag.types import Answer

# The forms of what has to be in the passages as it was asked for. Two of one form are alike if `same` is.
_FORMS = (
    # A year.
    re.compile(r"(?<![\w.,-])(?P<same>)(?:1[0-9]|20)\d\d(?![\w%-]|[.,]\d)"),
    # A code: "E4", "A-320", "T14s".
    re.compile(r"(?<![\w-])(?P<same>[A-Za-z]{1,4})-?\d{1,5}[A-Za-z]?(?![\w-])"),
    # One of several: "clause 12", "Line 5".
    re.compile(r"\b(?P<same>[A-Za-z]{3,})[ -]\d{1,3}\b(?![.,:]?\d|%)"),
)
_NUMBER = re.compile(r"\d+")
# A line that says what there is instead names this many.
_MOST_NAMED = 3


class Unmet(NamedTuple):
    """A year, code or number that a question asks for and the passages lack, and those that they have instead."""

    wanted: str
    others: tuple[str, ...]


def hold_to_question(answer: Answer, question: str) -> Answer:
    """Return an answer, or a refusal if the passages that it cites have another year, code or number than was asked.

    "No, in 2021" is an answer to "Did it open in 2019?": a question that asks for yes or no is let through.
    """
    if is_yes_no(question):
        return answer
    texts = [f"{label_chunk(chunk)} {chunk.text}" for chunk in get_cited_chunks(answer)]
    unmet = find_unmet(question, texts)
    return replace(answer, **NOT_FOUND._asdict(), note=describe_unmet(unmet)) if unmet else answer


def find_unmet(question: str, texts: Sequence[str]) -> Unmet | None:
    """Return the first year, code or number of a thing that a question asks for and no text has, if they have others.

    "Clause 12" is there if the texts have a number 12, which may be before a heading.
    """
    together = " ".join(texts)
    numbers = set(_NUMBER.findall(together))
    for form in _FORMS:
        for wanted in form.finditer(question):
            is_there = numbers.issuperset(_NUMBER.findall(wanted[0]))
            others = _list_others(form, wanted, together)
            if others and not is_there:
                return Unmet(wanted[0], others)
    return None


def _list_others(form: re.Pattern[str], wanted: re.Match[str], text: str) -> tuple[str, ...]:
    """Return what a text has of the form of what is wanted, of the same letters or the same word before the number."""
    same = wanted["same"].lower()
    others = [match[0] for match in form.finditer(text) if match["same"].lower() == same]
    return tuple(dict.fromkeys(others))


def describe_unmet(unmet: Unmet) -> str:
    """Return a line that says what the documents have instead."""
    return f"The passages found speak of {', '.join(unmet.others[:_MOST_NAMED])}, not of {unmet.wanted}."
