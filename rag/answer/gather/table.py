"""Computes over the rows of a table or lists some of them, and quotes them."""

from collections.abc import Sequence
from decimal import Decimal
from statistics import mean

from rag.answer.gather.blocks import list_article, quote_span
from rag.answer.gather.calculation import AGGREGATES, DECIMALS, EXTREMES, Calculation
from rag.answer.gather.columns import YEAR, Row, list_columns, read_column
from rag.answer.gather.listing import LISTINGS, Listing
from rag.answer.gather.naming import find_named
from rag.answer.gather.request import Gathered, Request
from rag.answer.gather.task import MOST_NAMED, Choice, Result, Task, list_words
from rag.answer.quote.cite import HitSpan, cite_spans
from rag.answer.signs import compile_any
from rag.index.index import Index
from rag.rows import split_row
from rag.system import parse_source
from rag.text import is_inside, split_lines
from rag.types import Chunk, Hit

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
# A last row with fewer digits may be the sum or the mean of the others by chance.
_FEWEST_DIGITS = 3
# An extreme comes first: "the highest total" is the highest value of a column "Total".
_OPERATIONS: tuple[Listing | Calculation, ...] = (*EXTREMES, *LISTINGS, *AGGREGATES)


def compute_over_table(request: Request) -> Gathered | None:
    """Return what a question wants to be computed over a table of the documents found; None if it wants nothing.

    It is also None if anything in the question is not understood: each word has to be in a label, a cell or the title,
    or to be about tables. Of several documents with such a table the nearest one counts, and the note says so.
    """
    for operation in _OPERATIONS:
        task = operation.read_task(request.question)
        if task is None:
            continue
        results = [_compute_over_document(operation, task, hit, request.index) for hit in request.best_hits]
        fitting = [gathered for gathered in results if gathered]
        if fitting:
            return fitting[0] if len(fitting) == 1 else _name_document(fitting[0])
    return None


def _name_document(gathered: Gathered) -> Gathered:
    """Return a result with a note that other documents have such a table too."""
    quotes = gathered.quotes
    titles = dict.fromkeys(hit.chunk.title for hit in quotes.cited_hits)
    note = f"{quotes.note} Only “{', '.join(titles)}” is counted; other documents have such a table too."
    return gathered._replace(quotes=quotes._replace(note=note))


def _compute_over_document(operation: Listing | Calculation, task: Task, hit: Hit, index: Index) -> Gathered | None:
    """Return the result of a task over the table of a hit's document that fits it; None if there is not one alone."""
    title = f"{hit.chunk.title} {parse_source(hit.chunk.source).name}"
    with index.browse() as store:
        text = store.get_text(hit.chunk.document_id)
        # A table takes long to read, and most documents lack a word of the question.
        together = f"{title} {text}".lower()
        if not all(word in together for word in task.wanted):
            return None
        chunks = list_article(hit.chunk.document_id, store)
    # The file's name may be of another year.
    names = list_words(title).difference(YEAR.findall(task.rest))
    fitting: list[tuple[Choice, list[Row]]] = []
    for rows in _find_tables(text, chunks):
        clear_rows = _leave_out_totals(rows)
        named = find_named(task, list_columns(clear_rows or rows))
        choice = operation.choose(task, named, names)
        if choice and choice.rows:
            fitting.append((choice, clear_rows))
    # Of two tables that fit, one may be a part of the other.
    if len(fitting) != 1:
        return None
    choice, clear_rows = fitting[0]
    result = operation.solve(choice, clear_rows) if clear_rows else None
    return _quote_rows(result, chunks, hit.score) if result else None


def _find_tables(text: str, chunks: Sequence[Chunk]) -> list[list[Row]]:
    """Return the tables of an article: rows that follow one another and have labels in common."""
    tables: list[list[Row]] = []
    last: dict[str, str] = {}
    article = [(chunk.start, chunk.end) for chunk in chunks]
    for start, end in split_lines(text):
        cells = _read_cells(text[start:end]) if is_inside(start, article) else {}
        if cells.keys().isdisjoint(last):
            tables.append([])
        tables[-1].append(Row((start, end), cells))
        last = cells
    return [rows for rows in tables if rows[0].cells]


def _read_cells(line: str) -> dict[str, str]:
    """Return the cells of a row by their label; the cells of columns with the same label are joined: "5; 6"."""
    joined: dict[str, str] = {}
    for label, value in split_row(line):
        joined[label] = f"{joined[label]}; {value}" if label in joined else value.strip()
    return joined


def _leave_out_totals(rows: Sequence[Row]) -> list[Row]:
    """Return the rows without totals at the end; [] if it is unclear which rows are totals, or if they are too few."""
    kept = [row for row in rows if not _is_total(row)]
    has_rows_below = kept != rows[: len(kept)]
    if len(kept) < _FEWEST_ROWS or has_rows_below:
        return []
    first_label = next(iter(kept[0].cells))
    name = kept[-1].cells.get(first_label, "")
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


def _quote_rows(result: Result, chunks: Sequence[Chunk], score: float) -> Gathered:
    """Return a computed text with the first rows as its quotes; there are none if no row can be quoted."""
    spans: list[HitSpan] = []
    for row in result.rows[:MOST_NAMED]:
        spans += quote_span(chunks, row.span, score=score).spans
    note = "Computed from the rows of the table."
    if len(result.rows) > MOST_NAMED:
        note += f" The first {MOST_NAMED} of {len(result.rows):,} are shown."
    return Gathered(cite_spans(spans)._replace(note=note), result.text)
