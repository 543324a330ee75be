"""Finds the tables of a page: words that keep to columns over several rows."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import mean, median
from typing import NamedTuple

from rag.documents.blocks import format_row
from rag.documents.formats.pdf.paragraphs import Line
from rag.documents.formats.pdf.rows import GUTTER, Cell, Gap, Row, is_prose, make_rows, narrow
from rag.documents.formats.pdf.rules import Rules
from rag.documents.formats.tables import has_header

# Rows of a table are at most this far apart, as a multiple of the size of the letters.
_WIDEST_PITCH = 3.5
# Lines of a cell are at most this far apart. Rows that are nearer than the second multiple share their lines.
_LINE_PITCH = 1.45
_SHARED_PITCH = 0.85
# A distance is wider than another if it is at least this multiple of it.
_WIDER = 1.15
_JUMP = 1.6
# The gaps of a justified line differ by less than this, and are narrower than this multiple of the letters' size.
_EVEN = 1.7
_WIDEST_SPACE = 2.5
# The columns of a table are usually at least this far apart: a justified line has narrower gaps.
_USUAL_GAP = 1.0
# Narrower gaps count too if the words after them begin below one another, in most rows and in at least four.
_ALIGNED = 0.1
_ALIGNED_SHARE = 0.75
_FEWEST_ALIGNED = 4
# One in this many rows may have words across the gap between two columns.
_ROWS_ACROSS = 5
_SAME_SIZE = 0.1
# At least this share of the lines has words in several columns.
_LEAST_SHARE = 0.4
# The words of a line of text, on average.
_WORDS = 4
_MOST_ROWS = 400
_BOLD = 600
_MARKER = re.compile(r"(?:[•‣⁃◦▪▫●○■□➢➤✓*–—-]|\(?(?:\d{1,3}|[A-Za-z]|[ivxlc]{1,5})(?:\.\d{1,3})*[.)]?|\[\w{1,6}\])")
_NUMBER = re.compile(r"[^\w]{0,3}\d[\d\s.,:/%-]*\D{0,4}")
_ENDS_OF_CODE = ("{", "}", ",", ";", "(")
_PAGE = re.compile(r"\d{1,4}")
_ENDED = re.compile(r"[.!?:;][\"')\]]*$")


class _Table(NamedTuple):
    """Rows of a page and the places where one column ends and the next begins."""

    rows: list[Row]
    borders: list[float]

    def find_column(self, cell: Cell) -> int:
        return bisect_right(self.borders, cell.left)

    def get_columns(self, row: Row) -> set[int]:
        return set(map(self.find_column, row.cells))

    def get_cells(self, column: int) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells if self.find_column(cell) == column]


def read_tables(lines: Sequence[Line], rules: Rules) -> list[Line]:
    """Return the lines of a page; each row of a table becomes one line, with the words of the table's header."""
    result = []
    for flow in split_flows(lines):
        result += _read_tables(flow, rules)
    return result


