"""Finds the settings of OpenDocument's styles, and the words that they hide."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from math import inf
from typing import NamedTuple, TypeVar

from lxml.etree import _Element

from rag.documents.blocks import pick_first
from rag.documents.formats.opendocument.names import DRAW, FO, LOEXT, NOTHING, SHOW, STYLE, TEXT
from rag.documents.formats.visibility import FAINT, TINY, WHITE, Color, look_same, read_hex

Key = TypeVar("Key")

_MOST_BASES = 20
_COLOR, _OF_WINDOW = f"{FO}color", f"{STYLE}use-window-font-color"
_BACKGROUND = f"{FO}background-color"
# The families of a shape's styles, and the attribute with the name of the style.
_SHAPES = (("graphic", f"{DRAW}style-name"), ("presentation", f"{SHOW}style-name"))
_UNPAINTED = (None, "transparent", "none")
_LENGTH = re.compile(r"(-?\d{1,6}(?:\.\d{1,9})?)(pt|cm|mm|in|pc|px)")
_POINTS = {"pt": 1.0, "cm": 72 / 2.54, "mm": 7.2 / 2.54, "in": 72.0, "pc": 12.0, "px": 0.75}


class Look(NamedTuple):
    """The settings of letters by their attribute, and their background; None if it is not known."""

    settings: Mapping[str, str]
    backdrop: Color | None

    @property
    def is_hidden(self) -> bool:
        """Whether nobody sees the letters: they are switched off, tiny, transparent or in the backdrop's colour."""
        is_switched_off = self.settings.get(f"{TEXT}display") == "none"
        is_tiny = read_length(self.settings.get(f"{FO}font-size"), inf) <= TINY
        return any((is_switched_off, is_tiny, self._is_lost))

    @property
    def _is_lost(self) -> bool:
        has_usual_color = self.settings.get(_OF_WINDOW) == "true"
        is_outlined = self.settings.get(f"{STYLE}text-outline") == "true"
        if has_usual_color or is_outlined:
            return False
        opacity = self.settings.get(f"{LOEXT}opacity", "").removesuffix("%")
        is_faint = opacity.isdecimal() and int(opacity[:9]) <= 100 * FAINT  # in percent
        return is_faint or look_same(read_color(self.settings.get(_COLOR)), self.backdrop)


