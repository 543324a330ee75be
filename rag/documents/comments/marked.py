"""Takes readers' comments and the posts of a forum out of a page, by schema.org's marks and the names of classes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Literal, NamedTuple

from rag.documents.blocks import Block
from rag.documents.comments.areas import (
    UNITS,
    WHOLES,
    Page,
    drop_below,
    find_times,
    has_article_above,
    is_elsewhere,
    is_inside,
    is_schema_comment,
)
from rag.documents.comments.entries import find_entries
from rag.documents.comments.plaintext import (
    find_addressee,
    is_comments_heading,
    is_signature,
    is_signed,
    is_sure_heading,
    read_comments,
)
from rag.documents.comments.post import Post, is_note, join_blocks, read_post
from rag.documents.comments.roles import find_roles
from rag.documents.dates import is_date
from rag.documents.formats.html.markup import HEADINGS, walk_blocks

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_SIGNATURE = frozenset(("author", "name", "date"))
# A signature and its buttons have no more characters than this.
_SIGNATURE_CHARACTERS = 200
# Of what stands before replies only the first elements can be the comment that they answer, or boxes around it.
_BOXES = 5
_ARTICLE = frozenset(("html", "body", "main", "article"))
_HEADING_TAGS = (*HEADINGS, "p", "div", "strong", "b", "font")
_LONGEST_HEADING = 60
# Those of a site come before those that a reader writes.
_MOST_HEADINGS = 10
# "Zara Khan said..."
_SAID = re.compile(r"\b(sa(?:id|ys)) *(?:\.\.\.|…)$")
_SCHEMA_POST = re.compile(r"schema\.org/(?:DiscussionForumPosting|Question)\b")

_Kind = Literal["comment", "reply", "post", "unnamed"]


class Thread(NamedTuple):
    """A page's comments, in order, the post that they answer in a forum, and the areas in which they stood."""

    comments: list[Block]
    opening: Post | None
    areas: Set["HtmlElement"]


@dataclass(slots=True)
class _Place:
    """Where in its thread an element stands that may be a comment."""

    kind: _Kind
    above: list["HtmlElement"] = field(default_factory=list)  # what it may answer, the nearest first
    around: "HtmlElement | None" = None  # what it may be a mere part of
    parts: int = 0  # how many such parts it has
    in_company: bool = False  # in a frame for comments, or next to another comment


_Places = dict["HtmlElement", _Place]


def take_thread(tree: "HtmlElement", page: Page) -> Thread:
    """Remove the comments from a page and return them, with the post that opens the thread of a forum."""
    places = _find_places(tree, page)
    posts: dict[HtmlElement, Post] = {}
    threads: set[HtmlElement] = set()
    for element in reversed(places):  # A reply is taken out before what it is nested in is read.
        if (post := read_post(element)) and _is_comment(post, places[element], places):
            posts[element] = post
            threads |= page.areas & {element, *element.iterancestors()}
            _drop([element])
    written = [(posts[element], place) for element, place in places.items() if element in posts]
    opening = written.pop(0)[0] if written and written[0][1].kind == "post" else None
    authors = {post.author for post in posts.values() if post.author}
    comments = []
    for post, place in written:
        text = join_blocks(post.blocks)
        above = next((posts[element].author for element in place.above if element in posts), None)
        reply_to = find_addressee(text, authors) or post.answered or above
        comments.append(Block(text, voice="comment", author=post.author, date=post.date, reply_to=reply_to))
    return Thread(comments, opening, threads)


def _drop(elements: Iterable["HtmlElement"]) -> None:
    for element in elements:
        if element.getparent() is not None:
            element.drop_tree()


def drop_areas(tree: "HtmlElement", page: Page, read: Set["HtmlElement"]) -> list[Block]:
    """Remove what holds a page's comments, with its headings, forms and notes; return what was still in there.

    Comments were `read` from some areas. What has fallen out of the last frame with comments goes too.
    """
    left: list[Block] = []
    threads: list[HtmlElement] = []
    areas: set[HtmlElement] = set()
    for element in list(tree.iter()):
        is_area = element in page.frames or element in page.companions
        is_furniture = "furniture" in find_roles(element) and element not in page.articles
        if (is_area or is_furniture) and not is_inside(element, areas):
            blocks = list(walk_blocks(element)) if is_area else []
            if element in page.frames and (element in read or is_signed(_join_lines(blocks)) or _is_counted(blocks)):
                threads.append(element)
            left += blocks
            areas.add(element)
    for thread in threads[-1:]:
        drop_below(thread, page)
    _drop(areas)
    return left


