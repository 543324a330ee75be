"""Finds the tables of a page: words below one another in several rows."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import iadd
from statistics import median

from rag.documents.formats.pdf.bands import Band
from rag.documents.formats.pdf.labels import format_table
from rag.documents.formats.pdf.page_rows import (
    FEWEST_LINES,
    GUTTER,
    WORDS_OF_PROSE,
    Gap,
    PageRow,
    grow,
    is_prose,
    list_places,
    make_rows,
    replace_rows,
)
from rag.documents.formats.pdf.paragraphs import Line, is_same_size
from rag.documents.formats.pdf.rules import Rules
from rag.documents.sequences import merge_runs, split_runs

# Rows of a table are at most this far apart, as a multiple of the size of the letters.
_WIDEST_PITCH = 3.5
# From the fourth row on, a row with an empty first column, 1.6 times as far away as usual, begins another table.
_JUMP = 1.6
# The gaps of a justified line differ by less than this, and are narrower than this multiple of the letters' size.
_EVEN = 1.7
_WIDEST_SPACE = 2.5
# The columns of a table are usually at least this far apart: a justified line has narrower gaps.
_USUAL_GAP = 1.0
# Narrower gaps count too if the words after them begin below one another, in most rows.
_ALIGNED = 0.1
_ALIGNED_SHARE = 0.75
# At least this share of the lines has words in several columns.
_LEAST_SHARE = 0.4
# One in this many rows may have words across the gap between two columns.
_ROWS_ACROSS = 5
_MARKER = re.compile(r"(?:[•‣⁃◦▪▫●○■□➢➤✓*–—-]|\(?(?:\d{1,3}|[A-Za-z]|[ivxlc]{1,5})(?:\.\d{1,3})*[.)]?|\[\w{1,6}\])")


def read_tables(lines: Sequence[Line], rules: Rules) -> list[Line]:
    """Return the lines of a page; each row of a table becomes one line, with the words of the table's header."""
    result = []
    for flow in _split_flows(lines):
        tables = _find_tables(make_rows(flow), rules)
        result += replace_rows(flow, [(table.rows, list(format_table(table, flow, rules))) for table in tables])
    return result


def _split_flows(lines: Sequence[Line]) -> list[list[Line]]:
    """Return the columns of prose that a file has one after the other; a column may have tables in it."""
    runs = split_runs(lines, lambda run, line: line.y - run[-1].y >= FEWEST_LINES * line.size)  # higher up
    return merge_runs(runs, lambda flow, run: not (_has_prose(flow) and _has_prose(run)), iadd)


def _has_prose(lines: Sequence[Line]) -> bool:
    """Return whether a part of a page has enough lines, and most of them have several words."""
    word_counts = [len(line.text.split()) for line in lines]
    return len(lines) >= FEWEST_LINES and median(word_counts) >= WORDS_OF_PROSE


def _find_tables(rows: Sequence[PageRow], rules: Rules) -> Iterator[Band]:
    place = 0
    while place < len(rows):
        region = _find_region(rows, place)
        table = _make_table(region, rules)
        if table:
            yield table
            place = rows.index(table.rows[-1], place)
        place += 1


def _find_region(rows: Sequence[PageRow], start: int) -> list[PageRow]:
    """Return the rows from `start` on that share gutters and may be one table; none if the first has no gap."""
    region: list[PageRow] = []
    for row, _ in grow(rows, start):
        if region and _is_apart(region, row):
            break
        region.append(row)
    return region


def _is_apart(region: Sequence[PageRow], row: PageRow) -> bool:
    """Return whether a row is not in the table above: it is far, or a heading, or has other columns."""
    last = region[-1]
    pitch = last.y - row.y
    is_heading = len(row.cells) == 1 and not is_same_size(row.size, last.size)
    if is_heading or pitch > _WIDEST_PITCH * row.size:
        return True
    has_other_columns = row.cells[0].left > region[0].cells[0].right
    if len(region) < 3 or not has_other_columns:
        return False
    usual_pitch = median(above.y - below.y for above, below in pairwise(region))
    return pitch > _JUMP * max(usual_pitch, row.size)


def _make_table(region: list[PageRow], rules: Rules) -> Band | None:
    """Return the table that rows form; None if they form none."""
    table = Band(region, _find_borders(region))
    while table.borders:
        rows = _drop_text(table)
        if len(rows) == len(table.rows):
            is_table = _is_large(table) and not _is_list(table) and not _is_text(table, rules)
            return table if is_table else None
        table = Band(rows, _find_borders(rows))
    return None


