"""Puts into words what only the layout shows: the column of a cell, the number of an item, the meaning of a term."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain, count, takewhile
from typing import Literal

from lxml.etree import strip_attributes
from lxml.html import HtmlElement

from rag.documents.blocks import Block, join_filled, squeeze
from rag.documents.formats.grid import Labels
from rag.documents.formats.html.markup import HEADINGS, contains, find_text, walk_blocks
from rag.documents.formats.rows import (
    LONGEST_CELL,
    LONGEST_LABEL,
    MOST_COLUMNS_SPANNED,
    Cell,
    Row,
    join_levels,
    spread_rows,
)
from rag.documents.formats.svg import list_drawn_words
from rag.documents.sequences import flat_map, split_runs
from rag.language import QUESTION_MARKS
from rag.rows import format_row

_TALLEST_HEADER = 3
# In a larger table no cell spans others: copies of it could fill the memory.
_MOST_CELLS = 500_000
_HIGHEST_NUMBER = 99_999
_NUMBER = re.compile(r"\d{1,5}")
# The text of an item may begin inside one of these.
_BOXES = ("p", "div", "span")
# A button above a part that it opens is its heading if it has this many words or asks a question.
_FEWEST_WORDS = 3


def walk_spelled_out(root: HtmlElement) -> Iterator[Block]:
    """Yield the blocks of a tree, after the facts of its layout were put into words."""
    spell_out(root)
    return walk_blocks(root)


def spell_out(root: HtmlElement) -> None:
    """Turn innermost tables into lists of rows with the header's words, and put numbers before numbered items.

    Terms are put before their meanings, and the words of buttons and drawings become text.
    """
    for drawing in list(root.iter("svg")):
        _replace(drawing, list_drawn_words(drawing), item="p")
    _show_buttons(root)
    for definitions in root.xpath("descendant-or-self::dl[not(descendant::dl)]"):
        _spell_out_definitions(definitions)
    for table in root.xpath("descendant-or-self::table[not(descendant::table)]"):
        _spell_out_table(table)
    for numbered in root.iter("ol"):
        first = _find_number(numbered, "start", _HIGHEST_NUMBER)
        for number, item in enumerate(numbered.iterchildren("li"), first):
            _begin_with_number(item, number)


def _begin_with_number(item: HtmlElement, number: int) -> None:
    place = item
    while _begins_with_box(place):
        place = place[0]
    place.text = f"{number}. {(place.text or '').lstrip()}"


def _begins_with_box(element: HtmlElement) -> bool:
    """Return whether the first words of an element are in a box inside it."""
    has_words = element.text is not None and element.text.strip() != ""
    return not has_words and len(element) > 0 and element[0].tag in _BOXES


def _show_buttons(root: HtmlElement) -> None:
    """Turn buttons into text if they are titles of the parts that they open."""
    for button in list(root.iter("button")):
        text = button.text_content().strip()
        opens = not {"aria-expanded", "aria-controls"}.isdisjoint(button.attrib)
        is_in_heading = next(button.iterancestors(*HEADINGS, "dt"), None) is not None
        if is_in_heading:
            button.tag = "span"
        elif text.endswith(QUESTION_MARKS) or (opens and len(text.split()) >= _FEWEST_WORDS):
            button.tag = "p"


def _spell_out_definitions(definitions: HtmlElement) -> None:
    """Turn a list of terms into items ("Term: meaning"), or its terms into headings above longer meanings.

    A list with longer meanings stays as it is above a paragraph, which would be below the last term.
    """
    parts = list(definitions.iter("dt", "dd"))
    is_plain = all(map(_is_line, parts)) and not contains(definitions, "pre")
    groups = split_runs(parts, lambda group, part: (group[-1].tag, part.tag) == ("dd", "dt"))
    if is_plain:
        _replace(definitions, list(flat_map(_list_definitions, groups)), item="li")
        return
    if _is_above_paragraph(definitions):
        return
    for group in groups:
        terms = [part for part in group if part.tag == "dt"]
        if terms:
            _make_heading(*terms)


def _is_above_paragraph(element: HtmlElement) -> bool:
    """Return whether a paragraph follows an element, which may be alone in a box."""
    parent = element.getparent()
    is_boxed = parent is not None and parent.tag == "div" and len(parent) == 1
    below = (parent if is_boxed else element).getnext()
    blocks = iter(()) if below is None else walk_blocks(below)
    return next((block.kind == "paragraph" for block in blocks), False)


def _make_heading(term: HtmlElement, *others: HtmlElement) -> None:
    """Turn terms with one meaning into one heading below all others: "-f, --format"."""
    words = _join_terms(map(_find_line, (term, *others)))
    for other in others:
        other.drop_tree()
    term.clear(keep_tail=True)
    term.tag, term.text = "h6", words


def _join_terms(terms: Iterable[str]) -> str:
    return join_filled(", ", (term.rstrip(":¶ ") for term in terms))


def _is_line(part: HtmlElement) -> bool:
    """Return whether a term or a meaning is at most one paragraph."""
    return len(list(walk_blocks(part))) <= 1


def _list_definitions(parts: list[HtmlElement]) -> list[str]:
    """Return terms and their meanings in one line: "Bar, Terrace: 10 to 23"; without meanings, the terms.

    A question ends as it is.
    """
    lines: dict[str, list[str]] = {"dt": [], "dd": []}
    for part in parts:
        lines[part.tag].append(_find_line(part))
    if not lines["dd"]:
        return lines["dt"]
    names = _join_terms(lines["dt"])
    meaning = join_filled("; ", lines["dd"])
    if names.endswith(QUESTION_MARKS):
        return [f"{names} {meaning}"]
    return [format_row([names], [meaning])]


def _find_line(element: HtmlElement) -> str:
    """Return the text of an element in one line."""
    return squeeze(find_text(element))


def _replace(element: HtmlElement, texts: list[str], *, item: Literal["li", "p"]) -> None:
    """Put a list of items or paragraphs in the place of an element; without texts it is only removed."""
    box = element.makeelement("ul" if item == "li" else "div")
    for text in filter(None, texts):
        part = box.makeelement(item)
        part.text = text
        box.append(part)
    box.tail, element.tail = element.tail, None
    if len(box) == 0:
        box.tag = "span"
    element.getparent().replace(element, box)


def _spell_out_table(table: HtmlElement) -> None:
    rows = _list_rows(table)
    if _is_layout(table, rows):
        return
    widths = [sum(map(_find_width, row)) for row in rows]
    if max(widths) * len(rows) > _MOST_CELLS:
        strip_attributes(table, "colspan", "rowspan")
    texts = {cell: _find_line(cell) for cell in chain.from_iterable(rows)}
    height = _measure_header(rows, texts)
    names = {text for cell, text in texts.items() if _is_label(cell)}
    lines = _format_rows(spread_rows(_list_cells(rows, texts)), height, names)
    _move_out_rest(table, rows)
    _replace(table, lines, item="li")


def _measure_header(rows: list[list[HtmlElement]], texts: Mapping[HtmlElement, str]) -> int:
    """Return how many rows at the top have only labels; 0 for a table of labels alone."""
    headers = list(takewhile(lambda row: _is_header(row, texts), rows[:_TALLEST_HEADER]))
    return len(headers) if len(headers) < len(rows) else 0


def _is_header(row: list[HtmlElement], texts: Mapping[HtmlElement, str]) -> bool:
    """Return whether a row may be in the header: it has labels, or no cells, but not only empty cells."""
    filled = [cell for cell in row if texts[cell]]
    if row and not filled:
        return False
    return all(map(_is_label, filled))


def _list_rows(table: HtmlElement) -> list[list[HtmlElement]]:
    """Return the cells of each row, even if a form or the like is around them; cells without a row are the last row."""
    rows: dict[HtmlElement, list[HtmlElement]] = {row: [] for row in table.iter("tr")}
    for cell in table.iter("td", "th"):
        outer = next(cell.iterancestors("td", "th", "table"))
        if outer is table:  # the text of a cell in a cell is read with the outer one
            row = next(cell.iterancestors("tr", "table"))
            rows.setdefault(row, []).append(cell)
    return list(rows.values())


def _move_out_rest(table: HtmlElement, rows: list[list[HtmlElement]]) -> None:
    """Put a table's captions and the words between its cells before it, as browsers do."""
    for caption in table.findall("caption"):
        caption.tag = "p"
        table.addprevious(caption)
    for cell in chain.from_iterable(rows):
        cell.clear(keep_tail=True)
    rest = table.makeelement("p")
    rest.text = find_text(table)
    table.addprevious(rest)


