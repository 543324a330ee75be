"""Reads tables and records that are text: CSV, TSV, JSON, JSON Lines."""

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard

from rag.documents.blocks import Block, Extract, join_filled
from rag.documents.dates import parse_date
from rag.documents.formats.grid import walk_sheet
from rag.documents.formats.plain.decode import decode
from rag.documents.formats.rows import Row, make_row
from rag.errors import DocumentError
from rag.types import Voice

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

# They are tried in this order, because semicolons and commas are also in cells.
_DELIMITERS = ("\t", "|", ";", ",")
# The delimiter for a table with one column: a sign that no text has.
_IN_NO_TEXT = "\x1f"
_SAMPLE_ROWS = 50
# A delimiter is clear if at least 90 % of the rows have the same number of cells with it.
_MOST_ROWS = 0.9
# The first line of a file for Excel may name the delimiter.
_DECLARED = re.compile(r'"?sep=(.)"?\r?\n')
# A quoted cell, whose signs delimit nothing.
_QUOTED = re.compile(r"""(?:(?<=[\t|;,\n\r])|\A) *"(?:[^"]|"")*+"(?=[\t|;,\n\r]|\Z)""")
_SAMPLE_CHARACTERS = 200_000

_TEXT = ("text", "content", "body", "message")
_TITLE = ("title", "name", "subject")
_AUTHOR = ("author", "from", "user", "sender", "speaker")
_DATE = ("date", "time", "timestamp", "created_at")
# The records in lists with these names are comments.
_COMMENTS = frozenset(("comments", "replies"))
_VOICES: dict[str, Voice] = {"article": "article", "comment": "comment"}
_DEEPEST = 50
# Numbers from the first of these are times in seconds, and from the second in milliseconds. A smaller number is a year
# or a duration.
_FIRST_SECOND, _FIRST_MILLISECOND, _LAST_MILLISECOND = 10**8, 10**11, 10**14


def read_csv(path: Path) -> Extract:
    """Return the rows of a table, each with the words of its header if it has one."""
    text = decode(path.read_bytes())
    csv.field_size_limit(max(len(text), csv.field_size_limit()))
    return Extract(_read_rows(text))


def _read_rows(text: str) -> Iterator[Block]:
    delimiter, body = _split_delimiter(text)
    rows = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        yield from walk_sheet(filter(Row.has_words, map(make_row, rows)), fewest_pairs=math.inf)
    except csv.Error as exc:
        raise DocumentError(f"it is not a valid table: {exc}") from exc


def _split_delimiter(text: str) -> tuple[str, str]:
    """Return the delimiter, which the first line may name, and the text of the rows."""
    declared = _DECLARED.match(text)
    if declared:
        return declared[1], text[declared.end() :]
    return _find_delimiter(text), text


def _find_delimiter(text: str) -> str:
    """Return the first delimiter that gives nearly all rows the same number of cells, else the best one."""
    unquoted = _QUOTED.sub("", text[:_SAMPLE_CHARACTERS])
    lines = list(filter(str.strip, unquoted.splitlines()))[:_SAMPLE_ROWS]
    # All shares that are clear are equally good, and the first delimiter counts.
    shares = {delimiter: min(_MOST_ROWS, _measure_share(lines, delimiter)) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=shares.__getitem__)
    return best if shares[best] else _IN_NO_TEXT


def _measure_share(lines: list[str], delimiter: str) -> float:
    """Return the share of the lines that have the most frequent number of delimiters; 0 if that number is 0."""
    counts = Counter(line.count(delimiter) for line in lines)
    most_frequent, lines_with_it = max(counts.items(), key=itemgetter(1), default=(0, 0))
    return lines_with_it / counts.total() if most_frequent else 0.0


def load_json(path: Path) -> Json:
    """Return the values in a file of JSON; raises DocumentError if it is none."""
    try:
        return _load(decode(path.read_bytes()))
    except ValueError as exc:
        raise DocumentError(f"it is not valid JSON: {exc}") from exc


def read_values(data: Json) -> Extract:
    """Return the records in a list, or the values in an object; its title, author and date become the document's."""
    if not isinstance(data, dict):
        records = data if isinstance(data, list) else [data]
        return Extract(_walk_list(records, level=1, voice="article"))
    rest = dict(data)
    title, author, date = _take(rest, _TITLE), _take(rest, _AUTHOR), _take_date(rest)
    return Extract(_walk_record(rest, level=1, voice="article"), title=title, author=author, date=date)


