"""Reads tables and records that are text: CSV, TSV, JSON, JSON Lines."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias

from rag.documents.blocks import Block, Extract, format_row
from rag.documents.dates import parse_date
from rag.documents.formats.plain.decode import decode
from rag.errors import DocumentError
from rag.types import Voice

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

# In this order: semicolons and commas are in cells too.
_DELIMITERS = ("\t", "|", ";", ",")
_IN_NO_TEXT = "\x1f"
_SAMPLE_ROWS = 50
# A delimiter is clear if this share of the rows has the same number of cells.
_MOST_ROWS = 0.9
_LONGEST_LABEL = 100
_NUMBER = re.compile(r"[^\w]{0,3}\d[\d\s.,:/%-]*\D{0,4}")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")

_TEXT = ("text", "content", "body", "message")
_TITLE = ("title", "name", "subject")
_AUTHOR = ("author", "from", "user", "sender", "speaker")
_DATE = ("date", "time", "timestamp", "created_at")
# Lists whose name says who speaks in their records.
_COMMENTS = frozenset(("comments", "replies"))
_DEEPEST = 50
# A number that is a time counts seconds, or milliseconds if it is so large; what is smaller is a year or a duration.
_FIRST_SECOND, _FIRST_MILLISECOND, _LAST_MILLISECOND = 10**8, 10**11, 10**14


def read_csv(path: Path) -> Extract:
    """Return the rows of a table, each with the words of its header if it has one."""
    text = decode(path.read_bytes())
    csv.field_size_limit(max(len(text), csv.field_size_limit()))
    return Extract(_read_rows(text))


def _read_rows(text: str) -> Iterator[Block]:
    rows = (row for row in _split_rows(text, _find_delimiter(text)) if any(cell.strip() for cell in row))
    try:
        first = list(islice(rows, _SAMPLE_ROWS))
        width = max(map(_count_cells, first), default=0)
        while first and width > 1 and _count_cells(first[0]) == 1:  # what is above the table
            yield Block(format_row([], first.pop(0)))
        header = first.pop(0) if has_header(first) else []
        for row in chain(first, rows):
            yield Block(format_row(header, row), "item")
    except csv.Error as exc:
        raise DocumentError(f"it is not a valid table: {exc}") from exc


def _split_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)


def _count_cells(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _find_delimiter(text: str) -> str:
    """Return the first delimiter that gives nearly all rows as many cells, else the one that gives most rows so."""
    shares = {}
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in islice(_split_rows(text, delimiter), _SAMPLE_ROWS) if row]
        (width, count), *_ = Counter(widths).most_common(1) or [(1, 0)]
        shares[delimiter] = count / len(widths) if width > 1 else 0.0
    clear = [delimiter for delimiter in _DELIMITERS if shares[delimiter] >= _MOST_ROWS]
    best = clear[0] if clear else max(reversed(_DELIMITERS), key=shares.__getitem__)
    return best if shares[best] else _IN_NO_TEXT


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a table's first row names its columns: labels, no numbers but years, and none again below."""
    if len(rows) < 2 or _count_cells(rows[0]) < 2:
        return False
    for i, label in enumerate(cell.strip() for cell in rows[0]):
        below = [row[i].strip() for row in rows[1:] if i < len(row)]
        is_number = _NUMBER.fullmatch(label) and not (_YEAR.fullmatch(label) and not any(map(_YEAR.fullmatch, below)))
        if label and (len(label) > _LONGEST_LABEL or label[-1] in ".!?:;" or label in below or is_number):
            return False
    return True


def format_rows(rows: Sequence[Sequence[str]], *, is_headed: bool) -> Iterator[str]:
    """Yield a table's rows with the words of its header, or of the label before the only other cell.

    A table that is not marked as headed may have a header all the same.
    """
    if is_headed or has_header(rows):
        header, *rows = rows
        yield from (format_row(header, row) for row in rows)
    elif max(map(len, rows), default=0) == 2:
        yield from (format_row(["", row[0].rstrip(" :")], ["", *row[1:]]) for row in rows)
    else:
        yield from (format_row([], row) for row in rows)


def read_json(path: Path) -> Extract:
    """Return the records in a list, or the values in an object, whose title, author and date are the document's."""
    try:
        data = _load(decode(path.read_bytes()))
    except ValueError as exc:
        raise DocumentError(f"it is not valid JSON: {exc}") from exc
    if not isinstance(data, dict):
        return Extract(_walk_list(data if isinstance(data, list) else [data], level=1, voice="article"))
    rest = dict(data)
    title, author, date = _take(rest, _TITLE), _take(rest, _AUTHOR), _take_date(rest)
    return Extract(_walk_record(rest, level=1, voice="article"), title=title, author=author, date=date)


