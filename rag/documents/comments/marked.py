"""Takes readers' comments and the posts of a forum out of a page, by schema.org's marks and the names of classes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise, takewhile
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
    is_schema_comment,
)
from rag.documents.comments.elements import (
    count_characters,
    drop_elements,
    find_holders,
    find_outermost,
    has_neighbour,
    read_line,
)
from rag.documents.comments.entries import find_entries, holds_heading
from rag.documents.comments.plaintext import is_signed, read_comments
from rag.documents.comments.post import Post, is_note, join_blocks, read_post
from rag.documents.comments.roles import any_has_role, collect_roles, filter_role, has_role
from rag.documents.comments.site import is_sure_heading
from rag.documents.comments.styles import is_signature
from rag.documents.comments.words import find_addressee
from rag.documents.dates import is_date
from rag.documents.formats.html.markup import HEADINGS, walk_blocks

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_SIGNATURE = frozenset(("author", "name", "date"))
# A signature and its buttons have at most this many characters.
_SIGNATURE_CHARACTERS = 200
# Only this many elements right above replies can be the comment that they answer, or a box around it.
_MOST_HEADS = 5
_ARTICLE = frozenset(("html", "body", "main", "article"))
_ITEMS = frozenset(("li", "article"))
_HEADING_TAGS = (*HEADINGS, "p", "div", "strong", "b", "font")
# The site's headings come first. Later ones may be a reader's words.
_MOST_HEADINGS = 10
# "Zara Khan said..."
_SAID = re.compile(r"\b(sa(?:id|ys)) *(?:\.\.\.|…)$")
_SCHEMA_POST = re.compile(r"schema\.org/(?:DiscussionForumPosting|Question)\b")

_Kind = Literal["comment", "reply", "post", "unnamed"]


class Thread(NamedTuple):
    """A page's comments, in order, the opening post of a forum's thread, and the areas that held the comments."""

    comments: list[Block]
    opening: Post | None
    areas: Set["HtmlElement"]


@dataclass(slots=True)
class _Place:
    """The place in its thread of an element that may be a comment; the nearest element `above` comes first."""

    kind: _Kind
    above: list["HtmlElement"] = field(default_factory=list)  # It may answer these.
    around: "HtmlElement | None" = None  # It may be only a part of this one.
    parts: int = 0  # The number of such parts in it.
    in_company: bool = False  # In a frame for comments, or next to another comment.


_Places = dict["HtmlElement", _Place]


def take_thread(tree: "HtmlElement", page: Page) -> Thread:
    """Remove the comments from a page and return them, with the post that opens the thread of a forum."""
    places = _find_places(tree, page)
    posts: dict[HtmlElement, Post] = {}
    areas: set[HtmlElement] = set()
    for element in reversed(places):  # A reply is removed before the post around it is read.
        post = read_post(element)
        if post and _is_comment(post, places[element], places):
            posts[element] = post
            areas |= page.areas & {element, *element.iterancestors()}
            drop_elements([element])
    elements = list(reversed(posts))
    opening = None
    if elements and places[elements[0]].kind == "post":
        opening = posts[elements.pop(0)]
    authors = {post.author for post in posts.values()}
    comments = [_make_comment(posts[element], _find_above(places[element], posts), authors) for element in elements]
    return Thread(comments, opening, areas)


def _find_above(place: _Place, posts: Mapping["HtmlElement", Post]) -> Post | None:
    """Return the nearest post that a comment may answer, by its place."""
    return next((posts[element] for element in place.above if element in posts), None)


def _make_comment(post: Post, above: Post | None, authors: Set[str | None]) -> Block:
    text = join_blocks(post.blocks)
    reply_to = find_addressee(text, authors) or post.answered or (above and above.author)
    return Block(text, voice="comment", author=post.author, date=post.date, reply_to=reply_to)


def drop_areas(tree: "HtmlElement", page: Page, read: Set["HtmlElement"]) -> list[Block]:
    """Remove the areas of a page's comments, with their headings, forms and notes; return their other blocks.

    Comments were `read` from some areas. Text that fell out of the last frame with comments is removed too.
    """
    holders = page.frames | page.companions
    furniture = set(filter_role(tree.iter(), "furniture")) - page.articles
    outermost = find_outermost(tree, holders | furniture)
    blocks = {area: list(walk_blocks(area)) for area in outermost if area in holders}
    frames = [area for area in outermost if area in page.frames]
    threads = [frame for frame in frames if frame in read or _has_comments(blocks[frame])]
    for thread in threads[-1:]:
        drop_below(thread, page)
    drop_elements(outermost)
    return list(chain.from_iterable(blocks.values()))


def _has_comments(blocks: Sequence[Block]) -> bool:
    """Return True for blocks with signed comments, or with a heading that counts them."""
    headings = [block.text for block in blocks if block.kind == "heading"]
    return is_signed(_join_lines(blocks)) or any(map(is_sure_heading, headings))


def read_plain_comments(blocks: Iterable[Block]) -> list[Block]:
    """Return the comments in the blocks below a heading of comments, or in a frame for them."""
    text = _join_lines(blocks)
    return [
        Block(text[part.start : part.end], voice="comment", author=part.author, date=part.date, reply_to=part.reply_to)
        for part in read_comments(text, 0)
    ]


def _join_lines(blocks: Iterable[Block]) -> str:
    """Return the text of blocks without the site's own notes and headings."""
    lines = [block for block in blocks if not is_note(block.text)]
    said = [line.text for line, below in pairwise([*lines, Block("")]) if _is_said(line, below)]
    return "\n\n".join(_SAID.sub(r"\1:", text) for text in said)


