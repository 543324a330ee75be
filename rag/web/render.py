"""Makes the HTML of the page: answers, the sources beside them, the list of documents, a whole document.

The templates escape every value, so words of documents, files and the LLM are never markup.
"""

import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from rag.answer.quote.cite import rank_evidence
from rag.documents.page_picture import PagePicture, can_draw
from rag.formatting import describe_voice, format_answer, mark_spans
from rag.index.store import Entry, filter_entries
from rag.types import Answer, Chunk, Citation, Hit, Span
from rag.web.history import Turn

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
# The page does not show a draft's numbers, because they are not checked yet.
_UNCHECKED = re.compile(r"\s*\[[^\]]*\]?")
_QUOTED = 3
# Most documents in the list.
MAX_LISTED = 200
# The labels of answers, from the most confident.
_ANSWERED = (
    (0.7, "Answered from the documents"),
    (0.4, "Probably answered from the documents"),
    (0.0, "Perhaps answered: check whether the quotes fit"),
)
_OUTCOMES = {
    "unconfirmed": "Not confirmed: only readers' comments say so",
    "not_found": "Not in the documents",
    "aside": "No document was asked",
}


def render(name: str, **given: Any) -> str:
    """Return the HTML of the template `name` with the given values, escaped."""
    html = _TEMPLATES.get_template(f"{name}.html").render(**given)
    # One line, because after a blank line Markdown would read the rest.
    return html if name in {"document", "sources", "documents", "page"} else " ".join(html.split())


def render_answer(answer: Answer, *, turn: int) -> str:
    """Return the HTML of an answer, on one line; its numbers are links to the cards `#t{turn}-{n}`."""
    return render("answer", answer=answer, turn=turn, outcome=_describe_outcome(answer))


def render_draft(hits: Sequence[Hit], *, draft: str = "", waiting: str = "") -> str:
    """Return the HTML before the answer is ready: the unchecked draft, and the best sentences found."""
    found = [sentence for sentence, _ in rank_evidence(hits)[:_QUOTED]]
    quotes = [(sentence.words, " · ".join(describe_voice(sentence.hit.chunk))) for sentence in found]
    return render("draft", draft=_UNCHECKED.sub("", draft), waiting=waiting, quotes=quotes)


def render_sources(
    turns: Sequence[Turn], *, stale: Mapping[int, Mapping[int, str]] = MappingProxyType({}), pending: Sequence[Hit] = ()
) -> str:
    """Return the cards of each turn's sources; `pending` are hits without an answer yet.

    `stale` has a note for each cited passage that has changed, by turn (from 0) and number.
    """
    shown = [{**_describe_turn(turn), "stale": stale.get(number, {})} for number, turn in enumerate(turns)]
    return render("sources", turns=shown, pending=[hit.chunk for hit in pending])


def render_documents(entries: Sequence[Entry], *, index: str, words: str = "") -> str:
    """Return the table of an index's documents that have all the words in title, outlet or path."""
    chosen = filter_entries(entries, words.split())
    total = sum(entry.chunks for entry in entries)
    return render(
        "documents", entries=chosen[:MAX_LISTED], found=len(chosen), all=len(entries), total=total, index=index
    )


def render_document(
    text: str, chunks: Sequence[Chunk], *, quotes: Collection[Span], css: str, picture: str = ""
) -> str:
    """Return the page of a whole document, with comments set off and the quotes marked.

    `picture` is the address of a picture of the quotes' page; empty: there is none.
    """
    title = chunks[0].title if chunks else "Document"
    return render(
        "document",
        title=title,
        about=chunks[0] if chunks else None,
        picture=picture,
        scanned=any(chunk.ocr is not None for chunk in chunks),
        sections=_split(text, chunks, quotes),
        css=Markup(css),  # noqa: S704  # our own file
    )


def link_picture(index: str, chunks: Sequence[Chunk], quotes: Collection[Span]) -> str:
    """Return the address of the picture of the page that has the quotes, empty if it cannot be drawn."""
    if not (chunks and quotes and can_draw(chunks[0].source)):
        return ""
    return f"page?{urlencode({'index': index, 'document': chunks[0].document_id, 'quotes': _write_spans(quotes)})}"


def render_page(picture: PagePicture) -> str:
    """Return the picture of a page, with a line that says whether a quote is marked."""
    return render("page", picture=picture, png=b64encode(picture.png).decode("ascii"))


def render_progress(
    files: Sequence[tuple[str, str | None]], *, total: int, problem: str = "", summary: str = ""
) -> str:
    """Return the progress of indexing `total` files, with the reasons for refused ones."""
    refused = [reason for _, reason in files if reason]
    last = files[-1][0] if files else ""
    return render(
        "progress", done=len(files), total=total, last=last, refused=refused, problem=problem, summary=summary
    )


def _describe_turn(turn: Turn) -> dict[str, Any]:
    """Return a turn with a card for each number of its answer, and links to the passages that it does not cite."""
    answer = turn.answer
    cited_ids = {citation.chunk_id for citation in answer.citations}
    uncited = [hit.chunk for hit in answer.hits if hit.chunk.id not in cited_ids]
    return {
        "answer": answer,
        "cited": [_make_card(list(same), turn) for _, same in groupby(answer.citations, key=attrgetter("number"))],
        "found": [_make_link(chunk, turn, [chunk]) for chunk in uncited],
        "plain": format_answer(answer),
    }


def _describe_outcome(answer: Answer) -> str:
    """Return the outcome of a question and its confidence, in one line."""
    if answer.outcome != "answered":
        return _OUTCOMES[answer.outcome]
    confidence = 1.0 if answer.confidence is None else answer.confidence
    return next(words for least, words in _ANSWERED if confidence >= least)


def _split(text: str, chunks: Sequence[Chunk], quotes: Collection[Span]) -> Iterator[dict[str, Any]]:
    """Yield the stretches of a document by their voice, with the words between the chunks."""
    done = 0
    for said, run in groupby(chunks, key=lambda c: (c.voice, c.author, c.date, c.heading, c.page, c.reply_to)):
        *_, last = run
        voice, author, date, _, _, reply_to = said
        parts = mark_spans(text[done : last.end], [(start - done, end - done) for start, end in quotes])
        yield {"voice": voice, "author": author, "date": date, "reply_to": reply_to, "parts": parts}
        done = last.end
    if text[done:].strip():
        yield {"voice": "article", "parts": mark_spans(text[done:], [])}


def _make_card(citations: Sequence[Citation], turn: Turn) -> dict[str, Any]:
    """Return the passage of the citations with one number, with their quotes marked."""
    first = citations[0]
    chunk = next((hit.chunk for hit in turn.answer.hits if hit.chunk.id == first.chunk_id), None)
    text, start = (chunk.text, chunk.start) if chunk else (first.quote, first.start)
    parts = mark_spans(text, [(c.start - start, c.end - start) for c in citations])
    return {**_make_link(first, turn, citations), "number": first.number, "parts": parts}


def _make_link(source: Citation | Chunk, turn: Turn, places: Sequence[Citation | Chunk]) -> dict[str, Any]:
    quotes = _write_spans((place.start, place.end) for place in places)
    link = f"document?{urlencode({'index': turn.index_name, 'source': source.source, 'quotes': quotes})}"
    page = f"{link}#page" if can_draw(source.source) else ""
    return {"source": source, "link": f"{link}#quote", "page": page}


def _write_spans(spans: Iterable[Span]) -> str:
    return ",".join(f"{start}-{end}" for start, end in spans)
