"""Finds who wrote a comment, and when."""

import re
from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.comments.roles import find_roles
from rag.documents.dates import LONGEST_LINE, find_date, is_date, parse_date

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_NAME_ATTRIBUTES = ("data-author", "data-author-name", "data-username", "data-user-name", "author")
_LONGEST_NAME = 60
# A name that nothing but its place tells is shorter.
_LONGEST_UNMARKED_NAME = 40
_BEFORE_NAME = re.compile(
    r"^(?:(?:posted|written|comment|commented|submitted)\s+)?by:?\s+|^(?:from|author):\s*", re.IGNORECASE
)
_BEHIND_NAME = re.compile(r"\s*[|·•]\s*|\s+\((?:not verified|guest)\)", re.IGNORECASE)
_AFTER_NAME = re.compile(r"[\s:,·•|–-]*\b(?:says?|said|wrote|writes|commented|replied|on|at)\s*:?$|[\s:,·•|–-]+$")
_NO_NAME = re.compile(
    r"(?:(?:posted |written |commented |submitted )?(?:by|says|said|wrote|on|at|from|in reply to)\b"
    r"|(?:reply|share|like|report|quote|edit)\b)?[\W\d]*",
    re.IGNORECASE,
)


class Signature(NamedTuple):
    """A comment's author and date, where they are known, and the elements that say so."""

    author: str | None
    date: str | None
    elements: tuple["HtmlElement", ...]


def find_signature(comment: "HtmlElement", bodies: Sequence["HtmlElement"] = ()) -> Signature:
    """Return who wrote a comment and when, by its marks, the names of classes or, before its date, its place.

    What stands in the `bodies`, which hold its words, signs only if nothing beside them does.
    """
    said = {part for body in bodies for part in body.iter()}
    dated, date = next(_find_dates(comment, said), (None, None))
    named, author = next(_find_marked_names(comment, said), (None, None))
    if not author and dated is not None:
        named, author = next(_find_unmarked_names(comment, dated), (None, None))
    return Signature(author, date, tuple(element for element in (named, dated) if element is not None))


def _find_dates(comment: "HtmlElement", said: Set["HtmlElement"]) -> Iterator[tuple["HtmlElement", str]]:
    """Yield the elements that hold a date, the surest first; those with full dates before "3 hours ago"."""
    parts = sorted(comment.iterdescendants(), key=said.__contains__)
    marked = [part for part in parts if part.tag == "time" or part.get("itemprop", "").startswith("date")]
    named = [part for part in parts if "date" in find_roles(part)]
    signed = [part for part in parts if "author" in find_roles(part)]
    for part in [*marked, *named, *signed]:
        for text in (*map(part.get, ("datetime", "content", "title")), part.text_content()):
            if text and (date := find_date(text)):
                yield part, date
    unmarked = [(part, part.text or "") for part in parts if all(child.tag == "button" for child in part)]
    for part, said_in in [*((part, part.text_content()) for part in [*marked, *named]), *unmarked]:
        if is_date(text := " ".join(said_in.split()).strip(" |·•–—-")):
            yield part, parse_date(text)


def _find_marked_names(comment: "HtmlElement", said: Set["HtmlElement"]) -> Iterator[tuple["HtmlElement | None", str]]:
    for attribute in _NAME_ATTRIBUTES:
        if (value := comment.get(attribute, "").strip()) and not value.isdecimal() and len(value) <= _LONGEST_NAME:
            yield None, value
    ranked: list[tuple[bool, int, int, HtmlElement]] = []
    for place, element in enumerate(comment.iterdescendants()):
        if (rank := _rank_name(element)) is not None:
            ranked.append((element in said, rank, place, element))
    for *_, element in sorted(ranked):
        inner = next(element.iterfind(".//*[@itemprop='name']"), element)
        if name := _read_name(inner):
            yield element, name


def _rank_name(element: "HtmlElement") -> int | None:
    """Return how sure it is that an element is the author's name, the lower the surer."""
    if element.get("itemprop") in ("author", "creator"):
        return 0
    roles = find_roles(element)
    if "name" in roles:
        return 1
    if "author" in roles or "author" in element.get("rel", "").split():
        return 2
    return 3 if element.tag == "cite" and next(element.iterancestors("blockquote"), None) is None else None


def _read_name(element: "HtmlElement") -> str | None:
    """Return the first of an element's words that can be a name."""
    for text in (element.get("content", ""), *element.itertext()):
        words = _BEHIND_NAME.split(" ".join(text[:LONGEST_LINE].split()))[0]
        words = _AFTER_NAME.sub("", _BEFORE_NAME.sub("", words)).strip()
        if words and not _NO_NAME.fullmatch(words) and not find_date(words):
            return words if len(words) <= _LONGEST_NAME else None
    return None


def _find_unmarked_names(comment: "HtmlElement", dated: "HtmlElement") -> Iterator[tuple["HtmlElement", str]]:
    for element in comment.iterdescendants():
        if element is dated:
            return
        is_name_alone = len(element) == 0 or (dated.getparent() is element and _is_last(dated))
        if is_name_alone and len(element.text or "") <= _LONGEST_UNMARKED_NAME and (name := _read_name(element)):
            yield element, name


def _is_last(element: "HtmlElement") -> bool:
    return element.getnext() is None and not (element.tail or "").strip()
