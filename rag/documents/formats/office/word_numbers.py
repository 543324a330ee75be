"""Counts the paragraphs that Word numbers itself: headings, clauses, items of lists."""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from docx.document import Document
from lxml.etree import _Element

from rag.documents.formats.numerals import WRITERS, format_ordinal, repeat_letter
from rag.documents.formats.office.paths import NOTHING, W, list_parts, make_finder, make_reader, make_test, read_number
from rag.documents.formats.office.word_visibility import Styles

_LEVELS = 9
_HIGHEST_NUMBER = 99_999
# "%1.%2" is the number of the first level, a point, and that of the second.
_PLACE = re.compile(r"%([1-9])")

_find_outlines = make_finder("w:abstractNum")
_find_lists = make_finder("w:num")
_find_levels = make_finder("w:lvl")
_find_changes = make_finder("w:lvlOverride")
_get_outline = make_reader("w:abstractNumId/@w:val")
_get_style_of_outline = make_reader("w:numStyleLink/@w:val")
_get_start = make_reader("w:start/@w:val")
_get_new_start = make_reader("w:startOverride/@w:val")
# Word writes newer forms of numbers beside one that older versions know.
_get_form = make_reader("(w:numFmt | mc:AlternateContent/mc:Choice/w:numFmt)[1]/@w:val")
_get_text = make_reader("w:lvlText/@w:val")
_get_restart = make_reader("w:lvlRestart/@w:val")
_get_style = make_reader("w:pStyle/@w:val")
_is_legal = make_test("w:isLgl[not(@w:val = '0' or @w:val = 'false' or @w:val = 'off')]")

_get_list_of_paragraph = make_reader("w:pPr/w:numPr/w:numId/@w:val")
_get_level_of_paragraph = make_reader("w:pPr/w:numPr/w:ilvl/@w:val")
_get_style_of_paragraph = make_reader("w:pPr/w:pStyle/@w:val")

_FORMS: dict[str, Callable[[int], str]] = {
    "none": lambda _: "",
    "decimalZero": "{:02}".format,
    "lowerLetter": repeat_letter,
    "upperLetter": lambda number: repeat_letter(number).upper(),
    "lowerRoman": WRITERS["i"],
    "upperRoman": WRITERS["I"],
    "ordinal": format_ordinal,
}
_BULLET = "bullet"


class _Level(NamedTuple):
    """How the numbers of a level are written, the first of them, and after which levels it begins again.

    `restart` counts levels from 1; a number of that level or of one above begins this level again.
    """

    form: str
    text: str
    start: int
    restart: int
    is_legal: bool


class _List(NamedTuple):
    """A list: the outline whose numbers it continues, its levels, its own first numbers, and the levels of styles."""

    outline: str
    levels: dict[int, _Level]
    starts: dict[int, int]
    level_of_style: dict[str, str]


# The list of a paragraph without number.
_NO_LIST = _List("", {}, {}, {})


