"""Takes readers' comments and the posts of a forum out of a page, by schema.org's marks and the names of classes."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from copy import deepcopy
from itertools import chain, filterfalse, islice, pairwise, takewhile
from operator import attrgetter
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
    pick,
    read_line,
    walk,
)
from rag.documents.comments.entries import find_entries, holds_heading
from rag.documents.comments.plaintext import is_signed, read_comments
from rag.documents.comments.post import Post, is_note, join_blocks, read_post
from rag.documents.comments.roles import any_has_role, collect_roles, filter_role
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
_ITEMS = ("li", "article")
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


_Kinds = dict["HtmlElement", _Kind]


class _Place(NamedTuple):
    """The place in its thread of an element that may be a comment or a post.

    It may answer the elements `above`; the nearest one comes first. It is `whole` if it is neither the only part of
    another comment nor a frame around several ones. It is `in_company` in a frame for comments, or next to another one.
    """

    kind: _Kind
    above: list["HtmlElement"]
    is_whole: bool
    in_company: bool


_Places = dict["HtmlElement", _Place]
_Posts = dict["HtmlElement", Post]


def take_thread(tree: "HtmlElement", page: Page) -> Thread:
    """Remove the comments from a page and return them, with the post that opens the thread of a forum."""
    places = _find_places(tree, page)
    posts: _Posts = {}
    areas: set[HtmlElement] = set()
    for element in reversed(places):  # A reply is removed before the post around it is read.
        post = read_post(element)
        if post and _is_comment(post, places[element]):
            posts[element] = post
            areas |= page.areas & {element, *element.iterancestors()}
            drop_elements([element])
    elements = list(reversed(posts))
    openings = [element for element in elements[:1] if places[element].kind == "post"]
    authors = set(map(attrgetter("author"), posts.values()))
    comments = [_make_comment(element, places[element], posts, authors) for element in elements[len(openings) :]]
    return Thread(comments, next(map(posts.get, openings), None), areas)


def _make_comment(element: "HtmlElement", place: _Place, posts: _Posts, authors: Set[str | None]) -> Block:
    """Return a post as a comment. It answers the person whom its words or its marks name, or else the post above."""
    post = posts[element]
    text = join_blocks(post.blocks)
    authors_above = (posts[other].author for other in pick(place.above, posts))
    reply_to = find_addressee(text, authors) or post.answered or next(authors_above, None)
    return Block(text, voice="comment", author=post.author, date=post.date, reply_to=reply_to)


def drop_areas(tree: "HtmlElement", page: Page, read: Set["HtmlElement"]) -> list[Block]:
    """Remove the areas of a page's comments, with their headings, forms and notes; return their other blocks.

    Comments were `read` from some areas. Text that fell out of the last frame with comments is removed too.
    """
    holders = page.frames | page.companions
    furniture = set(filter_role(tree.iter(), "furniture")) - page.articles
    outermost = find_outermost(tree, holders | furniture)
    blocks = {area: list(walk_blocks(area)) for area in pick(outermost, holders)}
    frames = pick(outermost, page.frames)
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
    return "\n\n".join(
        _SAID.sub(r"\1:", line.text) for line, below in pairwise([*lines, Block("")]) if _is_said(line, below)
    )


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
            outer = next(box.iterancestors())
            del outer[outer.index(box) :]
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
    """Return the innermost box around a heading that has text after it, or else the outermost box in the article."""
    boxes = [heading, *takewhile(lambda box: box.tag not in _ARTICLE, heading.iterancestors())]
    return next(filter(_has_text_below, boxes), boxes[-1])


def _has_text_below(element: "HtmlElement") -> bool:
    return any(sibling.text_content().strip() for sibling in element.itersiblings())


def _copy_below(element: "HtmlElement") -> "HtmlElement":
    """Return a new element with a copy of everything after an element in the same box."""
    below = element.makeelement("div")
    below.text = element.tail
    below.extend(map(deepcopy, element.itersiblings()))
    return below


def _find_places(tree: "HtmlElement", page: Page) -> _Places:
    """Return the elements that may be a comment or a post, in order, and their places."""
    kinds = _find_kinds(tree, page)
    # A comment may answer those around it, and those above a box for replies around it.
    frames = filter_role(find_holders(kinds), "replies")
    answered = {frame: _find_heads(frame, kinds) for frame in frames} | {element: [element] for element in kinds}
    outers = {element: list(pick(element.iterancestors(), answered)) for element in kinds}
    wholes = {element: boxes[0] for element, boxes in outers.items() if boxes and kinds[element] != "reply"}
    parts: Counter[HtmlElement | None] = Counter(pick(wholes.values(), kinds))
    places = {}
    for element, kind in kinds.items():
        above = list(chain.from_iterable(map(answered.__getitem__, outers[element])))
        is_whole = parts[element] < 2 and parts[wholes.get(element)] != 1
        is_in_frame = not page.frames.isdisjoint(element.iterancestors())
        places[element] = _Place(kind, above, is_whole, is_in_frame or has_neighbour(element, kinds.keys()))
    return places


def _find_heads(replies: "HtmlElement", kinds: _Kinds) -> list["HtmlElement"]:
    """Return the elements that may be the comment above some replies, or boxes around it."""
    siblings = replies.itersiblings(preceding=True)
    heads = (list(islice(pick(sibling.iter(*UNITS), kinds), _MOST_HEADS)) for sibling in siblings)
    return next(filter(None, heads), [])


def _find_kinds(tree: "HtmlElement", page: Page) -> _Kinds:
    """Return the elements that may be comments or posts, in order, with their kinds."""
    units = set(tree.iter(*UNITS)) - page.frames
    posts = _find_posts(units, page)
    named = filter_role(units - page.articles - posts, "comment", "post", "reply")
    readable = list(filterfalse(is_elsewhere, named))
    # If an element is of several kinds, the last one counts.
    parts: _Kinds = dict.fromkeys(filter_role(readable, "reply"), "reply")
    parts.update(dict.fromkeys(filter(page.is_readers, filter_role(readable, "comment", "post")), "comment"))
    outer_posts = [post for post in posts if not any_has_role(post.iterancestors(), "post")]
    parts.update(dict.fromkeys(outer_posts, "post"))
    parts.update(dict.fromkeys(filter(is_schema_comment, units), "comment"))
    boxes = set(tree.iter(*WHOLES)) - page.frames - page.articles
    kinds = {_find_whole(element, boxes): parts[element] for element in pick(tree.iter(), parts)}
    kinds.update(dict.fromkeys(page.entries, "comment"))
    for frame in pick(tree.iter(), page.frames):
        if kinds.keys().isdisjoint(frame.iter()):
            unnamed = _find_unnamed(frame) or find_entries(frame)
            kinds.update(dict.fromkeys(unnamed, "unnamed"))
    return {element: kinds[element] for element in pick(tree.iter(), kinds)}


def _find_posts(units: Set["HtmlElement"], page: Page) -> set["HtmlElement"]:
    """Return the elements of a forum that schema.org's marks or class names call posts; none on another page."""
    if not page.is_forum:
        return set()
    marked = filter(lambda element: _SCHEMA_POST.search(element.get("itemtype", "")), units)
    called = filterfalse(is_elsewhere, filterfalse(page.is_readers, filter_role(units, "post")))
    return set(chain(marked, called))


