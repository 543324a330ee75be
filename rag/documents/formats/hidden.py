"""Removes from a page the words that its reader does not see."""

import re
from collections.abc import Callable, Mapping
from colorsys import hls_to_rgb
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rag.documents.formats.css import (
    Value,
    applies_to_screen,
    find_main_names,
    override,
    read_length,
    read_sheet,
    split_declarations,
)
from rag.documents.formats.visibility import BLACK, WHITE, Color, look_same

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Letters of a point, which are 4/3 pixels, cannot be read.
_TINY_PIXELS = 1.34
_FAINT = 0.05
# A reader cannot scroll to words this far from the edge of the screen, in pixels. Menus that slide in are nearer.
_OFF_SCREEN = -900
_COLOR_NAMES: dict[str, Color] = {
    "white": WHITE, "snow": (255, 250, 250), "ivory": (255, 255, 240), "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240), "mintcream": (245, 255, 250), "azure": (240, 255, 255), "black": BLACK,
    "whitesmoke": (245, 245, 245),
}  # fmt: skip
_TO_INHERIT = frozenset(("inherit", "currentcolor", "unset", "revert"))
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_HEX = re.compile(r"[0-9a-f]{6}(?:[0-9a-f]{2})?")
_SHARE = re.compile(r"(?:\d+\.?\d*|\.\d+)%?")
_SCALED_AWAY = re.compile(r"\bscale(?:3d|x|y)?\(\s*(?:0*\.)?0+\s*[,)]")
_MOVED = re.compile(r"\btranslate(?:3d|x|y)?\(\s*([^,()\s]+)(?:[,\s]+([^,()\s]+))?")
_FADED = re.compile(r"\bopacity\(\s*([\d.]+%?)")
_NO_MOTION = frozenset(("none", "initial", "0s"))
_PICTURES = ("img", "picture", "video", "svg", "canvas", "object", "iframe")
# A button is near the beginning of what stands before the part that it opens.
_MOST_BESIDE = 30
_WHOLE_PAGE = ("html", "body", "main")
# Names of parts that open when a reader clicks.
_FOLDING = re.compile(r"accordion|collaps|expand|toggl|tab-?(?:pan|content)|faq|spoiler|read-?more", re.IGNORECASE)
# Names of icons, which are letters in a font of pictures, and of what lies above the page until it is closed.
_NO_TEXT = re.compile(
    r"\b(?:material-(?:icons|symbols)|modal|dialog|drawer|off-?canvas|overlay|lightbox|popup)", re.IGNORECASE
)
_QUOTED_NAME = re.compile(r"""["'`]([.#]?[\w-]{1,80})["'`]""")
_REFERENCES = frozenset(("aria-controls", "aria-owns", "for", "href", "popovertarget", "commandfor"))
# What decides how an element's own words look.
_OF_LETTERS = frozenset((
    "background-clip", "background-color", "background-image", "color", "color-scheme", "font-size", "position",
    "text-fill-color", "text-indent", "text-shadow", "text-stroke", "visibility",
))  # fmt: skip
# What attributes of old pages set; every style sheet weighs more.
_ATTRIBUTES = {"bgcolor": "background-color", "background": "background-image", "color": "color", "text": "color"}
_WEAK = (0, -1)

Texts: TypeAlias = Mapping[str, str]


class _Way(NamedTuple):
    """A way to hide an element: the properties that do it, and the test of all values.

    Buttons and scripts often undo a way with `is_state`.
    """

    properties: tuple[str, ...]
    hides: Callable[[Texts], bool]
    is_state: bool = False


def _is_faint(texts: Texts) -> bool:
    faded = _FADED.search(texts.get("filter", ""))
    return any(_read_share(text) <= _FAINT for text in (texts.get("opacity", "1"), faded[1] if faded else "1"))


def _read_share(text: str) -> float:
    """Return "0.5" or "50%" as a number; 1 for what is none."""
    number = _NUMBER.match(text)
    return float(number[0]) / (100 if text.endswith("%") else 1) if number else 1.0


