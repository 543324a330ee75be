"""Takes readers' comments and the posts of a forum out of a page, by schema.org's marks and the names of classes."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from copy import deepcopy
from itertools import chain, pairwise
from typing import Literal, NamedTuple

from lxml.html import HtmlElement

from rag.documents.blocks import Block
from rag.documents.comments.areas import Page, drop_below, has_article_above, is_elsewhere, is_schema_comment
from rag.documents.comments.elements import (
    ARTICLE,
    UNITS,
    drop_elements,
    find_holders,
    find_outermost,
    has_neighbour,
    read_line,
    sort_elements,
    walk,
)
from rag.documents.comments.entries import find_entries, find_innermost_entries, holds_heading
from rag.documents.comments.plaintext import is_signed, read_comments
from rag.documents.comments.post import Post, is_note, join_blocks, read_post
from rag.documents.comments.roles import SIGNATURE, collect_roles, filter_role, has_role
from rag.documents.comments.site import is_sure_heading
from rag.documents.comments.words import find_addressee
from rag.documents.dates import is_date
from rag.documents.formats.html.markup import HEADINGS, contains, walk_blocks

# The tags of boxes that can be a whole comment, around a part that has the name of one.
_WHOLES = (*UNITS, "td")
# Only this many elements right above replies can be the comment that they answer, or a box around it.
_MOST_HEADS = 5
_HEADING_TAGS = (*HEADINGS, "p", "div", "strong", "b", "font")
# The site's headings come first. Later ones may be a reader's words.
_MOST_HEADINGS = 10
_SCHEMA_POST = re.compile(r"schema\.org/(?:DiscussionForumPosting|Question)\b")

_Kind = Literal["comment", "reply", "post"]


class Thread(NamedTuple):
    """A page's comments, in order, the opening post of a forum's thread, and the areas that held the comments."""

    comments: list[Block]
    opening: Post | None
    areas: Set[HtmlElement]


class _Place(NamedTuple):
    """The place in its thread of an element that may be a comment or a post.

    It may answer the elements `above`; the nearest one comes first. It is whole if it is neither the only part of
    another comment nor a frame around several ones. It is in company in a frame for comments, or next to another one.
    """

    kind: _Kind
    above: list[HtmlElement]
    is_whole: bool
    in_company: bool


def take_thread(tree: HtmlElement, page: Page) -> Thread:
    """Remove the comments from a page and return them, with the post that opens the thread of a forum."""
    places = _find_places(tree, page)
    posts: dict[HtmlElement, Post] = {}
    areas: set[HtmlElement] = set()
    for element in reversed(places):  # A reply is removed before the post around it is read.
        post = read_post(element)
        if post and _is_comment(post, places[element]):
            posts[element] = post
            areas |= page.areas & {element, *element.iterancestors()}
            drop_elements([element])
    elements = list(reversed(posts))
    opening = None
    if elements and places[elements[0]].kind == "post":
        opening = posts[elements.pop(0)]
    authors = {post.author for post in posts.values()}
    comments = [_make_comment(posts[element], places[element], posts, authors) for element in elements]
    return Thread(comments, opening, areas)


def _make_comment(post: Post, place: _Place, posts: dict[HtmlElement, Post], authors: Set[str | None]) -> Block:
    """Return a post as a comment. It answers the person whom its words or its marks name, or else the post above."""
    text = join_blocks(post.blocks)
    author_above = next((posts[box].author for box in place.above if box in posts), None)
    reply_to = find_addressee(text, authors) or post.answered or author_above
    return Block(text, voice="comment", author=post.author, date=post.date, reply_to=reply_to)


def drop_areas(tree: HtmlElement, page: Page, read: Set[HtmlElement]) -> list[Block]:
    """Remove the areas of a page's comments, with their headings, forms and notes; return their other blocks.

    Comments were `read` from some areas. Text that fell out of the last frame with comments is removed too.
    """
    holders = page.frames | page.companions
    furniture = set(filter_role(tree.iter(), "furniture")) - page.articles
    outermost = find_outermost(tree, holders | furniture)
    other_blocks: list[Block] = []
    last_thread = None
    for area in outermost:
        if area not in holders:
            continue
        blocks = list(walk_blocks(area))
        other_blocks += blocks
        if area in page.frames and (area in read or _has_comments(blocks)):
            last_thread = area
    if last_thread is not None:
        drop_below(last_thread, page)
    drop_elements(outermost)
    return other_blocks


def _has_comments(blocks: Iterable[Block]) -> bool:
    """Return True for blocks with signed comments, or with a heading that counts them."""
    for block in blocks:
        if block.kind == "heading" and is_sure_heading(block.text):
            return True
    return is_signed(_join_lines(blocks))


def read_plain_comments(blocks: Iterable[Block]) -> list[Block]:
    """Return the comments in the blocks below a heading of comments, or in a frame for them."""
    text = _join_lines(blocks)
    return [Block(text[part.start : part.end], **part.get_origin()) for part in read_comments(text, 0)]


def _join_lines(blocks: Iterable[Block]) -> str:
    """Return the text of blocks without the site's own notes and headings."""
    lines = [block for block in blocks if not is_note(block.text)]
    texts = []
    for line, below in pairwise([*lines, Block("")]):
        # A name above a date may be in a heading.
        if line.kind != "heading" or is_date(below.text):
            texts.append(line.text)
    return "\n\n".join(texts)


