"""Removes from a Word document the words that its readers do not see."""

from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import TypeAlias, cast

from docx.document import Document
from lxml.etree import _Element

from rag.documents.formats.office.paths import NOTHING, W, make_finder, make_reader, make_test
from rag.documents.formats.visibility import BLACK, FAINT, TINY, WHITE, Color, look_same, read_hex
from rag.documents.sequences import flat_map

# The settings of a run, by name.
Settings: TypeAlias = dict[str, _Element]

_MOST_BASES = 20
_ON = "[not(@w:val = '0' or @w:val = 'false' or @w:val = 'off')]"
_TRUE = "(. = '1' or . = 'true' or . = 'on')"
# The value of a shade names a pattern of two colours; "clear" and "nil" mean that there is none.
_PATTERN = "@w:val != 'clear' and @w:val != 'nil'"
_FILLED = f"w:shd[@w:fill != 'auto' or {_PATTERN}]"

_find_runs = make_finder("descendant::w:r | descendant::m:r")
_find_hidden_parts = make_finder(
    f"descendant::w:tr[w:trPr/w:hidden{_ON}]"
    f" | descendant::*[self::wp:inline or self::wp:anchor][wp:docPr[1]/@hidden[{_TRUE}]]"
)
_has_painted_page = make_test(f"w:background | descendant::wp:anchor[@behindDoc[{_TRUE}]]")
_find_settings = make_finder("w:rPr[1]/*")
_find_default_settings = make_finder("w:docDefaults/w:rPrDefault/w:rPr/*")
_get_value = make_reader("@w:val")

_find_styles = make_finder("descendant::w:style[@w:styleId != '']")
_get_normal_style = make_reader(f"w:style[@w:type = 'paragraph'][@w:default[{_TRUE}]]/@w:styleId")
_get_base = make_reader("w:basedOn/@w:val")
_get_run_style = make_reader("w:rPr/w:rStyle/@w:val")
_get_paragraph_style = make_reader("ancestor::w:p[1]/w:pPr/w:pStyle/@w:val")
_get_own_style = make_reader("w:pPr/w:pStyle/@w:val | w:tblPr/w:tblStyle/@w:val")

# The backgrounds of words. The colour of a table counts as unknown, because its style may shade only some of its cells.
# The colour of a box of text is unknown too.
_find_backdrops = make_finder(
    f"self::{_FILLED} | *[self::w:pPr or self::w:tcPr or self::w:tblPr]/{_FILLED}"
    f" | self::w:style[@w:type = 'table']//{_FILLED} | self::w:txbxContent"
)
_get_fill = make_reader(
    f"self::w:shd[not({_PATTERN})][not(parent::w:tblPr or ancestor::w:style[@w:type = 'table'])]/@w:fill"
)
_find_shades = make_finder("descendant::w:shd")

_is_on = make_test(f"self::*{_ON}")
_is_tiny = make_test(f"self::*[@w:val <= {2 * TINY}]")  # in half points
# Here `alpha` is the transparency, from 0 to 100,000.
_is_unfilled = make_test(f"w14:noFill | (.//w14:alpha)[1][@w14:val >= {100_000 * (1 - FAINT)}]")
_is_outlined = make_test("self::w14:textOutline[not(w14:noFill)]")
# The settings that hide words, each with the test of its value.
_HIDING = {"vanish": _is_on, "webHidden": _is_on, "sz": _is_tiny}
_HIGHLIGHTS = {"white": WHITE, "black": BLACK}


def drop_hidden_words(root: _Element, document: Document) -> None:
    """Remove the hidden runs, rows and drawings in a part of a document."""
    looks = _Looks(document, root)
    hidden_runs = list(filter(looks.is_hidden, _find_runs(root)))
    for element in (*hidden_runs, *_find_hidden_parts(root)):
        cast(_Element, element.getparent()).remove(element)


