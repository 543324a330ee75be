"""Reads style sheets, as far as they decide whether a reader sees a page's words."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

# A desktop screen, in pixels: pages are judged as it shows them.
_SCREEN_WIDTH = 1280
# Longer work would let a page with many rules and elements take minutes; these steps take about a second.
_MOST_STEPS = 300_000
_MOST_ALTERNATIVES = 20
_LONGEST_SELECTOR = 500
# The beginning of a longer value, such as a picture's data, says what it is.
_LONGEST_VALUE = 200

PROPERTIES = frozenset(
    re.findall(
        r"[\w-]+",
        "animation animation-name background-clip background-color background-image clip clip-path color"
        " color-scheme content-visibility display filter font-size height left margin-left margin-top max-height"
        " max-width opacity overflow position right text-fill-color text-indent text-shadow text-stroke top transform"
        " transition visibility width zoom",
    )
)
_COMMENT_OR_STRING = re.compile(r"""/\*.*?(?:\*/|\Z)|<!--|-->|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?""", re.DOTALL)
_BRACE = re.compile(r"[{};]")
_PIECE = re.compile(r"[.#]?(?:[-\w]|\\.)+|\*|\[[^\]]*\]|:[-\w]+(?:\([^()]*\))?")
_ATTRIBUTE = re.compile(r"""\[\s*([-\w]+)\s*(?:(~?=)\s*["']?([^"'\]]*?)["']?\s*)?\]""")
_PSEUDO_ELEMENT = re.compile(r"::|:(?:before|after|first-line|first-letter)\b", re.IGNORECASE)
_COMBINATOR = re.compile(r"\s*[>+~]\s*|\s+")
_IMPORTANT = re.compile(r"!\s*important\s*$")
_VENDOR = re.compile(r"^-(?:webkit|moz|ms|o)-")
_MEDIA = re.compile(r"@media\b", re.IGNORECASE)
# The rules in these apply: browsers know nearly all that pages ask for.
_GROUP = re.compile(r"@(?:supports|layer|container|scope)\b", re.IGNORECASE)
_OTHER_MEDIUM = re.compile(
    r"^\s*(?:only\s+)?(?:print|speech|tv|handheld)\b|^\s*not\s+(?:all|screen)\b|orientation\s*:\s*portrait"
    r"|prefers-[\w-]+\s*:\s*(?:dark|reduce|more)",
    re.IGNORECASE,
)
_WIDTH = re.compile(r"(min|max)-(?:device-)?width\s*:\s*([\w.]+)", re.IGNORECASE)
_LENGTH = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+))([a-z]*)")
_PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "em": 16.0, "rem": 16.0}
_IMAGE = re.compile(r"url\(|gradient\(|image-set\(")
_VALUE = re.compile(r"[\w-]+\([^()]*\)|[^\s,/]+")
_FONT_SIZE = re.compile(r"(?:^|\s)((?:\d+\.?\d*|\.\d+)(?:px|pt|em|rem|%)?)(?=\s*/|\s+\D)")
_COLOR = re.compile(r"#\w+|(?:rgb|hsl|var)a?\(.*|[a-z]+")
_NO_COLORS = frozenset(
    re.findall(r"\w+", "none repeat scroll fixed local center left right top bottom cover contain auto round space")
)


class Value(NamedTuple):
    """What a declaration sets a property to, its weight against others, and the names that its rule is for."""

    text: str
    weight: tuple[int, ...] = ()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Selector:
    """The names that an element must have, and from the inside out those of elements around it.

    Names are "p", "#id", ".class", "[attribute]", "[attribute=value]". `is_parent` says which of the elements around
    must be the direct parent. A selector with `is_state` holds at times alone, such as under the mouse.
    """

    subject: frozenset[str]
    outer: tuple[frozenset[str], ...]
    is_parent: tuple[bool, ...]
    is_state: bool

    @property
    def weight(self) -> tuple[int, int, int]:
        marks = [name[0] for compound in (self.subject, *self.outer) for name in compound]
        return marks.count("#"), marks.count(".") + marks.count("["), sum(map(str.isalpha, marks))


@lru_cache(maxsize=2)
def read_sheet(texts: tuple[str, ...]) -> "StyleSheet":
    """Return the rules in style sheets; the chapters of a book share theirs."""
    return StyleSheet(texts)


class StyleSheet:
    """The rules of a page."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.attributes: set[str] = set()
        self._count = 0
        self._steps = 0
        # Rules with one name, which most are, need no comparing.
        self._plain: dict[str, dict[str, Value]] = defaultdict(dict)
        self._others: dict[str, list[tuple[_Selector, dict[str, Value]]]] = defaultdict(list)
        self._alternatives: dict[tuple[str, str], set[str]] = defaultdict(set)
        for text in texts:
            for rule in _walk_rules(text):
                self._add_rule(rule)

    def _add_rule(self, rule: "_Rule") -> None:
        declarations = list(split_declarations(";".join(rule.declarations)))
        self._count += 1
        for selector in filter(None, map(_parse_selector, rule.selectors.split(",") if declarations else ())):
            names = find_main_names(selector.subject)
            weight = (0, *selector.weight, self._count)
            values = {name: Value(text, (important, *weight), names) for name, text, important in declarations}
            is_plain = not selector.outer and len(selector.subject) == 1
            is_certain = rule.applies and not selector.is_state
            if not (is_plain and is_certain):
                self._add_alternatives(values)
            if is_certain and is_plain:
                override(self._plain[next(iter(selector.subject))], values)
            elif is_certain:
                self._others[max(names)].append((selector, values))
                marks = (name for compound in (selector.subject, *selector.outer) for name in compound)
                self.attributes |= {name[1:-1].split("=")[0] for name in marks if name[0] == "["}

    def _add_alternatives(self, values: dict[str, Value]) -> None:
        for name, value in values.items():
            for owner in value.names:
                texts = self._alternatives[name, owner]
                if len(texts) < _MOST_ALTERNATIVES:
                    texts.add(value.text)

    def begin_page(self) -> None:
        """Grant the steps for another page."""
        self._steps = 0

    def find_values(self, names: frozenset[str], path: Sequence[frozenset[str]]) -> dict[str, Value]:
        """Return what the rules say of an element with these names; `path` has the names of each element around it.

        An element has the name "*" too.
        """
        values: dict[str, Value] = {}
        for name in names:
            override(values, self._plain.get(name, {}))
            for selector, declared in self._others.get(name, ()) if self._steps < _MOST_STEPS else ():
                if self._matches(selector, names, path):
                    override(values, declared)
        return values

    def _matches(self, selector: _Selector, names: frozenset[str], path: Sequence[frozenset[str]]) -> bool:
        self._steps += 1
        if not selector.subject <= names:
            return False
        place = len(path) - 1
        for compound, is_parent in zip(selector.outer, selector.is_parent, strict=True):
            while place >= 0 and not is_parent and not compound <= path[place]:
                self._steps += 1
                place -= 1
            if place < 0 or not compound <= path[place]:
                return False
            place -= 1
        return True

    def find_alternatives(self, name: str, value: Value) -> Iterator[str]:
        """Yield what a property may be instead of `value`: in another state of the page, or on another screen."""
        for owner in value.names:
            yield from self._alternatives.get((name, owner), ())


