"""Takes the comments that a page has as JSON-LD, schema.org's marks for machines, and their copies in the page."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rag.documents.blocks import Block
from rag.documents.formats.markup import find_text, parse_html
from rag.documents.metadata import find_date
from rag.documents.thread import find_addressee

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TEXTS = ("text", "commentText", "articleBody", "description")
_DATES = ("dateCreated", "datePublished", "uploadDate", "dateModified")
_ANSWERS = ("acceptedAnswer", "suggestedAnswer")
# What a page shows with a comment: its signature and buttons.
_BESIDE_CHARACTERS = 120
_KEY_CHARACTERS = 80


def take_json_comments(tree: "HtmlElement") -> list[Block]:
    """Return the comments in a page's JSON-LD, and remove what shows them from the page."""
    comments: list[Block] = []
    for script in tree.iter("script"):
        if "ld+json" in script.get("type", ""):
            try:
                comments += _read_comments(json.loads(script.text or "", strict=False), None, has_answers=False)
            except (ValueError, RecursionError):
                continue  # It is the page's mistake, or not meant to be read.
    for comment in comments:
        _drop_copy(tree, comment.text)
    authors = {comment.author for comment in comments if comment.author}
    return [
        replace(comment, reply_to=find_addressee(comment.text, authors) or comment.reply_to) for comment in comments
    ]


def _read_comments(node: Any, reply_to: str | None, *, has_answers: bool) -> Iterator[Block]:
    if isinstance(node, list):
        for item in node:
            yield from _read_comments(item, reply_to, has_answers=has_answers)
    if not isinstance(node, dict):
        return
    has_answers = has_answers or "QAPage" in str(node.get("@type"))
    for key, value in node.items():
        if key == "comment" or (has_answers and key in _ANSWERS):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    author = _find_author(item)
                    if text := _find_text(item):
                        date = next((find_date(str(item[name])) for name in _DATES if name in item), None)
                        yield Block(text, voice="comment", author=author, date=date, reply_to=reply_to)
                    yield from _read_comments(item, author, has_answers=has_answers)
        else:
            yield from _read_comments(value, None, has_answers=has_answers)


def _find_author(node: dict[str, Any]) -> str | None:
    author = node.get("author")
    author = author[0] if isinstance(author, list) and author else author
    name = author.get("name") if isinstance(author, dict) else author
    return " ".join(name.split()) or None if isinstance(name, str) else None


def _find_text(node: dict[str, Any]) -> str:
    """Return a comment's text, which may be HTML."""
    text = next((node[name] for name in _TEXTS if isinstance(node.get(name), str)), "")
    return find_text(parse_html(text.replace("\n", "<br>")))


def _drop_copy(tree: "HtmlElement", text: str) -> None:
    """Remove the element that shows a comment, with the signature and buttons around it."""
    words = _letters(text)
    for element in list(tree.iter("p", "div", "li", "span", "article", "section", "td", "blockquote")):
        shown = _letters(element.text_content())
        if words and shown.startswith(words[:_KEY_CHARACTERS]) and len(shown) <= len(words) + _BESIDE_CHARACTERS:
            outer = element
            while (parent := outer.getparent()) is not None and parent.tag not in ("body", "main", "article"):
                if len(_letters(parent.text_content())) > len(words) + _BESIDE_CHARACTERS:
                    break
                outer = parent
            if outer.getparent() is not None:
                outer.drop_tree()
            return


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))
