"""Reads one comment or post: its words, without its signature and buttons, and with its quotes marked."""

import re
from collections.abc import Set
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from lxml.html import HtmlElement

from rag.documents.blocks import Block, pick_first, squeeze
from rag.documents.comments.elements import count_characters, find_outermost, read_beside, read_line
from rag.documents.comments.roles import SIGNATURE, filter_role, has_role
from rag.documents.comments.signature import Signature, find_signature
from rag.documents.comments.site import is_boilerplate
from rag.documents.comments.styles import read_header, read_lines
from rag.documents.formats.html.markup import HEADINGS, walk_blocks

_SCHEMA_TEXT = (
    "(.//*[not(self::meta)][@itemprop = 'text' or @itemprop = 'commentText' or @itemprop = 'articleBody'])[1]"
)
_BUTTONS = frozenset(("control", "answered"))
_CONTROL_TAGS = frozenset(("button", "form", "footer"))
_PARAGRAPHS = ("p", "div", "li")
# A button or a name has no more characters than this; a note of the site may have some more.
_LONGEST_CONTROL, _LONGEST_NOTE = 100, 200
# A name, and below it a date.
_HEADER_LINES = 2

_CONTROL = (
    r"(?:reply|quote|share|report(?: abuse)?|flag|link|permalink|edit|delete|follow|(?:dis)?likes?|(?:up|down)votes?"
    r"|recommend(?:ed)?|thumbs (?:up|down)|points?|votes?|says|log ?in to reply"
    r"|(?:view|show|hide) (?:\d+ )?repl(?:y|ies))"
)
_CONTROLS = re.compile(rf"(?:(?:\d+ ?)?{_CONTROL}(?: ?\(?\d+\)?)?[\s·•|,:]*)+|[\d\s()·•|+▲▼▴▾-]+", re.IGNORECASE)
_ANSWERED = re.compile(
    r"^(?:in (?:reply|response) to|repl(?:ying|ied) to|[@➤→↳»>])\s*|\s*(?:wrote|said|says):?$", re.IGNORECASE
)


class Post(NamedTuple):
    """The words of one person; `answered` is the person whom they answer or quote by name."""

    blocks: list[Block]
    author: str | None
    date: str | None
    answered: str | None


def read_post(element: HtmlElement) -> Post | None:
    """Return the post in an element; None if it has no words besides a signature and buttons."""
    element = deepcopy(element)  # If it is not a comment, its signature belongs to one around it.
    marked_bodies = _find_bodies(element)
    signature = find_signature(element, marked_bodies)
    # The page may name the person outside of the comment's words.
    answered = pick_first(map(_read_name, filter_role(element.iterdescendants(), "answered")), None)
    bodies = marked_bodies or [element]
    # Without a mark of the words, the signature is among them.
    dropped = _BUTTONS if marked_bodies else _BUTTONS | SIGNATURE
    blocks: list[Block] = []
    for body in bodies:
        body.tag = "div"  # its paragraphs are not items, even if the body is an item of a list
        _drop_controls(body, signature, dropped)
        answered = _mark_quotes(body) or answered
        blocks += walk_blocks(body)
    blocks = _trim_blocks(blocks, signature.author)
    author, date = signature.author, signature.date
    if blocks and author is None:
        author, written_on, blocks = _take_header(blocks)
        date = date or written_on
    return Post(blocks, author, date, answered) if blocks else None


def _take_header(blocks: list[Block]) -> tuple[str | None, str | None, list[Block]]:
    """Return the author and the date in the first line, such as "Ana, 4 May, 18:05", and the blocks below it."""
    first, *others = blocks
    lines = read_lines(first.text, most=_HEADER_LINES)
    header = read_header(lines, 0)
    if header is None:
        return None, None, blocks
    rest = first.text[lines.lines[header.lines - 1].end() :].strip()
    below = [replace(first, text=rest), *others] if rest else others
    return (header.author, header.written_on, below) if below else (None, None, blocks)


def _trim_blocks(blocks: list[Block], author: str | None) -> list[Block]:
    """Return blocks without the noise before and after a comment's words."""
    words = [number for number, block in enumerate(blocks) if not _is_noise(block.text, author)]
    return blocks[words[0] : words[-1] + 1] if words else []


