"""Answers common questions about the elements of a page: their text, the boxes around them and their neighbours."""

from collections.abc import Iterable, Iterator, Set
from itertools import islice

from lxml.html import HtmlElement

from rag.documents.blocks import squeeze
from rag.documents.sequences import flat_map

# The tags of boxes around a whole article.
ARTICLE = frozenset(("html", "body", "main", "article"))
# The tags of boxes that can be one comment.
UNITS = ("div", "li", "article", "section", "tr", "table", "dd")


def read_line(element: HtmlElement) -> str:
    """Return the text of an element on one line."""
    return squeeze(element.text_content())


def read_beside(element: HtmlElement) -> str:
    """Return the text right before an element and right after it."""
    return "".join(element.xpath("(preceding-sibling::node()[1] | following-sibling::node()[1])[self::text()]"))


def count_characters(elements: Iterable[HtmlElement]) -> int:
    """Return the number of characters of text in the elements."""
    return sum(len(element.text_content()) for element in elements)


def is_inside(element: HtmlElement, areas: Set[HtmlElement]) -> bool:
    """Return True if an element is one of the areas, or inside one."""
    return not areas.isdisjoint((element, *element.iterancestors()))


def list_outside(elements: Iterable[HtmlElement], areas: Set[HtmlElement]) -> list[HtmlElement]:
    """Return the elements that are outside of all given areas."""
    return [element for element in elements if not is_inside(element, areas)]


def walk(elements: Iterable[HtmlElement]) -> Iterator[HtmlElement]:
    """Yield the elements and all elements inside them."""
    for element in elements:
        yield from element.iter()


def sort_elements(tree: HtmlElement, chosen: Set[HtmlElement]) -> list[HtmlElement]:
    """Return the chosen elements of a tree, in order."""
    return [element for element in tree.iter() if element in chosen]


def find_outermost(tree: HtmlElement, chosen: Set[HtmlElement]) -> list[HtmlElement]:
    """Return the chosen elements of a tree that are not inside another chosen one, in order."""
    elements = sort_elements(tree, chosen)
    return [element for element in elements if chosen.isdisjoint(element.iterancestors())]


def find_holders(elements: Iterable[HtmlElement]) -> set[HtmlElement]:
    """Return all elements around the given ones."""
    return set(flat_map(HtmlElement.iterancestors, elements))


def list_neighbours(element: HtmlElement) -> list[HtmlElement]:
    """Return the elements right before and right after an element, in the same box."""
    return [*islice(element.itersiblings(preceding=True), 1), *islice(element.itersiblings(), 1)]


def has_neighbour(element: HtmlElement, others: Set[HtmlElement]) -> bool:
    """Return True if one of the `others` is right before or right after an element."""
    return not others.isdisjoint(list_neighbours(element))


def drop_elements(elements: Iterable[HtmlElement]) -> None:
    """Remove elements from their tree."""
    for element in elements:
        if element.getparent() is not None:
            element.drop_tree()
