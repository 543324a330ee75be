"""Answers, without an LLM, what asks nothing of the documents' texts: greetings, and questions about the collection."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answer.cite import Cited, Span, cite_spans
from rag.index.catalog import Catalog
from rag.index.index import Index
from rag.system import parse_source
from rag.text import split_sentences
from rag.types import Chunk, Hit

# Longer lists name the first files only.
MOST_NAMED = 20
# Chunks that are searched for a phrase.
_MOST_CHUNKS = 1000

_FILES = r"(?:documents?|files?|articles?|texts?|sources?)"
_THERE = (
    r"(?:\s+(?:do you (?:have|know)|have you(?: got)?|are there|are (?:they|in (?:the|this|my) (?:index|collection))"
    r"|(?:does|is in) (?:the|this|my) (?:index|collection)(?: (?:have|hold|contain))?|did i add|(?:are|is) indexed))?"
)
_GREETING = re.compile(
    r"\W*(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings)(?:\s+(?:there|all|everyone|footnote))?\W*",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\W*(?:ok(?:ay)?\W+|great\W+)?(?:thanks?|thank you|thx|cheers)(?:\s+(?:a lot|you|so much|very much))*\W*"
    r"|\W*(?:bye|goodbye|see you)\W*",
    re.IGNORECASE,
)
_ABILITIES = re.compile(
    r"\W*(?:what (?:can|do) you do|who are you|what are you|how do(?:es)? (?:you|this) work|help(?: me)?"
    r"|what can i ask(?: you)?)\W*",
    re.IGNORECASE,
)
_COUNT = re.compile(rf"\W*how many {_FILES}{_THERE}\W*", re.IGNORECASE)
_LIST = re.compile(
    rf"\W*(?:(?:which|what) {_FILES}{_THERE}"
    rf"|(?:please )?(?:list|show|name)(?: me)?(?: all)?(?: the| my| your)? {_FILES}(?: in (?:the|this|my) index)?)\W*",
    re.IGNORECASE,
)
_MENTIONS = re.compile(
    rf"\W*(?:(?:which|what|how many)(?: of the)? {_FILES} (?:mentions?|names?|contains?|refers? to|talks? (?:about|of))"
    r"|where is|where are)\s+(?P<phrase>.+?)(?P<mentioned>\s+mentioned)?\W*",
    re.IGNORECASE,
)
_QUOTATION = re.compile(r"^[\"'“”‘’«»]+|[\"'“”‘’«»]+$")


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a collection, and the hits with the quotes that prove it, if it quotes any."""

    text: str
    hits: tuple[Hit, ...] = ()
    cited: Cited | None = None


def answer_at_once(question: str, index: Index) -> Told | None:
    """Return what a greeting or a question about the collection is answered with; None: it asks the documents."""
    if _GREETING.fullmatch(question):
        return Told("Hello! Ask me anything about your documents.")
    if _THANKS.fullmatch(question):
        return Told("You are welcome.")
    if _ABILITIES.fullmatch(question):
        return Told(
            "I answer questions from your documents and show the sentences that prove it."
            " I can also summarise a document, list the files that I have, and find the files that mention something."
        )
    if _COUNT.fullmatch(question):
        with index.browse() as catalog:
            return Told(f"I have {_count(len(catalog.list_entries()), 'document')}.")
    if _LIST.fullmatch(question):
        with index.browse() as catalog:
            return Told(_list_files(catalog))
    if phrase := _find_wanted_phrase(question):
        with index.browse() as catalog:
            return _find_mentions(phrase, catalog)
    return None


def _list_files(catalog: Catalog) -> str:
    return f"I have {_name([entry.sources[0] for entry in catalog.list_entries()])}."


def _name(sources: Sequence[str]) -> str:
    """Return how many files there are, and the names of the first ones."""
    names = [parse_source(source).name for source in sources]
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"{_count(len(names), 'document')}: {', '.join(names[:MOST_NAMED])}{more}"


def _find_wanted_phrase(question: str) -> str | None:
    """Return the words of which a question asks where they stand, in small letters."""
    match = _MENTIONS.fullmatch(question)
    asks_where = match and match[0].strip().lower().startswith("where")
    if not match or (asks_where and not match["mentioned"]):
        return None
    return " ".join(_QUOTATION.sub("", match["phrase"].strip()).split()).casefold()


def _find_mentions(phrase: str, catalog: Catalog) -> Told | None:
    """Return the documents that have a phrase to the letter, with one sentence of each; None if it is in none."""
    ids = [number for number, _ in catalog.search_words(phrase, _MOST_CHUNKS)]
    first: dict[int, tuple[Chunk, tuple[int, int]]] = {}
    for chunk in catalog.get_chunks(ids):
        span = _find_phrase(phrase, chunk)
        if span and chunk.document_id not in first:
            first[chunk.document_id] = chunk, span
    if not first:
        return None
    found = sorted(first.values(), key=lambda pair: pair[0].source)
    hits = tuple(Hit(chunk, 1.0, rank) for rank, (chunk, _) in enumerate(found[:MOST_NAMED], start=1))
    spans = [Span(n, *span) for n, (_, span) in enumerate(found[:MOST_NAMED], start=1)]
    return Told(_name([chunk.source for chunk, _ in found]), hits, cite_spans(spans, hits))


def _find_phrase(phrase: str, chunk: Chunk) -> tuple[int, int] | None:
    """Return the place, in the document, of the first sentence of a chunk that has a phrase."""
    for start, end in split_sentences(chunk.text):
        sentence = " ".join(chunk.text[start:end].split()).casefold()
        if re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", sentence):
            return chunk.start + start, chunk.start + end
    return None


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("s" if number != 1 else "")
