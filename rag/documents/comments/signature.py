"""Finds the author and the date of a comment on a web page."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import NamedTuple

from lxml.html import HtmlElement

from rag.documents.blocks import pick_first, squeeze
from rag.documents.comments.elements import walk
from rag.documents.comments.roles import filter_role, has_role
from rag.documents.dates import LONGEST_LINE, find_date, is_date, parse_date

_DATE_ATTRIBUTES = ("datetime", "content", "title")
_NAME_ATTRIBUTES = ("data-author", "data-author-name", "data-username", "data-user-name", "author")
_LONGEST_NAME = 60
# A name that only its place shows is at most this long.
_LONGEST_UNMARKED_NAME = 40
_BEFORE_NAME = re.compile(
    r"^(?:(?:posted|written|comment|commented|submitted)\s+)?by:?\s+|^(?:from|author):\s*", re.IGNORECASE
)
_REST_OF_LINE = re.compile(r"\s*[|·•]\s*|\s+\((?:not verified|guest)\)", re.IGNORECASE)
_AFTER_NAME = re.compile(r"[\s:,·•|–-]*\b(?:says?|said|wrote|writes|commented|replied|on|at)\s*:?$|[\s:,·•|–-]+$")
# Not a name: no words at all, or words of the site.
_NO_NAME = re.compile(
    r"(?:(?:posted |written |commented |submitted )?(?:by|says|said|wrote|on|at|from|in reply to)\b"
    r"|(?:reply|share|like|report|quote|edit)\b)?[\W\d]*",
    re.IGNORECASE,
)


# The marks of an author's name, the surest first.
_NAME_MARKS: dict[str, Callable[[HtmlElement], bool]] = {
    "schema.org": lambda part: part.get("itemprop") in ("author", "creator"),
    "called a name": lambda part: has_role(part, "name"),
    "called an author": lambda part: has_role(part, "author") or "author" in part.get("rel", "").split(),
    "cite": lambda part: part.tag == "cite" and next(part.iterancestors("blockquote"), None) is None,
}


class Signature(NamedTuple):
    """A comment's author and date, if known, and the elements that show them."""

    author: str | None = None
    date: str | None = None
    named: HtmlElement | None = None
    dated: HtmlElement | None = None


def find_signature(comment: HtmlElement, bodies: Sequence[HtmlElement] = ()) -> Signature:
    """Return a comment's author and date, by marks and class names, or the name's place before the date.

    The `bodies` hold the comment's words. A name or a date in them counts only if no other is beside them.
    """
    inside = list(walk(bodies))
    words = set(inside)
    outside = [part for part in comment.iterdescendants() if part not in words]
    dated, date = _find_date([*outside, *inside])
    marked_name = _read_attribute(comment) or _find_marked_name(outside) or _find_marked_name(inside)
    named, author = marked_name or _find_unmarked_name(comment, dated)
    return Signature(author, date, named, dated)


_Text = tuple[HtmlElement | None, str | None]
_NOTHING: _Text = (None, None)


def _find_first(elements: Iterable[HtmlElement], read: Callable[[HtmlElement], str | None]) -> _Text | None:
    """Return the first text that `read` finds in the elements, and its element; None if it finds none."""
    for element in elements:
        text = read(element)
        if text:
            return element, text
    return None


def _find_date(parts: Sequence[HtmlElement]) -> _Text:
    """Return the surest date in the parts of a comment, and its element; a full date is surer than "3 hours ago"."""
    marked = [*filter(_is_marked_date, parts), *filter_role(parts, "date")]
    signed = filter_role(parts, "author")
    return (
        _find_first([*marked, *signed], _read_full_date)
        or _find_first(marked, lambda part: _parse_date_alone(part.text_content()))
        or _find_first(filter(_is_alone, parts), lambda part: _parse_date_alone(part.text or ""))
        or _NOTHING
    )


def _is_alone(part: HtmlElement) -> bool:
    """Return True if an element holds no other ones than buttons."""
    return len(part) == len(part.findall("button"))


def _is_marked_date(part: HtmlElement) -> bool:
    mark: str = part.get("itemprop", "")
    return part.tag == "time" or mark.startswith("date")


def _read_full_date(part: HtmlElement) -> str | None:
    attributes = [part.get(name, "") for name in _DATE_ATTRIBUTES]
    return pick_first(map(find_date, [*attributes, part.text_content()]), None)


def _parse_date_alone(text: str) -> str | None:
    words = squeeze(text).strip(" |·•–—-")
    return parse_date(words) if is_date(words) else None


def _read_attribute(comment: HtmlElement) -> _Text | None:
    """Return the author that an attribute of a comment names, without an element; None if there is none."""
    for attribute in _NAME_ATTRIBUTES:
        name = comment.get(attribute, "").strip()
        is_number_of_user = name.isdecimal()
        if 0 < len(name) <= _LONGEST_NAME and not is_number_of_user:
            return None, name
    return None


def _find_marked_name(parts: Sequence[HtmlElement]) -> _Text | None:
    """Return the name with the surest mark in the parts of a comment, and its element; None if none is marked."""
    for is_name in _NAME_MARKS.values():
        name = _find_first(filter(is_name, parts), _read_marked_name)
        if name:
            return name
    return None


def _read_marked_name(element: HtmlElement) -> str | None:
    return _read_name(next(element.iterfind(".//*[@itemprop='name']"), element))


def _read_name(element: HtmlElement) -> str | None:
    """Return the first of an element's texts that can be a name."""
    for text in (element.get("content", ""), *element.itertext()):
        name = _trim_name(text)
        if not _NO_NAME.fullmatch(name) and not find_date(name):
            return name if len(name) <= _LONGEST_NAME else None
    return None


def _trim_name(text: str) -> str:
    """Return a text without a site's words around a name."""
    words = _REST_OF_LINE.split(squeeze(text[:LONGEST_LINE]))[0]
    return _AFTER_NAME.sub("", _BEFORE_NAME.sub("", words)).strip()


def _find_unmarked_name(comment: HtmlElement, dated: HtmlElement | None) -> _Text:
    """Return the first name that stands alone above a comment's date, and its element; nothing without a date."""
    if dated is None:
        return _NOTHING
    above = takewhile(lambda part: part is not dated, comment.iterdescendants())
    alone = [part for part in above if _is_short_alone(part, dated)]
    return _find_first(alone, _read_name) or _NOTHING


def _is_short_alone(part: HtmlElement, dated: HtmlElement) -> bool:
    """Return True if an element holds one short text, and after it at most the date."""
    is_short = len(part.text or "") <= _LONGEST_UNMARKED_NAME
    return is_short and (len(part) == 0 or part[-1] is dated)
