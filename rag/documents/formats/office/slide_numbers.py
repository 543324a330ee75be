"""Counts the paragraphs that PowerPoint numbers itself: the steps of a list."""

import re

from lxml.etree import _Element

from rag.documents.formats.numerals import WRITERS
from rag.documents.formats.office.paths import make_reader, read_number

_HIGHEST_NUMBER = 32_767  # PowerPoint's
# "alphaLcParenBoth" is "(a)".
_FORM = re.compile(r"(arabic|alphaLc|alphaUc|romanLc|romanUc)(Period|ParenR|ParenBoth|Plain)")
_FORMS = {"arabic": "1", "alphaLc": "a", "alphaUc": "A", "romanLc": "i", "romanUc": "I"}
_SIGNS = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Plain": "{}"}

_get_form = make_reader("a:pPr/a:buAutoNum/@type")
_get_start = make_reader("a:pPr/a:buAutoNum/@startAt")
_get_level = make_reader("a:pPr/@lvl")


class SlideNumbers:
    """The numbers of the paragraphs of a shape, in their order."""

    def __init__(self) -> None:
        self._counts: dict[int, tuple[str, int]] = {}  # by level: the form of the last number, and the number

    def begin_with_number(self, paragraph: _Element, text: str) -> str:
        """Return a paragraph's text after its number; an empty text, or one without number, as it is."""
        if not text.strip():
            return text
        level, form = read_number(_get_level(paragraph), 0), _get_form(paragraph)
        last_form, last = self._counts.get(level, ("", 0))
        number = min(last + 1 if form == last_form else read_number(_get_start(paragraph), 1), _HIGHEST_NUMBER)
        self._counts = {other: count for other, count in self._counts.items() if other < level}
        self._counts[level] = (form, number)
        parts = _FORM.fullmatch(form)
        return f"{_SIGNS[parts[2]].format(WRITERS[_FORMS[parts[1]]](number))} {text}" if parts else text
