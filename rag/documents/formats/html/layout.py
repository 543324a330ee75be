"""Puts into words what only the layout shows: the column of a cell, the number of an item, the meaning of a term."""

from collections.abc import Iterator
from itertools import chain, compress, takewhile, zip_longest
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, NamedTuple

from rag.documents.blocks import Block, squeeze
from rag.documents.formats.html.markup import HEADINGS, contains, find_text, walk_blocks
from rag.documents.formats.rows import LONGEST_CELL, LONGEST_LABEL, MOST_COLUMNS_SPANNED
from rag.documents.formats.svg import list_drawn_words
from rag.rows import format_row

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TALLEST_HEADER = 3
# In a larger table a cell is only in its first row and column: copies for all that it spans could fill the memory.
_MOST_CELLS = 500_000
_HIGHEST_NUMBER = 99_999
# The text of an item may begin inside one of these.
_BOXES = ("p", "div", "span")
# A button above a part that it opens is its heading if it has this many words or asks a question.
_FEWEST_WORDS = 3
_ASKS = ("?", "？", "؟")


class _Cell(NamedTuple):
    text: str
    is_label: bool

    @property
    def repeated(self) -> "_Cell":
        """The cell as repeated in further rows that it spans: empty if it is too long."""
        return self if len(self.text) <= LONGEST_LABEL else _EMPTY

    @property
    def widened(self) -> "_Cell":
        """The cell as repeated in further columns that it spans: empty if it is not a label."""
        return self.repeated if self.is_label else _EMPTY


_EMPTY = _Cell("", is_label=False)
_get_text = attrgetter("text")


class _Hanging(NamedTuple):
    """A cell that reaches down from the rows above, and how many rows are left, with the present one."""

    cell: _Cell
    rows: int


_NOTHING = _Hanging(_EMPTY, rows=0)


def walk_spelled_out(root: "HtmlElement") -> Iterator[Block]:
    """Yield the blocks of a tree, after the facts of its layout were put into words."""
    spell_out(root)
    return walk_blocks(root)


def spell_out(root: "HtmlElement") -> None:
    """Turn innermost tables into lists of rows with the header's words, and put numbers before numbered items.

    Terms are put before their meanings, and the words of buttons and drawings become text.
    """
    for drawing in list(root.iter("svg")):
        _replace(drawing, list_drawn_words(drawing), item="p")
    _show_buttons(root)
    for definitions in root.xpath("descendant-or-self::dl[not(descendant::dl)]"):
        _spell_out_definitions(definitions)
    for table in root.xpath("descendant-or-self::table[not(descendant::table)]"):
        _spell_out_table(table)
    for numbered in root.iter("ol"):
        first = _find_number(numbered, "start", _HIGHEST_NUMBER)
        for number, item in enumerate(numbered.iterchildren("li"), first):
            _begin_with_number(item, number)


def _begin_with_number(item: "HtmlElement", number: int) -> None:
    place = item
    while _begins_with_box(place):
        place = place[0]
    place.text = f"{number}. {(place.text or '').lstrip()}"


def _begins_with_box(element: "HtmlElement") -> bool:
    """Return whether the first words of an element are in a box inside it."""
    has_words = element.text is not None and element.text.strip() != ""
    return not has_words and len(element) > 0 and element[0].tag in _BOXES


def _show_buttons(root: "HtmlElement") -> None:
    """Turn buttons into text if they are titles of the parts that they open."""
    for button in list(root.iter("button")):
        text = button.text_content().strip()
        is_in_heading = next(button.iterancestors(*HEADINGS, "dt"), None) is not None
        if is_in_heading:
            button.tag = "span"
        elif text.endswith(_ASKS) or _opens_part(button, text):
            button.tag = "p"


def _opens_part(button: "HtmlElement", text: str) -> bool:
    """Return whether a button opens a part of the page, and has a title of some words."""
    opens = not {"aria-expanded", "aria-controls"}.isdisjoint(button.attrib)
    return opens and len(text.split()) >= _FEWEST_WORDS


