"""Answers greetings and questions about the collection, which need neither the documents' texts nor an LLM."""

import re
from collections.abc import Callable, Sequence

from rag.answer.gather.request import Gathered
from rag.answer.quote.cite import HitSpan, Quotes, cite_spans
from rag.answer.signs import ABILITIES, GREETING, LIST_FILES, MENTIONS, THANKS, WHEN_INDEXED
from rag.formatting import join_first
from rag.index.index import Index
from rag.index.store import Store
from rag.system import parse_source
from rag.text import list_sentences
from rag.types import Chunk, Hit, Span

# Longer lists name the first files only.
MOST_NAMED = 20
# At most this many chunks are searched for a phrase.
_MOST_CHUNKS = 1000

_NO_QUOTES = Quotes((), "aside", ())
_QUOTATION_MARKS = "\"'“”‘’«»"


def answer_at_once(question: str, index: Index) -> Gathered | None:
    """Return the answer to a greeting or to a question about the collection; None for a question to the documents."""
    for sign, text in _COURTESIES:
        if sign.fullmatch(question):
            return Gathered(_NO_QUOTES, text)
    for sign, find in _FINDERS:
        match = sign.fullmatch(question)
        if match:
            with index.browse() as store:
                return find(match, store)
    return None


def _list_documents(_: re.Match[str], store: Store) -> Gathered:
    """Return how many documents there are, and the names of the first ones."""
    return Gathered(_NO_QUOTES, f"I have {_name([entry.sources[0] for entry in store.list_entries()])}.")


def _find_day(asked: re.Match[str], store: Store) -> Gathered | None:
    """Return the day on which the file with a name was indexed, if there is such a file."""
    wanted = asked["name"].strip(_QUOTATION_MARKS).casefold()
    for entry in store.list_entries():
        path = parse_source(entry.sources[0])
        is_meant = wanted in (path.name.casefold(), path.stem.casefold())
        if entry.indexed and is_meant:
            return Gathered(_NO_QUOTES, f"{path.name} was last indexed on {entry.indexed}.")
    return None


# Greetings and thanks of a user, each with the assistant's answer.
_COURTESIES = (
    (GREETING, "Hello! Ask me anything about your documents."),
    (THANKS, "You are welcome."),
    (
        ABILITIES,
        "I answer questions from your documents and show the sentences that prove it."
        " I can also summarise a document, list the files that I have, and find the files that mention something.",
    ),
)


def _name(sources: Sequence[str]) -> str:
    """Return how many files there are, and the names of the first ones."""
    names = [parse_source(source).name for source in sources]
    count = "1 document" if len(names) == 1 else f"{len(names):,} documents"
    return f"{count}: {join_first(names, MOST_NAMED)}"


def _flatten(text: str) -> str:
    """Return a text on one line and in small letters."""
    return " ".join(text.split()).casefold()


def _find_mentions(asked: re.Match[str], store: Store) -> Gathered | None:
    """Return the documents that contain a phrase to the letter, if any, with one sentence of each."""
    phrase = _flatten((asked["phrase"] or asked["place"]).strip(_QUOTATION_MARKS))
    first: dict[int, tuple[Chunk, Span]] = {}
    for chunk in store.get_chunks([*dict(store.search_words(phrase, _MOST_CHUNKS))]):
        span = _find_phrase(phrase, chunk)
        if span:
            first.setdefault(chunk.document_id, (chunk, span))
    if not first:
        return None
    mentions = sorted(first.values(), key=lambda pair: pair[0].source)
    spans = [HitSpan(Hit(chunk, 1.0, rank=1), *span) for chunk, span in mentions[:MOST_NAMED]]
    return Gathered(cite_spans(spans), _name([chunk.source for chunk, _ in mentions]))


def _find_phrase(phrase: str, chunk: Chunk) -> Span | None:
    """Return the span in the document of the first sentence of a chunk that has a phrase."""
    wanted = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)")
    return next((span for sentence, span in list_sentences(chunk) if wanted.search(_flatten(sentence))), None)


# Questions about the collection, each with the function that answers them from what they name.
_FINDERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Store], Gathered | None]], ...] = (
    (LIST_FILES, _list_documents),
    (WHEN_INDEXED, _find_day),
    (MENTIONS, _find_mentions),
)
