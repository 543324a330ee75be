"""Removes from a Word document the words that nobody who reads it sees."""

from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from rag.documents.formats.visibility import BLACK, TINY, WHITE, Color, look_same, read_hex

if TYPE_CHECKING:
    from docx.document import Document
    from lxml.etree import _Element

# The settings of a run by name, those of its styles among them.
Settings: TypeAlias = "dict[str, _Element]"

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_RUNS = (f"{_W}r", "{http://schemas.openxmlformats.org/officeDocument/2006/math}r")
_OFF = ("0", "false", "off")
_ON = ("1", "true", "on")
_MOST_BASES = 20
# Of 100,000, which is all transparent.
_FAINT = 95_000


def drop_hidden_words(root: "_Element", document: "Document") -> None:
    """Remove the hidden runs, rows and drawings in a part of a document."""
    looks = _Looks(document, root)
    hidden = [run for run in root.iter(*_RUNS) if looks.is_hidden(run)]
    hidden += [row for row in root.iter(f"{_W}tr") if _is_on(row.find(f"{_W}trPr/{_W}hidden"))]
    hidden += [drawing for drawing in root.iter(f"{_WP}inline", f"{_WP}anchor") if _is_hidden(drawing)]
    for element in hidden:
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)


class _Looks:
    """What the styles of a document say of its words, and what lies behind them."""

    def __init__(self, document: "Document", root: "_Element") -> None:
        styles = document.styles.element
        self._styles = {style.get(f"{_W}styleId"): style for style in styles.iter(f"{_W}style")}
        self._defaults = _read_settings(styles.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr"))
        self._normal = next((name for name, style in self._styles.items() if _is_normal(style)), None)
        body = document.element.body
        has_picture_behind = any(anchor.get("behindDoc") in _ON for anchor in body.iter(f"{_WP}anchor"))
        has_background = document.element.find(f"{_W}background") is not None
        self._page = None if has_picture_behind or has_background else WHITE
        self._merge_styles = cache(self._read_styles)
        self._fills = {shade.get(f"{_W}fill") for part in (styles, root) for shade in part.iter(f"{_W}shd")}
        self._may_be_lost = cache(self._has_fill)

    def is_hidden(self, run: "_Element") -> bool:
        """Return whether the words of a run are hidden, tiny, transparent or of the colour of what is behind them."""
        own = _read_settings(run.find(f"{_W}rPr"))
        paragraph = next(run.iterancestors(f"{_W}p"), None)
        settings = {**self._merge_styles(_find_style(paragraph, "pPr/pStyle"), _find_style(run, "rPr/rStyle")), **own}
        color = read_hex(_get(settings, "color"))
        return (
            _is_on(settings.get("vanish"))
            or _is_on(settings.get("webHidden"))
            or _is_tiny(settings)
            or _is_transparent(settings)
            or (self._may_be_lost(color) and look_same(color, self._find_backdrop(run, settings)))
        )

    def _has_fill(self, color: Color | None) -> bool:
        """Return whether any part of the document has a colour behind its words."""
        return any(look_same(color, fill) for fill in (WHITE, BLACK, *map(read_hex, self._fills)))

    def _read_styles(self, paragraph_style: str | None, run_style: str | None) -> Settings:
        """Return the settings of words with these styles; what a style says is before what its base says."""
        settings = dict(self._defaults)
        for name in (paragraph_style or self._normal, run_style):
            for style in reversed(self._find_bases(name)):
                settings |= _read_settings(style.find(f"{_W}rPr"))
        return settings

    def _find_bases(self, name: str | None) -> list["_Element"]:
        """Return a style and the ones that it is based on."""
        bases: list[_Element] = []
        while name in self._styles and len(bases) < _MOST_BASES:
            bases.append(self._styles[name])
            name = _find_style(bases[-1], "basedOn")
        return bases

    def _find_backdrop(self, run: "_Element", settings: Settings) -> Color | None:
        """Return the colour behind a run; None if it is not known."""
        highlight = _get(settings, "highlight", "none")
        if highlight != "none":
            return {"white": WHITE, "black": BLACK}.get(highlight)
        shades = [settings.get("shd")]
        page = self._page
        for outer in run.iterancestors(f"{_W}p", f"{_W}tc", f"{_W}tbl", f"{_W}txbxContent"):
            name = outer.tag.removeprefix(_W)
            if name == "p":
                bases = self._find_bases(_find_style(outer, "pPr/pStyle") or self._normal)
                shades += [element.find(f"{_W}pPr/{_W}shd") for element in (outer, *bases)]
            elif name == "tc":
                shades.append(outer.find(f"{_W}tcPr/{_W}shd"))
            elif name == "txbxContent" or self._is_shaded(outer):
                page = None
                break
        filled = next((shade for shade in shades if shade is not None and _is_filled(shade)), None)
        if filled is not None:
            return read_hex(filled.get(f"{_W}fill")) if filled.get(f"{_W}val", "clear") in ("clear", "nil") else None
        return page

    def _is_shaded(self, table: "_Element") -> bool:
        """Return whether a table's own style, which can tell its first row from the others, shades any cell."""
        bases = self._find_bases(_find_style(table, "tblPr/tblStyle"))
        shades = chain(table.iterfind(f"{_W}tblPr/{_W}shd"), *(style.iter(f"{_W}shd") for style in bases))
        return any(map(_is_filled, shades))


def _read_settings(properties: "_Element | None") -> Settings:
    return {} if properties is None else {str(child.tag).rpartition("}")[2]: child for child in properties}


def _find_style(element: "_Element | None", path: str) -> str | None:
    """Return the value at a path below an element."""
    found = None if element is None else element.find("/".join(f"{_W}{name}" for name in path.split("/")))
    return None if found is None else found.get(f"{_W}val")


def _get(settings: Settings, name: str, default: str = "") -> str:
    return settings[name].get(f"{_W}val", default) if name in settings else default


def _is_normal(style: "_Element") -> bool:
    return style.get(f"{_W}type") == "paragraph" and style.get(f"{_W}default") in _ON


def _is_on(setting: "_Element | None") -> bool:
    return setting is not None and setting.get(f"{_W}val", "1") not in _OFF


def _is_hidden(drawing: "_Element") -> bool:
    properties = drawing.find(f"{_WP}docPr")
    return properties is not None and properties.get("hidden") in _ON


def _is_tiny(settings: Settings) -> bool:
    size = _get(settings, "sz")  # in half points
    return size.isdecimal() and int(size[:9]) / 2 <= TINY


def _is_transparent(settings: Settings) -> bool:
    if "textFill" not in settings:
        return False
    opacity = settings["textFill"].find(f".//{_W14}alpha")  # It is how transparent they are.
    share = opacity.get(f"{_W14}val", "0") if opacity is not None else "0"
    has_outline = "textOutline" in settings and settings["textOutline"].find(f"{_W14}noFill") is None
    is_empty = settings["textFill"].find(f"{_W14}noFill") is not None
    return not has_outline and (is_empty or (share.isdecimal() and int(share[:9]) >= _FAINT))


def _is_filled(shade: "_Element") -> bool:
    pattern, fill = shade.get(f"{_W}val", "clear"), shade.get(f"{_W}fill", "auto")
    return pattern not in ("clear", "nil") or fill != "auto"