class Styles:
    """The styles of a document."""

    def __init__(self, document: Document) -> None:
        root = document.styles.element
        self.default_settings = _read_settings(_find_default_settings(root))
        self.normal = _get_normal_style(root)
        self._styles = {style.get(f"{W}styleId"): style for style in _find_styles(root)}

    def find_bases(self, name: str) -> list[_Element]:
        """Return a style, then the style that it is based on, and so on; nothing for an unknown name."""
        bases: list[_Element] = []
        while name in self._styles and len(bases) < _MOST_BASES:
            bases.append(self._styles[name])
            name = _get_base(bases[-1])
        return bases


class _Looks:
    """The settings of a document's words, and their backgrounds."""

    def __init__(self, document: Document, root: _Element) -> None:
        self._styles = Styles(document)
        self._page = None if _has_painted_page(document.element) else WHITE
        self._merge_styles = cache(self._read_styles)
        shades = _find_shades(document.styles.element) + _find_shades(root)
        self._fills = {WHITE, BLACK, *(read_hex(shade.get(f"{W}fill")) for shade in shades)}
        self._may_be_lost = cache(self._has_fill)

    def is_hidden(self, run: _Element) -> bool:
        """Return whether the words of a run are hidden, tiny, transparent or in the colour of their backdrop."""
        style_settings = self._merge_styles(_get_paragraph_style(run), _get_run_style(run))
        settings = {**style_settings, **_read_settings(_find_settings(run))}
        is_off = any(_HIDING[name](settings[name]) for name in _HIDING.keys() & settings)
        return is_off or _is_transparent(settings) or self._is_lost(run, settings)

    def _is_lost(self, run: _Element, settings: Settings) -> bool:
        """Return whether the words of a run have the colour of their backdrop."""
        color = read_hex(_get_value(settings.get("color", NOTHING)))
        return self._may_be_lost(color) and look_same(color, self._find_backdrop(run, settings))

    def _has_fill(self, color: Color | None) -> bool:
        """Return whether any backdrop in the document has this colour."""
        return any(look_same(color, fill) for fill in self._fills)

    def _read_styles(self, paragraph_style: str, run_style: str) -> Settings:
        """Return the settings of words with these styles; a style's own settings replace those of its base."""
        settings = dict(self._styles.default_settings)
        for name in (paragraph_style or self._styles.normal, run_style):
            for style in reversed(self._styles.find_bases(name)):
                settings |= _read_settings(_find_settings(style))
        return settings

    def _find_backdrop(self, run: _Element, settings: Settings) -> Color | None:
        """Return the background of a run; None if it is not known."""
        highlight = _get_value(settings.get("highlight", NOTHING))
        if highlight not in ("", "none"):
            return _HIGHLIGHTS.get(highlight)
        own_backdrops = _find_backdrops(settings.get("shd", NOTHING))
        outer_backdrops = flat_map(_find_backdrops, self._list_outer(run))
        backdrops = chain(own_backdrops, outer_backdrops)
        return next((read_hex(_get_fill(backdrop)) for backdrop in backdrops), self._page)

    def _list_outer(self, run: _Element) -> Iterator[_Element]:
        """Yield the elements around a run, the innermost first, each followed by its styles."""
        for outer in run.iterancestors(f"{W}p", f"{W}tc", f"{W}tbl", f"{W}txbxContent"):
            default_style = self._styles.normal if outer.tag == f"{W}p" else ""
            yield outer
            yield from self._styles.find_bases(_get_own_style(outer) or default_style)


def _read_settings(settings: list[_Element]) -> Settings:
    return {str(setting.tag).rpartition("}")[2]: setting for setting in settings}


def _is_transparent(settings: Settings) -> bool:
    """Return whether the letters have no visible fill, and no outline."""
    is_outlined = _is_outlined(settings.get("textOutline", NOTHING))
    return not is_outlined and _is_unfilled(settings.get("textFill", NOTHING))
