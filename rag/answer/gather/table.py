"""Computes a sum, a mean, an extreme or a count over the rows of a table, and quotes the rows."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean
from typing import NamedTuple

from rag.answer.gather.blocks import list_article, quote_span
from rag.answer.quote.cite import HitSpan, Quotes, cite_spans
from rag.answer.signs import COLUMN_WORDS, COUNTS_ROWS, HIGHEST, LOWEST, MEAN, SUM, TABLE_WORDS, TOTAL, WHICH
from rag.answer.understand.query import Query
from rag.rows import split_row
from rag.index.index import Index
from rag.system import parse_source
from rag.text import content_words, split_lines
from rag.types import Chunk, Hit, Sentence, Span

# Fewer rows are not a table.
_FEWEST_ROWS = 3
# At most this many rows are quoted.
_MOST_QUOTED = 20
# A mean is rounded to this many decimals.
_DECIMALS = 2
_NUMBER = re.compile(r"(?P<before>[^\w\s+−-]{0,3})\s?(?P<sign>[+−-]?)(?P<digits>\d[\d.,' ]*)(?P<after>[^\d\s]{0,6})")
# "1.200" is a thousand or a little more than one: another cell of the column has to show it.
_UNCLEAR_POINT = re.compile(r"\d{1,3}(?:\.\d{3})+(?![\d.,])")
_DECIMAL_POINT = re.compile(r"\d\.(?:\d{1,2}|\d{4,})(?!\d)")
_DECIMAL_COMMA = re.compile(r"\d,\d{1,2}(?!\d)")
_SPACES = re.compile(r"[ ']")
_JOINED = re.compile(r"[_/-]")
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")


class _Row(NamedTuple):
    """A row of a table: its span in the document, and its cells by the label of their column."""

    span: Span
    cells: dict[str, str]


class _Column(NamedTuple):
    """The label of a column, and its numbers by the span of their row."""

    label: str
    numbers: dict[Span, Decimal]


class Computed(NamedTuple):
    """A computed value, as a sentence with the numbers of its passages, and the rows as quotes."""

    reply: Sentence
    quotes: Quotes


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


def compute_over_table(question: Query, hits: Sequence[Hit], index: Index) -> Computed | None:
    """Return what a question wants to be computed over a table of the documents found; None if it wants nothing.

    It is also None if a word of the question is neither in a label, a cell or the title, nor about tables: then the
    question may be about other rows, or about none.
    """
    operation = next((one for one in _OPERATIONS if one.sign.search(question.text)), None)
    if operation is None:
        return None
    scores: dict[int, float] = {}
    for hit in hits:
        scores.setdefault(hit.chunk.document_id, hit.score)
    for document_id, score in scores.items():
        with index.browse() as store:
            chunks = list_article(document_id, store)
            text = store.get_text(document_id)
        for rows in _find_tables(text, chunks):
            computed = _compute(operation, question, rows, chunks, score)
            if computed:
                return computed
    return None


def _find_tables(text: str, chunks: Sequence[Chunk]) -> Iterator[list[_Row]]:
    """Yield the tables of an article: rows that follow one another and have labels in common."""
    starts = [chunk.start for chunk in chunks]
    rows: list[_Row] = []
    for start, end in split_lines(text):
        row = _Row((start, end), dict(split_row(text[start:end])))
        nearest = bisect_right(starts, start) - 1
        is_article = nearest >= 0 and start < chunks[nearest].end
        goes_on = is_article and rows and not row.cells.keys().isdisjoint(rows[-1].cells)
        if not goes_on:
            yield rows
            rows = []
        if is_article and row.cells:
            rows.append(row)
    yield rows


def _compute(
    operation: _Operation, question: Query, rows: Sequence[_Row], chunks: Sequence[Chunk], score: float
) -> Computed | None:
    """Return what an operation gives over the rows that a question asks for; None if the table does not fit it."""
    table = [row for row in rows if not any(TOTAL.fullmatch(cell) for cell in row.cells.values())]
    if len(table) < _FEWEST_ROWS:
        return None
    chosen = _choose_rows(question, table)
    if not chosen or not _knows_words(operation, question, chosen, chunks[0]):
        return None
    if operation.compute is None:
        return _conclude(f"{len(chosen):,} rows", chosen, chunks, score)
    column = _choose_column(question, table)
    counted = [row for row in chosen if column and row.span in column.numbers]
    if column is None or not counted:
        return None
    result = operation.compute([column.numbers[row.span] for row in counted])
    if operation.is_extreme:
        best = [row for row in counted if column.numbers[row.span] == result]
        name = _choose_name(question, table, column.label)
        return _conclude(_describe_extreme(best, name, column.label), best, chunks, score)
    shown = _format(result, is_mean=operation.name == "mean")
    text = f"{shown}, the {operation.name} of {column.label} over {len(counted):,} rows"
    return _conclude(text, counted, chunks, score)


def _describe_extreme(rows: Sequence[_Row], name: str, label: str) -> str:
    """Return the names of rows and the value that they have in a column: "Finch Mini: Price (EUR) 1290"."""
    names = ", ".join(dict.fromkeys(row.cells.get(name, "") for row in rows))
    return f"{names}: {label} {rows[0].cells[label]}"


def _knows_words(operation: _Operation, question: Query, rows: Sequence[_Row], chunk: Chunk) -> bool:
    """Return whether each word of a question is in the table or its titles, or says what to compute."""
    texts = [chunk.title, parse_source(chunk.source).name, chunk.heading or ""]
    for row in rows:
        texts += [*row.cells, *row.cells.values()]
    known = content_words(_JOINED.sub(" ", " ".join(texts))) | TABLE_WORDS | _list_years(question)
    if operation.is_extreme:
        known |= _find_thing(question)
    return question.words <= known


def _find_thing(question: Query) -> set[str]:
    """Return the words by which a question names the rows: "Which e-bike is the cheapest?"."""
    match = WHICH.match(question.text)
    return content_words(match["thing"]) if match else set()


def _choose_rows(question: Query, rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows that have the words which the question shares with whole cells; all rows if it shares none."""
    years = _list_years(question)
    chosen = list(rows)
    for label in _list_labels(rows):
        matching = [row for row in rows if _is_asked(row.cells.get(label, ""), question, years)]
        if matching and len(matching) < len(rows):
            spans = {row.span for row in matching}
            chosen = [row for row in chosen if row.span in spans]
    return chosen