def _is_counted(blocks: Iterable[Block]) -> bool:
    return any(is_sure_heading(block.text) for block in blocks if block.kind == "heading")


def read_plain_comments(blocks: Iterable[Block]) -> list[Block]:
    """Return the comments in the blocks below a heading of comments, or in a frame for them."""
    text = _join_lines(blocks)
    return [
        Block(text[part.start : part.end], voice="comment", author=part.author, date=part.date, reply_to=part.reply_to)
        for part in read_comments(text, 0)
    ]


def _join_lines(blocks: Iterable[Block]) -> str:
    """Return the text of blocks without the site's own notes and headings, which are names if they are signed."""
    lines = [block for block in blocks if not is_note(block.text)]
    # A heading is a name if a date stands below, or beside it.
    below = [*(is_date(line.text) for line in lines), False][1:]
    said = [
        line for line, is_dated in zip(lines, below, strict=False)
        if line.kind != "heading" or is_dated or is_signature(line.text)
    ]  # fmt: skip
    return "\n\n".join(_SAID.sub(r"\1:", line.text) for line in said)


def take_plain_comments(tree: "HtmlElement", page: Page) -> list[Block]:
    """Remove what stands below a heading like "Comments (14)" from a page and return it, if it is comments.

    It is if it is signed, or if the heading stands below an article and counts comments.
    """
    for heading in list(islice(filter(_is_comments_heading, tree.iter(*_HEADING_TAGS)), _MOST_HEADINGS)):
        text = " ".join(heading.text_content().split())
        # What is below stands beside the outermost box around the heading.
        outer = heading
        while (parent := outer.getparent()) is not None and _has_nothing_below(outer) and parent.tag not in _ARTICLE:
            outer = parent
        blocks = list(walk_blocks(_copy_below(outer)))
        is_heading = heading.tag in HEADINGS and next(heading.iter("a"), None) is None
        is_counted = is_heading and heading in page.below_article and is_sure_heading(text)
        # Below a mere number at the top, one signature may be the article's own.
        least = 1 if is_heading or has_article_above(heading, page.areas) else 2
        if blocks and (is_counted or is_signed(_join_lines(blocks), least=least)):
            drop_below(outer, page)
            for element in outer.itersiblings():
                element.tail = None
            _drop([outer, *outer.itersiblings()])
            return read_plain_comments(blocks)
    return []


def _is_comments_heading(element: "HtmlElement") -> bool:
    text = " ".join(element.text_content().split())
    return len(text) <= _LONGEST_HEADING and is_comments_heading(text)


def _copy_below(element: "HtmlElement") -> "HtmlElement":
    """Return an element with what stands behind another one in the same box."""
    below = element.makeelement("div")
    below.text = element.tail
    below.extend(deepcopy(sibling) for sibling in element.itersiblings())
    return below


def _has_nothing_below(element: "HtmlElement") -> bool:
    return not any(sibling.text_content().strip() for sibling in element.itersiblings())


def _find_places(tree: "HtmlElement", page: Page) -> _Places:
    """Return the elements that may be a comment or a post, in order, and where they stand."""
    kinds: dict[HtmlElement, _Kind] = {
        _find_whole(element, page): kind for element in tree.iter(*UNITS) if (kind := _find_kind(element, page))
    }
    kinds.update(dict.fromkeys(page.entries, "comment"))
    for frame in page.frames:
        if kinds.keys().isdisjoint(frame.iter()):
            unnamed = list(_find_unnamed(frame)) or find_entries(frame)
            kinds.update(dict.fromkeys(unnamed, "unnamed"))
    places: _Places = {element: _Place(kinds[element]) for element in tree.iter() if element in kinds}
    heads: dict[HtmlElement, list[HtmlElement]] = {}
    for element, place in places.items():
        is_reply = False
        outers = list(element.iterancestors())
        for outer in outers:
            if outer in places:
                if place.around is None and not is_reply and place.kind != "reply":
                    place.around = outer
                    places[outer].parts += 1
                is_reply = True
                place.above.append(outer)
            elif "replies" in find_roles(outer):
                is_reply = True
                if outer not in heads:
                    heads[outer] = _find_heads(outer, places)
                place.above += heads[outer]
        neighbours = {element.getprevious(), element.getnext()}
        place.in_company = not (page.frames.isdisjoint(outers) and neighbours.isdisjoint(places))
    return places


