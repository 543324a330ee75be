"""Removes from Markdown what a reader of the page that it makes does not see."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice

from rag.documents.formats.html.hidden import drop_hidden
from rag.documents.formats.html.markup import find_text, parse_html

# What begins code or may begin what is hidden, the first that fits at a place.
_OPENINGS = (
    r"(?:(?<=\n\n)|\A)(?P<indented>(?: {4}|\t)[^\n]*(?:\n+(?: {4}|\t)[^\n]*)*)",
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n`]*$",
    r"(?<!`)(?P<ticks>`+)(?!`).{1,1000}?(?<!`)(?P=ticks)(?!`)",
    r"(?P<comment><!--)",
    # "[//]: # (words)": the address and title of links with this label.
    r"^ {0,3}\[(?!\^)(?P<label>[^\[\]\n]{1,200})\]:[ \t]*\S+[ \t]+"
    r"""(?:"[^"\n]*"|'[^'\n]*'|\([^()\n]*\))[ \t]*$""",
    r"<(?P<name>[A-Za-z][\w-]*)(?P<attributes>\s[^<>]*)?>",
)
_OPENING = re.compile("|".join(_OPENINGS), re.MULTILINE | re.DOTALL)
_LABEL = re.compile(r"\[([^\[\]\n]{1,200})\](?!:)")
_IN_LIST = re.compile(r"\s|(?:[-*+]|\d{1,9}[.)])\s")
_UNSHOWN = frozenset(("script", "style", "template"))
_STYLE = re.compile(r"<style\b[^<>]*>.*?</style>", re.IGNORECASE | re.DOTALL)
_MAY_HIDE = re.compile(r"\b(?:style|hidden|color|popover)\b", re.IGNORECASE)
_IS_STYLED = re.compile(r"\b(?:class|id)\b", re.IGNORECASE)
# More styles or elements would let a large file take minutes.
_LONGEST_STYLES, _MOST_ELEMENTS, _MOST_INSIDE = 20_000, 1_000, 200


def drop_hidden_words(text: str) -> str:
    """Return Markdown without comments, titles of links that are nowhere, and hidden elements of HTML.

    Code stays as it is.
    """
    parts = []
    end = 0
    for first, last in _find_hidden(text):
        parts.append(text[end:first])
        end = last
    return "".join((*parts, text[end:]))


def _find_hidden(text: str) -> Iterator[tuple[int, int]]:
    """Yield where hidden parts begin and end."""
    labels = {label.casefold() for label in _LABEL.findall(text)}
    last_comment = text.rfind("-->")
    page = _Page(text)
    position = 0
    while found := _OPENING.search(text, position):
        start, position = found.span()
        if found["indented"]:
            position = start + 1 if _is_in_list(text, start) else position
        elif found["fence"]:
            position = _find_fence_end(text, position, found["fence"])
        elif found["comment"] and start < last_comment:
            position = text.index("-->", start + 2) + 3
            yield start, position
        elif found["label"] and found["label"].casefold() not in labels:
            yield start, position
        elif found["name"] and (end := page.find_end(found)):
            position = end
            yield start, position


def _is_in_list(text: str, start: int) -> bool:
    """Return whether indented lines go on with an item of a list, and are no code."""
    end = start
    while end and text[end - 1] == "\n":
        end -= 1
    return end > 0 and _IN_LIST.match(text, text.rfind("\n", 0, end) + 1) is not None


def _find_fence_end(text: str, start: int, fence: str) -> int:
    end = re.compile(rf"^ {{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*$", re.MULTILINE).search(text, start)
    return end.end() if end else len(text)


class _Page:
    """The elements of HTML in a Markdown text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._styles = "".join(_STYLE.findall(text))[:_LONGEST_STYLES]
        self._hides = cache(self._read_tag)
        self._find_last_end = cache(self._read_last_end)
        self._count = 0

    def find_end(self, tag: re.Match[str]) -> int | None:
        """Return where the element of a tag ends if it is hidden."""
        name, attributes = tag["name"].lower(), tag["attributes"] or ""
        is_styled = bool(self._styles and _IS_STYLED.search(attributes))
        if name not in _UNSHOWN and not is_styled and not _MAY_HIDE.search(attributes):
            return None
        self._count += 1
        if self._count > _MOST_ELEMENTS or (name not in _UNSHOWN and not self._hides(tag[0], name)):
            return None
        depth = 1
        tags = re.compile(rf"<(/?){re.escape(name)}\b[^<>]*>", re.IGNORECASE).finditer(self._text, tag.end())
        for other in islice(tags, _MOST_INSIDE if tag.end() < self._find_last_end(name) else 0):
            depth += -1 if other[1] else 1
            if not depth:
                return other.end()
        return None

    def _read_last_end(self, name: str) -> int:
        return self._text.lower().rfind(f"</{name}")

    def _read_tag(self, tag: str, name: str) -> bool:
        """Return whether a tag hides the words behind it."""
        tree = parse_html(f"{self._styles}<div>{tag}words</{name}></div>")
        drop_hidden(tree)
        return not find_text(tree)