def join_blocks(blocks: list[Block]) -> str:
    """Return the text of blocks as one; there is at least one."""
    text = blocks[0].text
    for last, block in pairwise(blocks):
        are_items = last.kind == block.kind == "item"
        text += "\n" if are_items else "\n\n"
        text += block.text
    return text


def is_note(text: str) -> bool:
    """Return True for a note of the site among the comments: "Leave a reply", "Comments (14)", "Like 3"."""
    if len(text) <= _LONGEST_NOTE and is_boilerplate(text):
        return True
    return _is_noise(text, None)


def _find_bodies(element: HtmlElement) -> list[HtmlElement]:
    """Return the elements that hold a comment's words: by schema.org's mark, else the innermost with most words."""
    marked: list[HtmlElement] = element.xpath(_SCHEMA_TEXT)
    if marked:
        return marked
    parts = list(element.iterdescendants())
    named = set(filter_role(parts, "text")) or set(filter_role(parts, "comment"))
    bodies: list[HtmlElement] = []
    outermost = find_outermost(element, named)
    while outermost and _count_words(outermost) >= _count_words(bodies) / 2:
        bodies = outermost
        named.difference_update(outermost)
        outermost = find_outermost(element, named)
    return bodies


def _count_words(elements: list[HtmlElement]) -> int:
    """Return how many characters elements hold besides titles, signatures and buttons."""
    characters = count_characters(elements)
    for element in elements:
        labels = set(filter(_is_label, element.iterdescendants()))
        characters -= count_characters(find_outermost(element, labels))
    return characters


def _is_label(part: HtmlElement) -> bool:
    return part.tag in HEADINGS or has_role(part, *SIGNATURE, *_BUTTONS)


def _drop_controls(body: HtmlElement, signature: Signature, dropped: Set[str]) -> None:
    """Remove the buttons, the elements of the signature, and elements with a role to be `dropped`."""
    named = filter_role(body.iterdescendants(), *dropped)
    controls = {signature.named, signature.dated, *body.iter(*_CONTROL_TAGS), *named}
    for part in list(body.iterdescendants()):
        is_control = part in controls or _is_button_link(part)
        if is_control and len(read_line(part)) <= _LONGEST_CONTROL:
            part.drop_tree()


def _is_button_link(part: HtmlElement) -> bool:
    """Return True for a link with the words of a button, or with a note of the site that has no text beside it."""
    if part.tag != "a":
        return False
    text = read_line(part)
    if _CONTROLS.fullmatch(text):
        return True
    is_alone = not read_beside(part).strip()
    return is_alone and is_note(text)


def _is_noise(text: str, author: str | None) -> bool:
    """Return True for the author's name, and for buttons."""
    if text == author:
        return True
    return len(text) <= _LONGEST_CONTROL and _CONTROLS.fullmatch(squeeze(text)) is not None


def _read_name(element: HtmlElement) -> str | None:
    name = _ANSWERED.sub("", read_line(element))
    return name if 0 < len(name) <= _LONGEST_CONTROL else None


def _mark_quotes(body: HtmlElement) -> str | None:
    """Mark each quote in an element, and return the last author named in a quote."""
    author = None
    for quote in list(filter(_is_quote, body.iterdescendants())):
        author = mark_quote(quote) or author
    return author


def _is_quote(part: HtmlElement) -> bool:
    return part.tag == "blockquote" or has_role(part, "quote")


def mark_quote(quote: HtmlElement) -> str | None:
    """Begin each paragraph of a quote with ">", because another person wrote it, and return that person's name."""
    author: str | None = quote.get("data-quote")
    cite = next(filter(_is_cite, quote.iterdescendants()), None)
    if cite is not None:
        author = author or _read_name(cite)
        cite.drop_tree()
    for part in quote.iter("blockquote", *_PARAGRAPHS):
        if _begins_paragraph(part):
            part.text = _mark_text(part.text)
    for line_break in quote.iter("br"):
        line_break.tail = _mark_text(line_break.tail)
    return author


def _is_cite(part: HtmlElement) -> bool:
    return part.tag == "cite" or has_role(part, "author")


def _begins_paragraph(part: HtmlElement) -> bool:
    """Return True if an element has text before its children, or has no paragraph around its text."""
    has_text = part.text is not None and part.text.strip() != ""
    return has_text or next(part.iter(*_PARAGRAPHS), part) is part


def _mark_text(text: str | None) -> str:
    words = text or ""
    return f"> {words.lstrip()}"
