"""Reads the words of a question by a table: each is part of a label, of a cell or of the title, or it joins others."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from rag.answer.gather.columns import YEAR, Row, Table
from rag.answer.signs import ANY_CURRENCY, CURRENCY_SIGNS, compile_any
from rag.text import STOP_WORDS, WORD, drop_plural

# Words of a label whose numbers are not added: prices per kilo, limits and changes are not amounts of a thing.
RATIO = r"\b(?:per|each|unit|rate|ratio|share|limit|max(?:imum)?|min(?:imum)?|change|growth|average|mean|median)\b"
# Parts of a label that a question need not name: the unit in "Weight (kg)" or "Price in EUR", but not "(per kg)".
_OPTIONAL = compile_any(
    r"^number of\b",
    rf"[(\[](?!.*{RATIO})[^()[\]]*[)\]]",
    rf"(?<=\w)\W+(?:in )?(?:{ANY_CURRENCY})\W*$",
    r"(?<!first)(?<!last)\W+(?:name|number|nr|no|id|code)\W*$",
)
_BRACKET = compile_any(r"[(\[]")
_TOKEN = compile_any(WORD.pattern, f"[{CURRENCY_SIGNS}]")
# What may be between a cell and its label.
_LINKS = ((), ("as",), ("as", "the"))

Phrase = tuple[str, ...]


def split_words(text: str) -> Phrase:
    """Return the words and the signs of currencies of a text, in small letters and without plurals.

    Stop words in capitals stay as they are: "A" and "IT" are names. "price_lists" has two words.
    """
    words = _TOKEN.findall(text.replace("_", " "))
    return tuple(word if word.isupper() and word.lower() in _STOP else drop_plural(word) for word in words)


_STOP = STOP_WORDS | {"us"}


class Piece(NamedTuple):
    """What a phrase of a question means: a label, or some cells of its column.

    `cells` is None for a label. The label of words that only join others is "".
    """

    label: str
    cells: frozenset[str] | None = None


_JOINS = Piece("")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the words of a question say about a table.

    `rows` are the rows with all cells that they name, or all rows; `named` are the labels of these cells. Labels that
    they name without a cell are asked for: `amount` has numbers that measure something, `name` has not. Each is "" if
    there is none.
    """

    table: Table
    rows: list[Row]
    named: set[str]
    name: str
    amount: str


def read_words(words: Phrase, table: Table, *, joining: frozenset[str], others: Collection[str]) -> Reading | None:
    """Return what the words of a question say about a table; None if it is unclear, or if no row has all cells.

    The words are read once, from left to right. The longest phrase that means something counts, and it has to mean one
    thing. `joining` are words that join others, which alone name nothing. `others` may be left out as well, but what
    they name in the table counts.
    """
    meanings: dict[Phrase, set[Piece]] = defaultdict(set)
    for phrase, piece in _list_names(words, table, joining | _STOP):
        meanings[phrase].add(piece)
    for word in (*joining, *others):
        meanings.setdefault((word,), {_JOINS})
    longest = max(map(len, meanings))
    pieces: list[Piece] = []
    while words:
        length = next((length for length in range(longest, 0, -1) if words[:length] in meanings), 0)
        if length == 0 or len(meanings[words[:length]]) > 1:
            return None
        pieces += meanings[words[:length]]
        words = words[length:]
    return _join_pieces(pieces, table)


def _join_pieces(pieces: Collection[Piece], table: Table) -> Reading | None:
    """Return what pieces say together; None if no row has all cells.

    It is also None if two amounts or two other labels are asked for, or one of those with a cell.
    """
    rows = list(table.rows)
    named, names, amounts = set[str](), set[str](), set[str]()
    for label, cells in pieces:
        if cells is not None:
            named.add(label)
            rows = [row for row in rows if row.cells.get(label) in cells]
        elif label in table.amounts:
            amounts.add(label)
        elif label:
            names.add(label)
    asks_one = len(names) <= 1 and len(amounts) <= 1 and names.isdisjoint(named)
    if not rows or not asks_one:
        return None
    return Reading(table, rows, named, name="".join(names), amount="".join(amounts))


def _list_names(words: Phrase, table: Table, common: frozenset[str]) -> Iterator[tuple[Phrase, Piece]]:
    """Yield the phrases of some words that name a label or a cell of a table, with what they mean.

    Common words alone name nothing.
    """
    for label, cells in table.columns.items():
        spellings = set(map(split_words, _spell_label(label, table)))
        labels = [spelling for spelling in spellings if not common.issuperset(spelling)]
        for phrase in labels:
            yield phrase, Piece(label)
        if label in table.amounts:
            continue
        for cell, meant in _find_cells({*cells.values()}, words, common):
            for phrase in _spell_cell(cell, labels):
                yield phrase, Piece(label, meant)


def _spell_label(label: str, table: Table) -> Iterator[str]:
    """Yield the ways to name a label: "Weight (kg)" is "weight", "weight kg" and "weight in kg"."""
    bare = _OPTIONAL.sub("", label)
    yield from (label, bare, _BRACKET.sub(" in ", label))
    column = table.read_column(label) if label in table.amounts else None
    if column:
        yield f"{bare} in {column.unit}"


def _spell_cell(cell: Phrase, labels: Collection[Phrase]) -> Iterator[Phrase]:
    """Yield the ways to name a cell: alone, or beside its label, as in "the sales department" and "Ann as the owner".

    A number comes after its label, unless it is a year: "2 lamps" are not "lamp 2".
    """
    for label in labels:
        yield label + cell
    if cell[0].isdecimal() and not YEAR.fullmatch(cell[0]):
        return
    yield cell
    for label, link in product(labels, _LINKS):
        yield cell + link + label


def _find_cells(
    cells: Collection[str], words: Phrase, common: frozenset[str]
) -> Iterator[tuple[Phrase, frozenset[str]]]:
    """Yield the phrases of some words that are a cell, or the year of a date, each with the cells that it means.

    It means none if it is unclear: different cells have its words, as "Market" and "Markets", or "tea" and "green tea",
    or they are common words: a door may open "in".
    """
    phrases = {cell: split_words(cell) for cell in cells}
    for phrase in set(phrases.values()):
        if not phrase or not set(phrase).issubset(words):
            continue
        similar = frozenset(cell for cell, other in phrases.items() if set(phrase).issubset(other))
        is_one = len(set(map(str.casefold, similar))) == 1
        yield phrase, similar if is_one and not common.issuperset(phrase) else frozenset()
    for year in filter(YEAR.fullmatch, words):
        dates = frozenset(cell for cell in cells if year in YEAR.findall(cell))
        if dates:
            yield (year,), dates