def take_plain_comments(tree: HtmlElement, page: Page) -> list[Block]:
    """Remove the comments below a heading like "Comments (14)" from a page and return them.

    The text below is comments if it is signed, or if the heading is below an article and counts comments.
    """
    headings = [element for element in tree.iter(*_HEADING_TAGS) if holds_heading(element)]
    for heading in headings[:_MOST_HEADINGS]:
        box = _find_box_of_heading(heading)
        blocks = list(walk_blocks(_copy_below(box)))
        if blocks and _begins_comments(heading, blocks, page):
            drop_below(box, page)
            outer = next(box.iterancestors())
            del outer[outer.index(box) :]
            return read_plain_comments(blocks)
    return []


def _begins_comments(heading: HtmlElement, blocks: Iterable[Block], page: Page) -> bool:
    """Return True if the blocks below a heading are comments."""
    text = _join_lines(blocks)
    is_label = heading.tag not in HEADINGS or contains(heading, "a")
    if is_label:
        # At the top of a page, a single signature below a label may be the article's.
        return is_signed(text, least=1 if has_article_above(heading, page.areas) else 2)
    if heading in page.below_article and is_sure_heading(read_line(heading)):
        return True
    return is_signed(text)


def _find_box_of_heading(heading: HtmlElement) -> HtmlElement:
    """Return the innermost box around a heading that has text after it, or else the outermost box in the article."""
    box = heading
    for outer in heading.iterancestors():
        has_text_below = any(sibling.text_content().strip() for sibling in box.itersiblings())
        if has_text_below or outer.tag in ARTICLE:
            break
        box = outer
    return box


def _copy_below(element: HtmlElement) -> HtmlElement:
    """Return a new element with a copy of everything after an element in the same box."""
    below = element.makeelement("div")
    below.text = element.tail
    below.extend(map(deepcopy, element.itersiblings()))
    return below


def _find_places(tree: HtmlElement, page: Page) -> dict[HtmlElement, _Place]:
    """Return the elements that may be a comment or a post, in order, and their places."""
    kinds = _find_kinds(tree, page)
    frames = set(filter_role(find_holders(kinds), "replies")) - kinds.keys()
    heads = {frame: _find_heads(frame, kinds) for frame in frames}
    boxes = kinds.keys() | frames
    outer = {element: [box for box in element.iterancestors() if box in boxes] for element in kinds}
    pieces = _find_pieces(kinds, outer)
    places: dict[HtmlElement, _Place] = {}
    for element, kind in kinds.items():
        above = chain.from_iterable(heads.get(box, [box]) for box in outer[element])
        is_in_frame = not page.frames.isdisjoint(element.iterancestors())
        in_company = is_in_frame or has_neighbour(element, kinds.keys())
        places[element] = _Place(kind, list(above), element not in pieces, in_company)
    return places


def _find_heads(replies: HtmlElement, kinds: dict[HtmlElement, _Kind]) -> list[HtmlElement]:
    """Return the elements that may be the comment above some replies, or boxes around it."""
    for sibling in replies.itersiblings(preceding=True):
        heads = sort_elements(sibling, kinds.keys())
        if heads:
            return heads[:_MOST_HEADS]
    return []


