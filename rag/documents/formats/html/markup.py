"""Turns HTML into a tree and a tree into blocks, for web pages, books and mail."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Literal

from lxml.etree import TreeBuilder
from lxml.html import HtmlElement, HTMLParser, document_fromstring, html_parser

from rag.documents.blocks import Block, squeeze
from rag.documents.formats.plain.decode import LABELS, decode

# Real pages are not nested deeper, and functions can recurse this far. Deeper elements are read without their tags.
MAX_DEPTH = 200
_MOST_ATTRIBUTES = 100

HEADINGS = {f"h{level}": level for level in range(1, 7)}
_KINDS: dict[str, Literal["heading", "item"]] = {
    **dict.fromkeys(HEADINGS, "heading"),
    **dict.fromkeys(("li", "dt", "dd"), "item"),
}
_BLOCKS = frozenset(_KINDS) | frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body caption center details dialog div dl fieldset figcaption figure footer"
        " form header hgroup hr html legend main menu ol p pre section summary table tbody td tfoot th thead tr ul",
    )
)
# These hold no text, or no text for readers.
_SKIPPED = frozenset(
    re.findall(
        r"\w+",
        "annotation audio button canvas datalist embed head iframe input meta nav noscript object option rp rt script"
        " select style svg template textarea title video",
    )
)
# A page has one of each. Browsers put the words after "</html>" into the body.
_ONCE = frozenset(("html", "head", "body"))
_IN_HEAD = frozenset(("base", "link", "meta", "noscript", "script", "style", "template", "title"))
# Characters that XML forbids, and soft hyphens and zero-width signs, which would split words for a search.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\u00ad\u200b\u2060\ufeff]")
# The parser yields names that its own tree does not accept.
_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_STRAY_END = re.compile(r"Unexpected end tag : (?:div|section|article|main|[ou]l|li|table|t[drh]|blockquote|span)\s*")
_SPACE = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n{3,}")
_DECLARATION_BYTES = 4096
_CHARSET = re.compile(
    rb"""<(?:meta\b[^>]*?\bcharset|\?xml\b[^>]*?\bencoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE
)
# The encodings that a page really has if it declares one of these, by the HTML standard.
_ENCODINGS = LABELS | dict.fromkeys(("utf-16", "utf-16le", "utf-16be"), "utf-8")


def decode_html(data: bytes) -> str:
    """Return HTML or XML as text: as UTF-8 if it is valid, else in the declared encoding, else in a guessed one."""
    declared = _CHARSET.search(data[:_DECLARATION_BYTES])
    if not declared:
        return decode(data)
    name = declared[1].decode("ascii", errors="replace").lower()
    text = decode_as(data, _ENCODINGS.get(name, name))
    return decode(data) if text is None else text


def decode_as(data: bytes, declared: str) -> str | None:
    """Return text in UTF-8 if it is valid, else in the declared encoding; None if it is not valid either."""
    # Valid UTF-8 with characters outside ASCII is never in another encoding, whatever is declared.
    encodings = (declared,) if data.isascii() else ("utf-8-sig", declared)
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except (LookupError, ValueError):
            continue
    return None


def parse_html(html: bytes | str) -> HtmlElement:
    """Return the tree of a page or of a part of one, at most `MAX_DEPTH` deep, without the HTML's own comments."""
    return parse_page(html)[0]


def parse_page(html: bytes | str) -> tuple[HtmlElement, bool]:
    """Return the tree of a page, and whether the page closes boxes that are not open."""
    text = html if isinstance(html, str) else decode_html(html)
    target: Any = _Flattener(html_parser.makeelement)  # the stubs want bytes too, which lxml never passes
    # Without `huge_tree` a text of 10 MB would end the page. The size of files is limited elsewhere.
    parser = HTMLParser(encoding="utf-8", target=target, huge_tree=True)
    # lxml gets bytes, because it refuses text that declares an encoding. Only white space would be an error.
    data = f"<html>{text}" if not text.strip() else text
    tree = document_fromstring(data.encode("utf-8", errors="replace"), parser=parser)
    return tree, any(_STRAY_END.fullmatch(error.message) for error in parser.error_log)


