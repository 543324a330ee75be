"""Finds the parts of a page that its readers wrote and those that hold its article, by the page's elements.

The site decides where the comments are; a reader decides only the content of one comment. So the outermost element
that the page calls a comment, or the comments, counts: everything in it is a reader's, even an `<h1>` or a `<main>`.

One exception: some sites call a whole page "reviews", or their own opinion "comment". No part of an article is above
such an element, and the heading of an article is in it but not in one of its comments.
"""

import re
from collections.abc import Iterator, Set
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.comments.elements import find_holders, has_neighbour, is_inside, list_neighbours, list_outside
from rag.documents.comments.entries import Run, find_containers, find_labels, find_run_below, find_run_in
from rag.documents.comments.roles import any_has_role, filter_role, has_role
from rag.documents.comments.words import is_sentence
from rag.documents.formats.html.markup import HEADINGS

if TYPE_CHECKING:
    from lxml.html import HtmlElement

UNITS = ("div", "li", "article", "section", "tr", "table", "dd")
WHOLES = (*UNITS, "td")
_SKELETON = frozenset(("html", "body", "main"))
_NO_AREAS = _SKELETON.union(HEADINGS)
_MARKS = frozenset(("main", "h1"))
# Here the name "comment" means something else: in code it is a comment of the programming language.
_ELSEWHERE = frozenset(("pre", "code", "nav", "head"))
# Their text is not a sentence of an article.
_BESIDE_ARTICLE = frozenset(("a", "script", "style", "title", "nav", "footer", "aside", "form", "noscript", *HEADINGS))
_ARTICLE_CHARACTERS = 100
_FORMS = frozenset(("time", "form", "textarea", "button"))
# An element with more characters than this, and than half of the page, holds more than a thread of comments.
_FRAME_CHARACTERS = 1000
_SCHEMA_COMMENT = re.compile(r"schema\.org/(?:UserComments?|Comment|Answer)\b")
_SCHEMA_FORUM = re.compile(r"schema\.org/(?:DiscussionForumPosting|QAPage)\b|\"(?:DiscussionForumPosting|QAPage)\"")
_FORUM_SOFTWARE = re.compile(
    r"phpbb|vbulletin|xenforo|discourse|simple machines|mybb|invision|fluxbb|vanilla|nodebb|flarum|bbpress",
    re.IGNORECASE,
)


class Page(NamedTuple):
    """The elements of a page that hold its article, and those that hold words of readers.

    `areas` are the outermost elements that readers wrote in, and `holders` are the elements around areas. `frames` are
    areas, or in areas, and hold many comments. `companions` are comments next to one another without a frame. `entries`
    are comments that only their looks and their place show.
    """

    articles: Set["HtmlElement"]
    areas: Set["HtmlElement"]
    holders: Set["HtmlElement"]
    frames: Set["HtmlElement"]
    companions: Set["HtmlElement"]
    entries: Set["HtmlElement"]
    below_article: Set["HtmlElement"]
    is_forum: bool
    is_broken: bool  # the page closes more boxes than it opens

    def is_readers(self, element: "HtmlElement") -> bool:
        """Return True if readers wrote the text of an element."""
        return is_inside(element, self.areas)


def survey(tree: "HtmlElement", *, is_broken: bool = False) -> Page:
    """Return which parts of a page are its article's, and which its readers'."""
    candidates = list(filter(_is_named_comment, tree.iter()))
    below_article = _find_below_article(tree)
    areas = _find_areas(tree, candidates, below_article)
    is_forum = _is_forum(tree, areas)
    posts = set(filter_role(tree.iter(*UNITS), "post")) if is_forum else set()
    run = Run([], []) if is_forum else _find_runs(tree, areas, below_article)
    entries, run_frames = set(run.entries), set(run.frames)
    areas |= run_frames.union(list_outside(entries, run_frames))
    articles = _find_articles(tree, areas | posts)
    companions = {area for area in areas if has_neighbour(area, areas)}
    single_areas = areas - find_holders(candidates) - companions
    named_frames = [element for element in filter_role(candidates, "comments") if is_inside(element, areas)]
    frames = run_frames.union(named_frames, filter(_holds_comments, single_areas)) - articles
    companions |= areas & entries
    holders = find_holders(areas)
    return Page(articles, areas, holders, frames, companions - frames, entries, below_article, is_forum, is_broken)


def _find_articles(tree: "HtmlElement", written: Set["HtmlElement"]) -> set["HtmlElement"]:
    """Return the elements that mark an article, and those around them; marks in `written`, by readers, do not count."""
    marks = list_outside(filter(_is_mark, tree.iter()), written)
    return find_holders(marks).union(marks, tree.iter("html", "body"))