def _is_said(line: Block, below: Block) -> bool:
    """Return True for a line of a comment: its words, or a name and a date, which may be in a heading."""
    return line.kind != "heading" or is_date(below.text) or is_signature(line.text)


def take_plain_comments(tree: "HtmlElement", page: Page) -> list[Block]:
    """Remove the comments below a heading like "Comments (14)" from a page and return them.

    The text below is comments if it is signed, or if the heading is below an article and counts comments.
    """
    headings = islice(filter(holds_heading, tree.iter(*_HEADING_TAGS)), _MOST_HEADINGS)
    for heading in list(headings):
        box = _find_box_of_heading(heading)
        blocks = list(walk_blocks(_copy_below(box)))
        if blocks and _begins_comments(heading, blocks, page):
            drop_below(box, page)
            for element in box.itersiblings():
                element.tail = None
            drop_elements([box, *box.itersiblings()])
            return read_plain_comments(blocks)
    return []


def _begins_comments(heading: "HtmlElement", blocks: Iterable[Block], page: Page) -> bool:
    """Return True if the blocks below a heading are comments."""
    is_heading = heading.tag in HEADINGS and next(heading.iter("a"), None) is None
    is_below_article = is_heading and heading in page.below_article
    if is_below_article and is_sure_heading(read_line(heading)):
        return True
    # Below a bare number at the top, a single signature may be the article's.
    least = 1 if is_heading or has_article_above(heading, page.areas) else 2
    return is_signed(_join_lines(blocks), least=least)


def _find_box_of_heading(heading: "HtmlElement") -> "HtmlElement":
    """Return the innermost box around a heading that has text behind it, or else the outermost box in the article."""
    boxes = [heading, *takewhile(lambda box: box.tag not in _ARTICLE, heading.iterancestors())]
    return next(filter(_has_text_below, boxes), boxes[-1])


def _has_text_below(element: "HtmlElement") -> bool:
    return any(sibling.text_content().strip() for sibling in element.itersiblings())


def _copy_below(element: "HtmlElement") -> "HtmlElement":
    """Return a new element with a copy of everything behind an element in the same box."""
    below = element.makeelement("div")
    below.text = element.tail
    below.extend(deepcopy(sibling) for sibling in element.itersiblings())
    return below


def _find_places(tree: "HtmlElement", page: Page) -> _Places:
    """Return the elements that may be a comment or a post, in order, and their places."""
    kinds = _find_kinds(tree, page)
    places: _Places = {element: _Place(kinds[element]) for element in tree.iter() if element in kinds}
    # A comment may answer those around it, and those above a box for replies around it.
    boxes = filter_role(find_holders(places), "replies")
    answered = {box: _find_heads(box, places) for box in boxes} | {element: [element] for element in places}
    for element, place in places.items():
        outers = [outer for outer in element.iterancestors() if outer in answered]
        place.above = list(chain.from_iterable(answered[outer] for outer in outers))
        if place.kind != "reply" and outers and outers[0] in places:
            place.around = outers[0]
            places[outers[0]].parts += 1
        is_in_frame = not page.frames.isdisjoint(element.iterancestors())
        place.in_company = is_in_frame or has_neighbour(element, places.keys())
    return places


def _find_heads(replies: "HtmlElement", places: Mapping["HtmlElement", _Place]) -> list["HtmlElement"]:
    """Return the elements that may be the comment above some replies, or boxes around it."""
    heads = (_find_first(sibling, places) for sibling in replies.itersiblings(preceding=True))
    return next(filter(None, heads), [])


def _find_first(sibling: "HtmlElement", places: Mapping["HtmlElement", _Place]) -> list["HtmlElement"]:
    return list(islice((element for element in sibling.iter(*UNITS) if element in places), _MOST_HEADS))