def _is_clipped(texts: Texts) -> bool:
    sides = [float(side) for side in _NUMBER.findall(texts.get("clip", ""))]
    if len(sides) != 4 or texts.get("position") not in ("absolute", "fixed"):
        return False
    top, right, bottom, left = sides
    return right - left <= 1 or bottom - top <= 1


def _is_cut_out(texts: Texts) -> bool:
    shape = texts.get("clip-path", "")
    numbers = [float(number) for number in _NUMBER.findall(shape)]
    if shape.startswith("inset(") and numbers and "%" in shape:
        top, right, bottom, left = numbers[:4] if len(numbers) > 3 else [numbers[0], numbers[-1]] * 2
        return top + bottom >= 100 or right + left >= 100
    is_round = shape.startswith(("circle(", "ellipse("))
    return (is_round and numbers[:1] == [0]) or (shape.startswith("polygon(") and not any(numbers))


def _is_closed(texts: Texts) -> bool:
    sizes = [read_length(texts.get(name, "auto")) for name in ("height", "max-height", "width", "max-width")]
    is_cut = texts.get("overflow", "").startswith(("hidden", "clip"))
    return is_cut and any(size is not None and size <= 1 for size in sizes)


def _is_off_screen(texts: Texts) -> bool:
    places = [texts.get("margin-left", "auto"), texts.get("margin-top", "auto")]
    if texts.get("position", "static") != "static":
        places += [texts.get(side, "auto") for side in ("left", "top", "right", "bottom")]
    moved = _MOVED.search(texts.get("transform", ""))
    places += [place for place in (moved.groups() if moved else ()) if place]
    lengths = map(read_length, places)
    return any(length is not None and length <= _OFF_SCREEN for length in lengths)


_WAYS = (
    _Way(("display",), lambda texts: texts.get("display") == "none", is_state=True),
    _Way(("content-visibility",), lambda texts: texts.get("content-visibility") == "hidden", is_state=True),
    _Way(("opacity", "filter"), _is_faint, is_state=True),
    _Way(("height", "max-height", "width", "max-width", "overflow"), _is_closed, is_state=True),
    _Way(("clip", "position"), _is_clipped),
    _Way(("clip-path",), _is_cut_out),
    _Way(("left", "top", "right", "bottom", "margin-left", "margin-top", "position", "transform"), _is_off_screen),
    _Way(("transform",), lambda texts: _SCALED_AWAY.search(texts.get("transform", "")) is not None),
    _Way(("zoom",), lambda texts: _read_share(texts.get("zoom", "1")) <= _FAINT),
)
# What is in an invisible element can be visible.
_INVISIBLE = _Way(("visibility",), lambda texts: texts.get("visibility") in ("hidden", "collapse"), is_state=True)


class _Look(NamedTuple):
    """How the words right inside an element look; those of elements in it look so too unless a style says otherwise.

    The font's size is in pixels. A colour that is not known is None; "transparent" is one of letters alone.
    """

    font_size: float = 16.0
    color: Color | None = BLACK
    backdrop: Color | None = WHITE
    is_invisible: bool = False
    is_off_screen: bool = False
    is_painted: bool = False

    @property
    def is_hidden(self) -> bool:
        is_unseen = self.color == "transparent" or look_same(self.color, self.backdrop)
        is_tiny = self.font_size <= _TINY_PIXELS
        return self.is_invisible or self.is_off_screen or is_tiny or (is_unseen and not self.is_painted)


def drop_hidden(tree: "HtmlElement") -> None:
    """Remove the words that no reader of a page sees.

    Words that a reader can open stay: by a button or link, by a script that names them, or because a style shows them
    in another state of the page or on another screen. The page is judged by the styles that it holds itself.
    """
    page = _Page(tree)
    page.prune(tree, page.find_first_look(), [])