def _is_asked(cell: str, question: Query, years: set[str]) -> bool:
    """Return whether a question has all words of a cell, or the year of its date."""
    words = content_words(cell)
    has_words = bool(words) and words <= question.words and not cell.replace(".", "").isdigit()
    return has_words or bool(years & set(_YEAR.findall(cell)))


def _list_years(question: Query) -> set[str]:
    return set(_YEAR.findall(question.text))


def _choose_column(question: Query, rows: Sequence[_Row]) -> _Column | None:
    """Return the column of numbers that the question names; the only such column if it names none; else None."""
    wanted = set(question.words)
    for sign, words in COLUMN_WORDS:
        if sign.search(question.text):
            wanted |= words
    columns = [column for label in _list_labels(rows) if (column := _read_column(label, rows))]
    shared = [len(content_words(column.label) & wanted) for column in columns]
    most = max(shared, default=0)
    return columns[shared.index(most)] if shared.count(most) == 1 else None


def _read_column(label: str, rows: Sequence[_Row]) -> _Column | None:
    """Return a column of numbers that can be added; else None.

    They cannot be added if they have several units, or if they are years or the numbers of the rows. Nor can they if
    it is unclear whether a point is a decimal sign.
    """
    cells = {row.span: row.cells[label].strip() for row in rows if label in row.cells}
    together = " ; ".join(cells.values())
    has_decimal_comma = _DECIMAL_COMMA.search(together) is not None
    is_clear = has_decimal_comma or _DECIMAL_POINT.search(together) or not _UNCLEAR_POINT.search(together)
    units: set[str] = set()
    numbers: dict[Span, Decimal] = {}
    for span, cell in cells.items():
        match = _NUMBER.fullmatch(cell)
        number = _parse_number(match, has_decimal_comma=has_decimal_comma) if match else None
        if match is None or number is None:
            return None
        units.add(f"{match['before']} {match['after']}".strip())
        numbers[span] = number
    is_of_years = all(_YEAR.fullmatch(cell) for cell in cells.values())
    is_counted = list(numbers.values()) == [Decimal(number) for number in range(1, len(cells) + 1)]
    can_be_added = is_clear and len(units) == 1 and not is_of_years and not is_counted
    return _Column(label, numbers) if can_be_added else None


def _parse_number(match: re.Match[str], *, has_decimal_comma: bool) -> Decimal | None:
    """Return the number of a cell, or None if it has several decimal signs."""
    digits = _SPACES.sub("", match["digits"]).rstrip(".,")
    plain = digits.replace(".", "").replace(",", ".") if has_decimal_comma else digits.replace(",", "")
    if plain.count(".") > 1:
        return None
    return -Decimal(plain) if match["sign"] in {"-", "−"} else Decimal(plain)


def _format(value: Decimal, *, is_mean: bool) -> str:
    """Return a number with commas between thousands; a mean is rounded."""
    if is_mean:
        value = round(value, _DECIMALS)
    return f"{value:,f}"


def _choose_name(question: Query, rows: Sequence[_Row], label: str) -> str:
    """Return the label of the column that names a row: the one that the question asks for, else the first of words."""
    others = [name for name in _list_labels(rows) if name != label]
    for name in others:
        if content_words(name) & question.words:
            return name
    for name in others:
        if not _NUMBER.fullmatch(rows[0].cells.get(name, "").strip()):
            return name
    return label


def _list_labels(rows: Sequence[_Row]) -> list[str]:
    """Return the labels of a table's columns, in their order."""
    labels: dict[str, None] = {}
    for row in rows:
        labels |= dict.fromkeys(row.cells)
    return list(labels)


def _conclude(text: str, rows: Sequence[_Row], chunks: Sequence[Chunk], score: float) -> Computed | None:
    """Return a computed text with the first rows as its quotes; None if none can be quoted."""
    hits: tuple[Hit, ...] = ()
    spans: list[HitSpan] = []
    for row in rows[:_MOST_QUOTED]:
        quoted = quote_span(chunks, row.span, hits, score=score)
        hits = quoted.hits
        spans += quoted.spans
    note = "Computed from the rows of the table."
    if len(rows) > _MOST_QUOTED:
        note += f" The first {_MOST_QUOTED} of {len(rows):,} are shown."
    quotes = cite_spans(spans, hits)
    numbers = tuple(dict.fromkeys(citation.number for citation in quotes.citations))
    return Computed(Sentence(text, numbers), quotes._replace(note=note)) if numbers else None
