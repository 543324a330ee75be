"""Answers a question that compares two things by one answer about each, and joins them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from rag.answer.cite import Span, cite_spans
from rag.answer.gather import gather
from rag.answer.kinds import COMPARING, compares_in_general, find_sides, name_sides
from rag.answer.prompt import Prompts, build_split
from rag.answer.rewrite import is_faithful
from rag.llm.base import LLM
from rag.text import content_words
from rag.types import Answer, Hit

# The note of an answer to a comparison in general.
COMPARED = "Pieced together from what the documents say of each."

_MAX_TOKENS = 64
# Sentences quoted of each thing that is compared in general.
_MOST_OF_SIDE = 3
_NAME = re.compile(r"(?<!^)\b[^\W\d_a-z][\w'’]+")
# A name that is this near to a word of the question is that word: a small LLM misspells what it has never seen.
_MISSPELT = 0.8


def split_question(question: str, *, llm: LLM, prompts: Prompts) -> tuple[str, ...]:
    """Return two questions, one about each thing that a question compares, or () if it compares none.

    It is () too if the LLM does not write one question about each, or names what the question does not.
    """
    sides = find_sides(question)
    if not sides:
        return ()
    messages = build_split(question, prompts=prompts)
    written = "".join(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
    lines = [_correct_names(line.strip(), question) for line in written.splitlines() if line.strip()]
    is_usable = _ask_about_each(lines, sides) and all(_asks_the_same(line, question, sides) for line in lines)
    return tuple(lines) if is_usable else ()


def _correct_names(line: str, question: str) -> str:
    """Return a line in which the names are spelt as in the question."""
    words = re.findall(r"[\w'’]+", question)
    known = {word.lower(): word for word in words}

    def correct(match: re.Match[str]) -> str:
        if match[0].lower() in known:
            return match[0]
        near = get_close_matches(match[0].lower(), known, n=1, cutoff=_MISSPELT)
        return known[near[0]] if near else match[0]

    return _NAME.sub(correct, line)


def _ask_about_each(lines: Sequence[str], sides: Sequence[frozenset[str]]) -> bool:
    """Return whether there is a line for each side that has more of its words than of the other's."""
    if len(lines) != len(sides):
        return False
    shared = [[len(side & content_words(line)) for side in sides] for line in lines]
    nearest = {counts.index(max(counts)) for counts in shared if len({*counts}) > 1}
    return len(nearest) == len(sides)


def _asks_the_same(line: str, question: str, sides: Sequence[frozenset[str]]) -> bool:
    """Return whether a line asks for what a question compares, and names nothing that the question does not."""
    compared = content_words(question).difference(*sides) - COMPARING
    return is_faithful(line, question) and (not compared or bool(compared & content_words(line)))


def compare_in_general(answer: Answer, question: str, search: Callable[[str], tuple[Hit, ...]]) -> Answer | None:
    """Return an answer with what the documents say of each of two things, without asking the LLM.

    It is None if the question asks for something of them, or the documents name neither.
    """
    named, sides = name_sides(question), find_sides(question)
    if not named or not sides or not compares_in_general(question):
        return None
    parts = []
    for name, words in zip(named, sides, strict=True):
        hits = search(name)
        cited = cite_spans(gather(hits, naming=words, most=_MOST_OF_SIDE), hits)
        parts.append(replace(answer, question=name, hits=hits, **cited._asdict()))
    if not any(part.citations for part in parts):
        return None
    return join_answers(replace(answer, note=COMPARED), parts)


def join_answers(answer: Answer, parts: Sequence[Answer]) -> Answer:
    """Return an answer with the evidence of several; its note names those of their questions that stay open."""
    hits: list[Hit] = []
    numbers: dict[int, int] = {}
    spans: list[Span] = []
    for part in parts:
        for hit in part.hits:
            if hit.chunk.id not in numbers:
                hits.append(replace(hit, rank=len(hits) + 1))
                numbers[hit.chunk.id] = len(hits)
        spans += [Span(numbers[c.chunk_id], c.start, c.end) for c in part.citations]
    open_questions = [part.question for part in parts if not part.citations]
    note = " ".join(f"The documents do not say: {question}" for question in open_questions) if spans else ""
    confidences = [part.confidence for part in parts if part.confidence is not None]
    return replace(
        answer,
        **cite_spans(dict.fromkeys(spans), hits)._asdict(),
        hits=tuple(hits),
        confidence=min(confidences, default=None),
        note=note or answer.note,
        prompt_tokens=sum(part.prompt_tokens for part in parts),
        answer_tokens=sum(part.answer_tokens for part in parts),
    )
