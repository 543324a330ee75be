"""Answers a question that compares two things by joining one answer about each."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from rag.answer.gather.select import select_sentences
from rag.answer.prompt import Prompts, build_split
from rag.answer.quote.cite import Quotes, Span, cite_spans
from rag.answer.signs import COMPARING
from rag.answer.understand.query import Query, Side
from rag.answer.understand.rewrite import is_faithful
from rag.llm.base import LLM
from rag.text import content_words
from rag.types import Hit

# The note of an answer to a comparison in general.
COMPARED = "Pieced together from what the documents say of each."

_MAX_TOKENS = 64
# A comparison in general quotes at most this many sentences about each thing.
_MOST_OF_SIDE = 3
_WORD = re.compile(r"[\w'’]+")
_NAME = re.compile(r"(?<!^)\b[^\W\d_a-z][\w'’]+")
# A name that is this similar to a word of the question is that word: a small LLM misspells unknown names.
_MISSPELT = 0.8


def split_question(question: Query, *, llm: LLM, prompts: Prompts) -> tuple[str, ...]:
    """Return two questions, one about each thing that a question compares, or () if it compares none.

    It is also () if the LLM does not write one question about each, or writes words that are not in the question.
    """
    if not question.sides:
        return ()
    messages = build_split(question.text, prompts=prompts)
    written = "".join(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
    lines = [line.strip() for line in written.splitlines() if line.strip()]
    questions = tuple(_correct_names(line, question.text) for line in lines)
    is_same = all(_asks_the_same(one, question) for one in questions)
    return questions if is_same and _ask_about_each(questions, question.sides) else ()


def _correct_names(line: str, question: str) -> str:
    """Return a line with its names spelt as in the question."""
    spellings = {word.lower(): word for word in _WORD.findall(question)}

    def correct(match: re.Match[str]) -> str:
        name = match[0]
        if name.lower() in spellings:
            return name
        near = get_close_matches(name.lower(), spellings, n=1, cutoff=_MISSPELT)
        return spellings[near[0]] if near else name

    return _NAME.sub(correct, line)


def _ask_about_each(lines: Sequence[str], sides: Sequence[Side]) -> bool:
    """Return whether each side has one line, which has more of its words than of the other side's."""
    nearest = {_find_nearest_side(line, sides) for line in lines}
    return len(lines) == len(sides) and nearest == set(range(len(sides)))


def _find_nearest_side(line: str, sides: Sequence[Side]) -> int | None:
    """Return the place of the side that shares the most words with a line; None if both share as many."""
    words = content_words(line)
    counts = [len(side.words & words) for side in sides]
    is_tie = len(set(counts)) == 1
    return None if is_tie else counts.index(max(counts))


def _asks_the_same(line: str, question: Query) -> bool:
    """Return whether a line asks for the compared property, and names nothing that the question does not."""
    compared = question.words.difference(*(side.words for side in question.sides)) - COMPARING
    asks_for_it = not compared or not compared.isdisjoint(content_words(line))
    return asks_for_it and is_faithful(line, question.text)


def compare_in_general(question: Query, search: Callable[[str], tuple[Hit, ...]]) -> Quotes | None:
    """Return the documents' sentences about each of two things, without asking the LLM.

    It is None if the question asks for one property of them, or the documents name neither.
    """
    if not question.compares_in_general:
        return None
    parts: dict[str, Quotes] = {}
    for name, words in question.sides:
        hits = search(name)
        parts[name] = cite_spans(select_sentences(hits, naming=words, most=_MOST_OF_SIDE), hits)
    joined = join_quotes(parts)
    return joined._replace(note=joined.note or COMPARED) if joined.citations else None


def join_quotes(parts: Mapping[str, Quotes]) -> Quotes:
    """Return the quotes for several questions as one; the note names the questions without an answer."""
    hits = _join_hits(parts.values())
    numbers = {hit.chunk.id: hit.rank for hit in hits}
    spans = dict.fromkeys(Span(numbers[c.chunk_id], c.start, c.end) for part in parts.values() for c in part.citations)
    return cite_spans(spans, hits)._replace(note=_describe_open(parts))


def _join_hits(parts: Iterable[Quotes]) -> tuple[Hit, ...]:
    """Return the hits of several questions, each chunk once; the ranks are new."""
    first: dict[int, Hit] = {}
    for part in parts:
        for hit in part.hits:
            first.setdefault(hit.chunk.id, replace(hit, rank=len(first) + 1))
    return tuple(first.values())


def _describe_open(parts: Mapping[str, Quotes]) -> str | None:
    """Return a line that names the questions without an answer; None if all have one, or none has."""
    lines = [f"The documents do not say: {question}" for question, part in parts.items() if not part.citations]
    is_any_answered = len(lines) < len(parts)
    return " ".join(lines) if lines and is_any_answered else None