class _Page:
    """A page's tree and styles. It recurses: trees are `MAX_DEPTH` deep at most."""

    def __init__(self, tree: "HtmlElement") -> None:
        self._tree = tree
        styles = [style for style in tree.iter("style") if applies_to_screen(style.get("media") or "all")]
        texts = [style.text_content() for style in styles]
        self._sheet = read_sheet(tuple(texts))
        self._sheet.begin_page()
        links = (link.get("rel", "").lower().split() for link in tree.iter("link"))
        # A style sheet elsewhere may set anything on what has a class or an id.
        self._is_partial = any("stylesheet" in link for link in links) or any("@import" in text for text in texts)

    def find_first_look(self) -> _Look:
        """Return how words look that no style is for."""
        schemes = [meta.get("content", "") for meta in self._tree.iter("meta") if meta.get("name") == "color-scheme"]
        is_known = not self._is_partial and not any(map(_is_dark, schemes))
        return _Look() if is_known else _Look(color=None, backdrop=None)

    def prune(self, element: "HtmlElement", outer: _Look, path: list[frozenset[str]]) -> bool:
        """Remove what is hidden of an element; return whether all of it is. `path` has the names of those around it."""
        attributes = dict(element.items())
        names = self._find_names(element.tag, attributes)
        values = self._sheet.find_values(names, path)
        override(values, _read_attributes(element.tag, attributes))
        is_gone = self._is_gone(element, values)
        if "aria-hidden" in attributes:
            del element.attrib["aria-hidden"]  # Trafilatura would drop it.
            is_gone = is_gone or (attributes["aria-hidden"] == "true" and _is_no_text(element))
        if is_gone and next(element.iter(*_WHOLE_PAGE), None) is None:
            return True
        look = self._find_look(element, values, outer)
        path.append(names)
        gone = {child for child in element if isinstance(child.tag, str) and self.prune(child, look, path)}
        path.pop()
        _remove(element, gone, keep_words=not look.is_hidden)
        return False

    def _find_names(self, tag: str, attributes: Mapping[str, str]) -> frozenset[str]:
        names = ["*", tag]
        if "id" in attributes:
            names.append(f"#{attributes['id']}")
        if "class" in attributes:
            names += [f".{name}" for name in attributes["class"].split()]
        for name in self._sheet.attributes.intersection(attributes):
            names += [f"[{name}]", *(f"[{name}={value}]" for value in {attributes[name], *attributes[name].split()})]
        return frozenset(names)

    def _is_gone(self, element: "HtmlElement", values: dict[str, Value]) -> bool:
        """Return whether an element is hidden with all that is in it."""
        if not values:
            return False
        texts = {name: value.text for name, value in values.items()}
        ways = [way for way in _WAYS if not texts.keys().isdisjoint(way.properties) and way.hides(texts)]
        if any(not self._can_open(element, way, values) for way in ways):
            return True
        if ways:  # Trafilatura would drop it.
            for name in {"hidden", "style"}.intersection(element.attrib):
                del element.attrib[name]
        return False

    def _can_open(self, element: "HtmlElement", way: _Way, values: dict[str, Value]) -> bool:
        texts = {name: value.text for name, value in values.items()}
        if any(texts.get(name, "none") not in _NO_MOTION for name in ("animation", "animation-name", "transition")):
            return True
        # Scripts of other sites find what they fade in by its data.
        if way.hides is _is_faint and any(name.startswith("data-") for name in element.attrib):
            return True
        for name in values.keys() & way.properties:
            alternatives = self._sheet.find_alternatives(name, values[name])
            if any(not way.hides({**texts, name: text}) for text in alternatives):
                return True
        return way.is_state and self._is_opened(element)

    def _is_opened(self, element: "HtmlElement") -> bool:
        """Return whether a part of the page, or a script in it, seems to open an element."""
        parent = element.getparent()
        names = find_main_names(self._find_names(element.tag, dict(element.items())))
        near = " ".join(other.get("class", "") for other in (element, parent) if other is not None)
        return (
            element.get("role") == "tabpanel"
            or not self._openers.isdisjoint(names)
            or _FOLDING.search(f"{near} {element.get('id', '')}") is not None
            or _has_before(element, _is_control)
        )

    @cached_property
    def _openers(self) -> frozenset[str]:
        """The classes and ids of elements that others refer to, or scripts name."""
        names = set()
        for element in self._tree.iter():
            for name, value in element.attrib.items():
                if name.startswith("data-") or name in _REFERENCES:
                    names.add(value if value.startswith(("#", ".")) or name == "href" else f"#{value}")
        for script in self._tree.iter("script"):
            if "json" not in script.get("type", ""):
                found = _QUOTED_NAME.findall(script.text or "")
                names |= {mark + name.lstrip("#.") for name in found for mark in (name[0] if name[0] in "#." else "#.")}
        return frozenset(names)

    def _find_look(self, element: "HtmlElement", values: dict[str, Value], outer: _Look) -> _Look:
        look = outer
        if self._is_partial and not {"class", "id"}.isdisjoint(element.attrib):
            look = look._replace(font_size=_Look().font_size, color=None, backdrop=None)
        if element.tag == "a":
            look = look._replace(color=None)
        if values.keys().isdisjoint(_OF_LETTERS):
            return look
        texts = {name: value.text for name, value in values.items() if value.text not in _TO_INHERIT}
        if _is_dark(texts.get("color-scheme", "")):
            look = look._replace(color=None, backdrop=None)
        look = self._color(element, texts, look)
        if "visibility" in texts and element.tag not in _WHOLE_PAGE:
            is_invisible = _INVISIBLE.hides(texts) and not self._can_open(element, _INVISIBLE, values)
            look = look._replace(is_invisible=is_invisible)
        if "font-size" in texts:
            look = look._replace(font_size=_read_font_size(texts["font-size"], outer.font_size))
        if "text-indent" in texts:
            indent = read_length(texts["text-indent"], font_size=look.font_size)
            look = look._replace(is_off_screen=indent is not None and indent <= _OFF_SCREEN)
        alternatives = (
            read_color(text)
            for name in ("color", "background-color", "text-fill-color")
            for text in (self._sheet.find_alternatives(name, values[name]) if name in values else ())
        )
        if look.is_hidden and any(not look_same(color, look.backdrop) for color in alternatives):
            look = look._replace(is_painted=True)
        return look

    def _color(self, element: "HtmlElement", texts: Texts, look: _Look) -> _Look:
        """Return the look with an element's own colours."""
        background = read_color(texts.get("background-color", "transparent"))
        if texts.get("background-image", "none") != "none":
            look = look._replace(backdrop=None)
        elif background != "transparent":
            look = look._replace(backdrop=background)
        elif texts.get("position", "static") != "static" and self._may_overlay(element, texts["position"]):
            look = look._replace(backdrop=None)
        letters = texts.get("text-fill-color", texts.get("color"))
        if letters is not None:
            look = look._replace(color=read_color(letters))
        is_painted = texts.get("background-clip") == "text" or any(
            texts.get(name, "none") != "none" for name in ("text-shadow", "text-stroke")
        )
        return look._replace(is_painted=look.is_painted or is_painted)

    def _may_overlay(self, element: "HtmlElement", position: str) -> bool:
        """Return whether an element may lie over a picture."""
        if position in ("absolute", "fixed"):
            return self._has_pictures
        return _has_before(element, lambda other: other.tag in _PICTURES)

    @cached_property
    def _has_pictures(self) -> bool:
        return next(self._tree.iter(*_PICTURES), None) is not None


