"""Measures the check of sentences: true ones that it refuses, altered ones that it catches.

    python benchmarks/checker.py DATASET [--report eval/DATASET]

Takes sentences of every second article of DATASET as they are, then with a number, a name or a negation changed, and
with a sentence of another article in their place. With --report, also the sentences of the answers that an evaluation
found right: the true ones that are in other words than the passage.
"""

import argparse
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from click import echo as say

from rag import Chunk, Dataset, Hit, Report, load_dataset
from rag.answer.check import find_names
from rag.answer.cite import Reply, cite_answer
from rag.evaluation.report import load_report
from rag.text import split_sentences

LIMIT = 1000
_AUXILIARY = re.compile(r"\b(?:is|was|were|are|has|had|can|will|could|would|may|must|should)\b")


class Case(NamedTuple):
    """A sentence, and the passage that it is held against."""

    text: str
    hit: Hit


def read_sentences(dataset: Dataset) -> list[Case]:
    """Return the sentences of 6 to 40 words of the passages of every second document, in an order drawn by lot."""
    texts = {d.source: d.text for d in sorted(dataset.documents, key=lambda d: d.source)[1::2]}
    cases = []
    for passage in dataset.passages.values():
        if passage.doc_id in texts:
            text = texts[passage.doc_id][passage.start : passage.end]
            chunk = Chunk(1, 1, passage.doc_id, "", None, 0, len(text), text, "article", None, None)
            spans = [text[start:end] for start, end in split_sentences(text)]
            cases += [Case(span, Hit(chunk, 1.0, 1)) for span in spans if 6 <= len(span.split()) <= 40]
    random.Random(1).shuffle(cases)  # noqa: S311
    return cases


def change_number(case: Case, lot: random.Random, _: list[Case]) -> str | None:
    """Return the sentence with one of its numbers made another."""
    found = list(re.finditer(r"\d+", case.text))
    if not found:
        return None
    number = lot.choice(found)
    other = abs(int(number[0]) + lot.choice([1, 2, 3, 5, 10, -1, -2]) * 10 ** lot.randrange(len(number[0])))
    return case.text[: number.start()] + str(other) + case.text[number.end() :]


def change_name(case: Case, lot: random.Random, cases: list[Case]) -> str | None:
    """Return the sentence with one of its names replaced by one of another sentence."""
    names = [name for name in find_names(case.text) if len(name) > 2]
    others = list(find_names(lot.choice(cases).text))
    if not names or not others:
        return None
    name, other = lot.choice(names), lot.choice(others)
    return None if name == other else re.sub(rf"\b{re.escape(name)}\b", other, case.text)


def change_negation(case: Case, _: random.Random, __: list[Case]) -> str | None:
    """Return the sentence with a "not" taken out, or put in."""
    if " not " in case.text:
        return case.text.replace(" not ", " ", 1)
    auxiliary = _AUXILIARY.search(case.text)
    return case.text[: auxiliary.end()] + " not" + case.text[auxiliary.end() :] if auxiliary else None


def change_sentence(case: Case, lot: random.Random, cases: list[Case]) -> str | None:
    """Return a sentence of another document."""
    other = lot.choice(cases)
    return None if other.hit.chunk.source == case.hit.chunk.source else other.text


def keep(case: Case, _: random.Random, __: list[Case]) -> str | None:
    """Return the sentence as it is."""
    return case.text


def measure(cases: list[Case], change: Callable[[Case, random.Random, list[Case]], str | None]) -> tuple[int, int]:
    """Return how many changed sentences are refused, and how many there are."""
    lot = random.Random(2)  # noqa: S311
    changed = [(text, case.hit) for case in cases if (text := change(case, lot, cases))][:LIMIT]
    return sum(is_refused(text, [hit]) for text, hit in changed), len(changed)


def is_refused(text: str, hits: list[Hit], question: str = "") -> bool:
    return cite_answer([Reply(1, [text])], hits, question=question).outcome == "not_found"


def read_answers(report: Report) -> Iterator[tuple[str, list[Hit], str]]:
    """Yield the sentences of the answers that were right, with their passages and the question."""
    for result in report.results:
        if result.answer and result.verdict == "right" and result.question.answerable:
            for sentence in result.answer.sentences:
                asked = result.answer.rewritten or result.answer.question
                yield sentence.text, list(result.answer.hits), asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    cases = read_sentences(load_dataset(arguments.dataset))
    altered = {
        "a number changed": change_number,
        "a name changed": change_name,
        "a negation put in or taken out": change_negation,
        "of another document": change_sentence,
    }
    for name, change in {"as it is": keep, **altered}.items():
        refused, count = measure(cases, change)
        say(f"| {name} | {refused / count:.3f} | of {count} |")
    if arguments.report:
        answers = list(read_answers(load_report(arguments.report)))
        refused = sum(is_refused(*answer) for answer in answers)
        say(f"| of a right answer | {refused / len(answers):.3f} | of {len(answers)} |")


if __name__ == "__main__":
    main()
