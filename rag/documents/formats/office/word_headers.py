"""Finds the headers and footers of a Word document that say more than its pages' numbers: letterheads, addresses."""

import re
from collections.abc import Iterator

from docx.document import Document
from lxml.etree import _Element

from rag.documents.formats.office.paths import W, find_part, make_finder, make_reader, make_test

# Telephone numbers, references and dates have five digits. A running header with five digits, or an address, is a fact.
_FEWEST_DIGITS = 5
_ADDRESS = re.compile(r"\w@\w|www\.|https?:", re.IGNORECASE)

_find_sections = make_finder(".//w:sectPr")
# The headers and footers that a section shows; those of even pages are left out.
_FIRST_PAGE = "../w:titlePg[not(@w:val = '0' or @w:val = 'false' or @w:val = 'off')]"
_find_references = make_finder(
    "*[self::w:headerReference or self::w:footerReference]"
    f"[not(@w:type) or @w:type = 'default' or (@w:type = 'first' and {_FIRST_PAGE})]"
)
_get_name = make_reader("@r:id")
_has_page_number = make_test(
    ".//w:instrText[contains(., 'PAGE')] | descendant-or-self::*/w:fldSimple[contains(@w:instr, 'PAGE')]"
)


def find_headers(document: Document) -> Iterator[tuple[_Element, bool]]:
    """Yield each header and footer that pages show, without the numbers of pages, and whether it is a letterhead.

    A letterhead is only on the first page.
    """
    for name, is_letterhead in _list_names(document).items():
        part = find_part(document.part, name)
        if part is not None:
            _drop_page_numbers(part.element)
            yield part.element, is_letterhead


def _list_names(document: Document) -> dict[str, bool]:
    """Return the names of the headers and footers that pages show, and whether each is only on the first page."""
    names: dict[str, bool] = {}
    sections = _find_sections(document.element.body)
    for section in sections:
        for reference in _find_references(section):
            is_first = reference.get(f"{W}type") == "first"
            names.setdefault(_get_name(reference), is_first and section is sections[0])
    return names


def _drop_page_numbers(root: _Element) -> None:
    """Empty the paragraphs that have little more than the number of the page."""
    for paragraph in root.iter(f"{W}p"):
        text = "".join(map(str, paragraph.itertext(f"{W}t")))
        if _has_page_number(paragraph) and not is_fact(text):
            del paragraph[:]


def is_fact(text: str) -> bool:
    """Return whether a header says more than its page's number: it has a number or an address."""
    digits = sum(map(str.isdigit, text))
    return digits >= _FEWEST_DIGITS or _ADDRESS.search(text) is not None