def _read_attributes(tag: str, attributes: Mapping[str, str]) -> dict[str, Value]:
    """Return the styles that an element has without a style sheet."""
    values: dict[str, Value] = {}
    if not attributes and tag != "dialog":
        return values
    is_closed = (tag == "dialog" and "open" not in attributes) or "popover" in attributes
    if is_closed or attributes.get("hidden", "until-found") != "until-found":
        values["display"] = Value("none", _WEAK)
    for name, target in _ATTRIBUTES.items():
        if name in attributes and (target != "color" or tag in ("body", "font")):
            values[target] = Value(attributes[name].strip().lower(), _WEAK)
    if "style" in attributes:
        override(values, _read_style(attributes["style"]))
    return values


@lru_cache(maxsize=1000)
def _read_style(text: str) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, value, is_important in split_declarations(text):
        override(values, {name: Value(value, (is_important, 1))})
    return values


def _remove(element: "HtmlElement", gone: set["HtmlElement"], *, keep_words: bool) -> None:
    """Remove these children of an element, and its own words unless they are to be kept.

    All at once: to join words again for each child would take minutes on a large page.
    """
    if not gone and keep_words:
        return
    last, words = None, [element.text]
    for child in [*element, None]:
        if child is not None and child in gone:
            words.append(child.tail)
            element.remove(child)
            continue
        text = "".join(filter(None, words)) if keep_words else ""
        if last is None:
            element.text = text
        else:
            last.tail = text
        last, words = child, [] if child is None else [child.tail]


