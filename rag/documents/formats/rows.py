"""Puts the rows of a table into words: each cell with the label of its column."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import NamedTuple, TypeAlias

from rag.documents.blocks import format_row

Row: TypeAlias = Sequence[str]

# A label is repeated in every row below it. A longer text is not a label.
LONGEST_LABEL = 100
# The label of a column does not end like a sentence; it may be empty.
_LABEL = re.compile(rf"(?:.{{,{LONGEST_LABEL - 1}}}[^.!?:;])?", re.DOTALL)
# A table with a longer cell, in characters, is the layout of a page.
LONGEST_CELL = 1000
# A cell spans no more columns. Larger numbers in a file are a fault, or an attack.
MOST_COLUMNS_SPANNED = 50
_NUMBER = re.compile(r"[^\w]{0,3}\d[\d\s.,:/%-]*\D{0,4}")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./](?:\d\d){1,2}")
# A table of two columns is a list of names with their values, as in a form, unless it has a header.
_FORM_WIDTH = 2


class Table(NamedTuple):
    """The labels of a table's columns, and the rows below them; without labels, all rows."""

    header: list[str]
    rows: Sequence[Row]


def count_cells(row: Row) -> int:
    """Return the number of cells with words."""
    return sum(bool(cell.strip()) for cell in row)


def is_number(cell: str) -> bool:
    """Return whether a cell has a number, an amount or a date, and no other words."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def is_layout(rows: Iterable[Row]) -> bool:
    """Return whether rows are the layout of a page, because one of their cells holds a long text."""
    longest = 0
    for row in rows:
        for cell in row:
            longest = max(longest, len(cell))
    return longest > LONGEST_CELL


def has_header(rows: Sequence[Row]) -> bool:
    """Return whether a table's first row names its columns.

    Labels are not repeated below, except in a copy of the whole header; of numbers only years and dates are labels.
    """
    if len(rows) < 2 or count_cells(rows[0]) < 2:
        return False
    header, *others = [_strip(row) for row in rows]
    below = filter(header.__ne__, others)
    columns = zip_longest(header, *below, fillvalue="")
    return all(_may_name(label, cells) for label, *cells in columns)


def _strip(row: Row) -> list[str]:
    return [cell.strip() for cell in row]


def _may_name(label: str, cells: list[str]) -> bool:
    """Return whether a label may be the name of the cells below it; an empty one may."""
    is_repeated = label != "" and label in cells
    if is_repeated or not _LABEL.fullmatch(label):
        return False
    for form in (_YEAR, _DAY):
        if form.fullmatch(label):
            return not any(map(form.fullmatch, cells))
    return not is_number(label)


def find_value_columns(rows: Sequence[Row]) -> set[int]:
    """Return the columns that have a word at the top and only numbers below it, as in a table with a header."""
    columns = enumerate(zip_longest(*rows, fillvalue=""))
    return {number for number, column in columns if _is_of_values(column)}


def _is_of_values(column: Sequence[str]) -> bool:
    label, *cells = _strip(column)
    if label == "" or is_number(label):
        return False
    values = list(filter(None, cells))
    return bool(values) and all(map(is_number, values))


def split_header(rows: Sequence[Row], *, is_headed: bool = False) -> Table:
    """Return a table with the labels of its columns apart; the labels of two rows are joined: "Sales 2024".

    A table of two columns needs a mark (`is_headed`) or a column of numbers: "Tenant, Ada" may be a name and its value.
    """
    height = 2 if _has_second_level(rows) else 1
    header = [_join_labels(labels) for labels in zip_longest(*rows[:height], fillvalue="")]
    below = rows[height:]
    if is_headed or _is_blank(below):
        return Table(header, below)
    whole = [header, *below]
    is_form = _are_pairs(rows) and not find_value_columns(whole)
    if is_form or not has_header(whole):
        return Table([], rows)
    return Table(header, below)


def _is_blank(rows: Sequence[Row]) -> bool:
    """Return whether some rows are to be filled in."""
    return len(rows) > 0 and not any(map(count_cells, rows))


def _are_pairs(rows: Sequence[Row]) -> bool:
    return max(map(len, rows), default=0) == _FORM_WIDTH


def _has_second_level(rows: Sequence[Row]) -> bool:
    """Return whether the second row has labels below those that span several columns, and no other words."""
    if len(rows) < 3:
        return False
    spanned = _find_spanned(rows[0])
    labels: list[str] = []
    for number, (above, below) in enumerate(zip_longest(*rows[:2], fillvalue="")):
        if number in spanned:
            labels.append(below)
        elif below not in ("", above):
            return False
    return len(set(labels)) > 1 and all(map(_is_label, labels))


def _find_spanned(row: Row) -> set[int]:
    """Return the columns of labels that span several columns: those that are equal to the label beside them."""
    spanned: set[int] = set()
    for number, (left, right) in enumerate(pairwise(row)):
        if left and left == right:
            spanned |= {number, number + 1}
    return spanned


def _is_label(text: str) -> bool:
    return text != "" and _may_name(text, [])


def _join_labels(labels: Iterable[str]) -> str:
    return " ".join(filter(None, dict.fromkeys(labels)))


class Cell(NamedTuple):
    """A cell, the number of columns that it spans, and whether it is the lower part of a cell in a row above."""

    text: str
    width: int = 1
    is_continued: bool = False


def spread_rows(rows: Iterable[Iterable[Cell]]) -> list[list[str]]:
    """Return the rows' texts, one for each column.

    A label that spans several rows is in each of them; one of the first row is in each column that it spans.
    """
    above: list[str] = []
    spread: list[list[str]] = []
    for row in rows:
        texts: list[str] = []
        for cell in row:
            text = cell.text or _find_label(cell, above, len(texts))
            copy = "" if spread else text
            texts += [text, *[copy] * (cell.width - 1)]
        above = texts
        spread.append(texts)
    return spread


def _find_label(cell: Cell, above: list[str], column: int) -> str:
    """Return the label above a cell that is the lower part of a cell; an empty text if there is none."""
    if not cell.is_continued or column >= len(above):
        return ""
    label = above[column]
    return label if len(label) <= LONGEST_LABEL else ""


class Labels:
    """The labels of a table's columns; it notes which of them no row has repeated so far."""

    def __init__(self, header: Row) -> None:
        self.header = header
        self._unused = dict(enumerate(header))

    def format(self, row: Row) -> str:
        """Return a row with the labels of its columns."""
        for column in list(self._unused):
            if column < len(row) and row[column].strip():
                del self._unused[column]
        return format_row(self.header, row)

    def format_unused(self) -> str:
        """Return the labels of the columns that are empty in all rows: the fields of a blank form."""
        labels = dict.fromkeys(self._unused.values())
        for column, label in enumerate(self.header):
            if column not in self._unused:
                labels.pop(label, None)
        return format_row((), list(labels))


