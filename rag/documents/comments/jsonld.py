"""Takes the comments that a page has as JSON-LD, schema.org's marks for machines, and their copies in the page."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rag.documents.blocks import Block
from rag.documents.comments.plaintext import find_addressee
from rag.documents.dates import find_date
from rag.documents.formats.html.markup import find_text, parse_html

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TEXTS = ("text", "commentText", "articleBody", "description")
_DATES = ("dateCreated", "datePublished", "uploadDate", "dateModified")
_ANSWERS = ("acceptedAnswer", "suggestedAnswer")
# What a page shows with a comment: its signature and buttons.
_BESIDE_CHARACTERS = 120
_KEY_CHARACTERS = 80
_BOXES = ("p", "div", "li", "span", "article", "section", "td", "blockquote")
_ARTICLE = frozenset(("body", "main", "article"))


def take_json_comments(tree: "HtmlElement", known: Sequence[Block] = ()) -> list[Block]:
    """Return the comments in a page's JSON-LD that are not known, and remove them from it and from the page."""
    comments: list[Block] = []
    for script in tree.iter("script"):
        if "ld+json" in script.get("type", ""):
            try:
                data = json.loads(script.text or "", strict=False)
                comments += _read_comments(data, None, has_answers=False)
                script.text = json.dumps(_strip_comments(data))  # what else reads it takes no reader for an author
            except (ValueError, RecursionError):
                continue  # It is the page's mistake, or not meant to be read.
    shown = [_letters(comment.text) for comment in known]
    comments = [comment for comment in comments if not any(text.startswith(_letters(comment.text)) for text in shown)]
    _drop_copies(tree, [comment.text for comment in comments])
    authors = {comment.author for comment in comments if comment.author}
    return [
        replace(comment, reply_to=find_addressee(comment.text, authors) or comment.reply_to) for comment in comments
    ]


def _strip_comments(node: Any) -> Any:
    if isinstance(node, list):
        return [_strip_comments(item) for item in node]
    if isinstance(node, dict):
        return {key: _strip_comments(value) for key, value in node.items() if key != "comment"}
    return node


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


def _drop_copies(tree: "HtmlElement", texts: Sequence[str]) -> None:
    """Remove the elements that show comments, each with the signature and buttons around it.

    A comment may quote the article, which stands above it: the last copy is the comment's, and a whole one before one
    of which only the beginning is shown.
    """
    elements = list(tree.iter(*_BOXES)) if texts else []
    letters = {element: _letters(element.text_content()) for element in elements}
    for words in filter(None, map(_letters, texts)):
        most = len(words) + _BESIDE_CHARACTERS
        copies = [e for e in elements if letters[e].startswith(words[:_KEY_CHARACTERS]) and len(letters[e]) <= most]
        copies = [e for e in copies if next(e.iterancestors("html"), None) is not None]
        whole = [element for element in copies if letters[element].startswith(words)]
        outer = next(reversed(whole or copies), None)
        while outer is not None and (parent := outer.getparent()) is not None:
            if parent.tag in _ARTICLE or len(letters.get(parent) or _letters(parent.text_content())) > most:
                outer.drop_tree()
                break
            outer = parent


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))
