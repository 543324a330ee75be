"""Removes from a page the words that its readers do not see."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from itertools import chain, islice
from typing import NamedTuple

from lxml.etree import strip_attributes, strip_elements
from lxml.html import HtmlElement

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
    PLACED,
    USUAL_SIZE,
    WAYS,
    Texts,
    Way,
    is_faint,
    read_color,
    read_font_size,
)
from rag.documents.formats.html.markup import HEADINGS, contains, parse_html
from rag.documents.formats.html.raised import set_raised
from rag.documents.formats.visibility import BLACK, WHITE, Color, look_same
from rag.language import QUESTION_MARKS

# Letters of one point (4/3 pixels) cannot be read.
_TINY_PIXELS = 1.34
_TO_INHERIT = frozenset(("inherit", "currentcolor", "unset", "revert"))
_MOTIONS = ("animation", "animation-name", "transition")
_NO_MOTION = frozenset(("none", "initial", "0s"))
# These make letters visible without their colour.
_DECORATIONS = ("text-shadow", "text-stroke")
_PICTURES = ("img", "picture", "video", "svg", "canvas", "object", "iframe")
# A button is among this many first elements of the neighbour before the part that it opens.
_MOST_BESIDE = 30
# The tags, roles and types of buttons.
_CONTROLS = frozenset(("button", "summary", "label", "tab", "checkbox", "radio"))
_DELETED = ("del", "s", "strike")
_WHOLE_PAGE = ("html", "body", "main")
# The tag of hidden elements until all of them are removed at once, which takes less time than one after the other.
_GONE = "gone"
# Names of parts that open when a reader clicks.
_FOLDING = re.compile(r"accordion|collaps|expand|toggl|tab-?(?:pan|content)|faq|spoiler|read-?more", re.IGNORECASE)
# Names of icons, which are letters in a font of pictures, and of boxes over the page that a reader closes. A formula
# that KaTeX draws is in the page as "<math>" too.
_NO_TEXT = re.compile(
    r"\b(?:material-(?:icons|symbols)|katex|modal|dialog|drawer|off-?canvas|overlay|lightbox|popup)", re.IGNORECASE
)
# The elements above a folded part that name it.
_TITLES = frozenset((*HEADINGS, "dt", "legend"))
_MARKED = re.compile(r"[.#]")
_QUOTED_NAME = re.compile(r"""["'`]([.#]?)([\w-]{1,80})["'`]""")
# The values of these attributes are ids, or selectors such as "#id". In others only "#id" and ".class" are references.
_OF_IDS = (
    "aria-controls aria-owns for popovertarget commandfor"
    " data-target data-bs-target data-controls data-open data-tab data-toggle"
)
_IDS = f"//@*[contains(' {_OF_IDS} ', concat(' ', name(), ' '))]"
_SELECTORS = "//@*[name() = 'href' or starts-with(name(), 'data-')]"
_SCRIPTS = "//script[not(contains(@type, 'json'))]/text()"
# The properties that attributes of old pages set.
_ATTRIBUTES = {"bgcolor": "background-color", "background": "background-image", "color": "color", "text": "color"}
# Every style sheet weighs more than an attribute.
_WEAK = (0, -1)


class _Look(NamedTuple):
    """The look of an element's own words. Elements inside it inherit the look, and their styles may change it.

    The font's size is in pixels. An unknown colour is None; only letters can be "transparent". Letters with a shadow
    or an outline are visible in any colour, so theirs is unknown.
    """

    font_size: float = USUAL_SIZE
    color: Color | None = BLACK
    backdrop: Color | None = WHITE
    is_invisible: bool = False
    is_off_screen: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether no reader sees the words."""
        is_tiny = self.font_size <= _TINY_PIXELS
        is_lost = self.color == "transparent" or look_same(self.color, self.backdrop)
        return any((self.is_invisible, self.is_off_screen, is_tiny, is_lost))


def parse_shown(html: bytes | str) -> HtmlElement:
    """Return the tree of a page or of a part of one, without the words that its readers do not see."""
    tree = parse_html(html)
    drop_hidden(tree)
    return tree


def drop_hidden(tree: HtmlElement) -> None:
    """Remove the words that no reader of a page sees, words that are struck out, and the marks of footnotes.

    Words that a reader can open stay: a button or link opens them, a script names them, or a style shows them in
    another state of the page or on another screen. Only the styles in the page itself count.
    """
    page = _Page(tree)
    page.prune(tree, page.first_look, [])
    strip_elements(tree, _GONE, with_tail=False)
    strip_attributes(tree, "aria-hidden", "hidden", "style")  # trafilatura would drop elements for them
    set_raised(tree)


class _Page:
    """A page's tree and styles. It recurses: trees are `MAX_DEPTH` deep at most."""

    def __init__(self, tree: HtmlElement) -> None:
        texts = _list_styles(tree)
        self._tree = tree
        self._sheet = read_sheet(texts)
        self._sheet.steps = 0
        # A style sheet elsewhere may set anything on an element with a class or an id.
        self._is_partial = _has_other_sheets(tree, texts)
        # The look of words without a style.
        self.first_look = _Look(color=None, backdrop=None) if self._is_partial else _Look()

    def prune(self, element: HtmlElement, outer: _Look, path: list[frozenset[str]]) -> None:
        """Remove hidden words, and mark hidden elements as gone; `path` has the names of the elements around."""
        attributes = dict(element.items())
        names = self._find_names(element.tag, attributes)
        values = self._sheet.find_values(names, path)
        override(values, _read_attributes(element.tag, attributes))
        is_silent = attributes.get("aria-hidden") == "true"
        is_gone = self._is_gone(element, values) or (is_silent and _is_no_text(element))
        is_deleted = element.tag in _DELETED
        if (is_gone or is_deleted) and not contains(element, *_WHOLE_PAGE):
            element.tag = _GONE
            return
        look = self._find_look(element, values, outer)
        path.append(names)
        for child in element.iterchildren("*"):
            self.prune(child, look, path)
        path.pop()
        if look.is_hidden:
            _remove_words(element)

    def _find_names(self, tag: str, attributes: Mapping[str, str]) -> frozenset[str]:
        names = ["*", tag]
        if "id" in attributes:
            names.append(f"#{attributes['id']}")
        names += [f".{name}" for name in attributes.get("class", "").split()]
        for name, value in attributes.items():
            names.append(f"[{name}]")
            names += [f"[{name}={word}]" for word in (value, *value.split())]
        return frozenset(names)

    def _is_gone(self, element: HtmlElement, values: dict[str, Value]) -> bool:
        """Return whether an element is hidden with everything in it."""
        if not values:
            return False
        texts = _get_texts(values)
        return not all(self._can_open(element, way, values) for way in WAYS if way.hides(texts))

    def _can_open(self, element: HtmlElement, way: Way, values: dict[str, Value]) -> bool:
        """Return whether the page may show an element that is hidden in some way."""
        if _is_moving(values) or _may_fade_in(element, way):
            return True
        if self._is_shown_at_times(way, values):
            return True
        return way.is_state and self._is_opened(element)

    def _is_shown_at_times(self, way: Way, values: dict[str, Value]) -> bool:
        """Return whether a style shows the element in another state of the page, or on another screen."""
        texts = _get_texts(values)
        names = values.keys() & way.properties
        others = [{**texts, name: text} for name in names for text in self._sheet.find_alternatives(name, values[name])]
        return not all(map(way.hides, others))

    def _is_opened(self, element: HtmlElement) -> bool:
        """Return whether a part of the page, or a script in it, seems to open an element."""
        names = find_main_names(self._find_names(element.tag, dict(element.items())))
        if element.get("role") == "tabpanel" or not self._openers.isdisjoint(names):
            return True
        parent = next(element.iterancestors(), element)
        own_words = f"{element.get('class', '')} {parent.get('class', '')} {element.get('id', '')}"
        if _FOLDING.search(own_words):
            return True
        before = element.getprevious()
        return before is not None and self._is_opener(before)

    def _is_opener(self, before: HtmlElement) -> bool:
        """Return whether an element is a question, a heading that a script may listen to, or holds a button."""
        if before.text_content().rstrip().endswith(QUESTION_MARKS):
            return True
        if before.tag in _TITLES and self._has_scripts:
            return True
        return any(map(_is_control, islice(before.iter(), _MOST_BESIDE)))

    @cached_property
    def _has_scripts(self) -> bool:
        return contains(self._tree, "script")

    @cached_property
    def _has_pictures(self) -> bool:
        return contains(self._tree, *_PICTURES)

    @cached_property
    def _openers(self) -> frozenset[str]:
        """The classes and ids of elements that others refer to, or scripts name."""
        return frozenset((*_list_references(self._tree), *_list_script_names(self._tree)))

    def _find_look(self, element: HtmlElement, values: dict[str, Value], outer: _Look) -> _Look:
        """Return the look of an element's own words."""
        look = self._find_inherited_look(element, outer)
        texts = {name: text for name, text in _get_texts(values).items() if text not in _TO_INHERIT}
        look = self._color(texts, look)
        look = _place(texts, look, outer)
        if "visibility" in texts and element.tag not in _WHOLE_PAGE:
            is_hidden = INVISIBLE.hides(texts) and not self._can_open(element, INVISIBLE, values)
            look = look._replace(is_invisible=is_hidden)
        if look.is_hidden and self._changes_color(values, look):
            return look._replace(color=None)
        return look

    def _find_inherited_look(self, element: HtmlElement, outer: _Look) -> _Look:
        """Return the look that an element inherits; the parts that another style sheet may change are unknown."""
        look = outer
        if self._is_partial and not {"class", "id"}.isdisjoint(element.attrib):
            look = look._replace(color=None, backdrop=None, font_size=USUAL_SIZE)
        if element.tag == "a":
            look = look._replace(color=None)
        return look

    def _changes_color(self, values: dict[str, Value], look: _Look) -> bool:
        """Return whether letters in the colour of their background have another colour in some state of the page."""
        names = {"color", "background-color", "text-fill-color"}.intersection(values)
        texts = chain.from_iterable(self._sheet.find_alternatives(name, values[name]) for name in names)
        return not all(look_same(read_color(text), look.backdrop) for text in texts)

    def _color(self, texts: Texts, look: _Look) -> _Look:
        """Return the look with an element's own colours."""
        backdrop = self._find_backdrop(texts, look.backdrop)
        letters = texts.get("text-fill-color", texts.get("color"))
        if _is_decorated(texts):
            return look._replace(color=None, backdrop=backdrop)
        return look._replace(color=read_color(letters) if letters else look.color, backdrop=backdrop)

    def _find_backdrop(self, texts: Texts, outer: Color | None) -> Color | None:
        """Return the background of an element's words; `outer` is the colour around it.

        An element that leaves its place may lie over a picture.
        """
        if texts.get("background-image", "none") != "none":
            return None
        background = read_color(texts.get("background-color", "transparent"))
        if background != "transparent":
            return background
        is_overlay = texts.get("position") in PLACED and self._has_pictures
        return None if is_overlay else outer


def _list_styles(tree: HtmlElement) -> tuple[str, ...]:
    """Return the style sheets in a page that are for a screen."""
    return tuple(style.text_content() for style in tree.iter("style") if applies_to_screen(style.get("media", "")))


def _has_other_sheets(tree: HtmlElement, texts: tuple[str, ...]) -> bool:
    """Return whether a page uses style sheets that are not in it."""
    relations = " ".join(link.get("rel", "") for link in tree.iter("link"))
    return "stylesheet" in relations.lower().split() or "@import" in "\n".join(texts)


def _get_texts(values: dict[str, Value]) -> dict[str, str]:
    return {name: value.text for name, value in values.items()}


def _is_moving(values: dict[str, Value]) -> bool:
    motions = {values[name].text for name in _MOTIONS if name in values}
    return not motions <= _NO_MOTION


def _may_fade_in(element: HtmlElement, way: Way) -> bool:
    """Return whether a script may fade an element in: such scripts find the elements by their data attributes."""
    has_data = any(name.startswith("data-") for name in element.attrib)
    return way.hides is is_faint and has_data


def _is_decorated(texts: Texts) -> bool:
    """Return whether a reader sees letters even in the colour of their background."""
    decorations = {texts.get(name, "none") for name in _DECORATIONS}
    return decorations != {"none"} or texts.get("background-clip") == "text"


def _place(texts: Texts, look: _Look, outer: _Look) -> _Look:
    """Return the look with an element's own font size and indent."""
    if "font-size" in texts:
        look = look._replace(font_size=read_font_size(texts["font-size"], outer.font_size))
    if "text-indent" in texts:
        indent = read_length(texts["text-indent"], font_size=look.font_size)
        is_far_out = indent is not None and indent <= OFF_SCREEN
        look = look._replace(is_off_screen=is_far_out)
    return look


def _list_references(tree: HtmlElement) -> Iterator[str]:
    """Yield the classes and ids that elements refer to."""
    ids = " ".join(tree.xpath(_IDS)).split()
    selectors = " ".join(tree.xpath(_SELECTORS)).split()
    yield from map("#".__add__, ids)
    yield from filter(_MARKED.match, chain(ids, selectors))


def _list_script_names(tree: HtmlElement) -> Iterator[str]:
    """Yield each name in a script as the class or the id that it is in the script, or else as both."""
    for mark, name in _QUOTED_NAME.findall("\n".join(tree.xpath(_SCRIPTS))):
        for sign in mark or "#.":
            yield f"{sign}{name}"


def _read_attributes(tag: str, attributes: Mapping[str, str]) -> dict[str, Value]:
    """Return the styles that an element has without a style sheet."""
    values: dict[str, Value] = {}
    if _is_shut(tag, attributes):
        values["display"] = Value("none", _WEAK)
    for name in attributes.keys() & _ATTRIBUTES.keys():
        values[_ATTRIBUTES[name]] = Value(attributes[name].strip().lower(), _WEAK)
    override(values, _read_style(attributes.get("style", "")))
    return values


def _is_shut(tag: str, attributes: Mapping[str, str]) -> bool:
    """Return whether the browser hides an element until the page opens it."""
    is_closed_dialog = tag == "dialog" and "open" not in attributes
    is_marked_hidden = attributes.get("hidden", "until-found") != "until-found"
    return any((is_closed_dialog, is_marked_hidden, "popover" in attributes))


@lru_cache(maxsize=1000)
def _read_style(text: str) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, value, is_important in split_declarations(text):
        override(values, {name: Value(value, (is_important, 1))})
    return values


def _remove_words(element: HtmlElement) -> None:
    """Remove the words of an element itself, and leave the words of its children."""
    element.text = ""
    for child in element:
        child.tail = ""


def _is_no_text(element: HtmlElement) -> bool:
    """Return whether an element that is hidden from screen readers has no words for other readers either."""
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return _NO_TEXT.search(names) is not None or not any(map(str.isalnum, element.text_content()))


def _is_control(element: HtmlElement) -> bool:
    """Return whether a reader can click on an element to change the page."""
    marks = {element.tag, element.get("role"), element.get("type")}
    if not _CONTROLS.isdisjoint(marks) or not {"onclick", "aria-expanded"}.isdisjoint(element.attrib):
        return True
    href: str = element.get("href", "#")
    return element.tag == "a" and href.startswith(("#", "javascript:"))
