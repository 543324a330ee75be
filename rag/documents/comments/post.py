"""Reads one comment or post: its words, without its signature and buttons, and what it quotes marked as such."""

import re
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.blocks import Block
from rag.documents.comments.plaintext import is_boilerplate
from rag.documents.comments.roles import find_roles
from rag.documents.comments.signature import Signature, find_signature
from rag.documents.formats.html.markup import HEADINGS, walk_blocks

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_SCHEMA_TEXT = ("text", "commentText", "articleBody")
_BUTTONS = frozenset(("control", "answered"))
_SIGNATURE = frozenset(("author", "name", "date"))
# A button has no more characters than this.
_LONGEST_CONTROL = 100
_LONGEST_NOTE = 200
# Around a comment's words are no more boxes than this.
_MOST_BOXES = 5
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
    """What one person wrote; `answered` is whom it names as the one it answers or quotes."""

    blocks: list[Block]
    author: str | None
    date: str | None
    answered: str | None


def read_post(element: "HtmlElement") -> Post | None:
    """Return what is written in an element; None if it has no words besides a signature and buttons."""
    element = deepcopy(element)  # If it is no comment, its signature belongs to one around it.
    bodies = _find_bodies(element)
    signature = find_signature(element, bodies)
    answered = _find_answered(element)
    for body in bodies or [element]:
        body.tag = "div"  # Its paragraphs are no items, even if it is one of a list.
        _drop_controls(body, signature, is_marked=bool(bodies))
        for quote in list(body.iterdescendants()):
            if quote.tag == "blockquote" or "quote" in find_roles(quote):
                answered = mark_quote(quote) or answered
    blocks = [block for body in bodies or [element] for block in walk_blocks(body)]
    while blocks and _is_noise(blocks[0].text, signature.author):
        blocks.pop(0)
    while blocks and _is_noise(blocks[-1].text, signature.author):
        blocks.pop()
    if blocks:  # "Which version? – otto": what stood between the words and the signature.
        blocks[-1] = replace(blocks[-1], text=blocks[-1].text.rstrip(" –—|·"))
    return Post(blocks, signature.author, signature.date, answered) if blocks else None


def join_blocks(blocks: list[Block]) -> str:
    """Return the text of blocks as one."""
    text = blocks[0].text if blocks else ""
    for last, block in pairwise(blocks):
        text += ("\n" if last.kind == block.kind == "item" else "\n\n") + block.text
    return text


def is_note(text: str) -> bool:
    """Return whether a text is what a site writes among the comments: "Leave a reply", "Comments (14)", "Like 3"."""
    return (len(text) <= _LONGEST_NOTE and is_boilerplate(text)) or _is_noise(text, None)


def _find_bodies(element: "HtmlElement") -> list["HtmlElement"]:
    """Return the elements that hold a comment's words: by schema.org's mark, else the innermost that have most."""
    if marked := [e for e in element.iterdescendants() if e.get("itemprop") in _SCHEMA_TEXT and e.tag != "meta"]:
        return marked[:1]
    roles = {part: find_roles(part) for part in element.iterdescendants()}
    named = {part for part in roles if "text" in roles[part]} or {part for part in roles if "comment" in roles[part]}
    bodies: list[HtmlElement] = []
    for _ in range(_MOST_BOXES):
        outermost = [
            part for part in element.iterdescendants() if part in named and named.isdisjoint(part.iterancestors())
        ]
        if not outermost or _count_characters(outermost) < _count_characters(bodies) / 2:
            break
        bodies = outermost
        named.difference_update(outermost)
    return bodies


def _count_characters(elements: list["HtmlElement"]) -> int:
    """Return how much elements hold besides titles, signatures and buttons."""
    others = [part for element in elements for part in element.iterdescendants() if _is_beside_words(part)]
    outermost = [part for part in others if not any(_is_beside_words(outer) for outer in part.iterancestors())]
    return sum(len(e.text_content()) for e in elements) - sum(len(part.text_content()) for part in outermost)


def _is_beside_words(part: "HtmlElement") -> bool:
    return part.tag in HEADINGS or not (_SIGNATURE | _BUTTONS).isdisjoint(find_roles(part))


def _drop_controls(body: "HtmlElement", signature: Signature, *, is_marked: bool) -> None:
    """Remove the buttons, and the signature where the words are not marked apart from it."""
    dropped = _BUTTONS if is_marked else _BUTTONS | _SIGNATURE
    for part in list(body.iterdescendants()):
        text = " ".join(part.text_content().split())
        if len(text) <= _LONGEST_CONTROL and (
            part in signature.elements
            or not dropped.isdisjoint(find_roles(part))
            or part.tag in ("button", "form", "footer")
            or (part.tag == "a" and (_CONTROLS.fullmatch(text) or (_is_alone(part) and is_note(text))))
        ):
            part.drop_tree()


def _is_alone(part: "HtmlElement") -> bool:
    """Return True if no text stands right before an element or right behind it."""
    previous, parent = part.getprevious(), part.getparent()
    before = previous.tail if previous is not None else parent is not None and parent.text
    return not ((before or "").strip() or (part.tail or "").strip())


def _is_noise(text: str, author: str | None) -> bool:
    return text == author or (len(text) <= _LONGEST_CONTROL and _CONTROLS.fullmatch(" ".join(text.split())) is not None)


def _find_answered(element: "HtmlElement") -> str | None:
    """Return whom a comment says that it answers, outside of its words."""
    for part in element.iterdescendants():
        if "answered" in find_roles(part) and (name := _read_name(part)):
            return name
    return None


def _read_name(element: "HtmlElement") -> str | None:
    name = _ANSWERED.sub("", " ".join(element.text_content().split()))
    return name if 0 < len(name) <= _LONGEST_CONTROL else None


def mark_quote(quote: "HtmlElement") -> str | None:
    """Begin each paragraph of a quote with ">": its words are not those of who quotes it; return its author."""
    cite = next((part for part in quote.iterdescendants() if part.tag == "cite" or "author" in find_roles(part)), None)
    author = quote.get("data-quote") or (_read_name(cite) if cite is not None else None)
    if cite is not None:
        cite.drop_tree()
    for part in quote.iter("blockquote", "p", "div", "li"):
        if (part.text or "").strip() or next(part.iter("p", "div", "li"), part) is part:
            part.text = "> " + (part.text or "").lstrip()
    for line_break in quote.iter("br"):
        line_break.tail = "> " + (line_break.tail or "").lstrip()
    return author
