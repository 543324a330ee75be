"""Computes a sum, a mean, an extreme or a count over the rows of a table, and quotes the rows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import takewhile
from statistics import mean
from typing import NamedTuple

from rag.answer.gather.blocks import list_article, quote_span
from rag.answer.gather.columns import Column, Columns, Row, is_amount, list_columns, read_column
from rag.answer.gather.request import Gathered, Request
from rag.answer.gather.task import DECIMALS, Task, choose, list_words, read_tasks
from rag.answer.quote.cite import HitSpan, cite_spans
from rag.answer.signs import CURRENCY_SIGNS, compile_any
from rag.rows import split_row
from rag.system import parse_source
from rag.text import is_inside, split_lines
from rag.types import Chunk

# The beginning of a row below a table that adds up the others, or is their mean.
_TOTAL = compile_any(
    r"\W*(?:(?:grand |net |in |sub-?)?(?:total|totals|sums?)|average|mean|(?:zwischen|gesamt)?summen?|gesamt\w*"
    r"|insgesamt|durchschnitt|mittelwert|totaux|somme|moyenne|suma|totale|somma|totaal|toplam|итого|всего)\b",
    r"\W*(?:altogether|tot|[Σ∑])\W*$",
)
# The beginning of such a row, or its empty name, if its numbers add up too: "All" may be the name of a detergent.
_LIKE_TOTAL = compile_any(r"\W*(?:(?:overall|all|combined|together|everything|everyone)\b|$)")
# Fewer rows are not a table.
_FEWEST_ROWS = 3
# A single row has no extreme value.
_FEWEST_COMPARED = 2
# A last row with fewer digits may be the sum or the mean of the others by chance.
_FEWEST_DIGITS = 3
# At most this many rows are quoted.
_MOST_QUOTED = 20
# The names of more rows with one extreme are not listed.
_MOST_NAMED = 5


class _Result(NamedTuple):
    """A computed value in words, and the rows that it follows from."""

    text: str
    rows: Sequence[Row]


class _Table(NamedTuple):
    """The rows of a table without totals, its columns, and the labels that other tables of its article have too.

    Every table has the label "" for its rows: they are counted only if there is no other table.
    """

    rows: list[Row]
    columns: Columns
    shared_labels: set[str]


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
            together = " ".join([*names, text]).lower()
            if not all(word in together for word in task.wanted):
                continue
            chunks = list_article(document_id, store)
        headings = [chunk.heading or "" for chunk in chunks[:1]]
        known = list_words(" ".join([*names, *headings]))
        for table in _find_tables(text, chunks):
            result = _compute(task, table, known)
            gathered = _quote_rows(result, chunks, hit.score) if result else None
            if gathered:
                return gathered
    return None


def _find_tables(text: str, chunks: Sequence[Chunk]) -> Iterator[_Table]:
    """Yield the tables of an article that have enough rows."""
    parts = _split_rows(text, chunks)
    counts = Counter(label for part in parts for label in ["", *list_columns(part)])
    for part in parts:
        rows = _leave_out_totals(part)
        if len(rows) >= _FEWEST_ROWS:
            yield _Table(rows, list_columns(rows), {label for label in counts if counts[label] > 1})


def _split_rows(text: str, chunks: Sequence[Chunk]) -> list[list[Row]]:
    """Return the rows of an article, in groups that follow one another and have labels in common."""
    groups: list[list[Row]] = [[]]
    article = [(chunk.start, chunk.end) for chunk in chunks]
    for start, end in split_lines(text):
        row = Row((start, end), _read_cells(text[start:end]) if is_inside(start, article) else {})
        if groups[-1] and row.cells.keys().isdisjoint(groups[-1][-1].cells):
            groups.append([])
        if row.cells:
            groups[-1].append(row)
    return groups if groups[-1] else groups[:-1]


def _read_cells(line: str) -> dict[str, str]:
    """Return the cells of a row by their label; the cells of columns with the same label are joined: "5; 6"."""
    joined: dict[str, str] = {}
    for label, value in split_row(line):
        joined[label] = f"{joined[label]}; {value}" if label in joined else value.strip()
    return joined


def _leave_out_totals(rows: Sequence[Row]) -> list[Row]:
    """Return the rows without totals at the end; [] if it is unclear which rows are totals."""
    kept = list(takewhile(lambda row: not _is_total(row), rows))
    if not kept or not all(map(_is_total, rows[len(kept) :])):
        return []
    name = kept[-1].cells.get(next(iter(list_columns(rows))), "")
    digits = _count_total_digits(kept)
    if digits and _LIKE_TOTAL.match(name):
        return kept[:-1]
    return kept if name and digits < _FEWEST_DIGITS else []


def _count_total_digits(rows: Sequence[Row]) -> int:
    """Return how many digits show that the last row is a total; 0 if one of its numbers is not a total.

    Zeros at the end do not count: 500, 600 and 550 may be the rents of three years.
    """
    digits = 0
    columns = list_columns(rows)
    for label in rows[-1].cells:
        column = read_column(label, columns[label])
        *above, last = column.numbers.values() if column else [Decimal(0)]
        # Of equal numbers, each is the mean of the others.
        if set(above) <= {last}:
            continue
        average = mean(above)
        if last not in {sum(above), average, round(average, 1), round(average, DECIMALS)}:
            return 0
        digits += len(last.normalize().as_tuple().digits)
    return digits


def _is_total(row: Row) -> bool:
    """Return whether a row begins with a word for a total, or one of its cells is just that word."""
    first, *others = row.cells.values()
    return bool(_TOTAL.match(first)) or any(_TOTAL.fullmatch(cell) for cell in others)


def _compute(task: Task, table: _Table, names: frozenset[str]) -> _Result | None:
    """Return the result of a task over a table; None if the table does not fit it.

    If another table of the article has the same column, it may be a part of the table, and nothing is computed.
    """
    choice = choose(task, table.columns, names)
    if choice is None or choice.label in table.shared_labels:
        return None
    rows = [row for row in table.rows if row.span in choice.rows]
    if not choice.label:
        has_remark = any(len(row.cells) == 1 for row in rows)
        return None if has_remark else _Result(_count_rows(len(rows)), rows)
    column = read_column(choice.label, table.columns[choice.label])
    if column is None or not _fits(task, column):
        return None
    rows = [row for row in rows if row.span in column.numbers]
    if task.operation.is_extreme:
        return _find_extreme(task, rows, column, table)
    if not rows:
        return None
    value = task.operation.compute([column.numbers[row.span] for row in rows])
    with_unit = f"{value:,f} {column.unit}".strip()
    return _Result(f"{with_unit}, the {task.operation.name} of {column.label} over {_count_rows(len(rows))}", rows)


def _fits(task: Task, column: Column) -> bool:
    """Return whether an operation makes sense for a column, and the question names no other currency than its own."""
    measured = f"{column.label} {column.unit}"
    other_currencies = set(CURRENCY_SIGNS).intersection(task.text).difference(measured)
    return not other_currencies and not task.operation.unfit.search(measured)


def _find_extreme(task: Task, rows: Sequence[Row], column: Column, table: _Table) -> _Result | None:
    """Return the rows with an extreme value; None if there are no two rows, or other rows have the same name."""
    if len(rows) < _FEWEST_COMPARED:
        return None
    extreme = task.operation.compute([column.numbers[row.span] for row in rows])
    best = [row for row in rows if column.numbers[row.span] == extreme]
    label = _choose_name(task, table, column.label)
    names = dict.fromkeys(row.cells.get(label, "") for row in best)
    namesakes = [row for row in rows if row.cells.get(label, "") in names]
    if len(namesakes) > len(best):
        return None
    subject = ", ".join(names) if len(names) <= _MOST_NAMED else _count_rows(len(best))
    return _Result(f"{subject}: {column.label} {best[0].cells[column.label]}", best)


def _choose_name(task: Task, table: _Table, label: str) -> str:
    """Return the label of the column that names a row: the one that the question asks for, else the first of words."""
    others = [name for name in table.columns if name != label]
    asked = [name for name in others if list_words(name) & task.wanted]
    of_words = [name for name in others if not is_amount(table.rows[0].cells.get(name, ""))]
    return [*asked, *of_words, label][0]


def _count_rows(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _quote_rows(result: _Result, chunks: Sequence[Chunk], score: float) -> Gathered | None:
    """Return a computed text with the first rows as its quotes; None if none can be quoted, such as orders."""
    spans: list[HitSpan] = []
    for row in result.rows[:_MOST_QUOTED]:
        spans += quote_span(chunks, row.span, score=score).spans
    note = "Computed from the rows of the table."
    if len(result.rows) > _MOST_QUOTED:
        note += f" The first {_MOST_QUOTED} of {len(result.rows):,} are shown."
    quotes = cite_spans(spans)
    return Gathered(quotes._replace(note=note), result.text) if quotes.citations else None
