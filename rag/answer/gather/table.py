"""Computes a sum, a mean, an extreme or a count over the rows of a table, and quotes the rows."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain
from statistics import mean
from typing import NamedTuple

from rag.answer.gather.blocks import list_article, quote_span
from rag.answer.gather.columns import Column, Row, is_amount, list_labels, read_column
from rag.answer.gather.request import Gathered, Request
from rag.answer.gather.task import Task, choose, list_words, read_tasks
from rag.answer.quote.cite import HitSpan, cite_spans
from rag.answer.signs import CURRENCY_SIGNS, LIKE_TOTAL, TOTAL
from rag.rows import Cell, split_row
from rag.system import parse_source
from rag.text import split_lines
from rag.types import Chunk, Hit

# Fewer rows are not a table.
_FEWEST_ROWS = 3
# A last row with fewer digits may be the sum or the mean of the others by chance.
_FEWEST_DIGITS = 3
# At most this many rows are quoted.
_MOST_QUOTED = 20
# The names of more rows with one extreme are not listed.
_MOST_NAMED = 5
# A mean is rounded to this many decimals.
_DECIMALS = 2


class _Result(NamedTuple):
    """A computed value in words, and the rows that it follows from."""

    text: str
    rows: Sequence[Row]


class _Table(NamedTuple):
    """The rows of a table without totals, and the labels that other tables of its article have too.

    `is_alone`: its article has no other table.
    """

    rows: list[Row]
    shared_labels: set[str]
    is_alone: bool


def compute_over_table(request: Request) -> Gathered | None:
    """Return what a question wants to be computed over a table of the documents found; None if it wants nothing.

    It is also None if anything in the question is not understood: each word has to be in a label, a cell or the title,
    or to be about tables.
    """
    for task in read_tasks(request.question):
        gathered = _compute_over_nearest(task, request)
        if gathered:
            return gathered
    return None


def _compute_over_nearest(task: Task, request: Request) -> Gathered | None:
    """Return the result of a task over the first table that fits it, from the nearest document on."""
    for hit in request.best_hits:
        document_id, names = hit.chunk.document_id, [hit.chunk.title, parse_source(hit.chunk.source).name]
        with request.index.browse() as store:
            text = store.get_text(document_id)
            # A table takes long to read, and most documents lack a word of the question.
            if not _has_words(task.wanted, [*names, text]):
                continue
            chunks = list_article(document_id, store)
        known = list_words(" ".join([*names, chunks[0].heading or ""]))
        for table in _find_tables(text, chunks):
            result = _compute(task, table, known)
            gathered = _quote_rows(result, chunks, hit.score) if result else None
            if gathered:
                return gathered
    return None


def _has_words(words: frozenset[str], texts: Sequence[str]) -> bool:
    """Return whether texts have all of some words, with or without a plural's "s"."""
    together = " ".join(texts).lower()
    return all(word in together for word in words)


def _find_tables(text: str, chunks: Sequence[Chunk]) -> Iterator[_Table]:
    """Yield the tables of an article that have enough rows."""
    parts = list(_split_rows(text, chunks))
    counts = Counter(chain.from_iterable(map(list_labels, parts)))
    shared_labels = {label for label, count in counts.items() if count > 1}
    for part in parts:
        rows = _leave_out_totals(part)
        if len(rows) >= _FEWEST_ROWS:
            yield _Table(rows, shared_labels, is_alone=len(parts) == 1)


def _split_rows(text: str, chunks: Sequence[Chunk]) -> Iterator[list[Row]]:
    """Yield the rows that follow one another and have labels in common."""
    rows: list[Row] = []
    for row in _read_lines(text, chunks):
        if rows and row.cells.keys().isdisjoint(rows[-1].cells):
            yield rows
            rows = []
        if row.cells:
            rows.append(row)
    if rows:
        yield rows


def _read_lines(text: str, chunks: Sequence[Chunk]) -> Iterator[Row]:
    """Yield each line of a text as a row; it has no cells if it has no labels, or is not of the article."""
    starts = [chunk.start for chunk in chunks]
    for start, end in split_lines(text):
        nearest = bisect_right(starts, start) - 1
        is_article = nearest >= 0 and start < chunks[nearest].end
        cells = split_row(text[start:end]) if is_article else []
        yield Row((start, end), _join_cells(cells))


def _join_cells(cells: Sequence[Cell]) -> dict[str, str]:
    """Return the cells of a row by their label; the cells of columns with the same label are joined: "5; 6"."""
    joined: dict[str, str] = {}
    for cell in cells:
        joined[cell.label] = f"{joined[cell.label]}; {cell.value}" if cell.label in joined else cell.value
    return joined


def _leave_out_totals(rows: Sequence[Row]) -> list[Row]:
    """Return the rows without totals at the end; [] if it is unclear which rows are totals."""
    kept = list(rows)
    while kept and _is_total(kept[-1]):
        kept.pop()
    if not kept or any(map(_is_total, kept)):
        return []
    name = kept[-1].cells.get(list_labels(rows)[0], "")
    digits = _count_total_digits(kept)
    if digits and LIKE_TOTAL.match(name):
        return kept[:-1]
    is_clear = name and digits < _FEWEST_DIGITS
    return kept if is_clear else []


