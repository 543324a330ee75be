"""Removes from a Word document the words that its readers do not see."""

from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from rag.documents.formats.visibility import BLACK, TINY, WHITE, Color, look_same, read_hex

if TYPE_CHECKING:
    from docx.document import Document
    from lxml.etree import _Element

# The settings of a run, by name.
Settings: TypeAlias = "dict[str, _Element]"

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_RUNS = (f"{_W}r", "{http://schemas.openxmlformats.org/officeDocument/2006/math}r")
# Words in these are on the backdrop of the table or box.
_FRAMES = (f"{_W}tbl", f"{_W}txbxContent")
_OFF = ("0", "false", "off")
_ON = ("1", "true", "on")
_MOST_BASES = 20
# Nobody sees letters of at least this transparency (100,000 is invisible).
_FAINT = 95_000
# A shade with one of these patterns has one colour.
_PLAIN = ("clear", "nil")


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
    """The settings of a document's words, and the colours behind them."""

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
        """Return whether the words of a run are hidden, tiny, transparent or in the colour of their backdrop."""
        paragraph = next(run.iterancestors(f"{_W}p"), None)
        style_settings = self._merge_styles(_find_style(paragraph, "pPr/pStyle"), _find_style(run, "rPr/rStyle"))
        settings = {**style_settings, **_read_settings(run.find(f"{_W}rPr"))}
        is_switched_off = _is_on(settings.get("vanish")) or _is_on(settings.get("webHidden"))
        is_faint = _is_tiny(settings) or _is_transparent(settings)
        return is_switched_off or is_faint or self._is_lost(run, settings)

    def _is_lost(self, run: "_Element", settings: Settings) -> bool:
        """Return whether the words of a run have the colour of their backdrop."""
        color = read_hex(_get(settings, "color"))
        return self._may_be_lost(color) and look_same(color, self._find_backdrop(run, settings))

    def _has_fill(self, color: Color | None) -> bool:
        """Return whether any backdrop in the document has this colour."""
        return any(look_same(color, fill) for fill in (WHITE, BLACK, *map(read_hex, self._fills)))

    def _read_styles(self, paragraph_style: str | None, run_style: str | None) -> Settings:
        """Return the settings of words with these styles; a style's own settings replace those of its base."""
        settings = dict(self._defaults)
        for name in (paragraph_style or self._normal, run_style):
            for style in reversed(self._find_bases(name)):
                settings |= _read_settings(style.find(f"{_W}rPr"))
        return settings

    def _find_bases(self, name: str | None) -> list["_Element"]:
        """Return a style, and the styles that it is based on."""
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
        page = self._page
        shades = [settings.get("shd")]
        for outer in run.iterancestors(f"{_W}p", f"{_W}tc", *_FRAMES):
            if outer.tag not in _FRAMES:
                shades += self._find_shades(outer)
            elif self._is_painted(outer):
                page = None
                break
        shade = next(filter(_is_filled, shades), None)
        return page if shade is None else _read_fill(shade)

    def _find_shades(self, outer: "_Element") -> list["_Element | None"]:
        """Return the shades of a cell, or of a paragraph and its styles: an earlier one covers the others."""
        if outer.tag == f"{_W}tc":
            return [outer.find(f"{_W}tcPr/{_W}shd")]
        bases = self._find_bases(_find_style(outer, "pPr/pStyle") or self._normal)
        return [element.find(f"{_W}pPr/{_W}shd") for element in (outer, *bases)]

    def _is_painted(self, frame: "_Element") -> bool:
        """Return whether the backdrop in a box of text or a table may have any colour."""
        return frame.tag == f"{_W}txbxContent" or self._is_shaded(frame)

    def _is_shaded(self, table: "_Element") -> bool:
        """Return whether a table or its style shades any cell; a style may shade the first row alone."""
        bases = self._find_bases(_find_style(table, "tblPr/tblStyle"))
        shades = chain(table.iterfind(f"{_W}tblPr/{_W}shd"), *(style.iter(f"{_W}shd") for style in bases))
        return any(map(_is_filled, shades))


def _read_settings(properties: "_Element | None") -> Settings:
    return {} if properties is None else {str(child.tag).rpartition("}")[2]: child for child in properties}


def _find_style(element: "_Element | None", path: str) -> str | None:
    """Return the value at a path below an element."""
    style = None if element is None else element.find("/".join(f"{_W}{name}" for name in path.split("/")))
    return None if style is None else style.get(f"{_W}val")


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
    """Return whether the letters have no visible fill, and no outline."""
    fill, outline = settings.get("textFill"), settings.get("textOutline")
    has_outline = outline is not None and outline.find(f"{_W14}noFill") is None
    if fill is None or has_outline:
        return False
    alpha = fill.find(f".//{_W14}alpha")  # how transparent the letters are
    share = "0" if alpha is None else alpha.get(f"{_W14}val", "0")
    is_faint = share.isdecimal() and int(share[:9]) >= _FAINT
    return is_faint or fill.find(f"{_W14}noFill") is not None


def _is_filled(shade: "_Element | None") -> bool:
    if shade is None:
        return False
    return shade.get(f"{_W}val", "clear") not in _PLAIN or shade.get(f"{_W}fill", "auto") != "auto"


def _read_fill(shade: "_Element") -> Color | None:
    """Return the colour of a shade; None for a pattern."""
    return read_hex(shade.get(f"{_W}fill")) if shade.get(f"{_W}val", "clear") in _PLAIN else None