def _spell_out_definitions(definitions: "HtmlElement") -> None:
    """Turn a list of terms into items such as "Term: meaning", if each meaning is one paragraph."""
    parts = list(definitions.iter("dt", "dd"))
    is_plain = all(map(_is_line, parts)) and not contains(definitions, "pre")
    if not is_plain:
        return
    items: list[str] = []
    terms: list[str] = []
    meanings: list[str] = []
    for part in parts:
        if part.tag == "dt" and meanings:
            items.append(_join_definition(terms, meanings))
            terms, meanings = [], []
        texts = terms if part.tag == "dt" else meanings
        texts.append(_find_line(part))
    last = [_join_definition(terms, meanings)] if meanings else terms
    _replace(definitions, [*items, *last], item="li")


def _is_line(part: "HtmlElement") -> bool:
    """Return whether a term or a meaning is at most one paragraph."""
    return len(list(walk_blocks(part))) <= 1


def _join_definition(terms: list[str], meanings: list[str]) -> str:
    """Return terms and their meanings in one line: "Bar, Terrace: 10 to 23"; a question ends as it is."""
    stripped_terms = [term.rstrip(":¶ ") for term in terms]
    names = ", ".join(filter(None, stripped_terms))
    meaning = "; ".join(filter(None, meanings))
    if names.endswith(_ASKS):
        return f"{names} {meaning}"
    return format_row([names], [meaning])


def _find_line(element: "HtmlElement") -> str:
    """Return the text of an element in one line."""
    return squeeze(find_text(element))


def _replace(element: "HtmlElement", texts: list[str], *, item: Literal["li", "p"]) -> None:
    """Put a list of items or paragraphs in the place of an element; without texts it is only removed."""
    parent = element.getparent()
    if parent is None:
        return
    box = element.makeelement("ul" if item == "li" else "div")
    for text in filter(None, texts):
        part = box.makeelement(item)
        part.text = text
        box.append(part)
    box.tail, element.tail = element.tail, None
    if len(box) == 0:
        box.tag = "span"
    parent.replace(element, box)


def _spell_out_table(table: "HtmlElement") -> None:
    rows = _list_rows(table)
    if table.getparent() is None or _is_layout(table, rows):
        return
    texts = list(_format_rows(_Spreader(rows).spread_rows()))
    _move_out_rest(table, rows)
    _replace(table, texts, item="li")


def _list_rows(table: "HtmlElement") -> list[list["HtmlElement"]]:
    """Return the cells of each row, even if a form or the like is around them; cells without a row are the last row."""
    rows: dict[HtmlElement, list[HtmlElement]] = {row: [] for row in table.iter("tr")}
    for cell in table.iter("td", "th"):
        outer = next(cell.iterancestors("td", "th", "table"))
        if outer is table:  # the text of a cell in a cell is read with the outer one
            row = next(cell.iterancestors("tr", "table"))
            rows.setdefault(row, []).append(cell)
    return list(rows.values())


def _move_out_rest(table: "HtmlElement", rows: list[list["HtmlElement"]]) -> None:
    """Put a table's captions and the words between its cells before it, as browsers do."""
    for caption in table.findall("caption"):
        caption.tag = "p"
        table.addprevious(caption)
    for cell in chain.from_iterable(rows):
        cell.clear(keep_tail=True)
    rest = table.makeelement("p")
    rest.text = find_text(table)
    if rest.text:
        table.addprevious(rest)


def _is_layout(table: "HtmlElement", rows: list[list["HtmlElement"]]) -> bool:
    """Return whether a table only places the parts of a page, which are then read one after the other."""
    widest_row = max(map(len, rows), default=0)
    if widest_row < 2 or table.get("role") in ("presentation", "none"):
        return True
    if contains(table, *HEADINGS):
        return True
    is_headed = table.find(".//tr/th") is not None
    longest_cell = max(len(cell.text_content()) for cell in chain.from_iterable(rows))
    return longest_cell > LONGEST_CELL and not is_headed