class Numbers:
    """The numbers of a document's paragraphs, in the order of the text."""

    def __init__(self, document: Document) -> None:
        self._styles = Styles(document)
        self._lists = _read_lists(document, self._styles)
        self._counts: dict[str, dict[int, int]] = {}  # by outline and level
        self._begun: set[tuple[str, int]] = set()
        self._find_place_of_style = cache(self._read_place_of_style)

    def count(self, paragraph: _Element) -> str:
        """Count a paragraph, and return its number as Word shows it: "4.2", "(a)"; nothing for a bullet or a text."""
        number, level = self._find_place(paragraph)
        numbered = self._lists.get(number, _NO_LIST)
        if level not in numbered.levels:
            return ""
        counts = self._counts.setdefault(numbered.outline, {})
        counts[level] = self._find_next(number, level, counts)
        for above in range(level):  # a level that was left out has its first number
            settings = numbered.levels.get(above, numbered.levels[level])
            counts.setdefault(above, settings.start)
        for deeper, settings in numbered.levels.items():
            if level < min(deeper, settings.restart):
                counts.pop(deeper, None)
        return _format(numbered.levels, level, counts)

    def find_clause_level(self, paragraph: _Element) -> int:
        """Return the level, from 1, of a paragraph with whose number that of the next paragraph begins; else 0."""
        below = paragraph.getnext()
        if below is None:
            return 0
        number, level = self._find_place(paragraph)
        number_below, level_below = self._find_place(below)
        numbered = self._lists.get(number, _NO_LIST)
        numbered_below = self._lists.get(number_below, _NO_LIST)
        if numbered.outline != numbered_below.outline or level_below != level + 1:
            return 0
        settings = numbered_below.levels.get(level_below)
        is_clause = settings is not None and f"%{level + 1}" in settings.text
        return level + 1 if is_clause else 0

    def _find_place(self, paragraph: _Element) -> tuple[str, int]:
        """Return the number of a paragraph's list, and its level: its own, or those of its style."""
        style = _get_style_of_paragraph(paragraph) or self._styles.normal
        return self._find_place_of_style(style, _get_list_of_paragraph(paragraph), _get_level_of_paragraph(paragraph))

    def _read_place_of_style(self, style_name: str, number: str, level: str) -> tuple[str, int]:
        for style in self._styles.find_bases(style_name):
            number = number or _get_list_of_paragraph(style)
            level_of_style = self._lists.get(number, _NO_LIST).level_of_style
            level = level or level_of_style.get(style.get(f"{W}styleId", ""), "") or _get_level_of_paragraph(style)
        return number, read_number(level, 0)

    def _find_next(self, number: str, level: int, counts: dict[int, int]) -> int:
        """Return the number after the last one of a level: the first if the level or its list begins again."""
        numbered = self._lists[number]
        is_new = (number, level) not in self._begun
        self._begun.add((number, level))
        begins_again = is_new and level in numbered.starts
        if begins_again or level not in counts:
            return numbered.starts.get(level, numbered.levels[level].start)
        return min(counts[level] + 1, _HIGHEST_NUMBER)


def _format(levels: dict[int, _Level], level: int, counts: dict[int, int]) -> str:
    """Return the number of a paragraph with its signs."""
    settings = levels[level]
    if settings.form == _BULLET:
        return ""

    def write(place: re.Match[str]) -> str:
        shown = int(place[1]) - 1
        if shown not in levels:
            return ""
        form = "" if settings.is_legal else levels[shown].form
        return _FORMS.get(form, str)(counts.get(shown, levels[shown].start))

    return _PLACE.sub(write, settings.text).strip()


def _read_lists(document: Document, styles: Styles) -> dict[str, _List]:
    """Return the lists of a document by their numbers."""
    part = next(list_parts(document.part, "/numbering"), None)
    numbering = NOTHING if part is None else part.element
    outlines = {outline.get(f"{W}abstractNumId", ""): outline for outline in _find_outlines(numbering)}
    # An outline may stand for that of a list style, which names the list.
    owners = {number.get(f"{W}numId"): _get_outline(number) for number in _find_lists(numbering)}
    lists = {}
    for number in _find_lists(numbering):
        name = _get_outline(number)
        outline = outlines.get(name, NOTHING)
        linked = styles.find_bases(_get_style_of_outline(outline))
        if linked:
            name = owners.get(_get_list_of_paragraph(linked[0]), name)
            outline = outlines.get(name, NOTHING)
        lists[number.get(f"{W}numId", "")] = _read_list(number, name, outline)
    return lists


def _read_list(number: _Element, outline_name: str, outline: _Element) -> _List:
    levels = _read_levels(outline)
    starts = {}
    for change in _find_changes(number):
        level = read_number(change.get(f"{W}ilvl", ""), _LEVELS)
        levels |= _read_levels(change)
        if _get_new_start(change):
            starts[level] = read_number(_get_new_start(change), 1)
    level_of_style = {_get_style(level): str(index) for index, level in enumerate(_find_levels(outline))}
    return _List(outline_name, levels, starts, level_of_style)


def _read_levels(parent: _Element) -> dict[int, _Level]:
    """Return the levels below an element, by their numbers from 0."""
    levels = {}
    for element in _find_levels(parent):
        level = read_number(element.get(f"{W}ilvl", ""), _LEVELS)
        if level < _LEVELS:
            levels[level] = _read_level(element, level)
    return levels


def _read_level(element: _Element, level: int) -> _Level:
    return _Level(
        form=_get_form(element),
        text=_get_text(element),
        start=read_number(_get_start(element), 0),
        restart=read_number(_get_restart(element), level),
        is_legal=_is_legal(element),
    )
