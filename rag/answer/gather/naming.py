"""Reads the words of a question by a table: each is part of a label, of a cell or of the title, or it joins others."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, product
from typing import NamedTuple

from rag.answer.gather.columns import YEAR, Row, Table
from rag.answer.signs import ANY_CURRENCY, CURRENCY_SIGNS, compile_any
from rag.text import STOP_WORDS, WORD, drop_plural

# Words of a label whose numbers are not added: prices per kilo, limits and changes are not amounts of a thing.
RATIO = (
    r"\b(?:per|percent|percentage|each|unit|rate|ratio|share|limit|max(?:imum)?|min(?:imum)?|change|growth|average|mean"
    r"|median)\b"
)
# Parts of a label that a question need not name: the unit in "Weight (kg)" or "Price in EUR", but not "(per kg)".
_OPTIONAL = compile_any(
    r"^number of\b",
    rf"[(\[](?!.*{RATIO})[^()[\]]*[)\]]",
    rf"(?<=\w)\W+(?:in )?(?:{ANY_CURRENCY})\W*$",
    r"(?<!first)(?<!last)\W+(?:name|number|nr|no|id|code)\W*$",
)
_BRACKET = compile_any(r"[(\[]")
_TOKEN = compile_any(WORD.pattern, f"[{CURRENCY_SIGNS}]")
# Words between a cell and its label.
_LINKS = ((), ("as",), ("as", "the"))

Phrase = tuple[str, ...]


def split_words(text: str) -> Phrase:
    """Return the words and the signs of currencies of a text, in small letters and without plurals.

    Stop words in capitals stay as they are: "A" and "IT" are names. "price_lists" has two words.
    """
    words = _TOKEN.findall(text.replace("_", " "))
    return tuple(word if word.isupper() and word.lower() in _STOP else drop_plural(word) for word in words)


_STOP = STOP_WORDS | {"us"}
# Words of a question that restrict no rows, and alone name nothing. "Not" and "over" do restrict, and verbs and "from"
# may: "which did she open", "come from".
JOINING = frozenset(
    split_words(
        "a an the of in for on is are was were be been do does has have had s what which how many much number all"
        " across with csv xlsx give me there please calculate compute show tell still now currently any our we i they"
        " that"
    )
)
# So do the words for the table itself, unless they name something: a column may have the label "Lines".
SILENT = JOINING | set(split_words("row rows entry entries record records line lines column list table sheet"))
# "IT" and "A" are names.
_COMMON = JOINING | _STOP


class Piece(NamedTuple):
    """A meaning of a phrase of a question: a label, or cells of its column, () if they are unclear."""

    label: str
    cells: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A table, and all that the words of a question say about it.

    `rows` are the rows with all cells that they name, or all rows; `filtered` are the columns of these cells. A column
    whose label they name without a cell is asked for: `amount` has numbers that measure something, `name` has not. Each
    is "" if there is none.
    """

    table: Table
    rows: list[Row]
    filtered: set[str]
    name: str
    amount: str

    @property
    def naming(self) -> str:
        """The label of the column whose cells name the rows: the one that is asked for, or else the first."""
        return self.name or self.table.key

    @property
    def is_of_one_row(self) -> bool:
        """Whether there is one row, and one of its cells that a question names says which row is meant."""
        return len(self.rows) == 1 and not self.filtered.isdisjoint(self.table.heads)

    def name_rows(self) -> dict[str, Row]:
        """Return the rows by their names; {} if a name is missing, or if two rows share one."""
        names = {row.cells.get(self.naming, ""): row for row in self.rows}
        is_each_named = "" not in names and len(names) == len(self.rows)
        return names if is_each_named else {}


def read_words(words: Phrase, table: Table, title: Collection[str]) -> Reading | None:
    """Return what the words of a question say about a table, if each says something and a row has all cells; or None.

    The words are read once, from left to right. The longest phrase that means something counts, and may mean only one
    thing. The words of the title need not name anything.
    """
    meanings: dict[Phrase, set[Piece]] = defaultdict(set)
    for phrase, piece in chain(_list_names(words, table), _list_years(words, table)):
        meanings[phrase].add(piece)
    for word in (*SILENT, *title):
        meanings.setdefault((word,), set())
    pieces: list[Piece] = []
    while words:
        phrase = _find_longest(words, meanings)
        if not phrase or len(meanings[phrase]) > 1:
            return None
        pieces += meanings[phrase]
        words = words[len(phrase) :]
    return _join_pieces(pieces, table)