class _Spreader:
    """Puts each cell of a table into all the columns and rows that it spans."""

    def __init__(self, rows: list[list["HtmlElement"]]) -> None:
        self._rows = rows
        self._most_columns = MOST_COLUMNS_SPANNED
        self._most_rows = len(rows)
        width = max(sum(map(self._find_width, cells)) for cells in rows)
        if width * len(rows) > _MOST_CELLS:
            self._most_columns = self._most_rows = 1
        # By column: the cells that reach into the present row, and into the next one.
        self._above: dict[int, _Hanging] = {}
        self._below: dict[int, _Hanging] = {}

    def spread_rows(self) -> list[list[_Cell]]:
        """Return the cells of each row, one for each column."""
        return list(map(self._spread_row, self._rows))

    def _spread_row(self, elements: list["HtmlElement"]) -> list[_Cell]:
        self._above, self._below = self._below, {}
        row: list[_Cell] = []
        for element in elements:
            while len(row) in self._above:
                self._add(row, _EMPTY, rows=0)
            self._add_element(row, element)
        last_column = max(self._above, default=-1)
        while len(row) <= last_column:
            self._add(row, _EMPTY, rows=0)
        return row

    def _add_element(self, row: list[_Cell], element: "HtmlElement") -> None:
        cell = _Cell(_find_line(element), _is_label(element))
        rows = _find_number(element, "rowspan", self._most_rows)
        self._add(row, cell, rows)
        for _ in range(self._find_width(element) - 1):
            self._add(row, cell.widened, rows)

    def _find_width(self, element: "HtmlElement") -> int:
        return _find_number(element, "colspan", self._most_columns)

    def _add(self, row: list[_Cell], cell: _Cell, rows: int) -> None:
        """Add a cell that spans some rows. A cell from above shows where it is empty, and can reach further down."""
        above = self._above.get(len(row), _NOTHING)
        lowest = max(above, _Hanging(cell.repeated, rows), key=attrgetter("rows"))
        if lowest.rows > 1:
            self._below[len(row)] = _Hanging(lowest.cell, lowest.rows - 1)
        row.append(cell if cell.text else above.cell)


def _find_number(element: "HtmlElement", name: str, most: int) -> int:
    """Return the number in an attribute, from 1 to `most`; 1 if there is none."""
    value = element.get(name, "")
    is_number = value.isdecimal() and len(value) <= len(str(_HIGHEST_NUMBER))
    return max(1, min(int(value), most)) if is_number else 1


def _is_label(cell: "HtmlElement") -> bool:
    """Return whether a cell is marked as a header, or all of it is bold."""
    text = cell.text_content().strip()
    bold = "".join(part.text_content() for part in cell.iter("b", "strong")).strip()
    is_bold = bold != "" and bold == text
    return cell.tag == "th" or is_bold


def _format_rows(rows: list[list[_Cell]]) -> Iterator[str]:
    """Yield each row below the header in words, after the labels that none of these rows repeats."""
    labels = list(takewhile(_is_header, rows[:_TALLEST_HEADER]))
    height = len(labels) % len(rows)  # A table of labels alone has no header.
    columns = zip_longest(*rows[:height], fillvalue=_EMPTY)
    header = list(map(_join_labels, columns))
    yield format_row((), _list_unused_labels(rows[:height], rows[height:]))
    for row in rows[height:]:
        yield _format_row(header, row)


def _format_row(header: list[str], row: list[_Cell]) -> str:
    """Return a row in words; without a header, the row's own label comes before its cells."""
    texts = [cell.text for cell in row]
    values = list(filter(None, texts[1:]))
    if values and row[0].is_label and not header:
        return format_row(texts[:1], values)
    return format_row(header, texts)


def _list_unused_labels(header: list[list[_Cell]], rows: list[list[_Cell]]) -> list[str]:
    """Return the labels that no row repeats: their columns are empty, or they are too long."""
    columns = zip_longest(*rows, fillvalue=_EMPTY)
    is_filled = [any(map(_get_text, column)) for column in columns]
    texts = dict.fromkeys(map(_get_text, chain.from_iterable(header)))
    for row in header:
        for label in compress(row, is_filled):
            texts.pop(label.repeated.text, None)
    return list(texts)


def _is_header(row: list[_Cell]) -> bool:
    """Return whether all cells with words are labels, and there are any."""
    are_labels = {cell.is_label for cell in row if cell.text}
    return are_labels == {True}


def _join_labels(column: tuple[_Cell, ...]) -> str:
    """Return the different labels of a column, from the top."""
    labels = [cell.repeated.text for cell in column]
    return " ".join(dict.fromkeys(labels))
