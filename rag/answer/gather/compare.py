"""Answers a question that compares two things by joining one answer about each."""

import re
from collections.abc import Mapping, Sequence

from rag.answer.gather.request import Gathered, Request
from rag.answer.gather.select import select_sentences
from rag.answer.prompt import Prompts, fill
from rag.answer.quote.cite import HitSpan, Quotes, cite_spans
from rag.answer.signs import COMPARING
from rag.answer.understand.query import Query, Side
from rag.answer.understand.restate import find_spelling
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


def split_question(question: Query, *, llm: LLM, prompts: Prompts) -> tuple[str, ...]:
    """Return two questions, one about each thing that a question compares, or () if it compares none.

    It is also () if the LLM does not write one question about each, or writes words that are not in the question.
    """
    if not question.sides:
        return ()
    messages = fill(prompts, question=question.text)
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


def compare_in_general(request: Request) -> Gathered | None:
    """Return the documents' sentences about each of two things; None if the question asks for a property of them."""
    if not request.question.compares_in_general:
        return None
    parts: dict[str, Quotes] = {}
    for name, words in request.question.sides:
        hits = request.search(name)
        parts[name] = cite_spans(select_sentences(hits, naming=words, most=_MOST_OF_SIDE), hits)
    joined = join_quotes(parts)
    return Gathered(joined._replace(note=joined.note or COMPARED))


def join_quotes(parts: Mapping[str, Quotes]) -> Quotes:
    """Return the quotes for several questions as one; the note names the questions without an answer, if not all."""
    hits: list[Hit] = []
    spans: dict[tuple[int, int], HitSpan] = {}  # each sentence once
    lines: list[str] = []
    for question, part in parts.items():
        hits += part.hits
        spans |= {(span.hit.chunk.id, span.start): span for span in part.spans}
        if not part.citations:
            lines.append(f"The documents do not say: {question}")
    note = " ".join(lines) if 0 < len(lines) < len(parts) else None
    return cite_spans([*spans.values()], hits)._replace(note=note)
