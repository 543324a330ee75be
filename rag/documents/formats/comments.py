"""Takes readers' comments and the posts of a forum out of a page, by schema.org's marks and the names of classes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Literal, NamedTuple

from rag.documents.blocks import Block
from rag.documents.formats.markup import HEADINGS, walk_blocks
from rag.documents.formats.post import Post, is_note, join_blocks, read_post
from rag.documents.formats.roles import find_roles
from rag.documents.metadata import Metadata, is_date
from rag.documents.thread import find_addressee, is_comments_heading, is_signature
from rag.documents.voices import find_sections

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_UNITS = ("div", "li", "article", "section", "tr", "table", "dd")
_WHOLES = (*_UNITS, "td")
_SIGNATURE = frozenset(("author", "name", "date"))
# A signature and its buttons have no more characters than this.
_SIGNATURE_CHARACTERS = 200
# Of what stands before replies only the first elements can be the comment that they answer, or boxes around it.
_BOXES = 5
# What has more characters than this, and half of the page's, is not a thread's frame alone.
_FRAME_CHARACTERS = 1000
# Here a class name tells of something else: in code it is the language's comments.
_ELSEWHERE = frozenset(("pre", "code", "nav", "head"))
_ARTICLE = frozenset(("html", "body", "main", "h1"))
_HEADING_TAGS = (*HEADINGS, "p", "div", "strong", "b", "font")
_LONGEST_HEADING = 60
# "Zara Khan said..."
_SAID = re.compile(r"\b(sa(?:id|ys)) *(?:\.\.\.|…)$")
_SCHEMA_COMMENT = re.compile(r"schema\.org/(?:UserComments?|Comment|Answer)\b")
_SCHEMA_POST = re.compile(r"schema\.org/(?:DiscussionForumPosting|Question)\b")
_SCHEMA_FORUM = re.compile(r"schema\.org/(?:DiscussionForumPosting|QAPage)\b|\"(?:DiscussionForumPosting|QAPage)\"")
_FORUM_SOFTWARE = re.compile(
    r"phpbb|vbulletin|xenforo|discourse|simple machines|mybb|invision|fluxbb|vanilla|nodebb|flarum|bbpress",
    re.IGNORECASE,
)

_Kind = Literal["comment", "reply", "post", "unnamed"]


class Thread(NamedTuple):
    """A page's comments, in order, and the post that they answer if the page is one of a forum."""

    comments: list[Block]
    opening: Post | None


@dataclass(slots=True)
class _Place:
    """Where in its thread an element stands that may be a comment."""

    kind: _Kind
    above: list["HtmlElement"] = field(default_factory=list)  # what it may answer, the nearest first
    around: "HtmlElement | None" = None  # what it may be a mere part of
    parts: int = 0  # how many such parts it has
    in_company: bool = False  # in a frame for comments, or next to another comment


_Places = dict["HtmlElement", _Place]


def take_thread(tree: "HtmlElement") -> Thread:
    """Remove the comments from a page and return them, with the post that opens the thread of a forum."""
    places = _find_places(tree)
    posts: dict[HtmlElement, Post] = {}
    for element in reversed(places):  # A reply is taken out before what it is nested in is read.
        if (post := read_post(element)) and _is_comment(post, places[element], places):
            posts[element] = post
            element.drop_tree()
    written = [(posts[element], place) for element, place in places.items() if element in posts]
    opening = written.pop(0)[0] if written and written[0][1].kind == "post" else None
    authors = {post.author for post in posts.values() if post.author}
    comments = []
    for post, place in written:
        text = join_blocks(post.blocks)
        above = next((posts[element].author for element in place.above if element in posts), None)
        reply_to = find_addressee(text, authors) or post.answered or above
        comments.append(Block(text, voice="comment", author=post.author, date=post.date, reply_to=reply_to))
    return Thread(comments, opening)


def drop_frames(tree: "HtmlElement") -> list[Block]:
    """Remove what holds a page's comments, with its headings, forms and notes; return what was still in there."""
    left: list[Block] = []
    characters = len(tree.text_content())
    page = _survey(tree)
    dropped: set[HtmlElement] = set()
    for element in list(tree.iter()):
        is_frame = element in page.frames or ("furniture" in find_roles(element) and element not in page.articles)
        if is_frame and element.getparent() is not None and dropped.isdisjoint(element.iterancestors()):
            inside = len(element.text_content())
            if inside <= _FRAME_CHARACTERS or inside <= characters / 2:
                left += walk_blocks(element) if element in page.frames else ()
                element.drop_tree()
                dropped.add(element)
    return left


def read_plain_comments(blocks: Iterable[Block], heading: str) -> list[Block]:
    """Return the comments in what stands below a heading; none if it is no heading of comments."""
    lines = [block for block in blocks if not is_note(block.text)]
    # A heading is a name if a date stands below, or beside it.
    below = [*(is_date(line.text) for line in lines), False][1:]
    kept = [
        line for line, is_dated in zip(lines, below, strict=False)
        if line.kind != "heading" or is_dated or is_signature(line.text)
    ]  # fmt: skip
    text = "\n\n".join([heading, *(_SAID.sub(r"\1:", line.text) for line in kept)])
    return [
        Block(text[part.start : part.end], voice="comment", author=part.author, date=part.date, reply_to=part.reply_to)
        for part in find_sections(text, Metadata())
        if part.voice == "comment"
    ]


