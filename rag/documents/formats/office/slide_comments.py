"""Reads the comments of a presentation's reviewers."""

from collections.abc import Iterator
from typing import Any

from lxml.etree import _Element

from rag.documents.blocks import Block
from rag.documents.formats.office.paths import list_parts, make_finder
from rag.documents.formats.untrusted import drop_namespaces, parse_xml
from rag.documents.properties import clean_date

_INVALID = "it is not a valid PowerPoint file"
# The relations of PowerPoint's versions end alike.
_AUTHORS = ("/commentAuthors", "/authors")
_find_paragraphs = make_finder("txBody/p | text")
_AUTHOR, _COMMENT = ("cmAuthor", "author"), ("cm", "reply")


def read_authors(part: Any) -> dict[str, str]:
    """Return the names of the reviewers of a presentation by their numbers."""
    roots = _parse_related(part, *_AUTHORS)
    return {author.get("id", ""): author.get("name", "") for root in roots for author in root.iter(*_AUTHOR)}


def walk_comments(part: Any, authors: dict[str, str]) -> Iterator[Block]:
    """Yield the comments on a slide, each followed by the replies to it."""
    for root in _parse_related(part, "/comments"):
        for comment in root.iter(*_COMMENT):
            date = clean_date(comment.get("dt", comment.get("created")))
            author = authors.get(comment.get("authorId", ""))
            yield Block(_read_text(comment), voice="comment", author=author, date=date)


def _read_text(comment: _Element) -> str:
    """Return the words of a comment without those of the replies to it."""
    texts = ["".join(map(str, paragraph.itertext("text", "t"))) for paragraph in _find_paragraphs(comment)]
    return "\n".join(texts).strip()


def _parse_related(part: Any, *kinds: str) -> Iterator[_Element]:
    """Yield the trees of the parts that belong to a part, without namespaces."""
    for related in list_parts(part, *kinds):
        yield drop_namespaces(parse_xml(related.blob, invalid=_INVALID))
