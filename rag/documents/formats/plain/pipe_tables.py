"""Puts the header's words into each row of a table that is drawn with "|", in Markdown and in Org."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import compress, zip_longest

from rag.documents.formats.plain.markup import change_outside
from rag.rows import format_row

_CODE = re.compile(r"^ {0,3}(?P<fence>```|~~~).*?(?:^ {0,3}(?P=fence)[^\n]*|\Z)", re.MULTILINE | re.DOTALL)
# A table in a quote has the marks of the quote before each row. Four blanks begin code.
_QUOTED = re.compile(r" {0,3}(?:>[ \t]?)*")
_RULE_CELL = re.compile(r"\s*:?-+:?\s*")
_EDGE = re.compile(r"\A\||(?<!\\)\|\Z")
_BAR = re.compile(r"(?<!\\)\|")


def spell_out_tables(text: str, code: re.Pattern[str] = _CODE) -> str:
    """Return a text whose rows read "Drink: Tea; Price: 2.00"; labels of columns without a value come first.

    The parts that the pattern `code` matches stay as they are.
    """
    if "|" not in text or "-" not in text:
        return text
    return change_outside(text, code, _spell_out)


def _spell_out(text: str) -> str:
    """Return a text without code in this way."""
    lines = text.split("\n")
    shown: list[str] = []
    number = 0
    while number < len(lines):
        header = _read_header(lines, number)
        if not header:
            shown.append(lines[number])
            number += 1
            continue
        indent = _find_indent(lines[number])
        end = _find_end(lines, number + 2, indent)
        rows = list(map(_split, lines[number + 2 : end]))
        shown += [f"{indent}{line}" for line in list_lines(header, rows) if line]
        number = end
    return "\n".join(shown)


def _read_header(lines: Sequence[str], number: int) -> list[str]:
    """Return the labels of the table that begins with a line; none if no line of dashes as wide is below it."""
    rule = lines[number + 1] if number + 1 < len(lines) else ""
    cells = _read_rule(rule)
    if not cells or "|" not in lines[number]:
        return []
    header = _split(lines[number])
    return header if len(header) == len(cells) else []


def _read_rule(line: str) -> list[str]:
    """Return the cells of the line of dashes below a header; none if the line is another."""
    if "|" not in line:
        return []
    cells = _split(line.replace("+", "|"))
    return cells if all(map(_RULE_CELL.fullmatch, cells)) else []


def _find_end(lines: Sequence[str], start: int, indent: str) -> int:
    """Return the number of the first line that is not a row."""
    end = start
    while end < len(lines) and "|" in lines[end] and _find_indent(lines[end]).strip() == indent.strip():
        end += 1
    return end


def _find_indent(line: str) -> str:
    """Return the marks of a quote before a row, with the blanks around them."""
    mark = _QUOTED.match(line)
    return mark[0] if mark else ""


def _split(line: str) -> list[str]:
    """Return the cells of a row, without the marks of a quote before it."""
    inner = _EDGE.sub("", line.removeprefix(_find_indent(line)).strip())
    return [cell.replace("\\|", "|").strip() for cell in _BAR.split(inner)]


def list_lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the labels of the columns without a value, and each row with the words of its header; or empty lines."""
    columns = zip_longest(header, *rows, fillvalue="")
    is_empty = [not any(cells) for _, *cells in columns]
    unused = compress(header, is_empty)
    yield format_row((), list(unused))
    yield from map(partial(format_row, header), rows)
