"""The records that the finders of this folder take and return: a request, and the quotes that answer it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from rag.answer.quote.cite import Quotes
from rag.answer.understand.query import Query
from rag.index.index import Index
from rag.types import Hit, Sentence

Search = Callable[[str], tuple[Hit, ...]]


@dataclass(frozen=True, slots=True)
class Request:
    """A question with its hits, best first; the index has the whole documents, and `search` finds other hits."""

    question: Query
    hits: tuple[Hit, ...]
    index: Index
    search: Search

    @property
    def best_hits(self) -> list[Hit]:
        """The best hit of each document found, the nearest first."""
        best: dict[int, Hit] = {}
        for hit in self.hits:
            best.setdefault(hit.chunk.document_id, hit)
        return list(best.values())


class Gathered(NamedTuple):
    """Quotes that answer a question without an LLM, and the text above them, if there is one."""

    quotes: Quotes
    text: str | None = None

    @property
    def reply(self) -> tuple[Sentence, ...]:
        """The text as a sentence with the numbers of all passages; () if there is no text."""
        if self.text is None:
            return ()
        numbers = dict.fromkeys(citation.number for citation in self.quotes.citations)
        return (Sentence(self.text, tuple(numbers)),)