class Styles:
    """The styles of a file, by family and name; a later part replaces the styles of an earlier one."""

    def __init__(self, *parts: _Element) -> None:
        self._styles = _collect(parts, f"{STYLE}style", _get_key)
        self._defaults = _collect(parts, f"{STYLE}default-style", _get_key)
        self.lists = _collect(parts, f"{TEXT}list-style", _get_name)
        self.masters = _collect(parts, f"{STYLE}master-page", _get_name)
        self.layouts = _collect(parts, f"{STYLE}page-layout", _get_name)
        self.outline = next(iter(_collect(parts, f"{TEXT}outline-style", _get_name).values()), NOTHING)
        self.merge = cache(self._merge)
        self.page_look = Look(self.merge("paragraph", None, "text"), self._find_page_color())

    def get_base_names(self, family: str, name: str | None) -> list[str]:
        """Return the names of a style and of the styles that it is based on, as the user sees them, in lower case."""
        names = map(_get_shown_name, self._find_bases(family, name))
        return list(map(str.lower, names))

    def get(self, family: str, name: str | None, kind: str, attribute: str) -> str | None:
        """Return the setting of a style among its properties of a kind ("text", "table-cell", "drawing-page" …)."""
        return self.merge(family, name, kind).get(attribute)

    def add(self, look: Look, family: str, name: str | None) -> Look:
        """Return the look of letters with a style, in a place with another look."""
        if name is None:
            return look
        settings = _override(look.settings, self.merge(family, name, "text"))
        backdrop = look.backdrop
        for kind in ("text", family):
            background = self.get(family, name, kind, _BACKGROUND)
            if background not in _UNPAINTED:
                backdrop = read_color(background)
        return Look(settings, backdrop)

    def paint(self, look: Look, shape: _Element) -> Look:
        """Return the look of the words in a shape, whose fill may hide what it covers."""
        fill = self.get_fill(shape)
        for family, attribute in _SHAPES:
            name = shape.get(attribute)
            look = self.add(look, family, name)
            if name and fill == "solid":
                look = look._replace(backdrop=read_color(self.get(family, name, "graphic", f"{DRAW}fill-color")))
        return look if fill in (*_UNPAINTED, "solid") else look._replace(backdrop=None)

    def get_fill(self, shape: _Element) -> str | None:
        """Return the kind of a shape's fill: "none", "solid", "gradient" …; None if no style says."""
        names = [(family, shape.get(attribute)) for family, attribute in _SHAPES]
        return pick_first((self.get(family, name, "graphic", f"{DRAW}fill") for family, name in names if name), None)

    def is_unnumbered(self, paragraph: _Element) -> bool:
        """Return whether a paragraph's style takes it out of the numbered headings: it names an empty list."""
        for base in self._find_bases("paragraph", paragraph.get(f"{TEXT}style-name")):
            name = base.get(f"{STYLE}list-style-name")
            if name is not None:
                return name == ""
        return False

    def _merge(self, family: str, name: str | None, kind: str) -> Mapping[str, str]:
        """Return the settings of one kind; a style overrides its base. A default has no name."""
        bases = list(self._find_bases(family, name))
        if name is None and (family, None) in self._defaults:
            bases = [self._defaults[family, None]]
        settings: Mapping[str, str] = {}
        for style in reversed(bases):
            for properties in style.iterchildren(f"{STYLE}{kind}-properties"):
                own = {str(key): str(value) for key, value in properties.attrib.items()}
                settings = _override(settings, own)
        return settings

    def _find_bases(self, family: str, name: str | None) -> Iterator[_Element]:
        for _ in range(_MOST_BASES):
            style = self._styles.get((family, name))
            if style is None:
                return
            yield style
            name = style.get(f"{STYLE}parent-style-name")

    def _find_page_color(self) -> Color | None:
        """Return the colour of the pages; None if any page may have another one than white."""
        layouts = self.layouts.values()
        pages = chain.from_iterable(layout.iterchildren(f"{STYLE}page-layout-properties") for layout in layouts)
        fills = {page.get(name) for page in pages for name in (f"{DRAW}fill", _BACKGROUND)}
        return WHITE if fills <= {*_UNPAINTED, "#ffffff"} else None


def _collect(parts: Iterable[_Element], tag: str, get_key: Callable[[_Element], Key]) -> dict[Key, _Element]:
    """Return the styles with a tag by their keys."""
    return {get_key(style): style for part in parts for style in part.iter(tag)}


def read_color(text: str | None) -> Color | None:
    """Return the colour in "#ffffff"; None for all else."""
    return read_hex((text or "").removeprefix("#"))


def read_length(text: str | None, default: float) -> float:
    """Return a length such as "2.5cm" in points; `default` for a share, or if there is none."""
    length = _LENGTH.fullmatch(text or "")
    return float(length[1]) * _POINTS[length[2]] if length else default


def _get_key(style: _Element) -> tuple[str | None, str | None]:
    return style.get(f"{STYLE}family"), style.get(f"{STYLE}name")


def _get_name(style: _Element) -> str | None:
    return style.get(f"{STYLE}name")


def _get_shown_name(style: _Element) -> str:
    """Return a style's name as the user sees it."""
    name = style.get(f"{STYLE}name", "").replace("_20_", " ")
    return style.get(f"{STYLE}display-name", name)


def _override(settings: Mapping[str, str], own: Mapping[str, str]) -> Mapping[str, str]:
    """Return settings, overridden by a style's own; a colour replaces the usual colour of the window."""
    merged = {**settings, **own}
    if _COLOR in own and _OF_WINDOW not in own:
        merged.pop(_OF_WINDOW, None)
    return merged
