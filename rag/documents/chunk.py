"""Splits a document into chunks that the embedder can read whole."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace

from rag.text import split_lines, split_sentences
from rag.types import Document, Section

Spans = list[tuple[int, int]]

# Of the embedder's tokens at most this share is the context, and the rest the chunk.
_CONTEXT_SHARE = 0.25
# No text of words has more characters to a token; what a tokenizer takes for one unknown word may have.
_CHARACTERS_A_TOKEN = 32


def split_document(
    document: Document, *, chunk_tokens: int, sentence_tokens: int, count_tokens: Callable[[str], int]
) -> Iterator[Section]:
    """Yield the stretches of a document that become its chunks, in order; no two overlap.

    A chunk stays within one section. It ends between paragraphs or items where they fit, else between sentences, so
    that `count_tokens(text[start:end)) <= chunk_tokens`. A sentence that is longer is a chunk of its own; only what has
    more than `sentence_tokens`, no fewer than `chunk_tokens`, is cut, between words.
    """

    def count(start: int, end: int) -> int:
        # What is too long anyway is not read by the tokenizer.
        least = -(-(end - start) // _CHARACTERS_A_TOKEN)
        return least if least > sentence_tokens else max(least, count_tokens(document.text[start:end]))

    def emit(run: Spans) -> Iterator[tuple[int, int]]:
        # Tokens mostly add up; where they do not, a run that is too long is halved.
        if len(run) == 1 or count(run[0][0], run[-1][1]) <= chunk_tokens:
            yield run[0][0], run[-1][1]
        else:
            yield from emit(run[: len(run) // 2])
            yield from emit(run[len(run) // 2 :])

    def pack(spans: Spans, finer: tuple[Callable[[str], Spans], ...]) -> Iterator[tuple[int, int]]:
        """Yield runs of spans that fit together, and the parts of a span that does not fit alone."""
        run: Spans = []
        room = chunk_tokens
        for start, end in spans:
            needed = count(start, end)
            if run and needed > room:
                yield from emit(run)
                run, room = [], chunk_tokens
            if needed <= (sentence_tokens if finer[0] is _split_words else chunk_tokens):
                run.append((start, end))
                room -= needed
            else:
                split, *rest = finer
                parts = [(start + a, start + b) for a, b in split(document.text[start:end])]
                yield from pack(parts, tuple(rest) or finer)
        if run:
            yield from emit(run)

    for section in document.sections:
        lines = split_lines(document.text[section.start : section.end])
        spans = [(section.start + start, section.start + end) for start, end in lines]
        for start, end in pack(spans, (split_sentences, _split_words, _halve)):
            yield replace(section, start=start, end=end)


def _split_words(text: str) -> Spans:
    return [word.span() for word in re.finditer(r"\S+", text)]


def _halve(text: str) -> Spans:
    middle = len(text) // 2
    return [(0, middle), (middle, len(text))]


def limit_sentence(*, max_tokens: int) -> int:
    """Return how many tokens of a document an embedder can read, if it reads `max_tokens`, the context counted in."""
    return int((1 - _CONTEXT_SHARE) * max_tokens)


def limit_chunk(chunk_tokens: int, *, max_tokens: int) -> int:
    """Return how many tokens a chunk may have, if an embedder reads `max_tokens`."""
    return min(chunk_tokens, limit_sentence(max_tokens=max_tokens))


def describe_context(
    document: Document, section: Section, *, max_tokens: int, count_tokens: Callable[[str], int]
) -> str:
    """Return what is embedded before a chunk's own words: whose they are, of what, under which heading.

    Words are left out from the end until `count_tokens` of it is a quarter of `max_tokens` at most.
    """
    if section.voice == "comment":
        by = [f"by {section.author}" if section.author else "", f"to {section.reply_to}" if section.reply_to else ""]
        parts = [" ".join(["Reader's comment", *filter(None, by)]), section.date, document.title]
    else:
        parts = [document.title, section.heading]
    most = int(_CONTEXT_SHARE * max_tokens)
    # A word has one token at least, so that no more words or characters fit, however long a title is.
    words = ", ".join(filter(None, parts))[: most * _CHARACTERS_A_TOKEN].split()[:most]
    if count_tokens(" ".join(words)) <= most:
        return " ".join(words)
    counts = bisect_right(range(len(words)), most, key=lambda count: count_tokens(" ".join(words[:count])))
    return " ".join(words[: counts - 1])
