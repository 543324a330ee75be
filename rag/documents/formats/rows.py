"""Puts the rows of a table into words: each cell with the label of its column."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise, zip_longest
from typing import NamedTuple, TypeAlias

from rag.documents.blocks import format_row

Row: TypeAlias = Sequence[str]

# A label is repeated in every row below it. A longer text is not a label.
LONGEST_LABEL = 100
# The label of a column does not end like a sentence; it may be empty.
_LABEL = re.compile(rf"(?:.{{,{LONGEST_LABEL - 1}}}[^.!?:;])?", re.DOTALL)
# A table with a longer cell, in characters, is the layout of a page.
_LONGEST_CELL = 1000
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
    return longest > _LONGEST_CELL


def has_header(rows: Sequence[Row]) -> bool:
    """Return whether a table's first row names its columns.

    Labels are not repeated below, except in a copy of the whole header; of numbers only years and dates are labels.
    """
    if len(rows) < 2 or count_cells(rows[0]) < 2:
        return False
    header, *others = (list(map(str.strip, row)) for row in rows)
    columns = zip_longest(header, *filter(header.__ne__, others), fillvalue="")
    return all(_may_name(label, cells) for label, *cells in columns)


def _may_name(label: str, cells: list[str]) -> bool:
    """Return whether a label may be the name of the cells below it; an empty one may."""
    if not _LABEL.fullmatch(label) or label in filter(None, cells):
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
    label, *cells = column
    filled = list(filter(None, map(str.strip, cells)))
    return bool(label and filled) and not is_number(label) and all(map(is_number, filled))


def split_header(rows: Sequence[Row], *, is_headed: bool = False) -> Table:
    """Return a table with the labels of its columns apart; the labels of two rows are joined: "Sales 2024".

    A table of two columns needs a mark (`is_headed`) or a column of numbers: "Tenant, Ada" may be a name and its value.
    """
    height = 2 if _has_second_level(rows) else 1
    header = [_join_labels(labels) for labels in zip_longest(*rows[:height], fillvalue="")]
    below = rows[height:]
    whole = [header, *below]
    if is_headed or _is_blank(below):
        return Table(header, below)
    is_form = _are_pairs(rows) and not find_value_columns(whole)
    return Table([], rows) if is_form or not has_header(whole) else Table(header, below)


def _is_blank(rows: Sequence[Row]) -> bool:
    """Return whether some rows are to be filled in."""
    return len(rows) > 0 and not any(map(count_cells, rows))


def _are_pairs(rows: Sequence[Row]) -> bool:
    return max(map(len, rows), default=0) == _FORM_WIDTH


def _has_second_level(rows: Sequence[Row]) -> bool:
    """Return whether the second row has labels below those that span several columns, and no other words."""
    if len(rows) < 3:
        return False
    columns = list(zip_longest(*rows[:2], fillvalue=""))
    spanned = _find_spanned(rows[0])
    labels = [columns[number][1] for number in spanned]
    if len(set(labels)) < 2 or not all(map(_is_label, labels)):
        return False
    others = [column for number, column in enumerate(columns) if number not in spanned]
    return all(map(_is_one_label, others))


def _find_spanned(row: Row) -> list[int]:
    """Return the columns of labels that span several columns: those that are equal to the label beside them."""
    spanned: set[int] = set()
    for number, (left, right) in enumerate(pairwise(row)):
        if left and left == right:
            spanned.update((number, number + 1))
    return sorted(spanned)


def _is_label(text: str) -> bool:
    return text != "" and _may_name(text, [])


def _is_one_label(column: tuple[str, ...]) -> bool:
    """Return whether a column has no label of its own in the second row of a header."""
    above, below = column
    return below in ("", above)


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
            column = len(texts)
            label = above[column] if cell.is_continued and column < len(above) else ""
            text = cell.text or (label if len(label) <= LONGEST_LABEL else "")
            texts += [text, *[text if not spread else ""] * (cell.width - 1)]
        above = texts
        spread.append(texts)
    return spread


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
        used = {label for column, label in enumerate(self.header) if column not in self._unused}
        return format_row((), [label for label in dict.fromkeys(self._unused.values()) if label not in used])


def format_rows(rows: Sequence[Row], *, is_headed: bool) -> Iterator[str]:
    """Yield a table's rows with the labels of their columns, first the labels of columns that are empty.

    A table that is not marked as headed may still have a header. Without one, the first of two cells names the other.
    """
    table = split_header(rows, is_headed=is_headed)
    if not table.header:
        yield from map(format_field if _are_pairs(rows) else format_cells, rows)
        return
    labels = Labels(table.header)
    texts = list(map(labels.format, table.rows))
    yield from filter(None, chain([labels.format_unused()], texts))


def count_rows_above(rows: Sequence[Row]) -> int:
    """Return the number of rows above a table: lines of one cell, or of a name and its value above a wider table."""
    filled_columns = list(map(_list_filled, rows))
    wide_rows = [columns for columns in filled_columns if len(columns) > _FORM_WIDTH]
    pairs = [columns for columns in filled_columns if len(columns) == _FORM_WIDTH]
    fewest = _FORM_WIDTH
    # A header with an empty label is as wide as the table.
    if 0 < len(pairs) <= len(wide_rows) and pairs[0][-1] < wide_rows[0][-1]:
        fewest += 1
    for number, columns in enumerate(filled_columns):
        if len(columns) >= fewest:
            return number
    return 0


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