def _find_whole(element: "HtmlElement", boxes: Set["HtmlElement"]) -> "HtmlElement":
    """Return the whole comment: the element, or the box around it if it is only the signature or only the words."""
    parent = next(element.iterancestors())
    return parent if parent in boxes and _is_part(element) else element


def _is_part(element: "HtmlElement") -> bool:
    """Return True if an element is only a comment's signature or only its words, and the rest is beside it."""
    siblings = [*element.itersiblings(), *element.itersiblings(preceding=True)]
    beside = collect_roles(walk(siblings))
    inside = collect_roles(element.iterdescendants())
    if "comment" in beside:
        return False
    if not _SIGNATURE.isdisjoint(inside):
        return "text" in beside - inside
    has_signature_beside = not _SIGNATURE.isdisjoint(beside)
    return has_signature_beside and count_characters(siblings) <= _SIGNATURE_CHARACTERS


def _find_unnamed(frame: "HtmlElement") -> list["HtmlElement"]:
    """Return the elements with a time of their own, in a frame whose class names do not mark single comments."""
    times = find_times(frame)
    boxes = (_find_box_of_time(time, frame, set(times)) for time in times)
    return list(chain.from_iterable(boxes))


def _find_box_of_time(time: "HtmlElement", frame: "HtmlElement", times: Set["HtmlElement"]) -> list["HtmlElement"]:
    """Return the item of a list around a time, or else the widest box in the frame without another time, if any."""
    boxes = list(takewhile(lambda box: box is not frame, time.iterancestors()))
    items = list(pick(time.iterancestors(*_ITEMS), boxes))
    single = list(takewhile(lambda box: _has_one(box, times), boxes))
    # If replies are nested in the box of the words that they answer, only the signature has a box of its own.
    is_signature_alone = bool(single) and _has_words_beside(single[-1], times)
    widest = boxes[: len(single) + is_signature_alone][-1:]
    return items[:1] or widest


def _has_one(element: "HtmlElement", times: Set["HtmlElement"]) -> bool:
    """Return True if exactly one of the times is in an element."""
    return len(list(islice(pick(element.iter(), times), 2))) == 1


def _has_words_beside(element: "HtmlElement", times: Set["HtmlElement"]) -> bool:
    """Return True if text without a time is right after an element."""
    words = element.xpath("string(following-sibling::*[1])").strip()
    return bool(words) and times.isdisjoint(element.xpath("following-sibling::*[1]/descendant-or-self::*"))


def _is_comment(post: Post, place: _Place) -> bool:
    """Return True for a whole comment, and not for a part of one, a frame or a button."""
    if post.author:  # an element called "reply" that is alone is a button
        return place.kind != "reply" or place.in_company or bool(place.above)
    has_signs = post.date is not None or (place.in_company and not is_note(post.blocks[0].text))
    return place.kind == "comment" and place.is_whole and has_signs