def _find_whole(element: "HtmlElement", page: Page) -> "HtmlElement":
    """Return the parent of an element that is called a comment, and is only its signature or only its words."""
    parent = element.getparent()
    if parent is None or parent.tag not in WHOLES or parent in page.frames or parent in page.articles:
        return element
    around = [*element.itersiblings(), *element.itersiblings(preceding=True)]
    if any("comment" in find_roles(part) for sibling in around for part in sibling.iter()):
        return element
    beside = {role for sibling in around for part in sibling.iter() for role in find_roles(part)}
    if beside.isdisjoint(_SIGNATURE | {"text"}):
        return element
    if any(not _SIGNATURE.isdisjoint(find_roles(part)) for part in element.iterdescendants()):
        has_no_words = "text" in beside and not any("text" in find_roles(part) for part in element.iterdescendants())
        return parent if has_no_words else element
    characters = sum(len(sibling.text_content()) for sibling in around)
    return parent if not _SIGNATURE.isdisjoint(beside) and characters <= _SIGNATURE_CHARACTERS else element


def _find_heads(replies: "HtmlElement", places: Mapping["HtmlElement", _Place]) -> list["HtmlElement"]:
    """Return what may be the comment that replies beside it answer."""
    for sibling in replies.itersiblings(preceding=True):
        if found := list(islice((element for element in sibling.iter(*UNITS) if element in places), _BOXES)):
            return found
    return []


def _find_kind(element: "HtmlElement", page: Page) -> _Kind | None:
    roles = find_roles(element)
    if element in page.frames:
        return None
    if is_schema_comment(element):
        return "comment"
    is_post = "post" in roles and not is_elsewhere(element)
    if page.is_forum and (
        _SCHEMA_POST.search(element.get("itemtype", "")) or (is_post and not page.is_readers(element))
    ):
        outers = list(element.iterancestors())
        return None if any("post" in find_roles(outer) for outer in outers) else "post"
    if element in page.articles or is_elsewhere(element):
        return None
    if page.is_readers(element) and ("comment" in roles or is_post):
        return "comment"
    return "reply" if "reply" in roles else None


def _find_unnamed(frame: "HtmlElement") -> Iterator["HtmlElement"]:
    """Yield what has a time of its own in a frame for comments whose classes have no telling names."""
    times = find_times(frame)
    dated = set(times)
    for time in times:
        outers = list(takewhile(lambda outer: outer is not frame, time.iterancestors()))
        item = next((outer for outer in outers if outer.tag in ("li", "article")), None)
        alone = [*takewhile(lambda outer: _has_one(outer, dated), outers)]
        if item is not None:
            yield item
        elif alone:
            parent = alone[-1].getparent()
            yield parent if parent is not frame and _is_signature_alone(alone[-1], dated) else alone[-1]


def _has_one(element: "HtmlElement", dated: Set["HtmlElement"]) -> bool:
    return sum(1 for _ in islice((part for part in element.iter() if part in dated), 2)) == 1


def _is_signature_alone(element: "HtmlElement", dated: Set["HtmlElement"]) -> bool:
    """Return whether what was signed stands beside an element: so it does where replies are nested in with it."""
    beside = element.getnext()
    return beside is not None and bool(beside.text_content().strip()) and dated.isdisjoint(beside.iter())


def _is_comment(post: Post, place: _Place, places: Mapping["HtmlElement", _Place]) -> bool:
    """Return whether what was read is a comment of its own, and not a part of one, a frame or a button."""
    if place.kind == "reply" and not (place.in_company or place.above):
        return False
    if post.author:
        return True
    if place.kind != "comment" or place.parts > 1 or (place.around is not None and places[place.around].parts == 1):
        return False
    return post.date is not None or (place.in_company and not is_note(post.blocks[0].text))