def split_flows(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield the columns of prose that a file has one after the other."""
    flow: list[Line] = []
    for place, line in enumerate(lines):
        if flow and _begins_column(lines, place):
            yield flow
            flow = []
        flow.append(line)
    yield flow


# A column of prose is known by this many lines before its end, and after its beginning.
_LINES_OF_COLUMN = 5


def _begins_column(lines: Sequence[Line], place: int) -> bool:
    """Return whether a line is at the top of the next column of prose."""
    line = lines[place]
    if line.y - lines[place - 1].y < _LINES_OF_COLUMN * line.size:
        return False
    before = lines[max(0, place - _LINES_OF_COLUMN) : place]
    after = lines[place : place + _LINES_OF_COLUMN]
    return all(mean(len(one.text.split()) for one in part) >= _WORDS for part in (before, after))


def _read_tables(lines: list[Line], rules: Rules) -> list[Line]:
    if not _has_neighbours(lines):
        return lines
    rows = make_rows(lines)
    replaced: dict[int, list[Line]] = {}
    for table in _find_tables(rows, rules):
        places = {cell.place for row in table.rows for cell in row.cells}
        replaced |= {place: [] for place in places}
        replaced[min(places)] = list(_format(table, lines, rules))
    if not replaced:
        return lines
    return [one for place, line in enumerate(lines) for one in replaced.get(place, [line])]


def _has_neighbours(lines: Sequence[Line]) -> bool:
    """Return whether words are beside others, with a wide gap between them."""
    heights = sorted(line.y for line in lines)
    is_level = any(above - below < 1 for below, above in pairwise(heights))
    return is_level or any(line.words for line in lines)


def _find_tables(rows: Sequence[Row], rules: Rules) -> Iterator[_Table]:
    place = 0
    while place < len(rows):
        region = _grow(rows, place) if _may_begin(rows, place) else []
        table = _make_table(region, rules) if _may_be_table(region) else None
        if table:
            yield table
            place = rows.index(table.rows[-1])
        place += 1


def _may_begin(rows: Sequence[Row], place: int) -> bool:
    """Return whether a table may begin with a row: it has gaps, and not both it and the next are justified lines."""
    gaps = rows[place].find_gaps()
    return bool(gaps) and not all(map(_has_even_gaps, rows[place : place + 2]))


def _may_be_table(region: Sequence[Row]) -> bool:
    """Return whether rows are at least three with several words, or two with more, and no justified lines."""
    counts = [len(row.cells) for row in region]
    is_large = sum(count > 1 for count in counts) > 2 or (len(counts) > 1 and min(counts[:2]) > 2)
    return is_large and not _is_justified(region)


def _grow(rows: Sequence[Row], place: int) -> list[Row]:
    """Return the rows from a place on, as far as a gutter goes down between their words."""
    region = [rows[place]]
    gutters = rows[place].find_gaps()
    for row in rows[place + 1 : place + _MOST_ROWS]:
        left = narrow(gutters, row)
        if not left or _is_apart(region, row, is_narrower=len(left) < len(gutters)):
            break
        gutters = left
        region.append(row)
    while len(region) > 1 and not _may_be_last(region[-1], region[-2]):
        region.pop()
    return region


def _may_be_last(row: Row, above: Row) -> bool:
    """Return whether a row may end a table: it has wide gaps, or it is the next line of one cell."""
    gaps = row.find_gaps()
    if not gaps:
        return len(row.cells) == 1 and _is_near(above, row)
    return max(gap.width for gap in gaps) >= _USUAL_GAP * row.size


def _is_apart(region: Sequence[Row], row: Row, *, is_narrower: bool) -> bool:
    """Return whether a row is not in the table above: it is far, or a heading, or has other columns."""
    pitch = region[-1].y - row.y
    is_heading = len(row.cells) == 1 and abs(row.size - region[-1].size) > _SAME_SIZE * region[-1].size
    if is_heading or pitch > _WIDEST_PITCH * row.size:
        return True
    is_other = is_narrower or row.cells[0].left > region[0].cells[0].right
    if len(region) < 3 or not is_other:
        return False
    usual = median(above.y - below.y for above, below in pairwise(region))
    return pitch > _JUMP * max(usual, row.size)


def _is_near(above: Row, below: Row) -> bool:
    """Return whether a row may be the next line of a cell."""
    return above.y - below.y <= _LINE_PITCH * below.size


def _make_table(region: list[Row], rules: Rules) -> _Table | None:
    """Return the table that rows form; None if they are none."""
    table = _find_columns(region, rules)
    if not table.borders:
        return None
    inner = [row for row in (region[0], region[-1]) if len(row.cells) <= len(table.borders) + 1]
    if len(inner) < 2 and len(region) > 2:
        # A line of the text above or below has more gaps than the table has columns.
        first, last = (len(row.cells) > len(table.borders) + 1 for row in (region[0], region[-1]))
        return _make_table(region[first : len(region) - last], rules)
    return table if _is_large(table) and not _is_list(table) and not _is_text(table, rules) else None


def _find_columns(region: list[Row], rules: Rules) -> _Table:
    gutters = [gap for gap in _find_gutters(region) if _is_between_columns(gap, region, rules)]
    return _Table(region, [gap.middle for gap in gutters])


def _is_justified(region: Sequence[Row]) -> bool:
    """Return whether most of the lines have gaps of one width between words, so that the lines are equally long."""
    rows = [row for row in region if len(row.cells) > 1]
    return 2 * sum(map(_has_even_gaps, rows)) >= len(rows)


def _has_even_gaps(row: Row) -> bool:
    if len(row.cells) < 3:
        return False
    gaps = [right.left - left.right for left, right in pairwise(row.cells)]
    numbers = sum(any(map(str.isdigit, cell.text)) for cell in row.cells)
    is_even = max(gaps) <= _EVEN * min(gaps) and max(gaps) < _WIDEST_SPACE * row.size
    return is_even and 2 * numbers < len(row.cells)


def _is_large(table: _Table) -> bool:
    """Return whether enough rows have words in several columns; of two rows, the second must have the numbers."""
    rows = [row for row in table.rows if len(table.get_columns(row)) > 1]
    if len(rows) == 2 and len(table.borders) > 1:
        digits = [sum(any(map(str.isdigit, cell.text)) for cell in row.cells) for row in rows]
        return digits[0] == 0 and 2 * digits[1] >= len(rows[0].cells)
    return len(rows) > 2 and len(rows) >= _LEAST_SHARE * len(table.rows)


def _find_gutters(region: Sequence[Row]) -> list[Gap]:
    """Return the gaps that nearly all of the rows leave free, between the first and the last word."""
    steps = Counter[float]()
    for row in region:
        for cell in row.cells:
            steps[cell.left] += 1
            steps[cell.right] -= 1
    across = 0
    gutters: list[Gap] = []
    for left, right in pairwise(sorted(steps)):
        across += steps[left]
        if across > len(region) // _ROWS_ACROSS:
            continue
        if gutters and gutters[-1].right == left:
            gutters[-1] = Gap(gutters[-1].left, right)
        else:
            gutters.append(Gap(left, right))
    size = median(row.size for row in region)
    return [gap for gap in gutters if gap.width >= GUTTER * size]


def _is_between_columns(gutter: Gap, region: Sequence[Row], rules: Rules) -> bool:
    """Return whether a gutter is usually as wide as the gap of columns, words begin after it, or a line is in it."""
    gaps = [gap for row in region for gap in row.find_gaps() if gap.left <= gutter.middle <= gap.right]
    if not gaps:
        return False
    size = region[0].size
    is_wide = median(gap.width for gap in gaps) >= _USUAL_GAP * size
    begin = median(gap.right for gap in gaps)
    aligned = sum(abs(gap.right - begin) <= _ALIGNED * size for gap in gaps)
    is_aligned = aligned >= max(_FEWEST_ALIGNED, _ALIGNED_SHARE * len(region))
    return is_wide or is_aligned or rules.has_vertical(gutter, region[0].y, region[-1].y)


def _is_list(table: _Table) -> bool:
    """Return whether the rows are items with bullets or numbers, titles of a table of contents, or lines of code."""
    last = [row.cells[-1].text for row in table.rows]
    others = sum("…" in text or text.endswith(_ENDS_OF_CODE) for text in last)
    if 3 * others > len(last) or len(table.borders) > 1:
        return 3 * others > len(last)
    first, second = ([cell.text for cell in table.get_cells(column)] for column in (0, 1))
    pages = [int(text) for text in second if _PAGE.fullmatch(text)]
    is_contents = len(pages) == len(second) and pages == sorted(pages) and len(pages) > 2
    return is_contents or sum(map(bool, map(_MARKER.fullmatch, first))) > len(first) / 2


def _is_text(table: _Table, rules: Rules) -> bool:
    """Return whether the columns are lines of text, which are read one after the other."""
    columns = [table.get_cells(column) for column in range(len(table.borders) + 1)]
    is_text = [is_prose(column) for column in columns if column]
    has_grid = rules.has_grid(table.borders[0], table.rows[0].y, table.rows[-1].y)
    if has_grid or not any(is_text):
        return False
    return all(is_text) or not _is_written_by_rows(table, rules)


def _is_written_by_rows(table: _Table, rules: Rules) -> bool:
    """Return whether the file has all words of a row before those of the next."""
    places = [[cell.place for row in group for cell in row.cells] for group in _group_rows(table, rules)]
    return all(max(above) <= min(below) for above, below in pairwise(places))


def _format(table: _Table, lines: Sequence[Line], rules: Rules) -> Iterator[Line]:
    """Yield a line for each row of a table; a row with words in one column only stays as it is."""
    groups = list(_group_rows(table, rules))
    columns = range(len(table.borders) + 1)
    texts = [[_join(table, group, column) for column in columns] for group in groups]
    rows = [place for place, cells in enumerate(texts) if sum(map(bool, cells)) > 1]
    headed = [texts[place] for place in rows]
    is_headed = _has_header(headed, [groups[place] for place in rows])
    header = headed[0] if is_headed else []
    for place, (group, cells) in enumerate(zip(groups, texts, strict=True)):
        if place not in rows:
            yield from _keep(group, lines)
        elif place != rows[0] or not is_headed:
            yield _make_line(group, lines, _format_row(header, cells))


def _has_header(rows: Sequence[Sequence[str]], groups: Sequence[Sequence[Row]]) -> bool:
    """Return whether the first row names the columns; of two columns only if it alone is bold."""
    weights = [min(cell.weight for row in group for cell in row.cells) for group in groups]
    is_bold = len(rows) > 1 and weights[0] >= _BOLD > max(weights[1:])
    return is_bold or (len(rows[0]) > 2 and has_header(rows))


def _format_row(header: Sequence[str], cells: Sequence[str]) -> str:
    """Return a row in words; the first of two cells is a label, and so is a cell with a colon."""
    if not header and len(cells) == 2:
        return format_row([cells[0].rstrip(" :")], cells[1:])
    return format_row(header, cells).replace(":; ", ": ")


def _keep(group: Sequence[Row], lines: Sequence[Line]) -> Iterator[Line]:
    places = sorted({cell.place for row in group for cell in row.cells})
    return (lines[place] for place in places)


def _make_line(group: Sequence[Row], lines: Sequence[Line], text: str) -> Line:
    cells = [cell for row in group for cell in row.cells]
    left, right = min(cell.left for cell in cells), max(cell.right for cell in cells)
    page = lines[cells[0].place].page
    return Line(text, page, left, right, group[0].y, group[0].size, pieces=2, is_row=True)


def _join(table: _Table, group: Sequence[Row], column: int) -> str:
    """Return the words of a cell, which may have several lines."""
    words = [cell.text for row in group for cell in row.cells if table.find_column(cell) == column]
    return " ".join(words)


def _group_rows(table: _Table, rules: Rules) -> Iterator[list[Row]]:
    """Yield the rows of a table, each with all lines of its cells."""
    joins = _find_joins(table, rules)
    group = [table.rows[0]]
    for row, is_joined in zip(table.rows[1:], joins, strict=True):
        if not is_joined:
            yield group
            group = []
        group.append(row)
    yield group


def _find_joins(table: _Table, rules: Rules) -> list[bool]:
    """Return whether each row but the first belongs to the cells of the one above."""
    pairs = list(pairwise(table.rows))
    separators = rules.find_separators(table.rows)
    if separators:
        return [not is_separated for is_separated in separators]
    tight = _find_tight_pitch(table)
    return [
        above.y - below.y < _SHARED_PITCH * below.size or above.y - below.y <= tight or _goes_on(table, above, below)
        for above, below in pairs
    ]


def _find_tight_pitch(table: _Table) -> float:
    """Return the distance of lines in one cell if rows are clearly farther apart, else 0."""
    pairs = list(pairwise(table.rows))
    pitches = sorted(above.y - below.y for above, below in pairs)
    steps = [below for below, above in pairwise(pitches) if above >= _WIDER * below]
    tight = next((pitch for pitch in steps if pitch >= _SHARED_PITCH * table.rows[0].size), 0.0)
    if not tight or tight > _LINE_PITCH * table.rows[0].size:
        return 0.0
    inside = [(above, below) for above, below in pairs if above.y - below.y <= tight]
    going_on = sum(_has_wrapped_cell(table, above, below) for above, below in inside)
    is_wrapped = going_on > len(inside) / 2 and not _has_whole_rows(table, tight)
    return tight if is_wrapped else 0.0


def _has_whole_rows(table: _Table, tight: float) -> bool:
    """Return whether three neighbouring lines have words in all columns: cells seldom have equally many lines."""
    whole = [len(table.get_columns(row)) > len(table.borders) for row in table.rows]
    pitches = [above.y - below.y for above, below in pairwise(table.rows)]
    return any(
        all(whole[place : place + 3]) and max(pitches[place : place + 2]) <= tight for place in range(len(whole) - 2)
    )


def _has_wrapped_cell(table: _Table, above: Row, below: Row) -> bool:
    """Return whether a sentence in a cell goes on in the next line, and no cell is a number."""
    if any(_NUMBER.fullmatch(cell.text) for cell in below.cells):
        return False
    return any(_continues(table, above, cell) for cell in below.cells)


def _continues(table: _Table, above: Row, cell: Cell) -> bool:
    column = table.find_column(cell)
    before = [other.text for other in above.cells if table.find_column(other) == column]
    return bool(before) and not _ENDED.search(before[-1]) and (cell.text[0].islower() or cell.text[0] in "(&")


def _goes_on(table: _Table, above: Row, below: Row) -> bool:
    """Return whether a row has only the next lines of some cells: it is near, and its first column is empty."""
    columns = table.get_columns(below)
    is_part = columns < table.get_columns(above) and _is_near(above, below)
    return is_part and (0 not in columns or len(columns) == 1) and _has_wrapped_cell(table, above, below)
