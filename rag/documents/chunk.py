"""Splits a document into chunks that the embedder can read whole."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rag.documents.blocks import join_filled
from rag.text import split_blocks, split_sentences
from rag.types import Document, Section, Span

Split = Callable[[str], list[Span]]

# The context of a chunk has at most a quarter of the embedder's tokens, and the chunk has the rest.
_CONTEXT_SHARE = 0.25
# Text of words has fewer characters to a token. A word that the tokenizer does not know can have more.
_CHARACTERS_A_TOKEN = 32


def split_document(
    document: Document, *, chunk_tokens: int, sentence_tokens: int, count_tokens: Callable[[str], int]
) -> Iterator[Section]:
    """Yield the stretches of a document that become its chunks, in order; no two overlap.

    A chunk stays within one section. It ends between paragraphs or items if they fit, else between sentences, so that
    `count_tokens(text[start:end)) <= chunk_tokens`. A longer sentence is a chunk of its own. Only a sentence of more
    than `sentence_tokens` (at least `chunk_tokens`) is cut, between words.
    """
    packer = _Packer(document.text, chunk_tokens, sentence_tokens, count_tokens)
    for section in document.sections:
        lines = split_blocks(document.text[section.start : section.end])
        spans = [(section.start + start, section.start + end) for start, end in lines]
        for start, end in packer.pack(spans, (split_sentences, _split_words, _halve)):
            yield replace(section, start=start, end=end)


@dataclass(frozen=True, slots=True)
class _Packer:
    """Packs spans of a text into chunks; the fields are the parameters of `split_document`."""

    text: str
    chunk_tokens: int
    sentence_tokens: int
    count_tokens: Callable[[str], int]

    def pack(self, spans: list[Span], splits: tuple[Split, ...]) -> Iterator[Span]:
        """Yield runs of spans that fit into a chunk; `splits`, the coarsest first, divide a span that is too long."""
        longest = self.sentence_tokens if splits[0] is _split_words else self.chunk_tokens
        run: list[Span] = []
        room = self.chunk_tokens
        for start, end in spans:
            needed = self._count(start, end)
            if run and needed > room:
                yield from self._join(run)
                run, room = [], self.chunk_tokens
            if needed <= longest:
                run.append((start, end))
                room -= needed
            else:
                parts = [(start + first, start + last) for first, last in splits[0](self.text[start:end])]
                yield from self.pack(parts, splits[1:] or splits)
        if run:
            yield from self._join(run)

    def _join(self, run: list[Span]) -> Iterator[Span]:
        """Yield a run as one span, or in halves: as a whole it can have more tokens than its parts together."""
        start, end = run[0][0], run[-1][1]
        if len(run) == 1 or self._count(start, end) <= self.chunk_tokens:
            yield start, end
        else:
            yield from self._join(run[: len(run) // 2])
            yield from self._join(run[len(run) // 2 :])

    def _count(self, start: int, end: int) -> int:
        """Return the number of tokens of a stretch. A stretch that is far too long is only estimated."""
        least = -(-(end - start) // _CHARACTERS_A_TOKEN)
        if least > self.sentence_tokens:
            return least
        return max(least, self.count_tokens(self.text[start:end]))


def _split_words(text: str) -> list[Span]:
    return [word.span() for word in re.finditer(r"\S+", text)]


def _halve(text: str) -> list[Span]:
    middle = len(text) // 2
    return [(0, middle), (middle, len(text))]


def limit_sentence(*, max_tokens: int) -> int:
    """Return how many tokens of a document an embedder can read, if it reads `max_tokens` in all with the context."""
    return int((1 - _CONTEXT_SHARE) * max_tokens)


def limit_chunk(chunk_tokens: int, *, max_tokens: int) -> int:
    """Return how many tokens a chunk may have, if an embedder reads `max_tokens`."""
    return min(chunk_tokens, limit_sentence(max_tokens=max_tokens))


def describe_context(
    document: Document, section: Section, *, max_tokens: int, count_tokens: Callable[[str], int]
) -> str:
    """Return the context that is embedded before a chunk's own words: title and heading, and the author of a comment.

    Words at the end are left out until the context has at most a quarter of `max_tokens`.
    """
    if section.voice == "comment":
        parts = [_describe_comment(section), section.date, document.title]
    else:
        parts = [document.title, section.heading]
    most = int(_CONTEXT_SHARE * max_tokens)
    # A word has at least one token: a long title is cut before the tokenizer reads it.
    words = join_filled(", ", parts)[: most * _CHARACTERS_A_TOKEN].split()[:most]
    if count_tokens(" ".join(words)) <= most:
        return " ".join(words)
    counts = bisect_right(range(len(words)), most, key=lambda count: count_tokens(" ".join(words[:count])))
    return " ".join(words[: counts - 1])


def _describe_comment(section: Section) -> str:
    by = f" by {section.author}" if section.author else ""
    to = f" to {section.reply_to}" if section.reply_to else ""
    return f"Reader's comment{by}{to}"
