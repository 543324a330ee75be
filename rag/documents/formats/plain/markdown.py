"""Removes from Markdown the words that a page made from it does not show."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice

from rag.documents.formats.plain.markup import change_outside
from rag.documents.formats.plain.pipe_tables import spell_out_tables
from rag.documents.formats.plain.wiki_links import show_wiki_links
from rag.documents.headings import FENCED_CODE
from rag.types import Span

_INDENTED_CODE = r"(?:(?<=\n\n)|\A)(?P<indented>(?: {4}|\t)[^\n]*(?:\n+(?: {4}|\t)[^\n]*)*)"
_FENCE = r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n`]*$"
_CODE_IN_TEXT = r"(?<!`)(?P<ticks>`+)(?!`).{1,1000}?(?<!`)(?P=ticks)(?!`)"
_COMMENT = r"(?P<comment><!--)"
# "~~90~~ 60"
_STRUCK = r"(?P<struck>(?<![~\\])~~(?![\s~])(?:[^~\n]|\n(?![ \t]*\n)){1,1000}(?<!\s)~~(?!~))"
# "[//]: # (words)": the address and title of links with this label.
_TITLE = r"""(?:"[^"\n]*"|'[^'\n]*'|\([^()\n]*\))"""
_LINK = rf"^ {{0,3}}\[(?!\^)(?P<label>[^\[\]\n]{{1,200}})\]:[ \t]*\S+[ \t]+{_TITLE}[ \t]*$"
_TAG = r"<(?P<name>[A-Za-z][\w-]*)(?:\s[^<>]*)?>"
# Each pattern finds the beginning of code, or of words that may be hidden. If two match at one place, the first counts.
_OPENING = re.compile(
    "|".join((_INDENTED_CODE, _FENCE, _CODE_IN_TEXT, _COMMENT, _STRUCK, _LINK, _TAG)), re.MULTILINE | re.DOTALL
)
_LABEL = re.compile(r"\[([^\[\]\n]{1,200})\](?!:)")
# Only this many characters before indented lines are searched for the item of a list.
_LONGEST_ITEM = 10_000
_IN_LIST = re.compile(r"\s|(?:[-*+]|\d{1,9}[.)])\s")
_STYLE = re.compile(r"<style\b[^<>]*>.*?</style>", re.IGNORECASE | re.DOTALL)
_MAY_HIDE = re.compile(r"\b(?:style|hidden|color|popover)\b|<(?:script|template|del|s|strike)\b", re.IGNORECASE)
_MAY_HIDE_BY_STYLE = re.compile(rf"{_MAY_HIDE.pattern}|\b(?:class|id)\b", re.IGNORECASE)
# With more styles or elements, a large file could take minutes.
_LONGEST_STYLES, _MOST_ELEMENTS, _MOST_INSIDE = 20_000, 1_000, 200


def show_markdown(text: str) -> str:
    """Return Markdown with the words of its links, the rows of its tables in words, and nothing hidden."""
    shown = drop_hidden_words(text)
    return change_outside(shown, FENCED_CODE, lambda part: spell_out_tables(show_wiki_links(part)))


def drop_hidden_words(text: str) -> str:
    """Return Markdown without comments, struck-out words, titles of unused links, and hidden elements of HTML.

    Code stays as it is.
    """
    parts = []
    shown_start = 0
    for start, end in _find_hidden(text):
        parts.append(text[shown_start:start])
        shown_start = end
    return "".join((*parts, text[shown_start:]))


def _find_hidden(text: str) -> Iterator[Span]:
    """Yield the hidden parts in the order of the text."""
    page = _Page(text)
    position = 0
    while opening := _OPENING.search(text, position):
        hidden_end = page.find_hidden_end(opening)
        if hidden_end is not None:
            yield opening.start(), hidden_end
        position = hidden_end or _find_shown_end(opening)


def _find_shown_end(opening: re.Match[str]) -> int:
    """Return where the search continues after a part that is shown, such as code."""
    if opening["indented"] and _is_in_list(opening.string, opening.start()):
        return opening.start() + 1
    if opening["fence"]:
        return _find_fence_end(opening.string, opening.end(), opening["fence"])
    return opening.end()


def _is_in_list(text: str, start: int) -> bool:
    """Return whether indented lines continue an item of a list, and are not code."""
    lines_before = text[max(0, start - _LONGEST_ITEM) : start].rstrip("\n")
    return _IN_LIST.match(lines_before.rpartition("\n")[2]) is not None


def _find_fence_end(text: str, start: int, fence: str) -> int:
    end = re.compile(rf"^ {{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*$", re.MULTILINE).search(text, start)
    return end.end() if end else len(text)


class _Page:
    """The hidden parts of a Markdown text: comments, struck-out words, titles of links, elements of HTML."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._labels = {label.casefold() for label in _LABEL.findall(text)}
        self._last_comment_end = text.rfind("-->")
        self._styles = "".join(_STYLE.findall(text))[:_LONGEST_STYLES]
        self._may_hide = _MAY_HIDE_BY_STYLE if self._styles else _MAY_HIDE
        self._hides = cache(self._read_tag)
        self._find_last_end = cache(lambda name: text.lower().rfind(f"</{name}"))
        self._count = 0

    def find_hidden_end(self, opening: re.Match[str]) -> int | None:
        """Return where the part that begins here ends if it is hidden; None if it is shown."""
        comment, label, name = opening["comment"], opening["label"], opening["name"]
        if comment and opening.start() < self._last_comment_end:
            return self._text.index("-->", opening.start() + 2) + 3
        if opening["struck"] or (label and label.casefold() not in self._labels):
            return opening.end()
        if name and self._is_hidden(opening):
            return self._find_element_end(name.lower(), opening.end())
        return None

    def _is_hidden(self, tag: re.Match[str]) -> bool:
        """Return whether nobody sees the element of a tag."""
        if not self._may_hide.search(tag[0]):
            return False
        self._count += 1
        return self._count <= _MOST_ELEMENTS and self._hides(tag[0], tag["name"])

    def _find_element_end(self, name: str, start: int) -> int | None:
        """Return the end of the element whose tag ends at `start`; None if it has no end, or too many tags inside."""
        if start >= self._find_last_end(name):
            return None
        depth = 1
        tags = re.compile(rf"<(/?){re.escape(name)}\b[^<>]*>", re.IGNORECASE).finditer(self._text, start)
        for tag in islice(tags, _MOST_INSIDE):
            depth += -1 if tag[1] else 1
            if depth == 0:
                return tag.end()
        return None

    def _read_tag(self, tag: str, name: str) -> bool:
        """Return whether a tag hides the words inside its element."""
        from rag.documents.formats.html.hidden import parse_shown  # lxml takes 40 ms
        from rag.documents.formats.html.markup import find_text

        return not find_text(parse_shown(f"{self._styles}<div>{tag}words</{name}></div>"))
