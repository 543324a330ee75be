"""Finds the parts of a page that its readers wrote and those that hold its article, by the page's skeleton.

A site decides where its comments stand, and a reader decides only what one of them contains. So the outermost element
that the page calls a comment, or the comments, decides: everything in it is a reader's, even an `<h1>` or a `<main>`.

One exception: sites call a page of theirs "reviews", and an opinion of their own "comment". Nothing of an article
stands above such an element, and the heading of an article is in it but in no comment.
"""

import re
from collections.abc import Set
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.comments.entries import Run, find_containers, find_labels, find_run_below, find_run_in
from rag.documents.comments.plaintext import is_sentence
from rag.documents.comments.roles import find_roles
from rag.documents.formats.html.markup import HEADINGS

if TYPE_CHECKING:
    from lxml.html import HtmlElement

UNITS = ("div", "li", "article", "section", "tr", "table", "dd")
WHOLES = (*UNITS, "td")
_SKELETON = frozenset(("html", "body", "main"))
_MARKS = frozenset(("main", "h1"))
# Here a class name means something else: in code it is the language's comments.
_ELSEWHERE = frozenset(("pre", "code", "nav", "head"))
# Text that is no sentence of an article.
_BESIDE_ARTICLE = frozenset(("a", "script", "style", "title", "nav", "footer", "aside", "form", "noscript", *HEADINGS))
_ARTICLE_CHARACTERS = 100
_FORMS = frozenset(("time", "form", "textarea", "button"))
_SIGNED = frozenset(("author", "name"))
# What has more characters than this, and half of the page's, is not a thread's frame alone.
_FRAME_CHARACTERS = 1000
_SCHEMA_COMMENT = re.compile(r"schema\.org/(?:UserComments?|Comment|Answer)\b")
_SCHEMA_FORUM = re.compile(r"schema\.org/(?:DiscussionForumPosting|QAPage)\b|\"(?:DiscussionForumPosting|QAPage)\"")
_FORUM_SOFTWARE = re.compile(
    r"phpbb|vbulletin|xenforo|discourse|simple machines|mybb|invision|fluxbb|vanilla|nodebb|flarum|bbpress",
    re.IGNORECASE,
)