def _find_longest(words: Phrase, phrases: Collection[Phrase]) -> Phrase:
    """Return the longest of some phrases that words begin with, or else ()."""
    return next((words[:length] for length in range(len(words), 0, -1) if words[:length] in phrases), ())


def _join_pieces(pieces: Sequence[Piece], table: Table) -> Reading | None:
    """Return what pieces say together, if a row has all cells; or None.

    At most one amount and one other column may be asked for, and neither may be restricted too.
    """
    if _joins_mark(pieces, table):
        return None
    rows = list(table.rows)
    filtered, asked = set[str](), set[str]()
    for label, cells in pieces:
        # The label of a column of marks names the rows that have one.
        wanted = table.list_marks(label) if cells is None else cells
        if wanted is None:
            asked.add(label)
        else:
            filtered.add(label)
            rows = [row for row in rows if row.cells.get(label) in wanted]
    names, amounts = asked - table.amounts.keys(), asked & table.amounts.keys()
    asks_one = max(len(names), len(amounts)) <= 1 and asked.isdisjoint(filtered)
    if not rows or not asks_one:
        return None
    return Reading(table, rows, filtered, name="".join(names), amount="".join(amounts))


def _joins_mark(pieces: Sequence[Piece], table: Table) -> bool:
    """Return whether a mark is directly before an amount: a "parking fee" is not the fee of what has parking."""
    return any(amount.label in table.amounts and table.list_marks(mark.label) for mark, amount in pairwise(pieces))


def _list_names(words: Phrase, table: Table) -> Iterator[tuple[Phrase, Piece]]:
    """Yield the phrases that name a label, and those of some words that name cells, with what they mean."""
    for label, cells in table.columns.items():
        labels = _spell_label(label, table)
        for phrase in labels:
            yield phrase, Piece(label)
        if label in table.amounts:
            continue
        for cell, same in _find_cells(frozenset(cells.values()), words):
            for phrase in _spell_cell(cell, labels):
                yield phrase, Piece(label, same)


def _list_years(words: Phrase, table: Table) -> Iterator[tuple[Phrase, Piece]]:
    """Yield the years of some words, with the cells of that year in each column of times."""
    for year in filter(YEAR.fullmatch, words):
        for label in table.times:
            cells = frozenset(cell for cell in table.columns[label].values() if year in YEAR.findall(cell))
            yield (year,), Piece(label, cells)


def _spell_label(label: str, table: Table) -> set[Phrase]:
    """Return the ways to name a label: "Weight (kg)" is "weight", "weight kg" and "weight in kg"."""
    bare = _OPTIONAL.sub("", label)
    spellings = [label, bare, _BRACKET.sub(" in ", label)]
    if label in table.amounts:
        spellings.append(f"{bare} in {table.amounts[label].unit}")
    return {phrase for phrase in map(split_words, spellings) if not _COMMON.issuperset(phrase)}


def _spell_cell(cell: Phrase, labels: Collection[Phrase]) -> Iterator[Phrase]:
    """Yield the ways to name a cell: alone, or beside its label, as in "the sales department" and "Ann as the owner".

    A number comes after its label: "2 lamps" are not "lamp 2".
    """
    for label in labels:
        yield label + cell
    if cell[0].isdecimal():
        return
    yield cell
    for label, link in product(labels, _LINKS):
        yield cell + link + label


def _find_cells(cells: Collection[str], words: Phrase) -> Iterator[tuple[Phrase, Collection[str]]]:
    """Yield the phrases of some words that are a cell, each with all cells that it names.

    They are () if other cells have the words too, as "Market" and "Markets", or "tea" and "green tea", and if the words
    are common: a door may open "in".
    """
    cells_of: dict[frozenset[str], set[str]] = defaultdict(set)
    for cell in cells:
        cells_of[frozenset(split_words(cell))].add(cell)
    for own, same in cells_of.items():
        if own and own.issubset(words):
            is_part = sum(map(own.issubset, cells_of)) > 1
            is_one = len(set(map(str.casefold, same))) == 1
            named = frozenset(same) if is_one and not is_part and not own.issubset(_COMMON) else ()
            yield from ((split_words(cell), named) for cell in same)
