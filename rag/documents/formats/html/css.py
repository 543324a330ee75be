"""Reads the parts of style sheets that decide whether a reader sees a page's words."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from operator import ge, le
from typing import NamedTuple

from rag.documents.sequences import flat_map

# The width of a desktop screen, in pixels. Pages are judged by their styles for this screen.
_SCREEN_WIDTH = 1280
# More steps would let a page with many rules and elements take minutes; these take about a second.
_MOST_STEPS = 300_000
# These two limit the work on style sheets made to be slow.
_MOST_ALTERNATIVES = 20
_LONGEST_SELECTOR = 500
# Only the beginning of a longer value, such as a picture's data, is read.
_LONGEST_VALUE = 200

_PROPERTY_NAMES = (
    "animation animation-name background-clip background-color background-image clip clip-path color"
    " content-visibility display filter font-size height left margin margin-left margin-top max-height max-width"
    " opacity overflow position right text-fill-color text-indent text-shadow text-stroke top transform transition"
    " visibility width zoom"
)
_PROPERTIES = frozenset(_PROPERTY_NAMES.split())
_COMMENT_OR_STRING = re.compile(r"""/\*.*?(?:\*/|\Z)|<!--|-->|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?""", re.DOTALL)
_BRACE = re.compile(r"[{};]")
_WORDS = re.compile(r"([^{};]*+)([{};]|\Z)")
_IMPORTANT = re.compile(r"!\s*important\s*$")
# The name of a browser before a property, and the axis in "overflow-x".
_AFFIX = re.compile(r"^-(?:webkit|moz|ms|o)-|-[xy]$")

# Selectors.
# Content that the style sheet itself adds, such as ":before", is not a piece.
_PIECE = re.compile(r"[.#]?(?:[-\w]|\\.)+|\*|\[[^\]]*\]|:(?!before|after|first-l)[-\w]+(?:\([^()]*\))?", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(.)")
_ATTRIBUTE = re.compile(r"""\[\s*([-\w]+)\s*(?:(~?=)\s*["']?([^"'\]]*?)["']?\s*)?\]""")
_COMBINATOR = re.compile(r"\s*[>+~]\s*|\s+")
# The name for a piece that does not ask for a name of an element, such as ":hover".
_STATE = ":"
# A rule that depends on neighbouring elements counts as a state: the neighbours are not examined.
_STATES = frozenset((_STATE, "+", "~"))

# Groups of rules, and the selector of rules within rules, which no element matches.
_NESTED = "&"
_MEDIA = re.compile(r"@media\b", re.IGNORECASE)
_WORD = re.compile(r"[\w.-]+")
_OTHER_MEDIA = ("print", "speech", "tv", "handheld", "not all", "not screen")
# The values of "orientation", "prefers-color-scheme" and the like for other screens and readers.
_OTHER_SCREENS = frozenset(("portrait", "dark", "reduce", "more"))
_FITS = {"min-width": le, "min-device-width": le, "max-width": ge, "max-device-width": ge}

# Values.
_LENGTH = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+))([a-z]*)")
_PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "em": 16.0, "rem": 16.0}
_IMAGE = re.compile(r"url\(|gradient\(|image-set\(")
_FONT_SIZE = re.compile(r"(?:^|\s)((?:\d+\.?\d*|\.\d+)(?:px|pt|em|rem|%)?)(?=\s*/|\s+\D)")
# The colour at the beginning of a background; other values there are for pictures.
_COLOR = re.compile(r"(?!none\b|no-|repeat)(?:#\w+|(?:rgb|hsl|var)a?\([^()]*\)|[a-z]+)")


class Value(NamedTuple):
    """The value of a property, its weight against other values, and the names that its rule asks for."""

    text: str
    weight: tuple[int, ...] = ()
    names: frozenset[str] = frozenset()


class _Selector(NamedTuple):
    """The names that an element must have, and the names that elements around it must have, from the inside out.

    Names are "p", "#id", ".class", "[attribute]", "[attribute=value]". The names of an element around come with the
    sign after them: ">" for a parent. A selector with `is_state` holds only at times, for example under the mouse.
    Browsers compare selectors by their weight: the numbers of ids, of classes and attributes, and of tags.
    """

    subject: frozenset[str]
    outer: tuple[tuple[frozenset[str], str], ...]
    is_state: bool
    weight: tuple[int, int, int]

    @property
    def is_plain(self) -> bool:
        """Whether the selector asks for a single name."""
        return len(self.subject) == 1 and not self.outer


@lru_cache(maxsize=2)
def read_sheet(texts: tuple[str, ...]) -> "StyleSheet":
    """Return the rules in style sheets; the chapters of a book share theirs."""
    return StyleSheet(texts)


class StyleSheet:
    """The rules of a page; `steps` counts the work on one page, which begins with 0."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.steps = 0
        # Most rules have one name: these are looked up and not compared.
        self._plain: dict[str, dict[str, Value]] = defaultdict(dict)
        self._others: dict[str, list[tuple[_Selector, dict[str, Value]]]] = defaultdict(list)
        self._alternatives: dict[tuple[str, str], set[str]] = defaultdict(set)
        rules = flat_map(_walk_rules, texts)
        for number, rule in enumerate(rules):
            self._add_rule(rule, number)

    def _add_rule(self, rule: "_Rule", number: int) -> None:
        """Add a rule. A rule for one state or screen only adds to the values that a property may have."""
        declarations = list(split_declarations(";".join(rule.declarations)))
        if not declarations:
            return
        for text in rule.selectors.split(","):
            selector = _parse_selector(text.strip())
            if selector is None:
                continue
            names = find_main_names(selector.subject)
            weight = (0, *selector.weight, number)
            values = {name: Value(value, (is_important, *weight), names) for name, value, is_important in declarations}
            is_certain = rule.applies and not selector.is_state
            if is_certain and selector.is_plain:
                override(self._plain[max(names)], values)
                continue
            self._add_alternatives(values)
            if is_certain:
                self._others[max(names)].append((selector, values))

    def _add_alternatives(self, values: dict[str, Value]) -> None:
        for name, value in values.items():
            for owner in value.names:
                texts = self._alternatives[name, owner]
                if len(texts) < _MOST_ALTERNATIVES:
                    texts.add(value.text)

    def find_values(self, names: frozenset[str], path: Sequence[frozenset[str]]) -> dict[str, Value]:
        """Return the values that the rules set for an element; `path` has the names of each element around it.

        An element has the name "*" too.
        """
        values: dict[str, Value] = {}
        for name in names:
            override(values, self._plain.get(name, {}))
            others = self._others.get(name, ()) if self.steps < _MOST_STEPS else ()
            for selector, declared in others:
                if self._matches(selector, names, path):
                    override(values, declared)
        return values

    def _matches(self, selector: _Selector, names: frozenset[str], path: Sequence[frozenset[str]]) -> bool:
        self.steps += 1
        if not selector.subject <= names:
            return False
        place = len(path)
        for compound, joint in selector.outer:
            place = place - 1 if joint == ">" else self._find_around(compound, path[:place])
            if place < 0 or not compound <= path[place]:
                return False
        return True

    def _find_around(self, compound: frozenset[str], path: Sequence[frozenset[str]]) -> int:
        """Return the index in `path` of the innermost element with the names of `compound`; -1 if none has them."""
        place = len(path) - 1
        while place >= 0 and not compound <= path[place]:
            self.steps += 1
            place -= 1
        return place

    def find_alternatives(self, name: str, value: Value) -> Iterator[str]:
        """Yield the values that a property may have instead: in another state of the page, or on another screen."""
        for owner in value.names:
            yield from self._alternatives.get((name, owner), ())