class Page(NamedTuple):
    """What the elements of a page hold: its article, or words of readers.

    `areas` are the outermost elements that readers wrote in, and `holders` are around them. `frames` are areas, or in
    areas, and hold many comments; `companions` are comments next to one another without a frame. `entries` are comments
    that only their looks and their place tell.
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
        """Return True if readers wrote what is in an element."""
        return is_inside(element, self.areas)


def survey(tree: "HtmlElement", *, is_broken: bool = False) -> Page:
    """Return which parts of a page are its article's, and which its readers'."""
    candidates = [element for element in tree.iter() if _is_named_comment(element)]
    below_article = _find_below_article(tree)
    areas = _find_areas(tree, candidates, below_article)
    is_forum = _is_forum(tree, areas)
    runs = [] if is_forum else _find_runs(tree, areas, below_article)
    entries = {entry for run in runs for entry in run.entries}
    run_frames = {frame for run in runs for frame in run.frames}
    areas |= run_frames | {entry for entry in entries if not is_inside(entry, run_frames)}
    holders = {outer for area in areas for outer in area.iterancestors()}
    posts = {post for post in tree.iter(*UNITS) if is_forum and "post" in find_roles(post)}
    marks = [mark for mark in tree.iter() if _is_mark(mark) and not is_inside(mark, areas | posts)]
    articles = {element for mark in marks for element in (mark, *mark.iterancestors())}
    articles.update(tree.iter("html", "body"))
    around = {outer for candidate in candidates for outer in candidate.iterancestors()}
    companions = {area for area in areas if not areas.isdisjoint((area.getprevious(), area.getnext()))}
    frames = {element for element in candidates if "comments" in find_roles(element) and is_inside(element, areas)}
    frames |= {area for area in areas - around - companions if _holds_comments(area)}
    frames |= run_frames
    companions |= areas & entries
    frames -= articles
    return Page(articles, areas, holders, frames, companions - frames, entries, below_article, is_forum, is_broken)


def drop_below(thread: "HtmlElement", page: Page) -> None:
    """Remove what stands below a thread of comments and may have been in it.

    This needs a page that closes more boxes than it opens: a site that does not check the end tags of a comment lets
    the rest of the comment out of its box. Other comments stay.
    """
    if not page.is_broken or thread not in page.below_article or not has_article_above(thread, page.areas):
        return
    for outer in (thread, *thread.iterancestors()):
        outer.tail = None
        for sibling in list(outer.itersiblings()):
            _drop_apart(sibling, page)


def _drop_apart(element: "HtmlElement", page: Page) -> None:
    element.tail = None
    if element in page.holders:
        for child in list(element):
            _drop_apart(child, page)
    elif element not in page.areas:
        element.drop_tree()


def has_article_above(element: "HtmlElement", areas: Set["HtmlElement"]) -> bool:
    """Return True if sentences of an article, which are in no area of the readers, stand above an element."""
    written = _find_written_above(element, areas)
    return sum(len(other.text or "") for other in written) >= _ARTICLE_CHARACTERS


def _find_written_above(element: "HtmlElement", areas: Set["HtmlElement"]) -> list["HtmlElement"]:
    """Return the elements above another one that hold sentences of an article."""
    above = takewhile(lambda other: other is not element, element.getroottree().iter())
    written = [other for other in above if other.tag not in _BESIDE_ARTICLE and not is_inside(other, areas)]
    return [other for other in written if is_sentence(other.text)]


def find_times(area: "HtmlElement") -> list["HtmlElement"]:
    """Return the elements that hold the time of a comment: `<time>`, or else what is called a date."""
    dates = [part for part in area.iterdescendants() if len(part) == 0 and "date" in find_roles(part)]
    return list(area.iter("time")) or dates


def _holds_comments(area: "HtmlElement") -> bool:
    """Return True for an element that is called a comment and has many in it, each with its time."""
    return "comment" in find_roles(area) and not is_schema_comment(area) and len(find_times(area)) > 1


def is_inside(element: "HtmlElement", areas: Set["HtmlElement"]) -> bool:
    """Return True if an element is one of some areas, or in one."""
    return element in areas or not areas.isdisjoint(element.iterancestors())


def is_schema_comment(element: "HtmlElement") -> bool:
    """Return True if schema.org's marks call an element a comment, and not the answer to a frequent question."""
    return bool(_SCHEMA_COMMENT.search(element.get("itemtype", ""))) and not is_elsewhere(element)


def is_elsewhere(element: "HtmlElement") -> bool:
    """Return True if an element is in code, navigation or frequent questions, where a comment is no reader's."""
    return any(outer.tag in _ELSEWHERE or "FAQPage" in outer.get("itemtype", "") for outer in element.iterancestors())


def _is_mark(element: "HtmlElement") -> bool:
    return element.tag in _MARKS or element.get("itemprop") == "articleBody"


def _is_named_comment(element: "HtmlElement") -> bool:
    """Return True if the page calls an element a comment or the comments, or replies to one."""
    if element.tag in _SKELETON or element.tag in HEADINGS or not isinstance(element.tag, str):
        return False
    roles = find_roles(element)
    is_named = ("comments" in roles and not _is_chapter(element)) or ("comment" in roles and element.tag in UNITS)
    beside = (element.getprevious(), element.getnext())
    is_reply = not roles.isdisjoint(("reply", "replies")) and any(
        sibling is not None and not find_roles(sibling).isdisjoint(("comment", "reply")) for sibling in beside
    )
    return is_schema_comment(element) or ((is_named or is_reply) and not is_elsewhere(element))


def _is_chapter(element: "HtmlElement") -> bool:
    """Return True if an element is only named after its heading, for links to it, and has no mark of comments."""
    heading = next(element.iter(*HEADINGS), None)
    words = [] if heading is None else "".join(heading.itertext()).casefold().split()
    if not words or element.get("id", "").casefold() != "-".join(words) or element.get("class"):
        return False
    parts = list(element.iterdescendants())
    return not any(part.tag in _FORMS or is_schema_comment(part) or "comment" in find_roles(part) for part in parts)


