"""Puts the rows of tables into words: each cell after the label of its column.

A sheet may hold several tables, lines between them, and lists of names and values.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain, compress, groupby, islice
from typing import NamedTuple

from rag.documents.blocks import Block
from rag.documents.formats.rows import (
    Cell,
    Row,
    find_number_columns,
    has_header,
    has_second_level,
    is_layout,
    is_number,
    join_header,
    list_filled,
    spread_rows,
)
from rag.documents.sequences import flat_map, merge_runs
from rag.rows import format_row

# These first rows of a table show whether the first is its header.
_SAMPLE_ROWS = 50
# A form has two columns: names and their values.
_FORM_WIDTH = 2
# A table of three columns has a header if its first row has only words, and numbers are below.
_WIDE = 3
# Rows of two cells below a table of four columns are a form.
_WIDER_THAN_FORM = 4


def walk_table(
    cells: Iterable[Iterable[Cell]], *, is_headed: bool, layout: Iterable[Block] | None = None
) -> Iterator[Block]:
    """Yield the lines of a table in a text, without empty rows: first the labels that no row has.

    The first row names the columns if it is marked as header (`is_headed`), or looks like one. A row of two cells is a
    form if the table has no other row. `layout` are the blocks in the cells: they are yielded in place of the lines if
    the table is the layout of a page.
    """
    rows = spread_rows(cells)
    if layout is not None and is_layout(rows):
        yield from layout
        return
    walker = _Walker(fewest_pairs=min(2, len(rows)), is_headed=is_headed)
    blocks = list(walker.walk(filter(Row.has_words, rows)))
    for block in (*walker.end_table(), *blocks):
        yield Block(block.text, "item")


def walk_sheet(rows: Iterable[Row], *, fewest_pairs: float = 2) -> Iterator[Block]:
    """Yield the rows of a sheet, each with the labels of its own table, and the lines between the tables.

    An empty row may end a table: the next one has a header, or else the rows go on with that of the table above. From
    `fewest_pairs` rows of two columns are a form, if they have no numbers and the first is not marked.
    """
    walker = _Walker(fewest_pairs)
    for has_words, group in groupby(rows, key=Row.has_words):
        if has_words:
            yield from walker.walk(group)
    yield from walker.end_table()


class Labels:
    """The labels of a table's columns; it notes which of them no row has repeated so far."""

    def __init__(self, header: Sequence[str]) -> None:
        self.header = header
        self._unused = dict.fromkeys(filter(None, header))

    def format(self, row: Sequence[str]) -> str:
        """Return a row with the labels of its columns."""
        if self._unused:
            for label in compress(self.header, row):
                self._unused.pop(label, None)
        return format_row(self.header, row)

    def format_rows(self, rows: Iterable[Sequence[str]]) -> list[str]:
        """Return the labels that no row has, and the rows."""
        lines = list(map(self.format, rows))
        return [self.format_unused(), *lines]

    def format_unused(self) -> str:
        """Return the labels that no row has: of empty columns, or of a blank form."""
        return format_row((), list(self._unused))


class _Table(NamedTuple):
    """A table of a sheet: its labels, the rows with them, and the columns that have numbers.

    Without a header it has none of these. The rows of a form are names and values.
    """

    labels: Labels
    header_rows: Sequence[Sequence[str]] = ()
    number_columns: Set[int] = frozenset()
    is_form: bool = False

    def format(self, row: Sequence[str]) -> str:
        """Return a row of the table in words."""
        if self.header_rows:
            return self.labels.format(row)
        return _format_line(row) if self.is_form else _format_cells(row)

    @property
    def columns(self) -> set[int]:
        """The columns that have a label."""
        return set(list_filled(self.labels.header))

    def is_like(self, row: Row) -> bool:
        """Return whether the cells of a row are in the columns of the table, with numbers where the table has some."""
        columns = row.list_columns()
        if not self.columns.issuperset(columns):
            return False
        return all(is_number(row.texts[column]) for column in self.number_columns & set(columns))

    def has_label_in(self, row: Row) -> bool:
        """Return whether a cell of a row has the text of a label."""
        return not set(self.labels.header).isdisjoint(filter(None, row.texts))


_NO_TABLE = _Table(Labels(()))


