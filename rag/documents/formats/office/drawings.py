"""Reads what is drawn in Office files: the values of charts and the words of diagrams (SmartArt)."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Any, NamedTuple

from lxml.etree import _Element

from rag.documents.blocks import Block, join_filled, squeeze
from rag.documents.formats.office.number_formats import format_number, is_date
from rag.documents.formats.office.paths import DIAGRAM, find_part, list_parts, make_finder, make_reader, read_number
from rag.documents.formats.untrusted import parse_xml
from rag.documents.sequences import split_runs
from rag.errors import DocumentError
from rag.rows import format_row

_INVALID = "it is not a valid Office file"
# Nobody reads a chart with more points.
_MOST_POINTS = 10_000
_EPOCH = date(1899, 12, 30)
# The values of a series, or one of several levels of categories.
_LEVEL = "*[self::c:lvl or self::c:strCache or self::c:numCache or self::c:strLit or self::c:numLit]"

find_drawings = make_finder(".//c:chart | .//dgm:relIds")
_get_chart = make_reader("@r:id")
_get_diagram = make_reader("@r:dm")

_find_titles = make_finder("c:chart/c:title | c:chart/c:plotArea/c:valAx/c:title")
_find_category_title_words = make_finder(
    "(c:chart/c:plotArea/*[self::c:catAx or self::c:dateAx]/c:title)[1]//*[self::a:t or self::c:v]"
)
_find_title_words = make_finder(".//a:t | c:tx/c:strRef//c:v")
_find_series = make_finder("c:chart/c:plotArea/*/c:ser")
_find_name_words = make_finder("c:tx//c:v")
_find_categories = make_finder(f"(c:cat | c:xVal)[1]//{_LEVEL}")
_find_values = make_finder(f"(c:val | c:yVal)[1]//{_LEVEL}")
_find_points = make_finder("c:pt")
_get_value = make_reader("c:v")
_get_format = make_reader("c:formatCode")

_find_nodes = make_finder("dgm:ptLst/dgm:pt[dgm:t//a:t]")
_find_paragraphs = make_finder("dgm:t/a:p")
_find_text = make_finder(".//a:t")
_find_links = make_finder("dgm:cxnLst/dgm:cxn[not(@type) or @type = 'parOf']")
_find_roots = make_finder("dgm:ptLst/dgm:pt[@type = 'doc']")


def walk_drawing(reference: _Element, part: Any) -> Iterator[Block]:
    """Yield the chart or diagram to which an element of a part refers; one that is missing is left out."""
    get_name, kind, walk = _DIAGRAM if reference.tag == DIAGRAM else _CHART
    drawing = find_part(part, get_name(reference))
    if drawing not in list_parts(part, kind):
        return
    try:
        yield from walk(drawing.blob)
    except DocumentError:
        yield Block("A drawing of this file is damaged, and is not read.")


def walk_chart(data: bytes) -> Iterator[Block]:
    """Yield the titles of a chart, and a row for each category with the values of the series: "East; Sales: 19.2"."""
    root = parse_xml(data, invalid=_INVALID)
    for title in _find_titles(root):
        yield Block(_join(_find_title_words(title)))
    category_title = _join(_find_category_title_words(root))
    series = map(_read_series, _find_series(root))
    for table in split_runs(series, _begins_table):
        yield from _walk_table(table, category_title)


def _walk_table(table: "list[_Series]", category_title: str) -> Iterator[Block]:
    """Yield a row for each point of series with the same categories."""
    header = [category_title, *(series.name for series in table)]
    points = chain.from_iterable(series.values for series in table)
    for point in sorted(set(points)):
        category = table[0].categories.get(point, "")
        values = [series.values.get(point, "") for series in table]
        yield Block(format_row(header, [category, *values]), "item")


class _Series(NamedTuple):
    """A row of values in a chart: its name, and by the numbers of the points their categories and values."""

    name: str
    categories: dict[int, str]
    values: dict[int, str]


def _read_series(series: _Element) -> _Series:
    values = [_read_points(level) for level in _find_values(series)]
    categories = [_read_points(level) for level in _find_categories(series)]
    return _Series(_join(_find_name_words(series)), _join_levels(categories), _join_levels(values[:1]))


def _begins_table(table: list[_Series], series: _Series) -> bool:
    """Return whether a series has other categories than those of a table; one without categories has the same."""
    return series.categories not in ({}, table[0].categories)


def _read_points(level: _Element) -> dict[int, str]:
    code = _get_format(level)
    points = _find_points(level)[:_MOST_POINTS]
    return {read_number(point.get("idx", ""), 0): _format_value(_get_value(point), code) for point in points}


def _join_levels(levels: list[dict[int, str]]) -> dict[int, str]:
    """Return each category with the names of its parents; a parent is only at the first of its points."""
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


def _join(words: list[_Element]) -> str:
    return squeeze(join_filled("", (word.text for word in words)))


def walk_diagram(data: bytes) -> Iterator[Block]:
    """Yield the words of a diagram's boxes, each before those of the boxes below it."""
    root = parse_xml(data, invalid=_INVALID)
    texts = {node.get("modelId", ""): _read_box(node) for node in _find_nodes(root)}
    below = _find_boxes_below(root)
    boxes = [node.get("modelId", "") for node in reversed(_find_roots(root))]
    ordered = []
    while boxes:
        box = boxes.pop()
        ordered.append(texts.pop(box, ""))
        # A box is walked once, even if links form a circle.
        boxes += below.pop(box, [])
    for text in (*ordered, *texts.values()):
        yield Block(text, "item")


def _read_box(node: _Element) -> str:
    return "\n".join(map(_join, map(_find_text, _find_paragraphs(node))))


def _find_boxes_below(root: _Element) -> dict[str, list[str]]:
    """Return for each box the boxes below it, the last one first."""
    below: dict[str, list[str]] = {}
    for link in sorted(_find_links(root), key=_find_order, reverse=True):
        below.setdefault(link.get("srcId", ""), []).append(link.get("destId", ""))
    return below


def _find_order(link: _Element) -> tuple[int, str]:
    return read_number(link.get("srcOrd", ""), 0), link.get("destId", "")


_CHART = (_get_chart, "/chart", walk_chart)
_DIAGRAM = (_get_diagram, "/diagramData", walk_diagram)