def drop_below(thread: "HtmlElement", page: Page) -> None:
    """Remove the elements below a thread of comments that may have fallen out of it.

    This happens only on a page that closes more boxes than it opens. If a site does not check the end tags of a
    comment, the rest of the comment leaves its box. Other comments stay.
    """
    may_have_lost_text = page.is_broken and thread in page.below_article
    if not may_have_lost_text or not has_article_above(thread, page.areas):
        return
    for outer in (thread, *thread.iterancestors()):
        outer.tail = None
        for sibling in list(outer.itersiblings()):
            _drop_apart(sibling, page)


def _drop_apart(element: "HtmlElement", page: Page) -> None:
    """Remove an element, except areas of the readers in it."""
    element.tail = None
    if element in page.holders:
        for child in list(element):
            _drop_apart(child, page)
    elif element not in page.areas:
        element.drop_tree()


def has_article_above(element: "HtmlElement", areas: Set["HtmlElement"]) -> bool:
    """Return True if sentences of an article, outside of the readers' areas, are above an element."""
    written = _find_written_above(element, areas)
    return sum(len(other.text or "") for other in written) >= _ARTICLE_CHARACTERS


def _find_written_above(element: "HtmlElement", areas: Set["HtmlElement"]) -> list["HtmlElement"]:
    """Return the elements above another one that hold sentences of an article."""
    above = takewhile(lambda other: other is not element, element.getroottree().iter())
    with_sentences = [other for other in above if other.tag not in _BESIDE_ARTICLE and is_sentence(other.text)]
    return list_outside(with_sentences, areas)


def find_times(area: "HtmlElement") -> list["HtmlElement"]:
    """Return the elements that hold the time of a comment: `<time>`, or else elements called a date."""
    dates = [part for part in filter_role(area.iterdescendants(), "date") if len(part) == 0]
    return list(area.iter("time")) or dates


def _holds_comments(area: "HtmlElement") -> bool:
    """Return True for an element that is called a comment and has many in it, each with its time."""
    return has_role(area, "comment") and not is_schema_comment(area) and len(find_times(area)) > 1


def is_schema_comment(element: "HtmlElement") -> bool:
    """Return True if schema.org's marks call an element a comment, and not the answer to a frequent question."""
    return bool(_SCHEMA_COMMENT.search(element.get("itemtype", ""))) and not is_elsewhere(element)


def is_elsewhere(element: "HtmlElement") -> bool:
    """Return True if an element is in code, navigation or frequent questions, where a "comment" is not a reader's."""
    return any(outer.tag in _ELSEWHERE or "FAQPage" in outer.get("itemtype", "") for outer in element.iterancestors())


def _is_mark(element: "HtmlElement") -> bool:
    return element.tag in _MARKS or element.get("itemprop") == "articleBody"


def _is_named_comment(element: "HtmlElement") -> bool:
    """Return True if the page calls an element a comment or the comments, or replies to one."""
    if element.tag in _NO_AREAS:
        return False
    is_comment = has_role(element, "comment") and element.tag in UNITS
    is_frame = has_role(element, "comments") and not _is_chapter(element)
    is_named = is_comment or is_frame or _is_reply(element)
    return is_schema_comment(element) or (is_named and not is_elsewhere(element))


def _is_reply(element: "HtmlElement") -> bool:
    """Return True for replies right beside a comment or another reply."""
    is_called_reply = has_role(element, "reply", "replies")
    return is_called_reply and any_has_role(list_neighbours(element), "comment", "reply")


def _is_chapter(element: "HtmlElement") -> bool:
    """Return True if an element is named only after its heading, for links to it, and holds no mark of comments."""
    name = element.get("id", "").casefold()
    heading = next(element.iter(*HEADINGS), None)
    if not name or heading is None or element.get("class"):
        return False
    words = heading.text_content().casefold().split()
    return name == "-".join(words) and not any(map(_shows_comments, element.iterdescendants()))


def _shows_comments(part: "HtmlElement") -> bool:
    return part.tag in _FORMS or is_schema_comment(part) or has_role(part, "comment")


def _find_areas(
    tree: "HtmlElement", candidates: list["HtmlElement"], below_article: Set["HtmlElement"]
) -> set["HtmlElement"]:
    """Return the outermost candidates that are not the frame of the page itself."""
    areas: set[HtmlElement] = set()
    named = set(candidates)
    characters = len(tree.text_content())
    for element in candidates:  # an outer element comes before those in it
        if is_inside(element, areas):
            continue
        has_company = has_neighbour(element, named)
        is_readers = has_company or element in below_article or is_schema_comment(element)
        if is_readers or not _holds_article(element, named, characters):
            areas.add(element)
    return areas


