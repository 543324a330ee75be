"""The rows of a table: readers turn their files into them. Finds whether the first row is a header."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, pairwise, zip_longest
from typing import NamedTuple

# A longer text is not a label, and is not repeated in other rows.
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


class Cell(NamedTuple):
    """A cell, the number of columns that it spans, and whether it is the lower part of a cell in a row above."""

    text: str
    width: int = 1
    is_continued: bool = False


class Row(NamedTuple):
    """The texts of a row's cells, one for each column, without white space around them.

    `labels` are the same with a text in each column that its cell spans. `is_marked` returns whether the row looks like
    a header, or is marked as one.
    """

    texts: Sequence[str]
    labels: Sequence[str]
    is_marked: Callable[[], bool] = lambda: False

    def has_words(self) -> bool:
        """Return whether a cell has words."""
        return any(self.texts)

    def list_columns(self) -> list[int]:
        """Return the columns that have words."""
        return list_filled(self.texts)


EMPTY_ROW = Row((), ())


def list_filled(texts: Iterable[str]) -> list[int]:
    """Return the columns of texts that are not empty."""
    return [column for column, text in enumerate(texts) if text]


def make_row(texts: Iterable[str]) -> Row:
    """Return a row of cells that span one column each."""
    stripped = list(map(str.strip, texts))
    return Row(stripped, stripped)


def spread_row(cells: Iterable[Cell], above: Row) -> Row:
    """Return a row of cells; the lower part of a cell has its label from the row above."""
    texts: list[str] = []
    labels: list[str] = []
    for cell in cells:
        text = cell.text.strip() or _find_label(cell, above, len(texts))
        texts += [text, *[""] * (cell.width - 1)]
        labels += [text] * cell.width
    return Row(texts, labels)


def _find_label(cell: Cell, above: Row, column: int) -> str:
    """Return the label that reaches down to a cell; an empty text if there is none."""
    if not cell.is_continued or column >= len(above.texts):
        return ""
    label = above.texts[column]
    return label if len(label) <= LONGEST_LABEL else ""


def spread_rows(rows: Iterable[Iterable[Cell]]) -> list[Row]:
    """Return the rows of a whole table."""
    spread: list[Row] = []
    above = EMPTY_ROW
    for row in rows:
        above = spread_row(row, above)
        spread.append(above)
    return spread


def is_layout(rows: Iterable[Row]) -> bool:
    """Return whether rows are the layout of a page, because one of their cells holds a long text."""
    texts = chain.from_iterable(row.texts for row in rows)
    return any(len(text) > LONGEST_CELL for text in texts)


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a table's first row names its columns.

    Labels are not repeated below, except in a copy of the whole header; of numbers only years and dates are labels.
    """
    header, *others = rows
    if not others or len(list(filter(None, header))) < 2:
        return False
    below = filter(header.__ne__, others)
    columns = zip_longest(header, *below, fillvalue="")
    return all(_may_name(label, cells) for label, *cells in columns)


def _may_name(label: str, cells: list[str]) -> bool:
    """Return whether a label may be the name of the cells below it; an empty one may."""
    is_repeated = label != "" and label in cells
    if is_repeated or not _LABEL.fullmatch(label):
        return False
    for form in (_YEAR, _DAY):
        if form.fullmatch(label):
            return not any(map(form.fullmatch, cells))
    return not is_number(label)


def is_number(cell: str) -> bool:
    """Return whether a cell has a number, an amount or a date, and no other words."""
    return _NUMBER.fullmatch(cell) is not None


def find_number_columns(rows: Sequence[Sequence[str]]) -> set[int]:
    """Return the columns that have a word at the top and only numbers below it, as in a table with a header."""
    columns = enumerate(zip_longest(*rows, fillvalue=""))
    return {number for number, (label, *cells) in columns if _names_numbers(label, cells)}


def _names_numbers(label: str, cells: Iterable[str]) -> bool:
    are_numbers = {is_number(cell) for cell in cells if cell} == {True}
    return are_numbers and label != "" and not is_number(label)


def join_header(rows: Sequence[Sequence[str]]) -> tuple[list[str], int]:
    """Return the labels of the columns, if the first row of a table has them, and the height of the header: 1 or 2."""
    height = 2 if has_second_level(rows) else 1
    return join_levels(rows[:height]), height


def join_levels(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the labels of the columns that the rows of a header have together."""
    return [" ".join(filter(None, dict.fromkeys(labels))) for labels in zip_longest(*rows, fillvalue="")]


def has_second_level(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the second row has only labels, below the labels that span several columns."""
    if len(rows) < 3:
        return False
    spanned = _find_spanned(rows[0])
    labels: list[str] = []
    for number, (above, below) in enumerate(zip_longest(*rows[:2], fillvalue="")):
        if number in spanned:
            labels.append(below)
        elif below not in ("", above):
            return False
    return len(set(labels)) > 1 and all(label and _may_name(label, []) for label in labels)


def _find_spanned(row: Sequence[str]) -> set[int]:
    """Return the columns of labels that span several columns: each equals the label beside it."""
    spanned: set[int] = set()
    for number, (left, right) in enumerate(pairwise(row)):
        if left and left == right:
            spanned |= {number, number + 1}
    return spanned
