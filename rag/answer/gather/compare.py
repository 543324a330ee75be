"""Answers a question that compares two things by joining one answer about each."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.answer.gather.select import select_sentences
from rag.answer.prompt import Prompts, build_split
from rag.answer.quote.cite import HitSpan, cite_spans
from rag.answer.signs import COMPARING
from rag.answer.understand.query import Query, Side
from rag.answer.understand.restate import find_spelling
from rag.answer.understand.rewrite import is_faithful
from rag.llm.base import LLM
from rag.text import content_words
from rag.types import Answer, Hit

# The note of an answer to a comparison in general.
COMPARED = "Pieced together from what the documents say of each."

_MAX_TOKENS = 64
# A comparison in general quotes at most this many sentences about each thing.
_MOST_OF_SIDE = 3
_WORD = re.compile(r"[\w'’]+")
_NAME = re.compile(r"(?<!^)\b[^\W\d_a-z][\w'’]+")


def split_question(question: Query, *, llm: LLM, prompts: Prompts) -> tuple[str, ...]:
    """Return two questions, one about each thing that a question compares, or () if it compares none.

    It is also () if the LLM does not write one question about each, or writes words that are not in the question.
    """
    if not question.sides:
        return ()
    messages = build_split(question.text, prompts=prompts)
    written = "".join(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
    questions = []
    for line in re.split(r"\s*\n\s*", written.strip()):
        one = _correct_names(line, question.text)
        if not _asks_the_same(one, question):
            return ()
        questions.append(one)
    return tuple(questions) if _ask_about_each(questions, question.sides) else ()


def _correct_names(line: str, question: str) -> str:
    """Return a line with its names spelt as in the question: a small LLM misspells unknown names."""
    spellings: dict[str, str] = {word.lower(): word for word in _WORD.findall(question)}

    def correct(match: re.Match[str]) -> str:
        name = match[0]
        if name.lower() in spellings:
            return name
        similar = find_spelling(name.lower(), spellings)
        return spellings.get(similar, name)

    return _NAME.sub(correct, line)


def _ask_about_each(lines: Sequence[str], sides: Sequence[Side]) -> bool:
    """Return whether one of two lines has more words of the first side, and the other one more of the second."""
    one, other = sides
    leads = []
    for line in lines:
        words = content_words(line)
        leads.append(len(one.words & words) - len(other.words & words))
    return len(lines) == len(sides) and min(leads) < 0 < max(leads)


def _asks_the_same(line: str, question: Query) -> bool:
    """Return whether a line asks for the compared property, and names nothing that the question does not."""
    compared = question.words - COMPARING
    for side in question.sides:
        compared -= side.words
    asks_for_it = not compared or compared & content_words(line)
    return bool(asks_for_it) and is_faithful(line, question.text)


def compare_in_general(answer: Answer, question: Query, search: Callable[[str], tuple[Hit, ...]]) -> Answer | None:
    """Return an answer with the documents' sentences about each of two things, without asking the LLM.

    It is None if the question asks for one property of them, or the documents name neither.
    """
    if not question.compares_in_general:
        return None
    parts = []
    for name, words in question.sides:
        hits = search(name)
        cited = cite_spans(select_sentences(hits, naming=words, most=_MOST_OF_SIDE), hits)
        parts.append(cited.put_into(answer, question=name, hits=hits))
    joined = join_answers(replace(answer, note=COMPARED), parts)
    return joined if joined.citations else None


def join_answers(answer: Answer, parts: Sequence[Answer]) -> Answer:
    """Return an answer with the evidence of several; its note names the questions without an answer."""
    hits = _join_hits(parts)
    numbers = {hit.chunk.id: hit.rank for hit in hits}
    spans = dict.fromkeys(HitSpan(numbers[c.chunk_id], c.start, c.end) for part in parts for c in part.citations)
    confidences = [part.confidence for part in parts if part.confidence is not None]
    return cite_spans(spans, hits).put_into(
        answer,
        hits=hits,
        confidence=min(confidences, default=None),
        note=_describe_open(parts) or answer.note,
        prompt_tokens=sum(part.prompt_tokens for part in parts),
        answer_tokens=sum(part.answer_tokens for part in parts),
    )


def _join_hits(parts: Sequence[Answer]) -> tuple[Hit, ...]:
    """Return the hits of several answers, each chunk once; the ranks are new."""
    first: dict[int, Hit] = {}
    for part in parts:
        for hit in part.hits:
            first.setdefault(hit.chunk.id, replace(hit, rank=len(first) + 1))
    return tuple(first.values())


def _describe_open(parts: Sequence[Answer]) -> str:
    """Return a line that names the questions without an answer; "" if all have one, or none has."""
    lines = [f"The documents do not say: {part.question}" for part in parts if not part.citations]
    is_any_answered = len(lines) < len(parts)
    return " ".join(lines) if is_any_answered else ""
