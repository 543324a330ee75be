"""Reads web pages: the article or the first post of a thread, and separately the comments below it."""

import re
from collections.abc import Iterator, Set
from dataclasses import replace
from datetime import date
from itertools import dropwhile, islice
from pathlib import Path
from typing import TYPE_CHECKING

from lxml.html import HtmlElement

from rag.documents.blocks import Block, Extract, squeeze
from rag.documents.comments.areas import Page, survey
from rag.documents.comments.elements import drop_elements
from rag.documents.comments.jsonld import take_json_comments
from rag.documents.comments.marked import drop_areas, read_plain_comments, take_plain_comments, take_thread
from rag.documents.comments.post import Post, is_note
from rag.documents.comments.roles import filter_role
from rag.documents.comments.words import read_name
from rag.documents.dates import LONGEST_LINE
from rag.documents.formats.html.contacts import find_contacts, list_unread
from rag.documents.formats.html.hidden import drop_hidden
from rag.documents.formats.html.layout import spell_out
from rag.documents.formats.html.markup import HEADINGS, contains, find_text, parse_page, walk_blocks
from rag.language import SENTENCE_ENDS

if TYPE_CHECKING:
    import trafilatura.settings

# The tags of trafilatura's trees, and the same tags in HTML.
_TAGS = {"item": "li", "lb": "br", "list": "ul", "quote": "blockquote"}
# The roles of parts that are on every page of a site, or above the page.
_SITE_ROLES = " navigation banner contentinfo search dialog alertdialog menu menubar "
_HAS_SITE_ROLE = f"contains('{_SITE_ROLES}', concat(' ', @role, ' '))"
_SITE_PARTS = f"//*[self::nav or (self::footer and parent::body) or {_HAS_SITE_ROLE}]"
_SPARED = "descendant-or-self::*[self::main or self::body or @role='main']"
_MAIN = "descendant-or-self::*[self::main or @role='main']"
_BOX = "[self::p or self::li or self::dd or self::td or self::div or self::section or self::blockquote]"
_INNERMOST_BOXES = f".//*{_BOX}[not(.//*{_BOX})]"
# The main text has at least this share of the letters: trafilatura may find only a small part of it.
_MOST_OF_PAGE = 0.75
# A text with this many headings is a manual or the like, even if it has a date.
_MANY_HEADINGS = 10
# Headings above links to other pages.
_RELATED_HEADINGS = (
    "related",
    "recommended",
    "read (?:more|next|also)",
    "see also",
    "more(?: (?:from|in|on|like)(?: (?:this|the|our|us))?)?",
    "most (?:read|popular)",
    "you (?:may|might) (?:also )?like",
    "trending",
    "popular",
    "latest",
    "don['’]t miss",
    "up next",
    "sponsored",
    "around the web",
)
_THINGS = "stories|articles|news|posts|links|content|videos|products"
_RELATED = re.compile(rf"(?:{'|'.join(_RELATED_HEADINGS)})(?: (?:{_THINGS}))?\W*", re.IGNORECASE)
# Trafilatura takes seconds for a page with more elements.
_MOST_ELEMENTS = 50_000
_LINK = "descendant-or-self::a"
# An element is a list of links if at least 60 % of its characters are in links.
_LINKS = 0.6
# A shorter list of links to sections may be a note.
_FEWEST_SECTIONS = 3
_IN_BRACKETS = re.compile(r"\[[^\[\]]*\]")
_SEPARATOR = re.compile(r"(?<!\s)\s++(?:[|/–—·»:-]|--)\s+")
_BETWEEN_TITLES = " |/–—·»:-"
# Trafilatura folds white space, which code needs, and takes a date in code for the page's own. So in code, signs that
# no text has take the place of white space and hyphens.
_FOLDED = {ord("\n"): "\ue000", ord(" "): "\ue001", ord("\t"): "\ue002", ord("-"): "\ue003"}
_UNFOLDED = {ord(sign): chr(code) for code, sign in _FOLDED.items()}


