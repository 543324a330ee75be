"""Computes over the rows of a table or lists some of them, and quotes them."""

from collections.abc import Iterable, Sequence

from rag.answer.gather.blocks import list_article, quote_span
from rag.answer.gather.calculation import AGGREGATES, EXTREMES
from rag.answer.gather.columns import YEAR, Row
from rag.answer.gather.listing import COUNT_ALL, LISTINGS
from rag.answer.gather.naming import SILENT, Reading, read_words, split_words
from rag.answer.gather.operation import MOST_NAMED, Result, Task, read_task
from rag.answer.gather.request import Gathered, Request
from rag.answer.gather.totals import leave_out_totals
from rag.answer.quote.cite import HitSpan, cite_spans
from rag.index.index import Index
from rag.rows import split_row
from rag.system import parse_source
from rag.text import is_inside, split_lines
from rag.types import Chunk, Hit

# An extreme comes first: "the highest total" is the highest value of a column "Total".
_OPERATIONS = (*EXTREMES, COUNT_ALL, *AGGREGATES, *LISTINGS)


def compute_over_table(request: Request) -> Gathered | None:
    """Return what a question wants to be computed over a table of the documents found, if all of it is understood.

    Each word has to name a label, a cell or the title, or to join others. Of several documents with such a table the
    nearest one counts, and the note says so.
    """
    task = read_task(request.question, _OPERATIONS)
    if task is None:
        return None
    results = [_compute_over_document(task, hit, request.index) for hit in request.best_hits]
    fitting = list(filter(None, results))
    if len(fitting) > 1:
        return _name_document(fitting[0])
    return fitting[0] if fitting else None


def _name_document(gathered: Gathered) -> Gathered:
    """Return a result with a note that other documents have such a table too."""
    quotes = gathered.quotes
    titles = dict.fromkeys(hit.chunk.title for hit in quotes.cited_hits)
    note = f"{quotes.note} Only “{', '.join(titles)}” is counted; other documents have such a table too."
    return gathered._replace(quotes=quotes._replace(note=note))


def _compute_over_document(task: Task, hit: Hit, index: Index) -> Gathered | None:
    """Return the result of a task over a table of a hit's document, if it is clear."""
    title = f"{hit.chunk.title} {parse_source(hit.chunk.source).name}"
    with index.browse() as store:
        text = store.get_text(hit.chunk.document_id)
        if _lacks_word(f"{title} {text}", task):
            return None
        chunks = list_article(hit.chunk.document_id, store)
    reading = _find_reading(task, title, _find_tables(text, chunks))
    result = task.operation.solve(reading) if reading else None
    return _quote_rows(result, chunks, hit.score) if result else None


def _lacks_word(text: str, task: Task) -> bool:
    """Return whether a text lacks a word of a task. Most texts do, and need not be read."""
    lower = text.lower()
    return not all(word.lower() in lower for word in set(task.words) - SILENT)


def _find_reading(task: Task, title: str, tables: Iterable[Sequence[Row]]) -> Reading | None:
    """Return what a task says about the one table that it fits; None unless there is exactly one."""
    # The file's name may be of another year.
    of_title = [word for word in split_words(title) if not YEAR.fullmatch(word)]
    readings = [
        read_words(words, table, of_title) for table in map(leave_out_totals, tables) for words in task.wordings
    ]
    fitting = list(filter(None, readings))
    # Of two tables that fit, one may be a part of the other.
    is_clear = len(fitting) == 1 and fitting[0].table.is_clear
    return fitting[0] if is_clear else None


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


def _quote_rows(result: Result, chunks: Sequence[Chunk], score: float) -> Gathered:
    """Return a computed text with the first rows that can be quoted as its quotes."""
    spans: list[HitSpan] = []
    for row in result.rows[:MOST_NAMED]:
        spans += quote_span(chunks, row.span, score=score).spans
    note = "Computed from the rows of the table."
    if len(result.rows) > MOST_NAMED:
        note += f" The first {MOST_NAMED} of {len(result.rows):,} are shown."
    return Gathered(cite_spans(spans)._replace(note=note), result.text)