def _is_no_text(element: "HtmlElement") -> bool:
    """Return whether an element that screen readers pass over has no words: signs, a formula again, a closed dialog."""
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return (
        _NO_TEXT.search(names) is not None
        or _has_before(element, lambda other: other.tag == "math")
        or not any(map(str.isalnum, element.text_content()))
    )


def _has_before(element: "HtmlElement", test: Callable[["HtmlElement"], bool]) -> bool:
    """Return whether the element beside this one, or one of the first in it, passes a test."""
    before = element.getprevious()
    return before is not None and any(map(test, islice(before.iter(), _MOST_BESIDE)))


def _is_control(element: "HtmlElement") -> bool:
    """Return whether a reader can click on an element to change the page."""
    link = element.get("href", "#")
    return (
        element.tag in ("button", "summary", "label")
        or element.get("role") in ("button", "tab")
        or (element.tag == "a" and link.startswith(("#", "javascript:")))
        or not {"onclick", "aria-expanded"}.isdisjoint(element.attrib)
        or element.get("type") in ("checkbox", "radio")
    )


def _is_dark(scheme: str) -> bool:
    return "dark" in scheme and "light" not in scheme


def _read_font_size(text: str, outer: float) -> float:
    """Return the size of a font in pixels; the usual one for a size in words or of the window."""
    if text.endswith("%"):
        return outer * _read_share(text)
    size = read_length(text, font_size=outer)
    return _Look().font_size if size is None else size


def read_color(text: str) -> Color | None:
    """Return a colour of a style sheet; None for one that lets others through, "transparent" for none at all.

    A colour that only browsers know is its own name.
    """
    if text in _COLOR_NAMES:
        return _COLOR_NAMES[text]
    digits = text.removeprefix("#")
    if len(digits) in (3, 4):
        digits = "".join(2 * digit for digit in digits)
    if _HEX.fullmatch(digits):
        red, green, blue, alpha = bytes.fromhex(f"{digits}ff"[:8])
        return _blend((red, green, blue), alpha / 255)
    numbers = _SHARE.findall(text)
    if not text.startswith(("rgb", "hsl")) or len(numbers) not in (3, 4):
        return text
    opacity = _read_share(numbers[3]) if len(numbers) == 4 else 1.0
    first, second, third = map(_read_share, numbers[:3])
    if text.startswith("hsl"):
        channels = tuple(255 * part for part in hls_to_rgb(first / 360, third, second))
    else:
        channels = tuple(part * (255 if "%" in text else 1) for part in (first, second, third))
    red, green, blue = (round(min(255.0, channel)) for channel in channels)
    return _blend((red, green, blue), opacity)


def _blend(color: Color, opacity: float) -> Color | None:
    if opacity <= _FAINT:
        return "transparent"
    return color if opacity > 1 - _FAINT else None
