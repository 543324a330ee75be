"""Splits a document into chunks that the embedder can read whole."""

from collections.abc import Callable, Iterator

from semantic_text_splitter import TextSplitter

from rag.types import Document, Section


def split_document(document: Document, *, chunk_tokens: int, count_tokens: Callable[[str], int]) -> Iterator[Section]:
    """Yield the stretches of a document that become its chunks, in order; no two overlap.

    A chunk stays within one voice and one comment, and is cut between paragraphs, then sentences, then words, so
    that `count_tokens(text[start:end)) <= chunk_tokens`.
    """
    splitter = TextSplitter.from_callback(count_tokens, chunk_tokens)
    for section in document.sections:
        text = document.text[section.start : section.end]
        for offset, piece in splitter.chunk_indices(text):
            start = section.start + offset
            yield Section(start, start + len(piece), section.voice, section.author, section.date)