def _find_areas(
    tree: "HtmlElement", candidates: list["HtmlElement"], below_article: Set["HtmlElement"]
) -> set["HtmlElement"]:
    """Return the outermost candidates that are not the frame of the page itself."""
    areas: set[HtmlElement] = set()
    named = set(candidates)
    characters = len(tree.text_content())
    for element in candidates:  # an outer one comes before those in it
        if is_inside(element, areas):
            continue
        in_company = not named.isdisjoint((element.getprevious(), element.getnext()))
        is_readers = in_company or element in below_article or is_schema_comment(element)
        if is_readers or not _holds_article(element, named, characters):
            areas.add(element)
    return areas


def _holds_article(element: "HtmlElement", named: Set["HtmlElement"], characters: int) -> bool:
    """Return True if a mark of an article is in an element and in no comment in it, or most of a page's text is."""
    for mark in filter(_is_mark, element.iterdescendants()):
        boxes = takewhile(lambda outer: outer is not element, mark.iterancestors())
        if mark not in named and named.isdisjoint(boxes):
            return True
    inside = len(element.text_content())
    return inside > _FRAME_CHARACTERS and inside > characters / 2


def _find_runs(tree: "HtmlElement", areas: Set["HtmlElement"], below_article: Set["HtmlElement"]) -> list[Run]:
    """Return the entries of threads that stand below an article and outside of known areas."""
    runs: list[Run] = []
    readers = set(areas)
    holders = {outer for area in areas for outer in area.iterancestors()}
    labels = list(find_labels(tree))
    for place in [*labels, *find_containers(tree)]:
        if place not in below_article or is_inside(place, readers) or not has_article_above(place, readers):
            continue
        written = _find_written_above(place, readers)
        article = {outer for other in written for outer in other.iterancestors()}
        run = find_run_below(place, article.union(tree.iter(*_SKELETON))) if place in labels else find_run_in(place)
        if run and holders.isdisjoint(run.frames) and readers.isdisjoint(run.entries):
            runs.append(run)
            readers.update(run.frames, run.entries)
    return runs


def _find_below_article(tree: "HtmlElement") -> set["HtmlElement"]:
    """Return the elements that begin below a sentence or the heading of an article."""
    from lxml.etree import iterwalk

    below: set[HtmlElement] = set()
    beside = 0  # how many elements are open that hold no sentence of an article
    is_below = False
    for event, element in iterwalk(tree, events=("start", "end")):
        if event == "start":
            if is_below:
                below.add(element)
            beside += _is_beside_article(element)
            is_below = is_below or _begins_article(element) or (not beside and is_sentence(element.text))
        else:
            beside -= _is_beside_article(element)
            is_below = is_below or (not beside and is_sentence(element.tail))
    return below


def _begins_article(element: "HtmlElement") -> bool:
    return _is_mark(element) and element.tag != "main" and next(element.iterancestors("header", "head"), None) is None


def _is_beside_article(element: "HtmlElement") -> bool:
    return element.tag in _BESIDE_ARTICLE


def _is_forum(tree: "HtmlElement", areas: Set["HtmlElement"]) -> bool:
    schemas = [element for element in tree.iter() if _SCHEMA_FORUM.search(element.get("itemtype", ""))]
    scripts = [script.text or "" for script in tree.iter("script")]
    generators = [meta.get("content", "") for meta in tree.iter("meta") if meta.get("name", "").lower() == "generator"]
    if any(map(_SCHEMA_FORUM.search, scripts)) or any(map(_FORUM_SOFTWARE.search, generators)):
        return True
    if any(not is_inside(element, areas) for element in schemas):
        return True
    posts = [post for post in tree.iter(*UNITS) if "post" in find_roles(post) and not is_inside(post, areas)]
    if len(posts) < 2 or not any("forum" in find_roles(outer) for outer in [posts[0], *posts[0].iterancestors()]):
        return False
    # A blog's list of posts has headings that lead to them; in a forum they lead nowhere else.
    return sum(map(_leads_away, posts)) <= len(posts) / 2 and sum(map(_is_signed, posts)) > len(posts) / 2


def _leads_away(post: "HtmlElement") -> bool:
    heading = next(post.iter(*HEADINGS), None)
    links = [] if heading is None else heading.iter("a")
    return any(not link.get("href", "#").startswith("#") for link in links)


def _is_signed(post: "HtmlElement") -> bool:
    return any(not _SIGNED.isdisjoint(find_roles(part)) for part in post.iter())