def find_main_names(names: frozenset[str]) -> frozenset[str]:
    """Return the classes and ids among an element's names, or all names if there are none."""
    classes_and_ids = frozenset(name for name in names if name[0] in ".#")
    return classes_and_ids or names


def override(values: dict[str, Value], others: dict[str, Value]) -> None:
    """Replace the values that are missing or weigh no more than the other value of the same property."""
    for name, other in others.items():
        value = values.get(name, other)
        if other.weight >= value.weight:
            values[name] = other


def split_declarations(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield the properties that matter, each with its value and whether it is important."""
    for declaration in text.lower().split(";"):
        name, _, value = declaration.partition(":")
        value, importances = _IMPORTANT.subn("", value)
        values = _expand(_AFFIX.sub("", name.strip()), value.strip()[:_LONGEST_VALUE])
        for part in _PROPERTIES.intersection(values):
            yield part, values[part], importances > 0


def _expand(name: str, value: str) -> dict[str, str]:
    """Return the properties that a declaration sets, with their values; none for a declaration without a value."""
    if not value:
        return {}
    expand = _SHORTHANDS.get(name)
    return expand(value) if expand else {name: value}


def _expand_background(value: str) -> dict[str, str]:
    color, image = _COLOR.match(value), _IMAGE.search(value)
    return {
        "background-color": color[0] if color else "transparent",
        "background-image": "image" if image else "none",
    }


def _expand_font(value: str) -> dict[str, str]:
    size = _FONT_SIZE.search(value)
    return {"font-size": size[1] if size else "medium"}


_SHORTHANDS: dict[str, Callable[[str], dict[str, str]]] = {
    "background": _expand_background,
    "font": _expand_font,
}


def read_length(text: str, *, font_size: float = 16.0) -> float | None:
    """Return a length in pixels; None for a length that depends on more than the size of the font."""
    length = _LENGTH.fullmatch(text)
    if length is None:
        return None
    number, unit = float(length[1]), length[2]
    if number == 0:
        return number
    pixels = font_size if unit == "em" else _PIXELS.get(unit)
    return None if pixels is None else number * pixels


def applies_to_screen(query: str) -> bool:
    """Return whether a media query holds for a desktop screen with dark letters on white."""
    return any(map(_holds, query.lower().split(",")))


def _holds(query: str) -> bool:
    words = _WORD.findall(query)
    medium = " ".join(words[:3]).removeprefix("only ")
    if medium.startswith(_OTHER_MEDIA) or not _OTHER_SCREENS.isdisjoint(words):
        return False
    widths = [(_FITS[name], read_length(value)) for name, value in pairwise(words) if name in _FITS]
    return all(width is None or fits(width, _SCREEN_WIDTH) for fits, width in widths)  # an unknown width fits


@dataclass(slots=True)
class _Rule:
    """An open rule, or a group of rules, which has the selectors of the rule around it."""

    selectors: str
    applies: bool
    declarations: list[str]


def _walk_rules(text: str) -> Iterator[_Rule]:
    """Yield the rules of a style sheet in the order of their ends."""
    opened = [_Rule("", applies=True, declarations=[])]
    for words, sign in _WORDS.findall(_COMMENT_OR_STRING.sub(_blank, text)):
        if sign == "{":
            opened.append(_open_rule(words.strip(), opened[-1]))
            continue
        opened[-1].declarations.append(words)
        if sign == "}" and len(opened) > 1:
            rule = opened.pop()
            if rule.selectors:
                yield rule


def _blank(found: re.Match[str]) -> str:
    """Return a space for a comment, an empty string for a string with a brace, and other strings unchanged."""
    words = found[0]
    if not words.startswith(('"', "'")):
        return " "
    return '""' if _BRACE.search(words) else words


def _open_rule(words: str, outer: _Rule) -> _Rule:
    """Return the rule or group that begins with these words. Rules within rules are not read.

    Browsers support nearly everything that groups ask for.
    """
    if not words.startswith("@"):
        return _Rule(_NESTED if outer.selectors else words, outer.applies, declarations=[])
    media = _MEDIA.match(words)
    applies = media is None or applies_to_screen(words[media.end() :])
    return _Rule(outer.selectors, outer.applies and applies, declarations=[])


def _parse_selector(text: str) -> _Selector | None:
    """Return a selector; None if it cannot be read."""
    if len(text) > _LONGEST_SELECTOR:
        return None
    parts = _COMBINATOR.split(text)
    pieces = list(map(_PIECE.findall, parts))
    if list(map("".join, pieces)) != parts:
        return None
    compounds = list(map(_name_compound, pieces))
    *outer, subject = (compound - {_STATE} for compound in compounds)
    if not subject:
        return None
    joints = list(map(str.strip, _COMBINATOR.findall(text)))
    return _Selector(
        subject=subject,
        outer=tuple(zip(outer, joints, strict=True))[::-1],
        is_state=not _STATES.isdisjoint(chain(joints, *compounds)),
        weight=_weigh(chain(subject, *outer)),
    )


def _weigh(names: Iterable[str]) -> tuple[int, int, int]:
    """Return the numbers of ids, of classes and attributes, and of tags among the names of a selector."""
    marks = Counter(name[0] for name in names)
    tags = sum(map(str.isalpha, marks.elements()))
    return marks["#"], marks["."] + marks["["], tags


def _name_compound(pieces: list[str]) -> frozenset[str]:
    """Return the names that the pieces ask for; "*" only if it is alone: beside others it asks for nothing more."""
    names = frozenset(map(_name_piece, pieces))
    return names if len(pieces) == 1 else names - {"*"}


def _name_piece(piece: str) -> str:
    """Return the name that a piece of a selector asks for; `_STATE` if it asks for more than a name."""
    if piece.startswith((".", "#")):
        return _ESCAPE.sub(r"\1", piece)
    attribute = _ATTRIBUTE.fullmatch(piece)
    if attribute:
        name, sign, value = attribute.groups("")
        return f"[{name.lower()}={value}]" if sign else f"[{name.lower()}]"
    name = piece.lower()
    if name == ":root":
        return "html"
    return _STATE if name.startswith((":", "[")) else name
