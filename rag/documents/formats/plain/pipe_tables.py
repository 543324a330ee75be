"""Puts the header's words into each row of a table that is drawn with "|", in Markdown and in Org."""

import re

from rag.documents.formats.grid import Labels

# A table in a quote has the marks of the quote before each row. Four blanks begin code.
_QUOTED = re.compile(r" {0,3}(?:>[ \t]?)*")
_ROW = r"(?>[^\n|]*\|[^\n]*)"
_TABLE = re.compile(
    rf"^(?P<header>(?P<indent> {{0,3}}(?P<quote>(?:>(?:[ \t]?>)*+)?+)(?:(?<=>)[ \t])?){_ROW})"
    rf"\n(?P<rule>(?=[^\n|]*\|)[ \t>:|+-]+)$"
    rf"(?P<rows>(?:\n {{0,3}}(?P=quote)(?![ \t]?>){_ROW})*+)",
    re.MULTILINE,
)
_RULE_CELL = re.compile(r"\s*:?-+:?\s*")
_EDGE = re.compile(r"\A\||(?<!\\)\|\Z")
_BAR = re.compile(r"(?<!\\)\|")


def spell_out_tables(text: str) -> str:
    """Return a text whose rows read "Drink: Tea; Price: 2.00"; labels of columns without a value come first."""
    return _TABLE.sub(_spell_out, text)


def _spell_out(table: re.Match[str]) -> str:
    """Return the rows of a table in words; the text as it is if the line of dashes has other cells than the header."""
    header, rule = _split(table["header"]), _split(table["rule"].replace("+", "|"))
    if len(header) != len(rule) or not all(map(_RULE_CELL.fullmatch, rule)):
        return table[0]
    rows = list(map(_split, table["rows"].split("\n")[1:]))
    lines = filter(None, Labels(header).format_rows(rows))
    return "\n".join(table["indent"] + line for line in lines)


def _split(line: str) -> list[str]:
    """Return the cells of a row, without the marks of a quote before it."""
    inner = _EDGE.sub("", _QUOTED.sub("", line, count=1).strip())
    return [cell.replace("\\|", "|").strip() for cell in _BAR.split(inner)]