def read_jsonl(path: Path) -> Extract:
    """Return the records in a file with one on each line; raises DocumentError with the number of an invalid line."""
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


def list_records(values: Any) -> list[dict[str, Any]]:
    """Return the records in a list; none if it is not a list."""
    if not isinstance(values, list):
        return []
    return [value for value in values if isinstance(value, dict)]


def _walk_list(values: Iterable[Json], *, level: int, voice: Voice) -> Iterator[Block]:
    if level > _DEEPEST:
        raise _make_depth_error()
    is_headed = False
    for number, value in enumerate(values, 1):
        if _has_parts(value):
            yield from _walk_list(value, level=level + 1, voice=voice)
        elif isinstance(value, dict):
            blocks = list(_walk_record(value, level=level, voice=voice))
            has_heading = bool(blocks) and blocks[0].kind == "heading"
            if is_headed and not has_heading:  # else the heading of the record before would count
                yield Block(f"Record {number}", "heading", level)
            is_headed |= has_heading
            yield from blocks
        else:
            yield Block(_show(value), "item", voice=voice)


def _take_voice(record: dict[str, Json]) -> Voice | None:
    """Take the voice out of a record; None if the record has no voice."""
    voice = _VOICES.get(str(record.get("voice")))
    if voice:
        del record["voice"]
    return voice


def _walk_record(record: Mapping[str, Json], *, level: int, voice: Voice) -> Iterator[Block]:
    """Yield a record's title, its text, its other values in lines, and the records in its lists.

    The title of a comment is part of its text.
    """
    rest = dict(record)
    voice = _take_voice(rest) or voice
    title, text, author, date = _take(rest, _TITLE), _take(rest, _TEXT), _take(rest, _AUTHOR), _take_date(rest)
    if title and voice == "comment":
        title, text = None, f"{title}\n{text or ''}"
    if title:
        yield Block(title, "heading", level)
    lists: dict[str, list[Json]] = {}
    values = "\n".join(_describe(rest, (), lists))
    for words in filter(None, (text, values)):
        yield Block(words, voice=voice, author=author, date=date)
    for name, records in lists.items():
        if name.casefold() in _COMMENTS:
            yield from _walk_list(records, level=level + 1, voice="comment")
        else:
            yield Block(name, "heading", level + 1)
            yield from _walk_list(records, level=level + 2, voice=voice)


def _describe(value: Json, path: tuple[str, ...], lists: dict[str, list[Json]]) -> Iterator[str]:
    """Yield a line for each value in words; put lists of other values into `lists`."""
    if len(path) > _DEEPEST:
        raise _make_depth_error()
    name = ".".join(path)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _describe(inner, (*path, key), lists)
    elif _has_parts(value):
        lists[name] = value
    elif words := _show(value):
        yield f"{name}: {words}"


def _has_parts(value: Json) -> TypeGuard[list[Json]]:
    """Return whether a value is a list of more than words."""
    return isinstance(value, list) and any(isinstance(part, dict | list) for part in value)


def _show(value: Json) -> str:
    """Return a value without parts, or a list of such values, in words."""
    show = _SHOWN.get(type(value), str)
    return show(value).strip()


_SHOWN: dict[type, Callable[..., str]] = {
    type(None): lambda _: "",
    bool: lambda value: str(value).lower(),
    float: "{:.15g}".format,
    list: lambda values: join_filled(", ", map(_show, values)),
}


def _take(record: dict[str, Json], names: Sequence[str]) -> str | None:
    """Take the first value out of a record that is text, or a person with a name."""
    for key in _find_keys(record, names):
        value = record[key]
        words = value.get("name") if isinstance(value, dict) else value
        if isinstance(words, str) and words.strip():
            del record[key]
            return words.strip()
    return None


def _take_date(record: dict[str, Json]) -> str | None:
    """Take the first date or time out of a record."""
    words = _take(record, _DATE)
    if words:
        return parse_date(words)
    for key in _find_keys(record, _DATE):
        value = record[key]
        if isinstance(value, int | float) and _FIRST_SECOND <= value < _LAST_MILLISECOND:
            del record[key]
            seconds = value / 1000 if value >= _FIRST_MILLISECOND else value
            return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    return None


def _find_keys(record: Iterable[str], names: Sequence[str]) -> list[str]:
    """Return a record's keys that are among the names, in the order of the names."""
    keys = [key for key in record if key.casefold() in names]
    return sorted(keys, key=lambda key: names.index(key.casefold()))
