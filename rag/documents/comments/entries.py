"""Finds threads of comments by the looks of their entries, where no class name says "comment".

A thread has a heading or a label such as "12 replies", or a container with a name such as "conversation". Articles have
these too. Only a thread has a run of similar boxes, each with a name, a date and words.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import islice
from typing import NamedTuple

from lxml.html import HtmlElement

from rag.documents.blocks import squeeze
from rag.documents.comments.elements import UNITS, count_characters, find_holders, read_line, sort_elements
from rag.documents.comments.roles import filter_role
from rag.documents.comments.site import is_comments_heading
from rag.documents.comments.words import is_sentence, read_name
from rag.documents.dates import is_date
from rag.documents.formats.html.markup import contains
from rag.documents.sequences import flat_map

# Each of these can be an entry, whatever its classes.
_ITEMS = frozenset(("li", "tr", "article"))
_NO_LABELS = frozenset(("a", "button", "option", "script", "style"))
_LONGEST_HEADING, _MOST_LABEL_PARTS = 60, 6
# The first labels and containers are the site's. Later ones may be a reader's words.
_MOST_LABELS = _MOST_CONTAINERS = 10
# The text between a label and the first entry may be a site's rules, but is too short for an article.
_MOST_BETWEEN = 400
# A signature is among this many texts at the beginning or the end of an entry.
_SIGNATURE_TEXTS = 8
# The name is among the first of them, perhaps after a number or a badge.
_NAME_TEXTS = 3
_FEWEST_ENTRIES = 2
# Besides its dates, an entry has a name and what the person says.
_FEWEST_TEXTS = 2


class Run(NamedTuple):
    """The entries of a thread, and the elements that hold them and the site's words around them."""

    frames: list[HtmlElement]
    entries: list[HtmlElement]


def find_labels(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the first elements, of any tag, that are a heading of comments and not a link."""
    return islice(filter(_is_label, tree.iter()), _MOST_LABELS)


def find_containers(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the first elements that class names or ids call a conversation."""
    return islice(filter_role(tree.iter(), "talk"), _MOST_CONTAINERS)


def holds_heading(element: HtmlElement) -> bool:
    """Return True if an element holds a heading of comments and nothing else."""
    text = read_line(element)
    return len(text) <= _LONGEST_HEADING and is_comments_heading(text)


def _is_label(element: HtmlElement) -> bool:
    parts = list(islice(element.iter(), _MOST_LABEL_PARTS + 1))
    if len(parts) > _MOST_LABEL_PARTS or contains(element, *_NO_LABELS):
        return False
    is_in_link = next(element.iterancestors("a"), None) is not None
    return not is_in_link and holds_heading(element)


def find_run_below(label: HtmlElement, article: Set[HtmlElement]) -> Run:
    """Return the entries below a label, in its box or beside a box around it; an empty run if there are none.

    The box is a frame too, unless it holds the `article`.
    """
    for outer in (label, *label.iterancestors()):
        if outer.tag == "body":
            break
        siblings = list(outer.itersiblings())
        run = _find_run_among(siblings)
        if run.entries:
            box = outer.getparent()
            return run._replace(frames=[label, *run.frames] if box in article else [box])
        if count_characters(siblings) > _MOST_BETWEEN:
            break
    return Run([], [])


def _find_run_among(siblings: Sequence[HtmlElement]) -> Run:
    """Return the entries among siblings, or inside the first sibling that has any; none below an article."""
    similar = _find_similar(siblings)
    characters = 0
    for sibling in siblings:
        if similar and _is_entry(sibling):
            return Run([], similar)
        run = find_run_inside(sibling)
        if run.entries:
            return run
        characters += len(sibling.text_content())
        if characters > _MOST_BETWEEN:
            break
    return Run([], [])


def find_run_inside(container: HtmlElement) -> Run:
    """Return the entries in a container, which is their frame; an empty run if there are none."""
    entries = find_entries(container)
    return Run([container], entries) if entries else Run([], [])


def find_entries(container: HtmlElement) -> list[HtmlElement]:
    """Return the entries in a container, nested ones too."""
    for box in container.iter():
        entries = _find_similar(box)
        if entries:
            similar = _pick_kind(container.iter(), entries[0])
            return list(dict.fromkeys([*entries, *filter(_is_entry, similar)]))
    return []


def find_innermost_entries(frame: HtmlElement) -> list[HtmlElement]:
    """Return the entries in a frame that hold no other entry; a single one, or one without a sentence, counts too."""
    entries = set(filter(_is_entry, frame.iterdescendants()))
    return sort_elements(frame, entries - find_holders(entries))


def _find_similar(siblings: Iterable[HtmlElement]) -> list[HtmlElement]:
    """Return the siblings of one kind, if two of them look like entries and one has a sentence.

    The others may hide their date, or have a name that does not look like one.
    """
    entries = list(filter(_is_entry, siblings))
    if not entries:
        return []
    similar = _pick_kind(siblings, entries[0])
    if len(set(entries).intersection(similar)) < _FEWEST_ENTRIES:
        return []
    texts = flat_map(HtmlElement.itertext, similar)
    return similar if any(map(is_sentence, texts)) else []


def _pick_kind(elements: Iterable[HtmlElement], model: HtmlElement) -> list[HtmlElement]:
    """Return the elements of the same kind as the model."""
    kind = _find_kind(model)
    return [element for element in elements if _find_kind(element) == kind]


def _find_kind(element: HtmlElement) -> tuple[str, str]:
    """Return the tag of an element, with its first class unless the tag alone makes it an item."""
    if element.tag in _ITEMS:
        return element.tag, ""
    first_class, _, _ = squeeze(element.get("class", "")).partition(" ")
    return str(element.tag), first_class


def _is_entry(element: HtmlElement) -> bool:
    """Return True for a box with a name, a date and words. The name is above the date."""
    if element.tag not in UNITS and "-" not in element.tag:
        return False
    texts = _list_texts(element)
    dates = _find_dates(element, texts)
    if len(set(texts) - dates) < _FEWEST_TEXTS:
        return False
    first_date = min(map(texts.index, dates), default=0)
    return any(map(read_name, texts[:first_date][:_NAME_TEXTS]))


def _list_texts(element: HtmlElement) -> list[str]:
    """Return the texts in an element that hold more than signs."""
    texts = [squeeze(text).strip(" ·•|–—-") for text in element.itertext()]
    return list(filter(None, texts))


def _find_dates(element: HtmlElement, texts: Sequence[str]) -> set[str]:
    """Return the texts in the signature of an entry that are dates, or that the page marks as times."""
    signature = {*texts[:_SIGNATURE_TEXTS], *texts[-_SIGNATURE_TEXTS:]}
    times = set(map(read_line, element.iter("time")))
    return (signature & times).union(filter(is_date, signature))