def _is_layout(table: HtmlElement, rows: list[list[HtmlElement]]) -> bool:
    """Return whether a table only places the parts of a page, which are then read one after the other."""
    widest_row = max(map(len, rows), default=0)
    if widest_row < 2 or table.get("role") in ("presentation", "none"):
        return True
    if contains(table, *HEADINGS):
        return True
    if table.find(".//tr/th") is not None:
        return False
    return max(len(cell.text_content()) for cell in chain.from_iterable(rows)) > LONGEST_CELL


def _list_cells(rows: list[list[HtmlElement]], texts: Mapping[HtmlElement, str]) -> Iterator[list[Cell]]:
    """Yield the cells of each row with the lower parts of those above; a wide cell ends where such a part begins."""
    rows_left: dict[int, int] = {}  # that the cell in a column covers, with the present row
    for row in rows:
        covered = {column: left - 1 for column, left in rows_left.items() if left > 1}
        rows_left = dict(covered)
        cells: list[Cell] = []
        end = 0
        for element in row:
            start = next(column for column in count(end) if column not in covered)
            cells += _fill(range(end, start), covered)
            end = start + _find_width(element)
            own_end = next((column for column in range(start, end) if column in covered), end)
            cells.append(Cell(texts[element], own_end - start))
            cells += _fill(range(own_end, end), covered)
            height = _find_number(element, "rowspan", _HIGHEST_NUMBER)
            rows_left.update(dict.fromkeys(range(start, own_end), height))
        yield cells + _fill(range(end, max(covered, default=-1) + 1), covered)


