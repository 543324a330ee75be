"""Finds the parts of a page that its readers wrote, and the parts that hold its article.

The site decides where the comments are; a reader decides only the content of one comment. So the outermost element
that the page calls a comment, or the comments, counts. Readers wrote everything in it, even an `<h1>` or a `<main>`.

One exception: some sites call a whole page "reviews", or their own opinion "comment". No part of an article is above
such an element, and the heading of an article is in it but not in one of its comments.
"""

import re
from collections.abc import Callable, Iterator, Set
from itertools import takewhile
from typing import NamedTuple

from lxml.etree import iterwalk
from lxml.html import HtmlElement

from rag.documents.comments.elements import (
    UNITS,
    drop_elements,
    find_holders,
    find_outermost,
    has_neighbour,
    is_inside,
    list_neighbours,
    list_outside,
)
from rag.documents.comments.entries import Run, find_containers, find_labels, find_run_below, find_run_inside
from rag.documents.comments.roles import collect_roles, filter_role, has_role
from rag.documents.comments.words import is_sentence
from rag.documents.formats.html.markup import HEADINGS

_NO_AREAS = frozenset(("html", "body", "main", *HEADINGS))
# XPath: elements that show where an article is, and the ones with which its text may begin.
_MARKS = ".//*[self::main or self::h1 or @itemprop = 'articleBody']"
_BEGINNINGS = f"{_MARKS}[not(self::main or ancestor::header or ancestor::head)]"
# XPath: the places where "comment" means something else. In code it is a comment of the programming language.
_ELSEWHERE = "ancestor::*[self::pre or self::code or self::nav or self::head or contains(@itemtype, 'FAQPage')]"
# XPath: the first heading in an element, and the program that a page names as its maker.
_FIRST_HEADING = f"({' | '.join(f'.//{tag}' for tag in HEADINGS)})[1]"
_GENERATOR = "//meta[translate(@name, 'GENERATOR', 'generator') = 'generator']/@content"
# The text of these elements is not a sentence of an article.
_BESIDE_ARTICLE = frozenset(("a", "script", "style", "title", "nav", "footer", "aside", "form", "noscript", *HEADINGS))
# When an element begins, the number of open ones grows and its text follows. When it ends, its tail follows.
_EVENTS = {"start": (1, "text"), "end": (-1, "tail")}
_ARTICLE_CHARACTERS = 100
_SCHEMA_COMMENT = re.compile(r"schema\.org/(?:UserComments?|Comment|Answer)\b")
# A forum says that it is one by a mark of schema.org, or is made by a program for forums.
_FORUM = re.compile(
    r"schema\.org/(?:DiscussionForumPosting|QAPage)\b|\"(?:DiscussionForumPosting|QAPage)\""
    r"|\A(?i:phpbb|vbulletin|xenforo|discourse|simple machines|mybb|invision|fluxbb|vanilla|nodebb|flarum|bbpress)"
)


class Page(NamedTuple):
    """The elements of a page that hold its article, and the ones that hold words of readers.

    `areas` are the outermost elements that readers wrote in, and `holders` are the elements around areas. `frames` are
    areas, or in areas, and hold many comments. `companions` are comments next to one another without a frame. `entries`
    are comments that only their looks and their place show.
    """

    articles: Set[HtmlElement]
    areas: Set[HtmlElement]
    holders: Set[HtmlElement]
    frames: Set[HtmlElement]
    companions: Set[HtmlElement]
    entries: Set[HtmlElement]
    below_article: Set[HtmlElement]
    is_forum: bool
    is_broken: bool  # the page closes more boxes than it opens

    def is_readers(self, element: HtmlElement) -> bool:
        """Return True if readers wrote the text of an element."""
        return is_inside(element, self.areas)


def survey(tree: HtmlElement, *, is_broken: bool = False) -> Page:
    """Return the parts of a page that hold its article, and the parts that its readers wrote."""
    candidates = list(filter(_is_named_comment, tree.iter()))
    below_article = _find_below_article(tree)
    areas = _find_areas(tree, set(candidates), below_article)
    is_forum = _is_forum(tree, areas)
    if is_forum:
        posts, run = set(filter_role(tree.iter(*UNITS), "post")), Run([], [])
    else:
        posts, run = set(), _find_runs(tree, areas, below_article)
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


def _find_articles(tree: HtmlElement, written: Set[HtmlElement]) -> set[HtmlElement]:
    """Return the elements that mark an article, and all around them; elements in `written` are by readers."""
    marks = list_outside(tree.xpath(_MARKS), written)
    return find_holders(marks).union(marks, tree.iter("html", "body"))


def drop_below(thread: HtmlElement, page: Page) -> None:
    """Remove the elements below a thread of comments that may have fallen out of it; other comments stay.

    If a site does not check the end tags in a comment, these tags close the boxes around it, and the rest of the
    comment is outside. Such a page closes more boxes than it opens.
    """
    if not page.is_broken or thread not in page.below_article:
        return
    if not has_article_above(thread, page.areas):
        return
    areas = page.areas - set(thread.iterancestors())
    below = [element for element in thread.xpath("following::*") if areas.isdisjoint(element.iterancestors())]
    for element in (thread, *thread.iterancestors(), *below):
        element.tail = None
    drop_elements(set(below) - page.areas - page.holders)


def has_article_above(element: HtmlElement, areas: Set[HtmlElement]) -> bool:
    """Return True if sentences of an article, outside of the readers' areas, are above an element."""
    written = _find_written_above(element, areas)
    return sum(len(other.text) for other in written) >= _ARTICLE_CHARACTERS


