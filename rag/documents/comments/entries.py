"""Finds the threads of a page in which no class calls anything a comment, by how their entries look.

A thread has a heading or a label such as "12 replies", or a container with a name such as "conversation". Both occur in
articles too. What tells a thread apart is a run of similar boxes, each with a name, a date and words.
"""

from collections.abc import Iterator, Sequence, Set
from itertools import islice, takewhile
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.comments.plaintext import is_comments_heading, is_sentence, read_name
from rag.documents.comments.roles import find_roles
from rag.documents.dates import is_date

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_BOXES = frozenset(("div", "li", "article", "section", "tr", "table", "dd"))
# These hold an entry each, whatever their classes.
_ITEMS = frozenset(("li", "tr", "article"))
_NO_LABELS = frozenset(("a", "button", "option", "script", "style"))
_LONGEST_LABEL, _MOST_LABEL_PARTS = 60, 6
# The first labels and containers are the site's, and a reader may write more.
_MOST_LABELS = _MOST_CONTAINERS = 10
# A site's rules stand between a label and the first entry, and no article.
_MOST_BETWEEN = 400
# A signature is among this many texts at the beginning or the end of an entry.
_SIGNATURE_TEXTS = 8
# The name is one of the first, behind a number or a badge.
_NAME_TEXTS = 3


class Run(NamedTuple):
    """The entries of a thread, and the elements that hold them and what the site writes with them."""

    frames: list["HtmlElement"]
    entries: list["HtmlElement"]


def find_labels(tree: "HtmlElement") -> Iterator["HtmlElement"]:
    """Yield the first elements of any kind that are a heading of comments and lead nowhere."""
    return islice(filter(_is_label, tree.iter()), _MOST_LABELS)


def find_containers(tree: "HtmlElement") -> Iterator["HtmlElement"]:
    """Yield the first elements whose names are those of a conversation."""
    return islice((element for element in tree.iter() if "talk" in find_roles(element)), _MOST_CONTAINERS)


def _is_label(element: "HtmlElement") -> bool:
    parts = list(islice(element.iter(), _MOST_LABEL_PARTS + 1))
    if len(parts) > _MOST_LABEL_PARTS or not all(_is_label_part(part) for part in parts):
        return False
    if any(outer.tag == "a" for outer in element.iterancestors()):
        return False
    text = " ".join(element.text_content().split())
    return len(text) <= _LONGEST_LABEL and is_comments_heading(text)


def _is_label_part(element: "HtmlElement") -> bool:
    return isinstance(element.tag, str) and element.tag not in _NO_LABELS


def find_run_below(label: "HtmlElement", article: Set["HtmlElement"]) -> Run | None:
    """Return the entries that stand below a label, in its box or beside a box around it; None without any.

    The box is a frame too, unless it is among those that hold the `article`.
    """
    for outer in (label, *label.iterancestors()):
        box = outer.getparent()
        if box is None or outer.tag == "body":
            return None
        between = 0
        siblings = list(outer.itersiblings())
        for sibling in siblings:
            if _is_entry(sibling) and (entries := _find_similar(siblings)):
                return Run([label] if box in article else [box], entries)
            if entries := find_entries(sibling):
                return Run([label, sibling] if box in article else [box], entries)
            between += len(sibling.text_content())
            if between > _MOST_BETWEEN:
                return None
    return None


def find_run_in(container: "HtmlElement") -> Run | None:
    """Return the entries in a container, which is their frame; None without any."""
    entries = find_entries(container)
    return Run([container], entries) if entries else None


def find_entries(container: "HtmlElement") -> list["HtmlElement"]:
    """Return the entries in a container, those in one another too."""
    for parent in container.iter():
        if entries := _find_similar(list(parent)):
            kinds = {_find_kind(entry) for entry in entries}
            others = [e for e in container.iter() if _find_kind(e) in kinds and e not in entries and _is_entry(e)]
            return entries + others
    return []


def _find_similar(siblings: Sequence["HtmlElement"]) -> list["HtmlElement"]:
    """Return the siblings of one kind, two of which look like entries, and one of which has a sentence.

    The others may hide their date, or have a name that looks like none.
    """
    first = next(filter(_is_entry, siblings), None)
    similar = [sibling for sibling in siblings if first is not None and _find_kind(sibling) == _find_kind(first)]
    has_sentence = any(is_sentence(text) for entry in similar for text in entry.itertext())
    return similar if has_sentence and sum(map(_is_entry, similar)) > 1 else []


def _find_kind(element: "HtmlElement") -> tuple[str, str]:
    names = [] if element.tag in _ITEMS else element.get("class", "").split()
    return str(element.tag), next(iter(names), "")


def _is_entry(element: "HtmlElement") -> bool:
    """Return True for a box with a name, a date behind it, and words; on a timeline the date stands first."""
    if not isinstance(element.tag, str) or not (element.tag in _BOXES or "-" in element.tag):
        return False
    texts = [text for text in (" ".join(part.split()).strip(" ·•|–—-") for part in element.itertext()) if text]
    times = {" ".join(time.text_content().split()) for time in element.iter("time")}
    dates = {text for text in texts[:_SIGNATURE_TEXTS] + texts[-_SIGNATURE_TEXTS:] if text in times or is_date(text)}
    above = list(takewhile(lambda text: text not in dates, texts))[:_NAME_TEXTS]
    others = [text for text in texts if text not in dates]
    return bool(dates) and any(map(read_name, above)) and len(others) > 1