def _find_borders(region: Sequence[PageRow]) -> list[float]:
    """Return the places where a column of some rows ends and the next begins; none if they have no columns."""
    if _is_justified(region):
        return []
    gaps = [gap for row in region for gap in row.find_gaps()]
    gutters = _find_gutters(region)
    return [gutter.middle for gutter in gutters if _is_between_columns(gutter, gaps, region)]


def _drop_text(table: Band) -> list[PageRow]:
    """Return the rows without a line of text at the top or bottom, which has more gaps than the table has columns."""
    rows = table.rows
    most_cells = len(table.borders) + 1
    start = len(rows[0].cells) > most_cells
    stop = len(rows) - (len(rows[-1].cells) > most_cells)
    return rows[start:stop]


def _is_justified(region: Sequence[PageRow]) -> bool:
    """Return whether most of the lines have gaps of one width between words, so that the lines are equally long.

    A region without gaps counts as justified too.
    """
    rows = [row for row in region if len(row.cells) > 1]
    even_count = sum(map(_has_even_gaps, rows))
    return 2 * even_count >= len(rows)


def _has_even_gaps(row: PageRow) -> bool:
    """Return whether a row has gaps of one width, as wide as spaces may be, and most cells are words."""
    if len(row.cells) < 3 or 2 * _count_with_digits(row) >= len(row.cells):
        return False
    widths = [after.left - before.right for before, after in pairwise(row.cells)]
    return max(widths) <= _EVEN * min(widths) and max(widths) < _WIDEST_SPACE * row.size


def _count_with_digits(row: PageRow) -> int:
    """Return the number of cells with a digit."""
    return sum(re.search(r"\d", cell.text) is not None for cell in row.cells)


def _is_large(table: Band) -> bool:
    """Return whether enough rows have words in several columns; of two rows, the second must have the numbers."""
    rows = [row for row in table.rows if len(table.get_columns(row)) > 1]
    if len(rows) > 2:
        return len(rows) >= _LEAST_SHARE * len(table.rows)
    if len(rows) < 2 or len(table.borders) < 2:
        return False
    header, values = rows
    return _count_with_digits(header) == 0 and 2 * _count_with_digits(values) >= len(header.cells)


def _find_gutters(region: Sequence[PageRow]) -> list[Gap]:
    """Return the gaps that nearly all of the rows leave free, between the first and the last word."""
    steps = Counter[float]()
    for row in region:
        for cell in row.cells:
            steps[cell.left] += 1
            steps[cell.right] -= 1
    free = []
    words_across = 0
    for left, right in pairwise(sorted(steps)):
        words_across += steps[left]
        if words_across <= len(region) // _ROWS_ACROSS:
            free.append(Gap(left, right))
    gutters = merge_runs(
        free, lambda gap, after: gap.right == after.left, lambda gap, after: Gap(gap.left, after.right)
    )
    size = median(row.size for row in region)
    return [gap for gap in gutters if gap.width >= GUTTER * size]


def _is_between_columns(gutter: Gap, all_gaps: Sequence[Gap], region: Sequence[PageRow]) -> bool:
    """Return whether a gutter is usually as wide as the gap of columns, or words begin below one another after it."""
    middle = gutter.middle
    gaps = [gap for gap in all_gaps if gap.left <= middle <= gap.right]
    if not gaps:
        return False
    size = region[0].size
    if median(gap.width for gap in gaps) >= _USUAL_GAP * size:
        return True
    begin = median(gap.right for gap in gaps)
    aligned_count = sum(abs(gap.right - begin) <= _ALIGNED * size for gap in gaps)
    return aligned_count >= max(FEWEST_LINES, _ALIGNED_SHARE * len(region))


def _is_list(table: Band) -> bool:
    """Return whether the rows are items with bullets or numbers, or lines of a table of contents."""
    first, *_, last = table.list_columns()
    contents_count = sum("…" in cell.text for cell in first + last)
    if 3 * contents_count > len(table.rows):
        return True
    marker_count = sum(_MARKER.fullmatch(cell.text) is not None for cell in first)
    return len(table.borders) == 1 and marker_count > len(first) / 2


def _is_text(table: Band, rules: Rules) -> bool:
    """Return whether the columns are lines of text, which are read one after the other."""
    prose = list(map(is_prose, table.list_columns()))
    if not any(prose) or table.has_grid(rules):
        return False
    # The file has all words of a row before the words of the next.
    places = list(map(list_places, table.group_rows(rules)))
    is_written_by_rows = all(above[-1] <= below[0] for above, below in pairwise(places))
    return all(prose) or not is_written_by_rows