def _find_pieces(kinds: dict[HtmlElement, _Kind], outer: Mapping[HtmlElement, list[HtmlElement]]) -> set[HtmlElement]:
    """Return the elements that cannot be a comment: the only part of another one, or a frame around several.

    `outer` has the comments and the frames for replies around each element, from the inside out.
    """
    parts: dict[HtmlElement, list[HtmlElement]] = defaultdict(list)
    for element, boxes in outer.items():
        is_part = kinds[element] != "reply" and not kinds.keys().isdisjoint(boxes[:1])
        if is_part:
            parts[boxes[0]].append(element)
    return {inside[0] if len(inside) == 1 else box for box, inside in parts.items()}


def _find_kinds(tree: HtmlElement, page: Page) -> dict[HtmlElement, _Kind]:
    """Return the elements that may be comments or posts, in order, with their kinds."""
    boxes = set(tree.iter(*_WHOLES)) - page.frames - page.articles
    kinds: dict[HtmlElement, _Kind] = {}
    for element in tree.iter(*UNITS):
        kind = _find_kind(element, page)
        if kind:
            kinds[_find_whole(element, boxes)] = kind
    for entry in page.entries:
        kinds[entry] = "comment"
    for frame in sort_elements(tree, page.frames):
        _add_unnamed(frame, kinds)
    return {element: kinds[element] for element in sort_elements(tree, kinds.keys())}


def _add_unnamed(frame: HtmlElement, kinds: dict[HtmlElement, _Kind]) -> None:
    """Add the comments in a frame that only their looks show, if no others are in it."""
    if kinds.keys().isdisjoint(frame.iter()):
        for element in find_entries(frame) or find_innermost_entries(frame):
            kinds[element] = "reply"  # it needs a name, as a reply does


def _find_kind(element: HtmlElement, page: Page) -> _Kind | None:
    """Return what schema.org's marks or class names call an element; None if it is neither a comment nor a post."""
    if element in page.frames:
        return None
    for kind, is_called in _KINDS:
        if is_called(element, page):
            return kind
    return None


def _is_post(element: HtmlElement, page: Page) -> bool:
    """Return True for an element of a forum that schema.org's marks or class names call a post."""
    if not page.is_forum:
        return False
    if _SCHEMA_POST.search(element.get("itemtype", "")):
        return True
    return has_role(element, "post") and not page.is_readers(element) and not is_elsewhere(element)


def _is_named(element: HtmlElement, page: Page, *roles: str) -> bool:
    """Return True for an element with one of the roles that holds no article, and is not in code or the like."""
    return has_role(element, *roles) and element not in page.articles and not is_elsewhere(element)


# The kinds of elements, the surest first.
_KINDS: tuple[tuple[_Kind, Callable[[HtmlElement, Page], bool]], ...] = (
    ("comment", lambda element, _: is_schema_comment(element)),
    ("post", _is_post),
    ("comment", lambda element, page: _is_named(element, page, "comment", "post") and page.is_readers(element)),
    ("reply", lambda element, page: _is_named(element, page, "reply")),
)


def _find_whole(element: HtmlElement, boxes: Set[HtmlElement]) -> HtmlElement:
    """Return the whole comment: the element, or the box around it if it is only the signature or only the words."""
    parent = next(element.iterancestors())
    return parent if parent in boxes and _is_part(element) else element


def _is_part(element: HtmlElement) -> bool:
    """Return True if an element is only a comment's signature or only its words, and the rest is beside it."""
    siblings = [*element.itersiblings(), *element.itersiblings(preceding=True)]
    beside = collect_roles(walk(siblings))
    inside = collect_roles(element.iterdescendants())
    if "comment" in beside:
        return False
    if not SIGNATURE.isdisjoint(inside):
        return "text" in beside - inside
    return not SIGNATURE.isdisjoint(beside)


def _is_comment(post: Post, place: _Place) -> bool:
    """Return True for a whole comment, and not for a part of one, a frame or a button."""
    if post.author:
        return any((place.kind != "reply", place.in_company, place.above))
    if place.kind != "comment" or not place.is_whole:
        return False
    return post.date is not None or (place.in_company and not is_note(post.blocks[0].text))