def _find_kinds(tree: "HtmlElement", page: Page) -> dict["HtmlElement", _Kind]:
    """Return the elements that may be comments or posts, and which of the two."""
    units = {element: _find_kind(element, page) for element in tree.iter(*UNITS)}
    kinds = {_find_whole(element, page): kind for element, kind in units.items() if kind}
    kinds.update(dict.fromkeys(page.entries, "comment"))
    for frame in page.frames:
        if kinds.keys().isdisjoint(frame.iter()):
            unnamed = list(_find_unnamed(frame)) or find_entries(frame)
            kinds.update(dict.fromkeys(unnamed, "unnamed"))
    return kinds


def _find_kind(element: "HtmlElement", page: Page) -> _Kind | None:
    """Return the kind that an element may have, by its marks and names."""
    if element in page.frames:
        return None
    if is_schema_comment(element):
        return "comment"
    if page.is_forum and _is_forum_post(element, page):
        return None if any_has_role(element.iterancestors(), "post") else "post"
    if element in page.articles or is_elsewhere(element):
        return None
    if has_role(element, "comment", "post") and page.is_readers(element):
        return "comment"
    return "reply" if has_role(element, "reply") else None


def _is_forum_post(element: "HtmlElement", page: Page) -> bool:
    """Return True if schema.org's marks or class names call an element a post, outside of the readers' areas."""
    if _SCHEMA_POST.search(element.get("itemtype", "")):
        return True
    return has_role(element, "post") and not is_elsewhere(element) and not page.is_readers(element)


def _find_whole(element: "HtmlElement", page: Page) -> "HtmlElement":
    """Return the whole comment: the element, or its parent if it is only the signature or only the words."""
    parent = element.getparent()
    if parent is None or parent.tag not in WHOLES:
        return element
    is_frame = parent in page.frames or parent in page.articles
    return parent if not is_frame and _is_part(element) else element


def _is_part(element: "HtmlElement") -> bool:
    """Return True if an element is only a comment's signature or only its words, and the rest is beside it."""
    siblings = [*element.itersiblings(), *element.itersiblings(preceding=True)]
    beside = collect_roles(part for sibling in siblings for part in sibling.iter())
    inside = collect_roles(element.iterdescendants())
    if "comment" in beside:
        return False
    if not _SIGNATURE.isdisjoint(inside):
        return "text" in beside - inside
    has_signature_beside = not _SIGNATURE.isdisjoint(beside)
    return has_signature_beside and count_characters(siblings) <= _SIGNATURE_CHARACTERS


def _find_unnamed(frame: "HtmlElement") -> Iterator["HtmlElement"]:
    """Yield the elements with a time of their own, in a frame for comments without class names that say so."""
    times = find_times(frame)
    boxes = (_find_box_of_time(time, frame, set(times)) for time in times)
    return (box for box in boxes if box is not None)


def _find_box_of_time(time: "HtmlElement", frame: "HtmlElement", times: Set["HtmlElement"]) -> "HtmlElement | None":
    """Return the item of a list around a time, or else the widest box in the frame without another time."""
    boxes = list(takewhile(lambda box: box is not frame, time.iterancestors()))
    item = next((box for box in boxes if box.tag in _ITEMS), None)
    single = list(takewhile(lambda box: _has_one(box, times), boxes))
    if item is not None or not single:
        return item
    widest, *outer = boxes[len(single) - 1 :]
    # If replies are nested in the box of the words that they answer, only the signature has a box of its own.
    return outer[0] if outer and _is_signature_alone(widest, times) else widest


def _has_one(element: "HtmlElement", times: Set["HtmlElement"]) -> bool:
    """Return True if exactly one of the times is in an element."""
    return len(list(islice((part for part in element.iter() if part in times), 2))) == 1


def _is_signature_alone(element: "HtmlElement", times: Set["HtmlElement"]) -> bool:
    """Return True if text without a time is right behind an element."""
    beside = element.getnext()
    return beside is not None and bool(beside.text_content().strip()) and times.isdisjoint(beside.iter())


def _is_comment(post: Post, place: _Place, places: Mapping["HtmlElement", _Place]) -> bool:
    """Return True for a whole comment, and not for a part of one, a frame or a button."""
    is_lone_reply = place.kind == "reply" and not (place.in_company or place.above)
    if is_lone_reply:
        return False
    if post.author:
        return True
    is_frame = place.parts > 1
    is_only_part = place.around is not None and places[place.around].parts == 1
    if place.kind != "comment" or is_frame or is_only_part:
        return False
    has_words = not is_note(post.blocks[0].text)
    return post.date is not None or (place.in_company and has_words)
