"""Takes the comments that a page has as JSON-LD, schema.org's marks for machines, and their copies in the page."""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from lxml.html import HtmlElement

from rag.documents.blocks import Block, pick_first, squeeze
from rag.documents.comments.elements import ARTICLE
from rag.documents.comments.words import find_addressee
from rag.documents.dates import find_date
from rag.documents.formats.html.markup import find_text, parse_html
from rag.documents.sequences import flat_map

_TEXTS = ("text", "commentText", "articleBody", "description")
_DATES = ("dateCreated", "datePublished", "uploadDate", "dateModified")
_COMMENTS = frozenset(("comment",))
_ANSWERS = _COMMENTS | {"acceptedAnswer", "suggestedAnswer"}
# The signature and buttons around a comment have at most this many characters.
_BESIDE_CHARACTERS = 120
# A page may show only the beginning of a comment, but at least this many characters.
_KEY_CHARACTERS = 80
_BOXES = ("p", "div", "li", "span", "article", "section", "td", "blockquote")


def take_json_comments(tree: HtmlElement, known: Sequence[Block]) -> list[Block]:
    """Return the comments in a page's JSON-LD that are not known yet, and remove them from the data and the page."""
    scripts = tree.xpath("//script[contains(@type, 'ld+json')]")
    all_comments = list(flat_map(_take_from_script, scripts))
    known_letters = "".join(map(_begin_with_line, known))
    comments = [comment for comment in all_comments if _begin_with_line(comment) not in known_letters]
    _drop_copies(tree, comments)
    authors = {comment.author for comment in comments}
    # The person whom its words name comes before the one that the data name.
    return [
        replace(comment, reply_to=find_addressee(comment.text, authors) or comment.reply_to) for comment in comments
    ]


def _begin_with_line(comment: Block) -> str:
    """Return a line with the letters of a comment, to find it only at the beginning of another comment."""
    return f"\n{_keep_letters(comment.text)}"


def _take_from_script(script: HtmlElement) -> list[Block]:
    """Remove the comments from a script and return them; none if the data cannot be read."""
    text = script.text_content()
    try:
        comments = list(_read_comments(json.loads(text, strict=False)))
        # Another program that reads the script must not take a reader for the author.
        script.text = json.dumps(json.loads(text, strict=False, object_hook=_drop_comments))
    except (ValueError, RecursionError):
        return []
    return comments


def _drop_comments(node: dict[str, Any]) -> dict[str, Any]:
    node.pop("comment", None)
    return node


def _read_comments(
    node: Any, keys: Set[str] = _COMMENTS, *, is_comment: bool = False, reply_to: str | None = None
) -> Iterator[Block]:
    """Yield the comments in a part of the data, in order. The values of `keys` are comments.

    A comment answers the comment around it. On a page of questions, answers are comments too.
    """
    for item in _list_dicts(node):
        author = _find_author(item) if is_comment else None
        text = _find_text(item) if is_comment else ""
        if text:
            yield Block(text, voice="comment", author=author, date=_find_date(item), reply_to=reply_to)
        inner_keys = _ANSWERS if "QAPage" in str(item.get("@type")) else keys
        for key, value in item.items():
            yield from _read_comments(value, inner_keys, is_comment=key in inner_keys, reply_to=author)


def _list_dicts(value: Any) -> list[dict[str, Any]]:
    """Return a dict, or the dicts in a list, as a list."""
    if isinstance(value, dict):
        return [value]
    items = value if isinstance(value, list) else []
    return list(flat_map(_list_dicts, items))


def _find_date(node: dict[str, Any]) -> str | None:
    return pick_first((find_date(str(node.get(key))) for key in _DATES), None)


def _find_author(node: dict[str, Any]) -> str | None:
    """Return the name of a comment's author, or of the first of several."""
    author = node.get("author")
    if isinstance(author, list):
        author = next(iter(author), None)
    if isinstance(author, dict):
        author = author.get("name")
    return squeeze(author) if isinstance(author, str) else None


def _find_text(node: dict[str, Any]) -> str:
    """Return a comment's text, which may be HTML."""
    for key in _TEXTS:
        text = node.get(key)
        if isinstance(text, str):
            return find_text(parse_html(text.replace("\n", "<br>")))
    return ""


def _drop_copies(tree: HtmlElement, comments: Sequence[Block]) -> None:
    """Remove the elements that show comments, each with the signature and buttons around it."""
    if not comments:
        return
    letters = {element: _keep_letters(element.text_content()) for element in tree.iter(*_BOXES)}
    for comment in comments:
        words = _keep_letters(comment.text)
        copy = _find_copy(letters, words) if words else None
        if copy is None:
            continue
        box = _find_box(copy, letters, len(words) + _BESIDE_CHARACTERS)
        for element in box.iter():
            letters.pop(element, None)
        box.drop_tree()


def _find_copy(letters: Mapping[HtmlElement, str], words: str) -> HtmlElement | None:
    """Return the element that shows a comment.

    The last copy counts: a comment may quote the article, which is above it. A whole copy comes before one that shows
    only the beginning.
    """
    most = len(words) + _BESIDE_CHARACTERS
    similar = [element for element in reversed(letters) if letters[element].startswith(words[:_KEY_CHARACTERS])]
    copies = [element for element in similar if len(letters[element]) <= most]
    return max(copies, key=lambda element: letters[element].startswith(words), default=None)


def _find_box(copy: HtmlElement, letters: Mapping[HtmlElement, str], most: int) -> HtmlElement:
    """Return the widest box around a copy, inside the article, that holds at most `most` letters."""
    box = copy
    for outer in copy.iterancestors():
        outer_letters = letters.get(outer) or _keep_letters(outer.text_content())
        if outer.tag in ARTICLE or len(outer_letters) > most:
            break
        box = outer
    return box


def _keep_letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))