def _holds_article(element: "HtmlElement", named: Set["HtmlElement"], characters: int) -> bool:
    """Return True if an element holds a mark of an article outside of its comments, or most of the page's text."""
    for mark in filter(_is_mark, element.iterdescendants()):
        boxes = takewhile(lambda outer: outer is not element, mark.iterancestors())
        if named.isdisjoint((mark, *boxes)):
            return True
    inside = len(element.text_content())
    return inside > max(_FRAME_CHARACTERS, characters / 2)


def _find_runs(tree: "HtmlElement", areas: Set["HtmlElement"], below_article: Set["HtmlElement"]) -> Run:
    """Return the entries and frames of all threads below an article and outside of known areas."""
    runs = Run([], [])
    readers = set(areas)
    holders = find_holders(areas)
    labels = list(find_labels(tree))
    places = [place for place in (*labels, *find_containers(tree)) if place in below_article]
    for place in places:
        if is_inside(place, readers) or not has_article_above(place, readers):
            continue
        run = _find_run_below(place, readers) if place in labels else find_run_in(place)
        is_apart = holders.isdisjoint(run.frames) and readers.isdisjoint(run.entries)
        if run.entries and is_apart:
            runs.frames.extend(run.frames)
            runs.entries.extend(run.entries)
            readers.update(run.frames, run.entries)
    return runs


def _find_run_below(label: "HtmlElement", readers: Set["HtmlElement"]) -> Run:
    article = find_holders(_find_written_above(label, readers))
    return find_run_below(label, article.union(label.getroottree().iter(*_SKELETON)))


def _find_below_article(tree: "HtmlElement") -> set["HtmlElement"]:
    """Return the elements that begin below a sentence or the heading of an article."""
    from lxml.etree import iterwalk

    walk = iter(iterwalk(tree, events=("start", "end")))
    _skip_to_article(walk)
    return {element for event, element in walk if event == "start"}


def _skip_to_article(walk: Iterator[tuple[str, "HtmlElement"]]) -> None:
    """Advance a walk through a page until it is behind a sentence or the heading of an article."""
    beside = 0  # how many elements are open that hold no sentence of an article
    for event, element in walk:
        is_beside = element.tag in _BESIDE_ARTICLE
        beside += is_beside if event == "start" else -is_beside
        text = element.text if event == "start" else element.tail
        if _begins_article(element) or (not beside and is_sentence(text)):
            return


def _begins_article(element: "HtmlElement") -> bool:
    return _is_mark(element) and element.tag != "main" and next(element.iterancestors("header", "head"), None) is None


def _is_forum(tree: "HtmlElement", areas: Set["HtmlElement"]) -> bool:
    """Return True for a page of a forum: it says that it is one, or its posts look like a forum's."""
    schemas = list_outside(filter(_is_schema_forum, tree.iter()), areas)
    posts = list_outside(filter_role(tree.iter(*UNITS), "post"), areas)
    return bool(schemas) or _is_called_forum(tree) or _are_of_forum(posts)


def _is_schema_forum(element: "HtmlElement") -> bool:
    return bool(_SCHEMA_FORUM.search(element.get("itemtype", "")))


def _is_called_forum(tree: "HtmlElement") -> bool:
    """Return True if a page's data for machines call it a forum, or name forum software as its maker."""
    scripts = [script.text or "" for script in tree.iter("script")]
    names = [meta.get("content", "") for meta in tree.iter("meta") if meta.get("name", "").lower() == "generator"]
    return any(map(_SCHEMA_FORUM.search, scripts)) or any(map(_FORUM_SOFTWARE.search, names))


def _are_of_forum(posts: list["HtmlElement"]) -> bool:
    """Return True for posts in a box that is called a forum, if most are signed and few lead to other pages.

    The headings of a blog's posts link to pages of their own; those of a forum's posts do not.
    """
    if len(posts) < 2:
        return False
    boxes = (posts[0], *posts[0].iterancestors())
    half = len(posts) / 2
    is_signed = sum(map(_is_signed, posts)) > half
    return is_signed and sum(map(_leads_away, posts)) <= half and any_has_role(boxes, "forum")


def _leads_away(post: "HtmlElement") -> bool:
    heading = next(post.iter(*HEADINGS), None)
    links = [] if heading is None else heading.iter("a")
    return any(not link.get("href", "#").startswith("#") for link in links)


def _is_signed(post: "HtmlElement") -> bool:
    return any_has_role(post.iter(), "author", "name")
