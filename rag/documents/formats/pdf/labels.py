"""Puts the rows of a table on a page into words: each cell with the label of its column, also on the next page."""

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from statistics import median

from rag.documents.formats.pdf.bands import Band
from rag.documents.formats.pdf.page_rows import PageRow, find_reach, list_places
from rag.documents.formats.pdf.paragraphs import Columns, Line
from rag.documents.formats.pdf.rules import Rules
from rag.documents.formats.rows import LONGEST_LABEL, has_header, join_header, list_filled
from rag.rows import format_row

# Columns of two pages are at one place if they differ by less than this, in points.
_SAME_PLACE = 2


def format_table(table: Band, lines: Sequence[Line], rules: Rules) -> Iterator[Line]:
    """Yield a line for each row of a table but its header; a row with words in one column only stays as it is."""
    middles = []  # where the middle of a cell usually is in each column
    places = []
    for column in table.list_columns():
        middles.append(median((cell.left + cell.right) / 2 for cell in column))
        places.append(find_reach(column))
    groups = table.group_rows(rules)
    texts = list(map(table.get_texts, groups))
    if _has_drawn_cells(table, groups, middles, rules):
        texts = _repeat_merged(texts, groups, middles, rules)
    header_rows, labels = _find_header(texts, groups, middles, rules)
    columns = Columns(tuple(labels), tuple(places))
    for group, cells in zip(groups, texts, strict=True):
        if not _is_whole(cells):
            yield from (lines[place] for place in list_places(group))
        elif cells not in header_rows:
            yield _make_line(group, lines, cells, columns)


def _is_whole(cells: Sequence[str]) -> bool:
    """Return whether a row has words in several columns."""
    return len(list_filled(cells)) > 1


def _has_drawn_cells(table: Band, groups: Sequence[list[PageRow]], middles: Sequence[float], rules: Rules) -> bool:
    """Return whether lines are drawn between the rows, and between all columns of each row but the first."""
    if not rules.find_separators(table.rows):
        return False
    heights = [group[0].y for group in groups[1:]]
    return all(rules.find_sides(left, y)[1] < right for left, right in pairwise(middles) for y in heights)


def _repeat_merged(
    texts: Sequence[list[str]], groups: Sequence[list[PageRow]], middles: Sequence[float], rules: Rules
) -> list[list[str]]:
    """Return the texts of the rows; the label of a cell that spans several rows is in each of them."""
    columns = [list(column) for column in zip(*texts, strict=True)]
    for middle, column in zip(middles, columns, strict=True):
        start = 0
        for end, (above, below) in enumerate(pairwise(groups), start=1):
            if rules.divide(above[-1], below[0], middle):
                _share_label(column, start, end)
                start = end
        _share_label(column, start, len(column))
    return [list(row) for row in zip(*columns, strict=True)]


def _share_label(texts: list[str], start: int, end: int) -> None:
    """Put the text of a cell into all places that it spans, if it is the only one there, and a label."""
    places = [place for place in range(start, end) if texts[place]]
    if len(places) == 1 and len(texts[places[0]]) <= LONGEST_LABEL:
        texts[start:end] = [texts[places[0]]] * (end - start)


def _find_header(
    texts: Sequence[list[str]], groups: Sequence[list[PageRow]], middles: Sequence[float], rules: Rules
) -> tuple[list[list[str]], list[str]]:
    """Return the rows of the header and the labels of the columns; nothing unless three columns or more have names."""
    rows = list(filter(_is_whole, texts))
    top = groups[texts.index(rows[0])][0]
    levels = [_spread_labels(rows[0], top, middles, rules), *rows[1:]]
    labels, height = join_header(levels)
    is_headed = len(labels) > 2 and has_header([labels, *rows[height:]])
    return (rows[:height], labels) if is_headed else ([], [])


def _spread_labels(cells: Sequence[str], row: PageRow, middles: Sequence[float], rules: Rules) -> list[str]:
    """Return the texts of a row; the label of a cell that spans several columns is in each of them."""
    labels = list(cells)
    for cell in row.cells:
        left, right = rules.find_sides((cell.left + cell.right) / 2, row.y)
        _share_label(labels, bisect(middles, left), bisect(middles, right))
    return labels


def _make_line(group: Sequence[PageRow], lines: Sequence[Line], cells: Sequence[str], columns: Columns) -> Line:
    left, right = find_reach(chain.from_iterable(row.cells for row in group))
    first = group[0]
    page = lines[first.cells[0].place].page
    text = _format_row(columns.labels, cells)
    return Line(text, page, left, right, first.y, first.size, pieces=2, cells=tuple(cells), columns=columns)


def _format_row(labels: Sequence[str], cells: Sequence[str]) -> str:
    """Return a row in words; the first of two cells is a label, and so is a cell with a colon."""
    if not labels and len(cells) == 2:
        return format_row([cells[0].rstrip(" :")], cells[1:])
    return format_row(labels, cells).replace(":; ", ": ")


def label_continued_tables(pages: Iterable[Sequence[Line]]) -> Iterator[list[Line]]:
    """Yield the pages; a table without header at the top of a page has the labels of the one that it continues."""
    above: Columns | None = None
    for page in pages:
        lines = list(page)
        first = next(_find_columns(lines), None)
        if first and above and _continues(first, above):
            for place, line in enumerate(lines):
                if line.columns is first:
                    lines[place] = replace(line, text=_format_row(above.labels, line.cells), columns=above)
        yield lines
        above = next(_find_columns(reversed(lines)), None)


def _find_columns(lines: Iterable[Line]) -> Iterator[Columns | None]:
    """Yield the columns of the table in which each line is, or None; lines that are aside are left out."""
    return (line.columns for line in lines if not line.is_aside)


def _continues(columns: Columns, above: Columns) -> bool:
    """Return whether a table without header has its columns where the one above has them."""
    if columns.labels or len(columns.places) != len(above.places):
        return False
    return all(map(_is_same_place, columns.places, above.places))


def _is_same_place(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Return whether two columns begin, end or have their middle at one place."""
    left, right = one[0] - other[0], one[1] - other[1]
    return min(abs(left), abs(right), abs(left + right) / 2) < _SAME_PLACE
