"""Takes the comments that a page has as JSON-LD, schema.org's marks for machines, and their copies in the page."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rag.documents.blocks import Block
from rag.documents.comments.elements import squeeze
from rag.documents.comments.words import find_addressee
from rag.documents.dates import find_date
from rag.documents.formats.html.markup import find_text, parse_html

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TEXTS = ("text", "commentText", "articleBody", "description")
_DATES = ("dateCreated", "datePublished", "uploadDate", "dateModified")
_ANSWERS = ("acceptedAnswer", "suggestedAnswer")
# The signature and buttons around a comment have at most this many characters.
_BESIDE_CHARACTERS = 120
# A page may show only the beginning of a comment, but at least this many characters.
_KEY_CHARACTERS = 80
_BOXES = ("p", "div", "li", "span", "article", "section", "td", "blockquote")
_ARTICLE = frozenset(("body", "main", "article"))


def take_json_comments(tree: "HtmlElement", known: Sequence[Block] = ()) -> list[Block]:
    """Return the comments in a page's JSON-LD that are not known yet, and remove them from the data and the page."""
    all_comments: list[Block] = []
    for script in tree.iter("script"):
        if "ld+json" in script.get("type", ""):
            _take_from_script(script, all_comments)
    known_letters = [_keep_letters(comment.text) for comment in known]
    comments = [comment for comment in all_comments if not _is_known(comment, known_letters)]
    _drop_copies(tree, [comment.text for comment in comments])
    authors = {comment.author for comment in comments}
    return [
        replace(comment, reply_to=find_addressee(comment.text, authors) or comment.reply_to) for comment in comments
    ]


def _take_from_script(script: "HtmlElement", comments: list[Block]) -> None:
    """Add the comments in a script to `comments` and remove them from it."""
    try:
        data = json.loads(script.text or "", strict=False)
        comments += _read_comments(data, None, has_answers=False)
        # Another program that reads the script must not take a reader for the author.
        script.text = json.dumps(_strip_comments(data))
    except (ValueError, RecursionError):
        return  # The page is wrong, or the data are not for readers.


def _is_known(comment: Block, known_letters: Sequence[str]) -> bool:
    letters = _keep_letters(comment.text)
    return any(text.startswith(letters) for text in known_letters)


def _strip_comments(node: Any) -> Any:
    if isinstance(node, list):
        return [_strip_comments(item) for item in node]
    if isinstance(node, dict):
        return {key: _strip_comments(value) for key, value in node.items() if key != "comment"}
    return node


def _read_comments(node: Any, reply_to: str | None, *, has_answers: bool) -> Iterator[Block]:
    """Yield the comments in a part of the data, in order; on a page of questions, answers are comments."""
    for item in node if isinstance(node, list) else ():
        yield from _read_comments(item, reply_to, has_answers=has_answers)
    if not isinstance(node, dict):
        return
    has_answers = has_answers or "QAPage" in str(node.get("@type"))
    comment_keys = ("comment", *_ANSWERS) if has_answers else ("comment",)
    for key, value in node.items():
        if key not in comment_keys:
            yield from _read_comments(value, None, has_answers=has_answers)
            continue
        for item in _list_dicts(value):
            yield from _read_comment(item, reply_to)
            yield from _read_comments(item, _find_author(item), has_answers=has_answers)


def _list_dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in _as_list(value) if isinstance(item, dict)]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _read_comment(node: dict[str, Any], reply_to: str | None) -> Iterator[Block]:
    """Yield a part of the data as a comment, without those in it; nothing if it has no words."""
    text = _find_text(node)
    if text:
        dates = (find_date(str(node[name])) for name in _DATES if name in node)
        yield Block(text, voice="comment", author=_find_author(node), date=next(dates, None), reply_to=reply_to)


def _find_author(node: dict[str, Any]) -> str | None:
    author = next(iter(_as_list(node.get("author"))), None)
    name = author.get("name") if isinstance(author, dict) else author
    words = squeeze(name) if isinstance(name, str) else ""
    return words or None


def _find_text(node: dict[str, Any]) -> str:
    """Return a comment's text, which may be HTML."""
    text = next((node[name] for name in _TEXTS if isinstance(node.get(name), str)), "")
    return find_text(parse_html(text.replace("\n", "<br>")))


def _drop_copies(tree: "HtmlElement", texts: Sequence[str]) -> None:
    """Remove the elements that show comments, each with the signature and buttons around it."""
    elements = list(tree.iter(*_BOXES)) if texts else []
    letters = {element: _keep_letters(element.text_content()) for element in elements}
    for words in filter(None, map(_keep_letters, texts)):
        copy = _find_copy(letters, words)
        box = None if copy is None else _find_box(copy, letters, len(words) + _BESIDE_CHARACTERS)
        if box is not None:
            box.drop_tree()


def _find_copy(letters: Mapping["HtmlElement", str], words: str) -> "HtmlElement | None":
    """Return the element that shows a comment.

    The last copy counts: a comment may quote the article, which is above it. A whole copy comes before one that shows
    only the beginning.
    """
    most = len(words) + _BESIDE_CHARACTERS
    similar = [element for element, text in letters.items() if text.startswith(words[:_KEY_CHARACTERS])]
    copies = [element for element in similar if len(letters[element]) <= most and _is_in_page(element)]
    whole_copies = [element for element in copies if letters[element].startswith(words)]
    return next(reversed(whole_copies or copies), None)


def _is_in_page(element: "HtmlElement") -> bool:
    """Return True for an element that is still in the page, not removed with a box around it."""
    return next(element.iterancestors("html"), None) is not None


def _find_box(copy: "HtmlElement", letters: Mapping["HtmlElement", str], most: int) -> "HtmlElement | None":
    """Return the widest box around a copy that holds at most `most` letters; None if that is the whole page."""
    for box, outer in pairwise((copy, *copy.iterancestors())):
        if outer.tag in _ARTICLE or len(letters.get(outer) or _keep_letters(outer.text_content())) > most:
            return box
    return None


def _keep_letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))