def find_main_names(names: frozenset[str]) -> frozenset[str]:
    """Return the classes and ids among an element's names, or all names if there are none."""
    return frozenset(name for name in names if name[0] in ".#") or names


def override(values: dict[str, Value], others: dict[str, Value]) -> None:
    """Add other values to `values`, where they weigh as much or more."""
    for name, value in others.items():
        if name not in values or value.weight >= values[name].weight:
            values[name] = value


def split_declarations(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield the properties that matter, each with its value and whether it is important."""
    for declaration in text.lower().split(";"):
        name, _, value = declaration.partition(":")
        important = _IMPORTANT.search(value)
        value = value[: important.start() if important else None].strip()[:_LONGEST_VALUE]
        if value:
            for part, words in _expand(_VENDOR.sub("", name.strip()), value):
                if part in PROPERTIES:
                    yield part, words, important is not None


def _expand(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield the properties that a declaration sets, each with its value."""
    if name == "background":
        words = [word for word in _VALUE.findall(value) if _COLOR.fullmatch(word) and word not in _NO_COLORS]
        yield "background-color", words[0] if words else "transparent"
        yield "background-image", "image" if _IMAGE.search(value) else "none"
    elif name == "font":
        size = _FONT_SIZE.search(value)
        yield "font-size", size[1] if size else "medium"
    elif name == "margin":
        sides = value.split()
        yield "margin-top", sides[0]
        yield "margin-left", sides[-1] if len(sides) != 3 else sides[1]
    else:
        yield ("overflow" if name in ("overflow-x", "overflow-y") else name), value


def read_length(text: str, *, font_size: float = 16.0) -> float | None:
    """Return a length in pixels; None for one that depends on more than the size of the font."""
    found = _LENGTH.fullmatch(text)
    if found is None or (found[2] not in _PIXELS and float(found[1])):
        return None
    return float(found[1]) * (font_size if found[2] == "em" else _PIXELS.get(found[2], 0.0))


def applies_to_screen(query: str) -> bool:
    """Return whether a media query holds for a desktop screen with dark letters on white."""
    return any(map(_holds, query.split(",")))


def _holds(query: str) -> bool:
    if _OTHER_MEDIUM.search(query):
        return False
    for side, text in _WIDTH.findall(query):
        width = read_length(text.lower())
        if width is not None and (width > _SCREEN_WIDTH if side.lower() == "min" else width < _SCREEN_WIDTH):
            return False
    return True


@dataclass(slots=True)
class _Rule:
    """An open rule, or a group of rules, which has no selectors. `applies` is None if nothing in it is a rule."""

    selectors: str
    applies: bool | None
    declarations: list[str]


def _walk_rules(text: str) -> Iterator[_Rule]:
    text = _COMMENT_OR_STRING.sub(_blank, text)
    start = 0
    outer: list[_Rule] = [_Rule("", True, [])]
    for brace in _BRACE.finditer(text):
        words = text[start : brace.start()].strip()
        start = brace.end()
        if brace[0] == "{":
            outer.append(_open_rule(words, outer[-1]))
            continue
        outer[-1].declarations.append(words)
        if brace[0] == "}" and len(outer) > 1:
            rule = outer.pop()
            if rule.selectors and rule.applies is not None:
                yield rule


def _blank(found: re.Match[str]) -> str:
    """Return a string as it is if no sign in it can end a rule, else an empty one; nothing for a comment."""
    if found[0][0] not in "\"'":
        return " "
    return '""' if _BRACE.search(found[0]) else found[0]


def _open_rule(words: str, outer: _Rule) -> _Rule:
    if outer.selectors or outer.applies is None:  # Rules within rules are not read.
        return _Rule("", None, [])
    if not words.startswith("@"):
        return _Rule(words, outer.applies, [])
    if media := _MEDIA.match(words):
        return _Rule("", outer.applies and applies_to_screen(words[media.end() :]), [])
    return _Rule("", outer.applies if _GROUP.match(words) else None, [])


def _parse_selector(text: str) -> _Selector | None:
    """Return a selector; None if it is for what a style sheet adds to an element, or cannot be read."""
    text = text.strip()
    if not 0 < len(text) <= _LONGEST_SELECTOR or _PSEUDO_ELEMENT.search(text):
        return None
    compounds = []
    is_state = False
    for part in _COMBINATOR.split(text):
        pieces = _PIECE.findall(part)
        if "".join(pieces) != part:
            return None
        names = [_name_piece(piece) for piece in pieces]
        is_state = is_state or None in names
        compounds.append(frozenset(name for name in names if name and (name != "*" or len(pieces) == 1)))
    joints = [joint.strip() for joint in _COMBINATOR.findall(text)]
    # What depends on the elements beside it is taken for a state: it is not looked for.
    is_state = is_state or not {"+", "~"}.isdisjoint(joints)
    subject = compounds.pop()
    outer = tuple(compound - {"*"} for compound in reversed(compounds))
    return _Selector(subject, outer, tuple(joint == ">" for joint in reversed(joints)), is_state) if subject else None


def _name_piece(piece: str) -> str | None:
    """Return the name that a piece of a selector asks for; None if it asks for more than a name."""
    if piece[0] == ":":
        return None if piece.lower() != ":root" else "html"
    if piece[0] != "[":
        return re.sub(r"\\(.)", r"\1", piece) if piece[0] in ".#" else piece.lower()
    found = _ATTRIBUTE.fullmatch(piece)
    if found is None:
        return None
    return f"[{found[1].lower()}={found[3]}]" if found[2] else f"[{found[1].lower()}]"
