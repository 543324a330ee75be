"""Puts into words what only the layout of a page tells: which column a cell is in, which number an item has."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.blocks import format_row
from rag.documents.formats.html.markup import HEADINGS, find_text

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# A label of a column or row, which is repeated in every row; what is longer is no label.
_LONGEST_LABEL = 100
_TALLEST_HEADER = 3
# In a table without headers a cell of more characters than this is a column of the page.
_LONGEST_CELL = 1000
_MOST_COLUMNS_SPANNED = 50
# In a larger table a cell stands in its first row and column alone: all that it spans could be too much.
_MOST_CELLS = 500_000
_HIGHEST_NUMBER = 99_999


class _Cell(NamedTuple):
    text: str
    is_label: bool


_EMPTY = _Cell("", is_label=False)


def spell_out(root: "HtmlElement") -> None:
    """Make a table a list of its rows, each with its header's words, and begin numbered items with their number."""
    tables = list(root.iter("table"))
    around = {outer for table in tables for outer in table.iterancestors("table")}
    for table in tables:
        if table not in around:
            _spell_out_table(table)
    for numbered in root.iter("ol"):
        first = _find_number(numbered, "start", _HIGHEST_NUMBER)
        for number, item in enumerate((child for child in numbered if child.tag == "li"), first):
            while not (item.text or "").strip() and len(item) and item[0].tag in ("p", "div", "span"):
                item = item[0]
            item.text = f"{number}. {(item.text or '').lstrip()}"


def _spell_out_table(table: "HtmlElement") -> None:
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]
    parent = table.getparent()
    if parent is None or _is_layout(table, rows):
        return
    items = table.makeelement("ul")
    for text in _format_rows(_spread_cells(rows)):
        item = table.makeelement("li")
        item.text = text
        items.append(item)
    for caption in table.findall("caption"):
        caption.tag = "p"
        table.addprevious(caption)
    items.tail, table.tail = table.tail, None
    parent.replace(table, items)


def _is_layout(table: "HtmlElement", rows: list[list["HtmlElement"]]) -> bool:
    """Return whether a table places the parts of a page, which are read one after the other."""
    headed = any(cell.tag == "th" for row in rows for cell in row)
    longest = max((len(cell.text_content()) for row in rows for cell in row), default=0)
    return (
        max(map(len, rows), default=0) < 2
        or table.get("role") in ("presentation", "none")
        or (longest > _LONGEST_CELL and not headed)
        or next(table.iter(*HEADINGS), None) is not None
    )


def _spread_cells(rows: list[list["HtmlElement"]]) -> list[list[_Cell]]:
    """Return each row's cells; one that spans columns or rows is in all of them if it is a label, else in its rows."""
    width = max(sum(_find_number(cell, "colspan", _MOST_COLUMNS_SPANNED) for cell in cells) for cells in rows)
    spans = width * len(rows) <= _MOST_CELLS
    below: dict[int, tuple[int, _Cell]] = {}  # column: in how many rows more, what
    spread = []
    for cells in rows:
        row: list[_Cell] = []
        above, below = below, {}
        waiting = iter(cells)
        while True:
            if len(row) in above:
                left, content = above.pop(len(row))
                if left > 1:
                    below[len(row)] = (left - 1, content)
                row.append(content)
            elif (cell := next(waiting, None)) is not None:
                content = _Cell(" ".join(find_text(cell).split()), _is_label(cell))
                beneath = content if len(content.text) <= _LONGEST_LABEL else _EMPTY
                beside = beneath if content.is_label else _EMPTY
                height = _find_number(cell, "rowspan", len(rows)) if spans else 1
                for column in range(_find_number(cell, "colspan", _MOST_COLUMNS_SPANNED) if spans else 1):
                    if height > 1:
                        below[len(row)] = (height - 1, beside if column else beneath)
                    row.append(beside if column else content)
            elif max(above, default=-1) >= len(row):
                row.append(_EMPTY)
            else:
                break
        spread.append(row)
    return spread


def _find_number(element: "HtmlElement", name: str, most: int) -> int:
    """Return the number in an attribute, from 1 to `most`; 1 if there is none."""
    value = element.get(name, "")
    return max(1, min(int(value), most)) if value.isdecimal() and len(value) <= len(str(_HIGHEST_NUMBER)) else 1


def _is_label(cell: "HtmlElement") -> bool:
    bold = "".join(part.text_content() for part in cell.iter("b", "strong")).strip()
    return cell.tag == "th" or (bold != "" and bold == cell.text_content().strip())


def _format_rows(rows: list[list[_Cell]]) -> Iterator[str]:
    """Yield each row below the header in words; in a table without one, a row's own label is before its cells."""
    height = 0
    while height < min(len(rows), _TALLEST_HEADER) and all(cell.is_label or not cell.text for cell in rows[height]):
        height += 1
    height %= len(rows)  # Labels alone are no header.
    columns = zip_longest(*rows[:height], fillvalue=_EMPTY)
    header = [" ".join(dict.fromkeys(c.text for c in column if len(c.text) <= _LONGEST_LABEL)) for column in columns]
    for row in rows[height:]:
        cells = [cell.text for cell in row]
        is_labelled = not header and len(row) > 1 and row[0].is_label
        yield format_row(cells[:1], cells[1:]) if is_labelled else format_row(header, cells)