def _fill(columns: Iterable[int], covered: Collection[int]) -> list[Cell]:
    """Return a cell for each column in which a row has none of its own."""
    return [Cell("", is_continued=column in covered) for column in columns]


def _find_width(element: HtmlElement) -> int:
    """Return how many columns a cell spans."""
    return _find_number(element, "colspan", MOST_COLUMNS_SPANNED)


def _find_number(element: HtmlElement, name: str, most: int) -> int:
    """Return the number in an attribute, from 1 to `most`; 1 if there is none."""
    number = _NUMBER.fullmatch(element.get(name, ""))
    return max(1, min(int(number[0]), most)) if number else 1


def _is_label(cell: HtmlElement) -> bool:
    """Return whether a cell is marked as a header, or all of it is bold."""
    text: str = cell.text_content().strip()
    bold = "".join(part.text_content() for part in cell.iter("b", "strong"))
    return cell.tag == "th" or bold.strip() == text


def _format_rows(rows: list[Row], height: int, names: Set[str]) -> list[str]:
    """Return each row below the header in words, after the labels that none of these rows repeats.

    `height` is the number of rows in the header, and `names` are the texts of cells that are marked as labels.
    """
    header = join_levels([row.labels for row in rows[:height]])
    long_labels = [label for label in header if len(label) > LONGEST_LABEL]
    labels = Labels(["" if len(label) > LONGEST_LABEL else label for label in header])
    lines = [_format_row(labels, row.texts, names) for row in rows[height:]]
    return [format_row((), [*dict.fromkeys(long_labels), labels.format_unused()]), *lines]


def _format_row(labels: Labels, texts: Sequence[str], names: Set[str]) -> str:
    """Return a row in words; without a header, the row's own label comes before its cells."""
    values = list(filter(None, texts[1:]))
    if values and texts[0] in names and not labels.header:
        return format_row(texts[:1], values)
    return labels.format(texts)