def take_plain_comments(tree: "HtmlElement") -> list[Block]:
    """Remove the signed paragraphs below a heading like "Comments (14)" from a page and return them."""
    for heading in tree.iter(*_HEADING_TAGS):
        text = " ".join(heading.text_content().split())
        if len(text) > _LONGEST_HEADING or not is_comments_heading(text):
            continue
        # "<font><b>Comments</b></font>": what is below stands beside the outer one.
        while (outer := heading.getparent()) is not None and " ".join(outer.text_content().split()) == text:
            heading = outer
        below = list(takewhile(lambda element: element.tag not in HEADINGS, heading.itersiblings()))
        comments = read_plain_comments((block for element in below for block in walk_blocks(element)), text)
        if any(comment.author for comment in comments):
            for element in [heading, *below]:
                element.drop_tree()
            return comments
    return []


class _Page(NamedTuple):
    """Which elements of a page hold its article, which hold comments alone, and whether it is one of a forum."""

    articles: Set["HtmlElement"]
    frames: Set["HtmlElement"]
    is_forum: bool


def _survey(tree: "HtmlElement") -> _Page:
    marks = [element for element in tree.iter() if element.tag in _ARTICLE or element.get("itemprop") == "articleBody"]
    articles = {element for mark in marks for element in (mark, *mark.iterancestors())}
    frames = {element for element in tree.iter() if "comments" in find_roles(element)} - articles
    return _Page(articles, frames, _is_forum(tree, articles))


def _find_places(tree: "HtmlElement") -> _Places:
    """Return the elements that may be a comment or a post, in order, and where they stand."""
    page = _survey(tree)
    kinds: dict[HtmlElement, _Kind] = {
        _find_whole(element, page): kind for element in tree.iter(*_UNITS) if (kind := _find_kind(element, page))
    }
    for frame in page.frames:
        if kinds.keys().isdisjoint(frame.iter(*_WHOLES)):
            kinds.update((element, "unnamed") for element in _find_unnamed(frame))
    places: _Places = {element: _Place(kinds[element]) for element in tree.iter(*_WHOLES) if element in kinds}
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


def _find_whole(element: "HtmlElement", page: _Page) -> "HtmlElement":
    """Return the parent of an element that is called a comment, and is only its signature or only its words."""
    parent = element.getparent()
    if parent is None or parent.tag not in _WHOLES or parent in page.frames or parent in page.articles:
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
        if found := list(islice((element for element in sibling.iter(*_UNITS) if element in places), _BOXES)):
            return found
    return []


def _find_kind(element: "HtmlElement", page: _Page) -> _Kind | None:
    schema, roles = element.get("itemtype", ""), find_roles(element)
    if page.is_forum and _SCHEMA_POST.search(schema):
        return "post"
    is_comment = _SCHEMA_COMMENT.search(schema) is not None
    if not is_comment and (roles.isdisjoint(("comment", "reply", "post")) or element in page.articles):
        return None
    outers = list(element.iterancestors())
    # The answers to frequent questions are the site's own.
    if any(outer.tag in _ELSEWHERE or "FAQPage" in outer.get("itemtype", "") for outer in outers):
        return None
    if is_comment or "comment" in roles or ("post" in roles and not page.frames.isdisjoint(outers)):
        return "comment"
    if "post" in roles and page.is_forum and not any("post" in find_roles(outer) for outer in outers):
        return "post"
    return "reply" if "reply" in roles else None


def _find_unnamed(frame: "HtmlElement") -> Iterator["HtmlElement"]:
    """Yield what has a time of its own in a frame for comments whose classes have no telling names."""
    for time in frame.iter("time"):
        outers = list(takewhile(lambda outer: outer is not frame, time.iterancestors()))
        item = next((outer for outer in outers if outer.tag in ("li", "article")), None)
        alone = [*takewhile(lambda outer: sum(1 for _ in islice(outer.iter("time"), 2)) == 1, outers)]
        if item is not None:
            yield item
        elif alone:
            yield alone[-1].getparent() if _is_signature_alone(alone[-1]) else alone[-1]


def _is_signature_alone(element: "HtmlElement") -> bool:
    """Tell whether what was signed stands beside an element: so it does where replies are nested in with it."""
    beside = element.getnext()
    return beside is not None and bool(beside.text_content().strip()) and next(beside.iter("time"), None) is None


def _is_forum(tree: "HtmlElement", articles: Set["HtmlElement"]) -> bool:
    marks = [element.get("itemtype", "") for element in tree.iter() if element.get("itemtype")]
    scripts = [script.text or "" for script in tree.iter("script")]
    generators = [meta.get("content", "") for meta in tree.iter("meta") if meta.get("name", "").lower() == "generator"]
    if any(map(_SCHEMA_FORUM.search, marks + scripts)) or any(map(_FORUM_SOFTWARE.search, generators)):
        return True
    posts = [element for element in tree.iter(*_UNITS) if "post" in find_roles(element)]
    links = (link for post in posts for heading in post.iter(*HEADINGS) for link in heading.iter("a"))
    return (
        len(posts) > 1
        and articles.isdisjoint(posts)
        and any("forum" in find_roles(outer) for outer in [posts[0], *posts[0].iterancestors()])
        # A blog's list of posts has headings that lead to them; in a forum they lead nowhere else.
        and all(link.get("href", "#").startswith("#") for link in links)
    )


def _is_comment(post: Post, place: _Place, places: Mapping["HtmlElement", _Place]) -> bool:
    """Tell whether what was read is a comment of its own, and not a part of one, a frame or a button."""
    if place.kind == "reply" and not (place.in_company or place.above):
        return False
    if post.author:
        return True
    if place.kind != "comment" or place.parts > 1 or (place.around is not None and places[place.around].parts == 1):
        return False
    return post.date is not None or (place.in_company and not is_note(post.blocks[0].text))
