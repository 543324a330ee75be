"""Removes from a page the words that its reader does not see."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.formats.html.css import (
    Value,
    applies_to_screen,
    find_main_names,
    override,
    read_length,
    read_sheet,
    split_declarations,
)
from rag.documents.formats.html.hiding import (
    INVISIBLE,
    OFF_SCREEN,
    USUAL_SIZE,
    WAYS,
    Texts,
    Way,
    is_faint,
    read_color,
    read_font_size,
)
from rag.documents.formats.visibility import BLACK, WHITE, Color, look_same

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Letters of a point, which are 4/3 pixels, cannot be read.
_TINY_PIXELS = 1.34
_TO_INHERIT = frozenset(("inherit", "currentcolor", "unset", "revert"))
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


class _Look(NamedTuple):
    """How the words right inside an element look; those of elements in it look so too unless a style says otherwise.

    The font's size is in pixels. A colour that is not known is None; "transparent" is one of letters alone.
    """

    font_size: float = USUAL_SIZE
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
        ways = [way for way in WAYS if not texts.keys().isdisjoint(way.properties) and way.hides(texts)]
        if any(not self._can_open(element, way, values) for way in ways):
            return True
        if ways:  # Trafilatura would drop it.
            for name in {"hidden", "style"}.intersection(element.attrib):
                del element.attrib[name]
        return False

    def _can_open(self, element: "HtmlElement", way: Way, values: dict[str, Value]) -> bool:
        texts = {name: value.text for name, value in values.items()}
        if any(texts.get(name, "none") not in _NO_MOTION for name in ("animation", "animation-name", "transition")):
            return True
        # Scripts of other sites find what they fade in by its data.
        if way.hides is is_faint and any(name.startswith("data-") for name in element.attrib):
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
            look = look._replace(font_size=USUAL_SIZE, color=None, backdrop=None)
        if element.tag == "a":
            look = look._replace(color=None)
        if values.keys().isdisjoint(_OF_LETTERS):
            return look
        texts = {name: value.text for name, value in values.items() if value.text not in _TO_INHERIT}
        if _is_dark(texts.get("color-scheme", "")):
            look = look._replace(color=None, backdrop=None)
        look = self._color(element, texts, look)
        if "visibility" in texts and element.tag not in _WHOLE_PAGE:
            is_invisible = INVISIBLE.hides(texts) and not self._can_open(element, INVISIBLE, values)
            look = look._replace(is_invisible=is_invisible)
        if "font-size" in texts:
            look = look._replace(font_size=read_font_size(texts["font-size"], outer.font_size))
        if "text-indent" in texts:
            indent = read_length(texts["text-indent"], font_size=look.font_size)
            look = look._replace(is_off_screen=indent is not None and indent <= OFF_SCREEN)
        return look._replace(is_painted=True) if look.is_hidden and self._changes_color(values, look) else look

    def _changes_color(self, values: dict[str, Value], look: _Look) -> bool:
        """Return whether letters that are lost in what is behind them have another colour at times."""
        colored = {"color", "background-color", "text-fill-color"}.intersection(values)
        texts = (text for name in colored for text in self._sheet.find_alternatives(name, values[name]))
        return any(not look_same(read_color(text), look.backdrop) for text in texts)

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