def read_html(path: Path) -> Extract:
    """Return the content of an HTML file."""
    return extract_html(path.read_bytes())


def extract_html(html: bytes | str) -> Extract:
    """Return a page's main text, then its readers' comments, with its title, outlet, author and date."""
    tree, is_broken = parse_page(html)
    drop_hidden(tree)
    contacts = find_contacts(tree)
    _drop_site_parts(tree)
    _drop_links_of_headings(tree)
    _drop_contents(tree)
    readers = survey(tree, is_broken=is_broken)
    comments, opening = _take_comments(tree, readers)
    _drop_related(tree)
    spell_out(tree)
    _fold_code(tree)
    page = _find_article(tree)
    title = _find_title(tree, page.title, page.sitename, is_forum=opening is not None)
    post = opening or Post(_list_blocks(_choose_root(tree, page)), _join_authors(page.author), None, None)
    text = list(dropwhile(lambda block: (block.kind, block.text) == ("heading", title), post.blocks))
    return Extract(
        blocks=[*text, *list_unread(contacts, [*text, *comments]), *comments],
        title=title,
        outlet=page.sitename if page.sitename != title else None,
        author=post.author,
        date=post.date or page.date,
    )


def _join_authors(author: str | None) -> str | None:
    """Return the names that trafilatura found; None if one is not a name: it may be a sentence about the author."""
    names = (author or "").split("; ")
    are_names = all(map(read_name, names))
    return ", ".join(names) if are_names else None


def _take_comments(tree: HtmlElement, page: Page) -> tuple[list[Block], Post | None]:
    """Remove the comments from a page, however they are marked; return them and a forum's first post."""
    thread = take_thread(tree, page)
    comments = thread.comments + take_json_comments(tree, thread.comments)
    left = drop_areas(tree, page, thread.areas)
    comments = comments or read_plain_comments(left)
    comments += take_plain_comments(tree, page)
    _drop_names_of_comments(tree)
    return comments, thread.opening


def _drop_names_of_comments(tree: HtmlElement) -> None:
    """Remove the class names and ids by which trafilatura would take elements for comments."""
    for name in tree.xpath("//@*[(name() = 'class' or name() = 'id') and contains(., 'omment')]"):
        del name.getparent().attrib[name.attrname]


def _drop_site_parts(tree: HtmlElement) -> None:
    """Remove the parts that are on every page of a site."""
    parts = [*tree.xpath(_SITE_PARTS), *filter_role(tree.iter(), "consent")]
    drop_elements(part for part in parts if not part.xpath(_SPARED))


def _drop_links_of_headings(tree: HtmlElement) -> None:
    """Remove the links in brackets in a heading and right after it, such as "[edit]": they are controls."""
    for span in list(tree.iter("span")):
        heading = next(span.iterancestors(*HEADINGS), span.getprevious())
        if heading is None or heading.tag not in HEADINGS:
            continue
        if contains(span, "a") and _IN_BRACKETS.fullmatch(span.text_content().strip()):
            span.drop_tree()


def _drop_contents(tree: HtmlElement) -> None:
    """Remove tables of contents: lists of links to sections, whose headings are in the text.

    A list below a sentence belongs to it.
    """
    places = set(tree.xpath("//@id | //a/@name"))
    for entries in list(tree.iter("ul", "ol", "dl")):
        links = list(entries.iter("a"))
        are_sections = len(links) >= _FEWEST_SECTIONS and all(_leads_to_section(link, places) for link in links)
        if are_sections and not _find_unlinked(entries) and not _is_below_sentence(entries):
            drop_elements([entries])


def _leads_to_section(link: HtmlElement, places: Set[str]) -> bool:
    """Return whether a link leads to a place of this page, or to a numbered section of another one."""
    _, sign, place = link.get("href", "").partition("#")
    return sign != "" and (place in places or link.text_content().strip()[:1].isdecimal())