def _count_total_digits(rows: Sequence[Row]) -> int:
    """Return how many digits show that the last row is a total; 0 if one of its numbers is not a total.

    Zeros at the end do not count: 500, 600 and 550 may be the rents of three years.
    """
    digits = 0
    for label in rows[-1].cells:
        column = read_column(label, rows)
        *above, last = column.numbers.values() if column else [Decimal(0)]
        # Of equal numbers, each is the mean of the others.
        if set(above) <= {last}:
            continue
        average = mean(above)
        if last not in {sum(above), average, round(average, 1), round(average, _DECIMALS)}:
            return 0
        digits += len(last.normalize().as_tuple().digits)
    return digits


def _is_total(row: Row) -> bool:
    """Return whether a row begins with a word for a total, or one of its cells is just that word."""
    first, *others = row.cells.values()
    return bool(TOTAL.match(first)) or any(TOTAL.fullmatch(cell) for cell in others)


def _compute(task: Task, table: _Table, names: frozenset[str]) -> _Result | None:
    """Return the result of a task over a table; None if the table does not fit it.

    If another table of the article has the same column, it may be a part of the table, and nothing is computed.
    """
    choice = choose(task, table.rows, names)
    if choice is None or not choice.rows:
        return None
    if not choice.label:
        return _count(choice.rows, table)
    column = read_column(choice.label, table.rows)
    if column is None or column.label in table.shared_labels:
        return None
    rows = [row for row in choice.rows if row.span in column.numbers]
    measured = f"{column.label} {column.unit}"
    other_currencies = set(CURRENCY_SIGNS).intersection(task.text).difference(measured)
    if not rows or other_currencies or task.operation.unfit.search(measured):
        return None
    value = task.operation.compute([column.numbers[row.span] for row in rows])
    if task.operation.is_extreme:
        return _find_extreme(value, task, rows, column, table.rows)
    return _Result(_describe_value(value, task.operation.name, column, len(rows)), rows)


def _count(rows: Sequence[Row], table: _Table) -> _Result | None:
    """Return the number of rows; None if one may be a remark, or if the article has another table."""
    has_remark = any(len(row.cells) == 1 for row in rows)
    if has_remark or not table.is_alone:
        return None
    return _Result(_count_rows(len(rows)), rows)


def _find_extreme(
    value: Decimal, task: Task, rows: Sequence[Row], column: Column, table: Sequence[Row]
) -> _Result | None:
    """Return the rows with an extreme value; None if there is only one row, or other rows have the same name."""
    if len(rows) == 1:
        return None
    best = [row for row in rows if column.numbers[row.span] == value]
    name = _choose_name(task, table, column.label)
    names = {row.cells.get(name, "") for row in best}
    namesakes = [row for row in rows if row.cells.get(name, "") in names]
    if len(namesakes) > len(best):
        return None
    return _Result(_describe_extreme(best, name, column.label), best)


def _choose_name(task: Task, table: Sequence[Row], label: str) -> str:
    """Return the label of the column that names a row: the one that the question asks for, else the first of words."""
    others = [name for name in list_labels(table) if name != label]
    asked = [name for name in others if list_words(name) & task.wanted]
    of_words = [name for name in others if not is_amount(table[0].cells.get(name, ""))]
    return [*asked, *of_words, label][0]


def _describe_extreme(rows: Sequence[Row], name: str, label: str) -> str:
    """Return the value that rows have in a column, and their names or number: "Finch Mini: Price (EUR) 1290"."""
    names = dict.fromkeys(row.cells.get(name, "") for row in rows)
    subject = ", ".join(names) if len(names) <= _MOST_NAMED else _count_rows(len(rows))
    return f"{subject}: {label} {rows[0].cells[label]}"


def _describe_value(value: Decimal, name: str, column: Column, rows: int) -> str:
    """Return a computed value in words: "2,000.00 €, the sum of Amount over 4 rows"."""
    if name == "mean":
        value = round(value, _DECIMALS)
    with_unit = f"{value:,f} {column.unit}".strip()
    return f"{with_unit}, the {name} of {column.label} over {_count_rows(rows)}"


def _count_rows(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _quote_rows(result: _Result, chunks: Sequence[Chunk], score: float) -> Gathered | None:
    """Return a computed text with the first rows as its quotes; None if none can be quoted."""
    hits: tuple[Hit, ...] = ()
    spans: list[HitSpan] = []
    for row in result.rows[:_MOST_QUOTED]:
        quoted = quote_span(chunks, row.span, hits, score=score)
        hits = quoted.hits
        spans += quoted.spans
    note = "Computed from the rows of the table."
    if len(result.rows) > _MOST_QUOTED:
        note += f" The first {_MOST_QUOTED} of {len(result.rows):,} are shown."
    quotes = cite_spans(spans, hits)
    return Gathered(quotes._replace(note=note), result.text) if quotes.citations else None
