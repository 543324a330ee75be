"""Computes a sum, a mean, an extreme or a count over the rows of a table, and quotes the rows."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean
from typing import NamedTuple

from rag.answer.gather.blocks import list_article, quote_span
from rag.answer.gather.columns import YEAR, Column, Row, is_number, list_labels, read_columns
from rag.answer.gather.request import Gathered, Request
from rag.answer.quote.cite import HitSpan, cite_spans
from rag.answer.signs import COLUMN_WORDS, COUNTS_ROWS, HIGHEST, LOWEST, MEAN, SUM, TABLE_WORDS, TOTAL, WHICH
from rag.answer.understand.query import Query
from rag.rows import split_row
from rag.system import parse_source
from rag.text import content_words, split_lines
from rag.types import Chunk, Hit

# Fewer rows are not a table.
_FEWEST_ROWS = 3
# At most this many rows are quoted.
_MOST_QUOTED = 20
# A mean is rounded to this many decimals.
_DECIMALS = 2
_JOINED = re.compile(r"[_/-]")


class _Result(NamedTuple):
    """A computed value in words, and the rows that it follows from."""

    text: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class _Operation:
    """An operation on the values of a column; `sign` recognises it in a question."""

    name: str
    sign: re.Pattern[str]
    # None: the rows are counted, whatever is in them.
    compute: Callable[[Sequence[Decimal]], Decimal] | None
    # An extreme is the value of single rows, and only these are quoted.
    is_extreme: bool = False


_OPERATIONS = (
    _Operation("count", COUNTS_ROWS, None),
    _Operation("mean", MEAN, mean),
    _Operation("sum", SUM, lambda values: sum(values, Decimal(0))),
    _Operation("highest", HIGHEST, max, is_extreme=True),
    _Operation("lowest", LOWEST, min, is_extreme=True),
)


def compute_over_table(request: Request) -> Gathered | None:
    """Return what a question wants to be computed over a table of the documents found; None if it wants nothing.

    It is also None if a word of the question is neither in a label, a cell or the title, nor about tables: then the
    question may be about other rows, or about none.
    """
    for operation in _OPERATIONS:
        if operation.sign.search(request.question.text):
            return _compute_over_nearest(operation, request)
    return None


def _compute_over_nearest(operation: _Operation, request: Request) -> Gathered | None:
    """Return what an operation gives over the first table that fits a question, from the nearest document on."""
    wanted = _list_wanted_words(operation, request.question)
    for hit in request.best_hits:
        document_id, names = hit.chunk.document_id, [hit.chunk.title, parse_source(hit.chunk.source).name]
        with request.index.browse() as store:
            text = store.get_text(document_id)
            # A table takes long to read, and most documents lack a word of the question.
            if not _has_stems(wanted, [*names, text]):
                continue
            chunks = list_article(document_id, store)
        for table in _find_tables(text, chunks):
            known = _list_words([*names, chunks[0].heading or ""])
            result = _compute(operation, request.question, table, wanted - known)
            gathered = _quote_rows(result, chunks, hit.score) if result else None
            if gathered:
                return gathered
    return None


def _list_wanted_words(operation: _Operation, question: Query) -> set[str]:
    """Return the words of a question that say what it is about: a table has to have them."""
    words = question.words - TABLE_WORDS - _list_years(question)
    thing = WHICH.match(question.text)
    if operation.is_extreme and thing:  # "Which e-bike is the cheapest?": the cells may have other words for it
        words -= content_words(thing["thing"])
    return words


def _list_years(question: Query) -> set[str]:
    return set(YEAR.findall(question.text))


def _has_stems(stems: set[str], texts: Sequence[str]) -> bool:
    """Return whether texts may have all words with some stems: a stem is the beginning of its words."""
    together = " ".join(texts).lower()
    return all(stem in together for stem in stems)


def _find_tables(text: str, chunks: Sequence[Chunk]) -> Iterator[list[Row]]:
    """Yield the tables of an article: rows that follow one another and have labels in common, without totals."""
    rows: list[Row] = []
    for row in _read_lines(text, chunks):
        goes_on = rows and not row.cells.keys().isdisjoint(rows[-1].cells)
        if not goes_on:
            yield from _keep_table(rows)
            rows = []
        if row.cells:
            rows.append(row)
    yield from _keep_table(rows)


def _read_lines(text: str, chunks: Sequence[Chunk]) -> Iterator[Row]:
    """Yield each line of a text as a row; it has no cells if it has no labels, or is not of the article."""
    starts = [chunk.start for chunk in chunks]
    for start, end in split_lines(text):
        nearest = bisect_right(starts, start) - 1
        is_article = nearest >= 0 and start < chunks[nearest].end
        cells = split_row(text[start:end]) if is_article else []
        yield Row((start, end), dict(cells))


def _keep_table(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield rows without those that add up others, if enough are left."""
    table = [row for row in rows if not _adds_up(row)]
    if len(table) >= _FEWEST_ROWS:
        yield table


