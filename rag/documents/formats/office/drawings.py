"""Reads what is drawn in Office files: the values of charts and the words of diagrams (SmartArt)."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.documents.blocks import Block, format_row
from rag.documents.formats.office.number_formats import format_number, is_date
from rag.documents.formats.office.paths import DIAGRAM, make_finder, make_reader, read_number
from rag.documents.formats.untrusted import parse_xml
from rag.errors import DocumentError

if TYPE_CHECKING:
    from lxml.etree import _Element

_INVALID = "it is not a valid Office file"
# Nobody reads a chart with more points.
_MOST_POINTS = 10_000
_DEEPEST = 20
_EPOCH = date(1899, 12, 30)

find_drawings = make_finder(".//c:chart | .//dgm:relIds")
_get_chart = make_reader("@r:id")
_get_diagram = make_reader("@r:dm")

_find_titles = make_finder("c:chart/c:title | c:chart/c:plotArea/c:valAx/c:title")
_find_category_titles = make_finder("c:chart/c:plotArea/*[self::c:catAx or self::c:dateAx]/c:title")
_find_title_words = make_finder(".//a:t | c:tx/c:strRef//c:v")
_find_series = make_finder("c:chart/c:plotArea/*/c:ser")
_find_name_words = make_finder("c:tx//c:v")
_find_categories = make_finder("(c:cat | c:xVal)[1]")
_find_values = make_finder("(c:val | c:yVal)[1]")
_find_levels = make_finder(".//c:multiLvlStrCache/c:lvl | .//c:strCache | .//c:numCache | .//c:strLit | .//c:numLit")
_find_points = make_finder("c:pt")
_get_value = make_reader("c:v")
_get_format = make_reader("c:formatCode")

_find_nodes = make_finder("dgm:ptLst/dgm:pt[dgm:t//a:t]")
_find_paragraphs = make_finder("dgm:t/a:p")
_find_text = make_finder(".//a:t")
_find_links = make_finder("dgm:cxnLst/dgm:cxn[not(@type) or @type = 'parOf']")
_find_roots = make_finder("dgm:ptLst/dgm:pt[@type = 'doc']")


def walk_drawing(reference: "_Element", part: Any) -> Iterator[Block]:
    """Yield the chart or diagram to which an element of a part refers; one that is missing is left out."""
    is_diagram = reference.tag == DIAGRAM
    name, kind, walk = _DIAGRAM if is_diagram else _CHART
    relation = part.rels.get(name(reference))
    if relation is None or relation.is_external or not relation.reltype.endswith(kind):
        return
    try:
        yield from walk(relation.target_part.blob)
    except DocumentError:
        yield Block("A drawing of this file is damaged, and is not read.")


def walk_chart(data: bytes) -> Iterator[Block]:
    """Yield the titles of a chart, and a row for each category with the values of the series: "East; Sales: 19.2"."""
    root = parse_xml(data, invalid=_INVALID)
    for title in _find_titles(root):
        yield Block(_join(_find_title_words(title)))
    category_title = "".join(_join(_find_title_words(title)) for title in _find_category_titles(root)[:1])
    for table in _join_series(list(map(_read_series, _find_series(root)))):
        header = [category_title, *(series.name for series in table)]
        for point in sorted(set(chain.from_iterable(series.values for series in table))):
            cells = [table[0].categories.get(point, ""), *(series.values.get(point, "") for series in table)]
            yield Block(format_row(header, cells), "item")


class _Series(NamedTuple):
    """A row of values in a chart: its name, and by the numbers of the points their categories and values."""

    name: str
    categories: dict[int, str]
    values: dict[int, str]


def _read_series(series: "_Element") -> _Series:
    values = [_read_points(level) for part in _find_values(series) for level in _find_levels(part)]
    categories: dict[int, str] = {}
    for part in _find_categories(series):
        categories = _join_levels([_read_points(level) for level in _find_levels(part)])
    return _Series(_join(_find_name_words(series)), categories, values[0] if values else {})


def _join_series(series: list[_Series]) -> Iterator[list[_Series]]:
    """Yield the series that are in one table, because they have the same categories, or name none."""
    tables: list[list[_Series]] = []
    for one in series:
        if tables and one.categories in ({}, tables[-1][0].categories):
            tables[-1].append(one)
        else:
            tables.append([one])
    yield from tables


def _read_points(level: "_Element") -> dict[int, str]:
    code = _get_format(level)
    points = _find_points(level)[:_MOST_POINTS]
    return {read_number(point.get("idx", ""), 0): _format_value(_get_value(point), code) for point in points}


def _join_levels(levels: list[dict[int, str]]) -> dict[int, str]:
    """Return the categories with those of the levels above, which are only at the first of the points below them."""
    joined = levels[0] if levels else {}
    for level in levels[1:]:
        above = ""
        for point in sorted(joined):
            above = level.get(point, above)
            joined[point] = f"{above} {joined[point]}".strip()
    return joined


def _format_value(text: str, code: str) -> str:
    """Return a value as the chart shows it, a date as ISO 8601."""
    try:
        value = float(text)
        return (_EPOCH + timedelta(value)).isoformat() if is_date(code) else format_number(value, code)
    except (ValueError, OverflowError):
        return text


def _join(words: "list[_Element]") -> str:
    return " ".join("".join(word.text or "" for word in words).split())


def walk_diagram(data: bytes) -> Iterator[Block]:
    """Yield the words of a diagram's boxes, each before those of the boxes below it."""
    root = parse_xml(data, invalid=_INVALID)
    texts = {
        node.get("modelId", ""): "\n".join(_join(_find_text(paragraph)) for paragraph in _find_paragraphs(node))
        for node in _find_nodes(root)
    }
    below: dict[str, list[tuple[int, str]]] = {}
    for link in _find_links(root):
        below.setdefault(link.get("srcId", ""), []).append(
            (read_number(link.get("srcOrd", ""), 0), link.get("destId", ""))
        )

    def walk(node: str, depth: int) -> Iterator[str]:
        yield texts.pop(node, "")
        for _, child in sorted(below.pop(node, [])) if depth < _DEEPEST else ():
            yield from walk(child, depth + 1)

    roots = [root.get("modelId", "") for root in _find_roots(root)]
    ordered = [text for node in roots for text in walk(node, 0)]
    yield from (Block(text, "item") for text in (*ordered, *texts.values()) if text)


_CHART = (_get_chart, "/chart", walk_chart)
_DIAGRAM = (_get_diagram, "/diagramData", walk_diagram)