def _is_below_sentence(element: HtmlElement) -> bool:
    """Return whether the text before an element, in the same box, ends as a sentence or with a colon."""
    before = element.getprevious()
    words = (element.getparent().text if before is None else f"{before.text_content()}{before.tail or ''}") or ""
    return words.rstrip().endswith((":", *SENTENCE_ENDS))


def _drop_related(tree: HtmlElement) -> None:
    """Remove links to other pages, with the heading above them."""
    for heading in list(tree.iter(*HEADINGS, "p", "div", "strong")):
        drop_elements(_find_related(heading))


def _find_related(heading: HtmlElement) -> list[HtmlElement]:
    """Return the elements that link to other pages: the heading, or the heading and the element after it."""
    begins_as_one = _RELATED.match(squeeze(heading.text_content())) is not None
    if not begins_as_one or not _RELATED.fullmatch(_find_unlinked(heading)):
        return []
    if _links_away(heading):
        return [heading]
    following = heading.getnext()
    if following is None or not _links_away(following) or not _is_links(following):
        return []
    return [following, heading]


def _find_unlinked(element: HtmlElement) -> str:
    """Return the words of an element that are in no link."""
    return squeeze(" ".join(element.xpath(".//text()[not(ancestor::a)]")))


def _links_away(element: HtmlElement) -> bool:
    """Return whether an element has links, all of them to other pages."""
    has_links: bool = element.xpath(f"boolean({_LINK})")
    return has_links and not element.xpath(f"{_LINK}[not(@href) or starts-with(@href, '#')]")


def _is_links(element: HtmlElement) -> bool:
    """Return whether an element is a list of links."""
    linked = sum(len(link.text_content()) for link in element.iter("a"))
    return linked > 0 and linked >= _LINKS * len(element.text_content().strip())


def _fold_code(tree: HtmlElement) -> None:
    for code in list(tree.iter("pre")):
        text, tail = find_text(code), code.tail
        code.clear()
        code.tag, code.text, code.tail = "p", text.translate(_FOLDED), tail


def _find_article(tree: HtmlElement) -> "trafilatura.settings.Document":
    """Return the main text, title, author and date that trafilatura finds; an empty document if it finds none."""
    import trafilatura  # takes 0.4 s

    for meta in tree.iterfind(".//meta[@content]"):  # trafilatura's patterns for authors take quadratic time
        meta.set("content", meta.get("content", "")[:LONGEST_LINE])
    # The extensive search would take any year on the page as its date.
    dates = {"original_date": True, "extensive_search": False, "max_date": date.today().isoformat()}
    if sum(1 for _ in tree.iter()) > _MOST_ELEMENTS:
        return trafilatura.extract_metadata(tree, date_config=dates)
    page = trafilatura.bare_extraction(tree, with_metadata=True, include_comments=False, date_extraction_params=dates)
    return page if isinstance(page, trafilatura.settings.Document) else trafilatura.settings.Document()


def _choose_root(tree: HtmlElement, page: "trafilatura.settings.Document") -> HtmlElement:
    """Return the element with the main text.

    The page may mark it. Otherwise trafilatura finds where it is, but leaves out headings, terms and lists of manuals.
    So we read all of that place. Of an article, which has a date or an author, we read only what trafilatura finds.
    """
    body = _as_html(page.body)
    mains = tree.xpath(_MAIN)
    boxes = _find_boxes(tree, body)
    place = mains[0] if len(mains) == 1 else _find_common(boxes, tree)
    headings = islice(place.iter(*HEADINGS), _MANY_HEADINGS)
    is_article = boxes and (page.date or page.author) and len(list(headings)) < _MANY_HEADINGS
    return body if is_article else place


def _find_boxes(tree: HtmlElement, body: HtmlElement) -> list[HtmlElement]:
    """Return the innermost boxes of a page with the text that trafilatura found."""
    texts = {_join_letters(block.text) for block in walk_blocks(body)}
    return [box for box in tree.xpath(_INNERMOST_BOXES) if _join_letters(box.text_content()) in texts]