def _adds_up(row: Row) -> bool:
    return any(TOTAL.fullmatch(cell) for cell in row.cells.values())


def _compute(operation: _Operation, question: Query, table: Sequence[Row], wanted: set[str]) -> _Result | None:
    """Return what an operation gives over the rows that a question asks for; None if the table does not fit it.

    The rows have to have the `wanted` words.
    """
    rows = _choose_rows(question, table)
    if not _have_words(wanted, rows):
        return None
    if operation.compute is None:
        return _Result(_count_rows(len(rows)), rows) if rows else None
    column = _choose_column(question, table)
    if column is None:
        return None
    rows = [row for row in rows if row.span in column.numbers]
    if not rows:
        return None
    value = operation.compute([column.numbers[row.span] for row in rows])
    if operation.is_extreme:
        best = [row for row in rows if column.numbers[row.span] == value]
        return _Result(_describe_extreme(best, _choose_name(question, table, column.label), column.label), best)
    return _Result(_describe_value(value, operation, column, len(rows)), rows)


def _choose_rows(question: Query, table: Sequence[Row]) -> list[Row]:
    """Return the rows that have the words which the question shares with whole cells; all rows if it shares none."""
    chosen = list(table)
    for label in list_labels(table):
        asked = _list_asked_cells(label, table, question)
        if asked:
            chosen = [row for row in chosen if row.cells.get(label, "") in asked]
    return chosen


def _list_asked_cells(label: str, table: Sequence[Row], question: Query) -> set[str]:
    """Return the cells of a column that a question names; an empty set if these are all."""
    cells = {row.cells.get(label, "") for row in table}
    asked = {cell for cell in cells if _is_asked(cell, question)}
    is_all = asked == cells
    return set() if is_all else asked


def _is_asked(cell: str, question: Query) -> bool:
    """Return whether a question has all words of a cell, or the year of its date."""
    if not _list_years(question).isdisjoint(YEAR.findall(cell)):
        return True
    words = content_words(cell)
    is_amount = cell.replace(".", "").isdigit()
    return bool(words) and not is_amount and words <= question.words


def _have_words(wanted: set[str], rows: Sequence[Row]) -> bool:
    """Return whether rows have all wanted words, in their labels or cells."""
    missing = set(wanted)
    for row in rows:
        if not missing:
            break
        missing -= _list_words([*row.cells, *row.cells.values()])
    return not missing


def _list_words(texts: Sequence[str]) -> set[str]:
    """Return the words of texts; "price_list" has two."""
    return content_words(_JOINED.sub(" ", " ".join(texts)))


def _choose_column(question: Query, table: Sequence[Row]) -> Column | None:
    """Return the column of numbers that the question names; the only such column if it names none; else None."""
    wanted = set(question.words)
    for sign, words in COLUMN_WORDS:
        if sign.search(question.text):
            wanted |= words
    columns = list(read_columns(table))
    shared = [len(content_words(column.label) & wanted) for column in columns]
    most = max(shared, default=0)
    return columns[shared.index(most)] if shared.count(most) == 1 else None


def _choose_name(question: Query, table: Sequence[Row], label: str) -> str:
    """Return the label of the column that names a row: the one that the question asks for, else the first of words."""
    others = [name for name in list_labels(table) if name != label]
    asked = [name for name in others if content_words(name) & question.words]
    of_words = [name for name in others if not is_number(table[0].cells.get(name, ""))]
    return [*asked, *of_words, label][0]


def _describe_extreme(rows: Sequence[Row], name: str, label: str) -> str:
    """Return the names of rows and the value that they have in a column: "Finch Mini: Price (EUR) 1290"."""
    names = ", ".join(dict.fromkeys(row.cells.get(name, "") for row in rows))
    return f"{names}: {label} {rows[0].cells[label]}"


def _describe_value(value: Decimal, operation: _Operation, column: Column, rows: int) -> str:
    """Return a computed value in words: "2,000.00, the sum of Amount (EUR) over 4 rows"."""
    if operation.name == "mean":
        value = round(value, _DECIMALS)
    return f"{value:,f}, the {operation.name} of {column.label} over {_count_rows(rows)}"


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