def read_jsonl(path: Path) -> Extract:
    """Return the records in a file with one on each line; a line that has none is named in a DocumentError."""
    return Extract(_walk_list(_load_lines(decode(path.read_bytes())), level=1, voice="article"))


def _load_lines(text: str) -> Iterator[Json]:
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                yield _load(line)
        except ValueError as exc:
            raise DocumentError(f"line {number} is not valid JSON: {exc}") from exc


def _load(text: str) -> Json:
    try:
        data: Json = json.loads(text)
    except RecursionError as exc:
        raise _make_depth_error() from exc
    return data


def _make_depth_error() -> DocumentError:
    return DocumentError(f"its values are nested more than {_DEEPEST} deep")


def _walk_list(values: Iterable[Json], *, level: int, voice: Voice) -> Iterator[Block]:
    if level > _DEEPEST:
        raise _make_depth_error()
    is_headed = False
    for number, value in enumerate(values, 1):
        if isinstance(value, dict):
            blocks = list(_walk_record(value, level=level, voice=voice))
            has_heading = bool(blocks) and blocks[0].kind == "heading"
            if is_headed and not has_heading:  # it is not below the heading of the one before
                yield Block(f"Record {number}", "heading", level)
            is_headed = is_headed or has_heading
            yield from blocks
        elif isinstance(value, list) and _has_parts(value):
            yield from _walk_list(value, level=level + 1, voice=voice)
        else:
            yield Block(_show(value), "item", voice=voice)


def _walk_record(record: Mapping[str, Json], *, level: int, voice: Voice) -> Iterator[Block]:
    """Yield a record's title, its text, its other values in lines, and the records in its lists."""
    rest = dict(record)
    if rest.get("voice") in ("article", "comment"):
        voice = "comment" if rest.pop("voice") == "comment" else "article"
    title, text, author, date = _take(rest, _TITLE), _take(rest, _TEXT), _take(rest, _AUTHOR), _take_date(rest)
    if title and voice == "comment":
        text = f"{title}\n{text or ''}"
    elif title:
        yield Block(title, "heading", level)
    lists: dict[str, list[Json]] = {}
    for words in (text, "\n".join(_describe(rest, "", 0, lists))):
        if words:
            yield Block(words, voice=voice, author=author, date=date)
    for name, values in lists.items():
        if name.casefold() in _COMMENTS:
            yield from _walk_list(values, level=level + 1, voice="comment")
        else:
            yield Block(name, "heading", level + 1)
            yield from _walk_list(values, level=level + 2, voice=voice)


def _describe(value: Json, name: str, depth: int, lists: dict[str, list[Json]]) -> Iterator[str]:
    """Yield a line for each value that is words; put the lists of other values into `lists`."""
    if depth > _DEEPEST:
        raise _make_depth_error()
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _describe(inner, f"{name}.{key}" if name else key, depth + 1, lists)
    elif isinstance(value, list) and _has_parts(value):
        lists[name] = value
    elif shown := _show(value):
        yield f"{name}: {shown}"


def _has_parts(values: Iterable[Json]) -> bool:
    return any(isinstance(value, dict | list) for value in values)


def _show(value: Json) -> str:
    """Return a value without parts, or a list of such values, in words."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_show, value)))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value if value is not None else "").strip()


def _take(record: dict[str, Json], names: Sequence[str]) -> str | None:
    """Take the first value that is words, or somebody with a name, out of a record."""
    for key in _find_keys(record, names):
        value = record[key]
        words = value.get("name") if isinstance(value, dict) else value
        if isinstance(words, str) and words.strip():
            del record[key]
            return words.strip()
    return None


def _take_date(record: dict[str, Json]) -> str | None:
    if words := _take(record, _DATE):
        return parse_date(words)
    for key in _find_keys(record, _DATE):
        value = record[key]
        if isinstance(value, int | float) and _FIRST_SECOND <= value < _LAST_MILLISECOND:
            del record[key]
            return datetime.fromtimestamp(value / (1000 if value >= _FIRST_MILLISECOND else 1), UTC).date().isoformat()
    return None


def _find_keys(record: Iterable[str], names: Sequence[str]) -> list[str]:
    """Return a record's keys that are among the names, in the order of the names."""
    return sorted((key for key in record if key.casefold() in names), key=lambda key: names.index(key.casefold()))