def _find_common(boxes: list[HtmlElement], tree: HtmlElement) -> HtmlElement:
    """Return the innermost element around all boxes and around most of the page's words outside of links."""
    if not boxes:
        return tree
    least = _count_letters(tree) * _MOST_OF_PAGE
    around_last = set(boxes[-1].iterancestors())
    around_all = (element for element in boxes[0].iterancestors() if element in around_last)
    return next((element for element in around_all if _count_letters(element) >= least), tree)


def _count_letters(element: HtmlElement) -> int:
    """Return the number of letters in an element, without those in links."""
    linked = sum(len(_join_letters(link.text_content())) for link in element.iter("a"))
    return len(_join_letters(element.text_content())) - linked


def _join_letters(text: str) -> str:
    """Return a text without white space, of which trafilatura loses some."""
    return "".join(text.split())


def _list_blocks(root: HtmlElement) -> list[Block]:
    """Return the blocks of the main text, without headings at its end whose links or comments were removed."""
    blocks = list(walk_blocks(root))
    while blocks and _is_heading_of_rest(blocks[-1]):
        blocks.pop()
    return [replace(block, text=block.text.translate(_UNFOLDED)) for block in blocks]


def _is_heading_of_rest(block: Block) -> bool:
    """Return whether a block is the heading of removed links or comments."""
    return block.kind == "heading" and (_RELATED.fullmatch(block.text) is not None or is_note(block.text))


def _as_html(body: HtmlElement) -> HtmlElement:
    """Return trafilatura's tree with the tags of HTML."""
    for element in body.iter():
        tag = element.tag
        element.tag = element.get("rend", "h2") if tag == "head" else _TAGS.get(tag, tag)
    return body


def _find_title(tree: HtmlElement, declared: str | None, outlet: str | None, *, is_forum: bool) -> str | None:
    """Return a page's title: the one in its metadata, else its heading, else its name without the site's name."""
    name = squeeze(tree.xpath("string(//head/title)"))
    is_for_machines = declared != name and declared in tree.xpath("//meta/@content")
    if declared and is_for_machines:
        return _drop_outlet(declared, outlet)
    return next(_list_titles(tree, name, outlet, is_forum=is_forum), None)


def _list_titles(tree: HtmlElement, name: str, outlet: str | None, *, is_forum: bool) -> Iterator[str]:
    """Yield the headings and the parts of a page's name that may be its title, the likeliest first."""
    headings = _find_headings(tree)
    parts = _SEPARATOR.split(name)
    site = parts[-1]
    # "The Post | Bridge opens" ends with its heading. "Pump hums - Garden forum" ends with the site's name, which is
    # the heading of a forum, or of a page whose heading is a link.
    is_behind_site = not is_forum and len(parts) == 2 and not tree.xpath("//h1//a | //a//h1")
    if len(headings) == 1 and (is_behind_site or not name.endswith(f" {headings[0]}")):
        yield headings[0]
    yield from filter(name.startswith, headings)
    if site in headings:
        yield name.removesuffix(site).rstrip(_BETWEEN_TITLES)
    for part in parts:
        if part not in ("", outlet):
            yield part
    yield from headings


def _drop_outlet(title: str, outlet: str | None) -> str:
    """Return "Fees rise" for "Fees rise | The Harbour Post" if that is the outlet."""
    head, *site = _SEPARATOR.split(title)
    if not site or not outlet:
        return title
    return head if site[-1].startswith(outlet) else title


def _find_headings(tree: HtmlElement) -> list[str]:
    """Return the main headings of the first part that has any, or else of the whole page."""
    for place in (*tree.iter("main", "article"), tree):
        headings = list(filter(None, map(find_text, place.iter("h1"))))
        if headings:
            return headings
    return []
