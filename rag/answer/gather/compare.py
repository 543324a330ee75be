"""Answers a question that compares two things by joining one answer about each."""

import re
from collections.abc import Sequence, Set
from itertools import takewhile
from typing import NamedTuple

from rag.answer.gather.request import Gathered, Request
from rag.answer.gather.select import select_sentences
from rag.answer.prompt import Prompts, fill
from rag.answer.quote.cite import HitSpan, Quotes, cite_spans
from rag.answer.signs import COMPARING, RELATIVE
from rag.answer.understand.query import Query
from rag.answer.understand.restate import find_spelling
from rag.answer.understand.rewrite import is_faithful
from rag.language import QUESTION_MARKS
from rag.llm.base import LLM
from rag.text import content_words
from rag.types import Hit, Sentence

# The note of an answer to a comparison in general.
COMPARED = "Pieced together from what the documents say of each."

_MAX_TOKENS = 64
# A comparison in general quotes at most this many sentences about each thing.
_MOST_OF_SIDE = 3
# A thing is named in a passage that has at least half of its words.
_NAMED = 0.5
_QUESTION_MARKS = "".join(QUESTION_MARKS)
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")
_WORD = re.compile(r"[\w'’]+")
_NAME = re.compile(r"(?<!^)\b[^\W\d_a-z][\w'’]+")


def split_question(question: Query, *, llm: LLM, prompts: Prompts) -> tuple[str, ...]:
    """Return two questions, one about each thing that a question compares, or () if it compares none.

    The LLM writes them. If it does not write one about each, leaves out what is compared, or adds a name, each is the
    question without the other thing, unless the question does not simply name the two things.
    """
    if not question.may_compare:
        return ()
    messages = fill(prompts, question=question.text)
    written = "".join(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
    lines = [_correct_names(line, question.text) for line in re.split(r"\s*\n\s*", written.strip())]
    if _ask_about_each(lines, question):
        return _add_lost_numbers(lines, question)
    return tuple(side.question for side in question.sides)


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


def _ask_about_each(lines: Sequence[str], question: Query) -> bool:
    """Return whether there are two lines that ask the same, each about a thing of its own that the question names."""
    if len(lines) != 2 or not all(is_faithful(line, question.text) for line in lines):
        return False
    one, other = map(content_words, lines)
    has_things = _differ_by_things(one - other, other - one, question)
    things = one ^ other
    named = things.union(*(content_words(side.name) for side in question.sides))
    compared = question.words - COMPARING - named
    asked = one & other - named
    # "Longer" becomes "how long", and "cheaper" "what does it cost".
    may_be_new = question.has_comparative or _are_said(asked, question)
    begin_alike = lines[0].split()[0] == lines[1].split()[0]
    return has_things and begin_alike and may_be_new and bool(asked or not compared)


def _differ_by_things(one: Set[str], other: Set[str], question: Query) -> bool:
    """Return whether the words that only one line has name two things of a question, in no words such as "before"."""
    if not one or not other or not RELATIVE.isdisjoint(one | other):
        return False
    first, second = (side.words for side in question.sides) if question.sides else (one, other)
    are_sides = bool((first & one and second & other) or (first & other and second & one))
    return are_sides and _are_said(one | other, question)


def _are_said(words: Set[str], question: Query) -> bool:
    """Return whether all words are in a question, where they may be misspelt."""
    return all(find_spelling(word, question.words) in question.words for word in words)


def _add_lost_numbers(lines: Sequence[str], question: Query) -> tuple[str, ...]:
    """Return lines with the numbers of the question that none of them has: "What did bread cost (2023)?"."""
    said = set(_NUMBER.findall(" ".join(lines)))
    lost = ", ".join(number for number in _NUMBER.findall(question.text) if number not in said)
    return tuple(f"{line.rstrip(_QUESTION_MARKS)} ({lost})?" for line in lines) if lost else tuple(lines)


def compare_in_general(request: Request) -> Gathered | None:
    """Return the documents' sentences about each of two things; None if the question asks for a property of them."""
    if not request.question.compares_in_general:
        return None
    parts = []
    for side in request.question.sides:
        hits = request.search(side.name)
        spans = select_sentences(hits, naming=side.words, most=_MOST_OF_SIDE)
        parts.append(PartAnswer(side.name, cite_spans(spans, hits)))
    joined = join_quotes(parts)
    return Gathered(joined._replace(note=joined.note or COMPARED))


class PartAnswer(NamedTuple):
    """The answer to a question about one of two things: quotes and a reply, which may be empty."""

    question: str
    quotes: Quotes
    reply: Sequence[Sentence] = ()


def join_quotes(parts: Sequence[PartAnswer]) -> Quotes:
    """Return the quotes of several answers as one; the note names the questions without an answer, if not all."""
    hits: list[Hit] = []
    spans: dict[tuple[int, int], HitSpan] = {}  # each sentence once
    lines: list[str] = []
    for question, quotes, _ in parts:
        hits += quotes.hits
        spans |= {(span.hit.chunk.id, span.start): span for span in quotes.spans}
        if not quotes.citations:
            lines.append(f"The documents do not say: {question}")
    note = " ".join(lines) if 0 < len(lines) < len(parts) else None
    return cite_spans([*spans.values()], hits)._replace(note=note)


def join_replies(parts: Sequence[PartAnswer], joined: Quotes, *, question: str) -> tuple[Sentence, ...]:
    """Return the replies of two answers, each after the thing that it is about: "Aller bridge: 74 metres."

    They cite the joined quotes. There is none if a reply is missing, or its passages do not name its thing, or both are
    the same: then both mostly quote the answer about one of them.
    """
    one, other = parts
    replies = [" ".join(sentence.text for sentence in part.reply) for part in parts]
    names = _name_things([part.question for part in parts], question)
    are_own = _is_about_its_own(one, other) and _is_about_its_own(other, one)
    if not are_own or not all(replies) or not all(names) or replies[0] == replies[1]:
        return ()
    numbers = {hit.chunk.id: hit.rank for hit in joined.hits}
    sentences = []
    for name, reply, part in zip(names, replies, parts, strict=True):
        cited = dict.fromkeys(numbers[hit.chunk.id] for hit in part.quotes.cited_hits)
        sentences.append(Sentence(f"{name}: {reply.rstrip('.')}.", tuple(cited)))
    return tuple(sentences)


def _is_about_its_own(part: PartAnswer, other: PartAnswer) -> bool:
    """Return whether the passages that an answer quotes name the thing that only it is about."""
    words = content_words(part.question) - content_words(other.question)
    chunks = [hit.chunk for hit in part.quotes.cited_hits]
    said = content_words(" ".join(f"{chunk.title} {chunk.heading} {chunk.date} {chunk.text}" for chunk in chunks))
    named = [word for word in words if find_spelling(word, said) in said]
    return len(named) >= _NAMED * len(words)


def _name_things(lines: Sequence[str], question: str) -> list[str]:
    """Return the thing that each of two lines is about: the words between those that both begin and end with.

    It is "" if the lines begin with different words.
    """
    one, other = (line.rstrip(_QUESTION_MARKS).split() for line in lines)
    begin = _count_same(one, other)
    end = _count_same(one[begin:][::-1], other[begin:][::-1])
    names = []
    for words in (one, other):
        stop = len(words) - end
        # "Aller bridge" stands in the question, "brass bell weigh" does not.
        while stop < len(words) and " ".join(words[begin : stop + 1]).lower() in question.lower():
            stop += 1
        name = " ".join(words[begin:stop])
        names.append(name[:1].upper() + name[1:] if begin else "")
    return names


def _count_same(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words at the beginning of two lists are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
