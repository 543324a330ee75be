"""Measures the check of replies: how many right ones it drops, and how many altered ones it catches.

    python benchmarks/checker.py REPORT [--limit 500]

It takes the right answers of an evaluation, has the LLM write their replies again without the check, and keeps replies
with an accepted text. The check compares each with its quotes: unchanged, and with a number, a date, a name or a
negation changed. The new name comes from the passage itself, which is the hardest case, or from another one.
"""

import argparse
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from click import echo as say
from tqdm import tqdm

from rag import Answer, Settings
from rag.answer.check import find_fault
from rag.answer.mentions import find_names
from rag.answer.prompt import fill, label_chunk, load_prompts
from rag.evaluation.metrics import contains_answer
from rag.evaluation.report import Result, load_report
from rag.llm import open_llm
from rag.llm.base import LLM

_MAX_TOKENS = 48
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DATE = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b|\b(?:1[0-9]|20)\d\d\b")
_AUXILIARY = re.compile(r"\b(?:is|was|were|are|has|had|can|will|could|would|may|must|should)\b")


class Case(NamedTuple):
    """A right reply of the LLM, and its quotes."""

    reply: str
    quotes: tuple[str, ...]
    sources: tuple[str, ...]
    question: str


def write_cases(results: Sequence[Result], llm: LLM) -> Iterator[Case]:
    """Yield the LLM's replies, before any check, that have an accepted text."""
    prompts = load_prompts("reply")
    for result in tqdm(results, unit="reply"):
        answer = result.answer
        if not answer or not result.question.answerable or result.verdict != "right":
            continue
        case = _make_case(answer)
        messages = fill(prompts, quotes=" ".join(case.quotes), question=case.question)
        reply = "".join(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0)).strip()
        if case.quotes and contains_answer(reply, result.question.answers):
            yield case._replace(reply=reply)


def _make_case(answer: Answer) -> Case:
    chunks = [answer.hits[n - 1].chunk for n in sorted({c.number for c in answer.citations if c.voice == "article"})]
    quotes = tuple(c.quote for c in answer.citations if c.voice == "article")
    sources = tuple(map(label_chunk, chunks))
    return Case("", quotes, sources, answer.rewritten or answer.question)


Change = Callable[[Case, random.Random, list[Case]], str | None]


def keep(case: Case, _: random.Random, __: list[Case]) -> str | None:
    """Return the reply unchanged."""
    return case.reply


def change_number(case: Case, lot: random.Random, _: list[Case]) -> str | None:
    """Return the reply with one of its numbers changed."""
    found = list(re.finditer(r"\d+", case.reply))
    if not found:
        return None
    number = lot.choice(found)
    other = abs(int(number[0]) + lot.choice([1, 2, 3, 5, -1, -2]) * 10 ** lot.randrange(len(number[0])))
    return case.reply[: number.start()] + str(other) + case.reply[number.end() :]


def change_date(case: Case, lot: random.Random, _: list[Case]) -> str | None:
    """Return the reply with a month or a year changed."""
    date = _DATE.search(case.reply)
    if not date:
        return None
    other = str(int(date[0]) + lot.choice([-3, -1, 1, 2])) if date[0].isdigit() else lot.choice(_MONTHS)
    return None if other == date[0] else case.reply[: date.start()] + other + case.reply[date.end() :]


def change_name(case: Case, lot: random.Random, cases: list[Case]) -> str | None:
    """Return the reply with one of its names replaced by one from another passage."""
    return _swap_name(case, lot, " ".join(lot.choice(cases).quotes))


def swap_name(case: Case, lot: random.Random, _: list[Case]) -> str | None:
    """Return the reply with one of its names replaced by another from the same quotes."""
    return _swap_name(case, lot, " ".join(case.quotes))


def _swap_name(case: Case, lot: random.Random, text: str) -> str | None:
    names = [name for name in find_names(f"so {case.reply}") if len(name) > 2]
    others = [name for name in find_names(text) if len(name) > 2 and name not in case.reply]
    if not names or not others:
        return None
    return re.sub(rf"\b{re.escape(lot.choice(names))}\b", lot.choice(others), case.reply)


def change_negation(case: Case, _: random.Random, __: list[Case]) -> str | None:
    """Return the reply with a "not" removed or added."""
    if " not " in case.reply:
        return case.reply.replace(" not ", " ", 1)
    auxiliary = _AUXILIARY.search(case.reply)
    return case.reply[: auxiliary.end()] + " not" + case.reply[auxiliary.end() :] if auxiliary else None


CHANGES: dict[str, Change] = {
    "unchanged": keep,
    "a number changed": change_number,
    "a month or year changed": change_date,
    "a name of another passage": change_name,
    "another name of its quotes": swap_name,
    "a negation put in or taken out": change_negation,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--limit", type=int, default=500, help="answers of the report to use")
    arguments = parser.parse_args()
    llm = open_llm(Settings.load())
    if llm is None:
        raise SystemExit("the replies need an LLM: set RAG_LLM to one")
    cases = list(write_cases(load_report(arguments.report).results[: arguments.limit], llm))
    for name, change in CHANGES.items():
        lot = random.Random(2)  # noqa: S311
        changed = [(text, case) for case in cases if (text := change(case, lot, cases))]
        faults = [find_fault(text, case.quotes, sources=case.sources, question=case.question) for text, case in changed]
        refused = sum(fault is not None for fault in faults)
        say(f"| {name} | {refused / max(len(changed), 1):.3f} | of {len(changed)} |")
        for (text, case), fault in zip(changed, faults, strict=True):
            if (fault is not None) is (change is keep):
                say(f"    {fault}: {case.question} | {text} | {case.quotes}")


if __name__ == "__main__":
    main()