def _find_written_above(element: HtmlElement, areas: Set[HtmlElement]) -> list[HtmlElement]:
    """Return the elements above another one that hold sentences of an article."""
    above = takewhile(lambda other: other is not element, element.getroottree().iter())
    return list_outside(filter(_is_written, above), areas)


def _is_written(element: HtmlElement) -> bool:
    return element.tag not in _BESIDE_ARTICLE and is_sentence(element.text)


def _holds_comments(area: HtmlElement) -> bool:
    """Return True for an element that is called a comment and has many in it, each with its time."""
    if is_schema_comment(area) or not has_role(area, "comment"):
        return False
    times = list(area.iter("time")) or list(filter_role(area.xpath(".//*[not(*)]"), "date"))
    return len(times) > 1


def is_schema_comment(element: HtmlElement) -> bool:
    """Return True if schema.org's marks call an element a comment, and not the answer to a frequent question."""
    return bool(_SCHEMA_COMMENT.search(element.get("itemtype", ""))) and not is_elsewhere(element)


def is_elsewhere(element: HtmlElement) -> bool:
    """Return True if an element is in code, navigation or frequent questions, where a "comment" is not a reader's."""
    return bool(element.xpath(_ELSEWHERE))


def _is_named_comment(element: HtmlElement) -> bool:
    """Return True if the page calls an element a comment or the comments, or replies to one."""
    if element.tag in _NO_AREAS:
        return False
    is_called_one = any(is_called(element) for is_called in _NAMES_OF_COMMENTS.values())
    return is_called_one and not is_elsewhere(element)


def _is_reply(element: HtmlElement) -> bool:
    """Return True for replies right beside a comment or another reply."""
    if not has_role(element, "reply", "replies"):
        return False
    return not collect_roles(list_neighbours(element)).isdisjoint(("comment", "reply"))


# The ways in which a page calls an element a reader's.
_NAMES_OF_COMMENTS: dict[str, Callable[[HtmlElement], bool]] = {
    "schema.org": is_schema_comment,
    "a comment": lambda element: element.tag in UNITS and has_role(element, "comment"),
    "the comments": lambda element: has_role(element, "comments") and not _is_chapter(element),
    "replies": _is_reply,
}


def _is_chapter(element: HtmlElement) -> bool:
    """Return True if an element has only a name made of its heading, for links to it."""
    words = element.xpath(f"string({_FIRST_HEADING})").casefold().split()
    return element.get("id", "").casefold() == "-".join(words) and not element.get("class")


def _find_areas(tree: HtmlElement, named: Set[HtmlElement], below_article: Set[HtmlElement]) -> set[HtmlElement]:
    """Return the outermost elements that are named comments and are not the frame of the page itself."""
    frames = {element for element in named - below_article if _holds_article(element, named)}
    return set(find_outermost(tree, named - frames))


def _holds_article(element: HtmlElement, named: Set[HtmlElement]) -> bool:
    """Return True if an element holds a mark of an article outside of its comments, and is not a comment itself."""
    if is_schema_comment(element) or has_neighbour(element, named):
        return False
    comments = named & set(element.iterdescendants())
    return bool(list_outside(element.xpath(_MARKS), comments))


def _find_runs(tree: HtmlElement, areas: Set[HtmlElement], below_article: Set[HtmlElement]) -> Run:
    """Return the entries and frames of all threads below an article and outside of known areas."""
    runs = Run([], [])
    readers = set(areas)
    holders = find_holders(areas)
    labels = list(find_labels(tree))
    for place in (*labels, *find_containers(tree)):
        if place not in below_article or is_inside(place, readers):
            continue
        if not has_article_above(place, readers):
            continue
        if place in labels:
            run = find_run_below(place, find_holders(_find_written_above(place, readers)))
        else:
            run = find_run_inside(place)
        if holders.isdisjoint(run.frames) and readers.isdisjoint(run.entries):
            runs.frames.extend(run.frames)
            runs.entries.extend(run.entries)
            readers.update(run.frames, run.entries)
    return runs


def _find_below_article(tree: HtmlElement) -> set[HtmlElement]:
    """Return the elements that begin below a sentence or the heading of an article."""
    walk = iter(iterwalk(tree, events=("start", "end")))
    _skip_to_article(walk, set(tree.xpath(_BEGINNINGS)))
    return {element for event, element in walk if event == "start"}


def _skip_to_article(walk: Iterator[tuple[str, HtmlElement]], headings: Set[HtmlElement]) -> None:
    """Advance a walk through a page past the first sentence or heading of an article."""
    beside = 0  # the number of open elements that hold no sentence of an article
    for event, element in walk:
        step, attribute = _EVENTS[event]
        beside += step * (element.tag in _BESIDE_ARTICLE)
        is_sentence_of_article = not beside and is_sentence(getattr(element, attribute))
        if is_sentence_of_article or element in headings:
            return


def _is_forum(tree: HtmlElement, areas: Set[HtmlElement]) -> bool:
    """Return True for a page of a forum: it says that it is one, or its posts are in a box that is called so."""
    marked = list_outside(tree.xpath("//*[@itemtype]"), areas)
    types = [element.get("itemtype", "") for element in marked]
    if any(map(_FORUM.search, [*types, *tree.xpath(_GENERATOR), *tree.xpath("//script/text()")])):
        return True
    posts = list_outside(filter_role(tree.iter(*UNITS), "post"), areas)
    return len(posts) > 1 and "forum" in collect_roles((posts[0], *posts[0].iterancestors()))
