"""Leaves out the totals at the end of a table: they are not rows to count or to add."""

from collections.abc import Sequence
from decimal import Decimal
from statistics import mean

from rag.answer.gather.columns import DECIMALS, Row, Table
from rag.answer.signs import TOTAL, compile_any

# The beginning of a row below a table that adds up the others, or is their mean.
_TOTAL = compile_any(
    rf"\W*(?:(?:grand |net |in |sub-?|zwischen)?{TOTAL}|average|mean|durchschnitt|mittelwert|moyenne)\b",
    r"\W*(?:tot|[Σ∑])\W*$",
)
# The beginning of such a row, or its empty name, if its numbers add up too: "All" may be the name of a detergent.
_LIKE_TOTAL = compile_any(r"\W*(?:(?:overall|all|combined|together|everything|everyone)\b|$)")
# Fewer rows are not a table.
_FEWEST_ROWS = 3
# A last row with fewer digits may be the sum or the mean of the others by chance.
_FEWEST_DIGITS = 3


def leave_out_totals(rows: Sequence[Row]) -> Table:
    """Return the table of some rows, at least one, without totals at the end."""
    kept = [row for row in rows if not _is_total(row)]
    has_rows_below = kept != rows[: len(kept)]
    if len(kept) < _FEWEST_ROWS or has_rows_below:
        return Table(rows, is_clear=False)
    table = Table(kept)
    name = kept[-1].cells.get(table.key, "")
    digits = _count_total_digits(table)
    if digits and _LIKE_TOTAL.match(name):
        return Table(kept[:-1])
    return Table(kept, is_clear=name != "" and digits < _FEWEST_DIGITS)


def _is_total(row: Row) -> bool:
    """Return whether a row begins with a word for a total, or one of its cells is just that word."""
    first, *others = row.cells.values()
    return bool(_TOTAL.match(first)) or any(map(_TOTAL.fullmatch, others))


def _count_total_digits(table: Table) -> int:
    """Return how many digits show that the last row is a total; 0 if one of its numbers is not the sum or the mean.

    Zeros at the end do not count: 500, 600 and 550 may be the rents of three years.
    """
    digits = 0
    for label in table.rows[-1].cells:
        column = table.amounts.get(label)
        *above, last = column.numbers.values() if column else [Decimal(0)]
        # Of equal numbers, each is the mean of the others.
        if set(above) <= {last}:
            continue
        average = mean(above)
        if last not in {sum(above), average, round(average, 1), round(average, DECIMALS)}:
            return 0
        digits += len(last.normalize().as_tuple().digits)
    return digits