class _Walker:
    """Yields the rows of a sheet; it knows the table to which they belong."""

    def __init__(self, fewest_pairs: float, *, is_headed: bool = False) -> None:
        self._fewest_pairs = fewest_pairs
        self._is_headed = is_headed
        self._table = _NO_TABLE

    def walk(self, group: Iterator[Row]) -> Iterator[Block]:
        """Yield the rows up to the next empty row: the lines above a table, and the table."""
        rows = list(islice(group, _SAMPLE_ROWS))
        above = _count_rows_above(rows, is_headed=self._is_headed)
        for row in rows[:above]:
            yield Block(_format_line(row.texts))
        table_rows = rows[above:]
        widths = {len(row.list_columns()) for row in table_rows}
        if widths == {1}:
            for row in chain(table_rows, group):
                yield Block(_format_cells(row.texts), "item" if len(table_rows) > 1 else "paragraph")
        else:
            yield from self._enter_table(table_rows, is_titled=above > 0)
            for row in chain(table_rows, group):
                if row.texts not in self._table.header_rows:  # nor is it a copy of the header
                    yield Block(self._table.format(row.texts), "item")

    def _enter_table(self, rows: list[Row], *, is_titled: bool) -> Iterator[Block]:
        """Find the table of some rows: the one above them, or another. Yield what is left of the one above."""
        are_pairs = len(set(flat_map(Row.list_columns, rows))) == _FORM_WIDTH
        is_form = are_pairs and len(rows) >= self._fewest_pairs
        is_headed = self._is_headed and not is_titled
        table = _find_table(rows, may_be_form=is_form, is_headed=is_headed)
        if self._goes_on(rows, table, is_form=is_form, is_titled=is_titled):
            return
        # A single pair goes on with the form above it.
        is_form |= are_pairs and self._table.is_form
        yield from self.end_table()
        self._table = table._replace(is_form=is_form)

    def _goes_on(self, rows: list[Row], table: _Table, *, is_form: bool, is_titled: bool) -> bool:
        """Return whether rows, which may be a table of their own, belong to the one above them."""
        if not self._table.header_rows or not self._table.is_like(rows[0]):
            return False
        if not table.header_rows:
            is_wide = len(self._table.columns) >= _WIDER_THAN_FORM
            return not (is_form and is_wide)
        if is_titled or rows[0].is_marked():
            return False
        return not self._table.has_label_in(rows[0])

    def end_table(self) -> Iterator[Block]:
        """Yield the labels of a table that no row has repeated."""
        unused = self._table.labels.format_unused()
        self._table = _NO_TABLE
        if unused:
            yield Block(unused, "item")


def _find_table(rows: list[Row], *, may_be_form: bool, is_headed: bool) -> _Table:
    """Return the table of some rows, with the header in the first of them if they have one."""
    if len(rows) < 2:
        return _NO_TABLE
    cells = [rows[0].labels, *(row.texts for row in rows[1:])]
    header, height = join_header(cells)
    named = [header, *cells[height:]]
    number_columns = find_number_columns(named)
    is_bold = rows[0].is_marked() and not rows[height].is_marked()
    if not is_headed and not is_bold and not _looks_headed(named, number_columns, may_be_form=may_be_form):
        return _NO_TABLE
    header_rows = [row.texts for row in rows[:height]]
    return _Table(Labels(header), header_rows, number_columns)


def _looks_headed(rows: Sequence[Sequence[str]], number_columns: Set[int], *, may_be_form: bool) -> bool:
    """Return whether the first of some rows looks like their header; a form has none."""
    if _is_wide_header(rows[0], number_columns):
        return True
    is_form = may_be_form and not number_columns
    return not is_form and has_header(rows)


def _is_wide_header(labels: Iterable[str], number_columns: Set[int]) -> bool:
    """Return whether a row has only words, in three columns or more, and numbers are below it."""
    words = list(filter(None, labels))
    if len(words) < _WIDE or not number_columns:
        return False
    return not any(map(is_number, words))


def _count_rows_above(rows: Sequence[Row], *, is_headed: bool) -> int:
    """Return the number of rows above a table: lines of one cell, or of a name and its value above a wider table.

    The first row of a header of two rows may have few labels.
    """
    filled_columns = [row.list_columns() for row in rows]
    fewest = _FORM_WIDTH if is_headed else _count_fewest_cells(filled_columns)
    for number, columns in enumerate(filled_columns):
        header = [row.labels for row in rows[number : number + 3]]
        if len(columns) >= fewest or (len(columns) > 1 and has_second_level(header)):
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


def _format_line(row: Sequence[str]) -> str:
    """Return a row without header: the first of two cells names the other."""
    cells = list(filter(None, row))
    if len(cells) != _FORM_WIDTH:
        return _format_cells(cells)
    name, value = cells
    return format_row([name.rstrip(" :")], [value])


def _format_cells(row: Iterable[str]) -> str:
    """Return a row of a table without header; a cell that ends with a colon names the next one."""
    texts = merge_runs(filter(None, row), lambda name, _: name.endswith(":"), "{} {}".format)
    return format_row((), texts)