def format_rows(rows: Sequence[Row], *, is_headed: bool) -> Iterator[str]:
    """Yield a table's rows with the labels of their columns, first the labels of columns that are empty.

    A table that is not marked as headed may still have a header. Without one, the first of two cells names the other.
    """
    table = split_header(rows, is_headed=is_headed)
    if not table.header:
        format_one = format_field if _are_pairs(rows) else format_cells
        yield from map(format_one, rows)
        return
    labels = Labels(table.header)
    texts = [labels.format(row) for row in table.rows]
    texts.insert(0, labels.format_unused())
    yield from filter(None, texts)


def count_rows_above(rows: Sequence[Row]) -> int:
    """Return the number of rows above a table: lines of one cell, or of a name and its value above a wider table."""
    filled_columns = [_list_filled(row) for row in rows]
    fewest = _count_fewest_cells(filled_columns)
    for number, columns in enumerate(filled_columns):
        if len(columns) >= fewest:
            return number
    return 0


def _count_fewest_cells(filled_columns: list[list[int]]) -> int:
    """Return how many cells the rows of a table have at least: three if some pairs are above a wider table."""
    wide_rows = [columns for columns in filled_columns if len(columns) > _FORM_WIDTH]
    pairs = [columns for columns in filled_columns if len(columns) == _FORM_WIDTH]
    if not 0 < len(pairs) <= len(wide_rows):
        return _FORM_WIDTH
    # A header with an empty label is as wide as the table.
    is_narrow = pairs[0][-1] < wide_rows[0][-1]
    return _FORM_WIDTH + is_narrow


def _list_filled(row: Row) -> list[int]:
    """Return the columns of a row that have words."""
    return [column for column, cell in enumerate(row) if cell.strip()]


def format_line(row: Row) -> str:
    """Return a row without header: the first of two cells names the other."""
    cells = list(filter(str.strip, row))
    return format_field(cells) if len(cells) == _FORM_WIDTH else format_cells(cells)


def format_field(row: Row) -> str:
    """Return a row of a form: a name with its value, or alone if the value is missing."""
    name, *values = row
    return format_row([name.rstrip(" :")], values) or name


def format_cells(row: Row) -> str:
    """Return a row of a table without header; a cell that ends with a colon names the next one."""
    texts: list[str] = []
    for cell in filter(str.strip, row):
        if texts and texts[-1].endswith(":"):
            texts[-1] += f" {cell}"
        else:
            texts.append(cell.strip())
    return format_row((), texts)
