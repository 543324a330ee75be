"""Writes raised digits of a page as raised signs ("10⁶", not "106"), and drops the marks of footnotes."""

import re

from lxml.html import HtmlElement

from rag.documents.comments.elements import drop_elements
from rag.documents.formats.numerals import raise_digits

_RAISED = re.compile(r"[\d+−-]+")
# "[1]", "1", "a" and "*" are marks; a longer text of a link is words.
_MARK = re.compile(r"\W*(?:\d{1,3}|[a-z]|[*†‡§]{1,3}|note \d{1,3})?\W*")
# Links to notes, by the names that EPUB, ARIA and converters of Markdown have for them.
_NOTES = (
    "//a[contains(concat(' ', @*[name()='epub:type'], ' '), ' noteref ')] | //*[@role='doc-noteref']"
    " | //a[contains(@class, 'footnote-ref')] | //sup[.//a[starts-with(@href, '#')]]"
)


def set_raised(tree: HtmlElement) -> None:
    """Change a page's raised digits to signs that stay apart from a number, and remove the marks of its footnotes."""
    notes = tree.xpath(_NOTES)
    drop_elements([note for note in notes if _MARK.fullmatch(note.text_content().strip().lower())])
    for element in tree.xpath("//sup"):
        text = element.text_content().strip()
        if _RAISED.fullmatch(text):
            element.clear(keep_tail=True)
            element.text = raise_digits(text)