class _Flattener:
    """Builds a tree from the parser's events; of elements that are too deep it keeps only the text."""

    def __init__(self, make_element: Any) -> None:
        self._builder: Any = TreeBuilder(element_factory=make_element)
        self._open: list[str] = []
        self._begun: set[str] = set()  # the tags of `_ONCE` so far
        self._too_deep = 0

    def start(self, tag: str, attrib: Mapping[str, str]) -> None:
        is_deepest = len(self._open) == MAX_DEPTH
        if tag in _ONCE and (is_deepest or tag in self._begun):
            return
        if is_deepest:
            self._too_deep += 1
            self._builder.data(" ")
            return
        if self._open[-1:] == ["head"] and tag not in _IN_HEAD:  # the parser does not know that "<main>" begins a body
            self.end("head")
            self.start("body", {})
        attributes = islice(attrib.items(), _MOST_ATTRIBUTES)
        kept = {name: _UNREADABLE.sub("", value) for name, value in attributes if _NAME.fullmatch(name)}
        self._open.append(tag if _NAME.fullmatch(tag) else "span")
        self._builder.start(self._open[-1], kept)
        self._begun.update(_ONCE.intersection((tag,)))

    def end(self, tag: str) -> None:
        if tag in _ONCE:
            if tag == "head" and self._open[-1] == tag:
                self._builder.end(self._open.pop())
        elif self._too_deep:
            self._too_deep -= 1
            self._builder.data(" ")
        else:
            self._builder.end(self._open.pop())

    def data(self, data: str) -> None:
        self._builder.data(_UNREADABLE.sub("", data))

    def close(self) -> HtmlElement:
        if not self._begun:
            self.start("html", {})
        for tag in reversed(self._open):
            self._builder.end(tag)
        return self._builder.close()


def contains(element: HtmlElement, *tags: str) -> bool:
    """Return whether an element has one of these tags, or an element inside it has."""
    return next(element.iter(*tags), None) is not None


def walk_blocks(root: HtmlElement) -> Iterator[Block]:
    """Yield the headings, paragraphs and items in a tree of HTML or of trafilatura, in order."""
    walker = _Walker()
    walker.walk(root)
    walker.end_block()
    return iter(walker.blocks)


def find_text(root: HtmlElement) -> str:
    """Return the text in a tree, a line for each block."""
    return "\n".join(block.text for block in walk_blocks(root))


class _Walker:
    """Collects running text until a block begins or ends. It recurses: trees are `MAX_DEPTH` deep at most."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._parts: list[str] = []
        self._kind: Literal["heading", "paragraph", "item"] = "paragraph"
        self._level = 1
        self._preformatted = False

    def walk(self, element: HtmlElement) -> None:
        name = element.tag
        if not isinstance(name, str) or name in _SKIPPED:
            return
        if name == "br":
            self._parts.append("\n")
            return
        if name not in _BLOCKS:
            self._walk_inside(element)
            return
        self.end_block()
        outer = self._kind, self._level, self._preformatted
        self._kind = _KINDS.get(name, self._kind)
        self._level = HEADINGS.get(name, self._level)
        self._preformatted = self._preformatted or name == "pre"
        self._walk_inside(element)
        self.end_block()
        self._kind, self._level, self._preformatted = outer

    def _walk_inside(self, element: HtmlElement) -> None:
        self._add(element.text)
        for child in element:
            self.walk(child)
            self._add(child.tail)

    def _add(self, text: str | None) -> None:
        if text:
            self._parts.append(text if self._preformatted else _SPACE.sub(" ", text))

    def end_block(self) -> None:
        """Make a block of the text since the last block."""
        lines = _UNREADABLE.sub("", "".join(self._parts)).split("\n")
        self._parts.clear()
        trim = str.rstrip if self._preformatted else squeeze
        text = _BLANK_LINES.sub("\n\n", "\n".join(map(trim, lines))).strip("\n")
        if self._kind == "heading":
            text = squeeze(text).rstrip("¶ ")  # "¶" is a heading's link to itself
        if text.strip():
            self.blocks.append(Block(text, self._kind, self._level))
