"""Reads web pages: the article, or the post that opens a thread, and apart from it what readers wrote below."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents.blocks import Block, Extract
from rag.documents.comments.areas import Page, survey
from rag.documents.comments.jsonld import take_json_comments
from rag.documents.comments.marked import drop_areas, read_plain_comments, take_plain_comments, take_thread
from rag.documents.comments.post import Post, is_note
from rag.documents.comments.roles import find_roles
from rag.documents.comments.words import read_name
from rag.documents.dates import LONGEST_LINE
from rag.documents.formats.html.hidden import drop_hidden
from rag.documents.formats.html.layout import spell_out
from rag.documents.formats.html.markup import HEADINGS, find_text, parse_page, walk_blocks

if TYPE_CHECKING:
    import trafilatura.settings
    from lxml.html import HtmlElement

# What trafilatura calls the elements of its own trees, in HTML.
_TAGS = {"item": "li", "lb": "br", "list": "ul", "quote": "blockquote"}
# What is on every page of a site, or above the page.
_SITE_PARTS = frozenset(("navigation", "banner", "contentinfo", "search", "dialog", "alertdialog", "menu", "menubar"))
_RELATED = re.compile(
    r"(?:related|recommended|read (?:more|next|also)|see also|more (?:from|in|on|stories|news|like|must)"
    r"|most (?:read|popular)|you (?:may|might) (?:also )?like|trending|popular|latest|don['’]t miss|up next|sponsored"
    r"|around the web)\b",
    re.IGNORECASE,
)
_LONGEST_HEADING = 60
# Trafilatura takes seconds for a page of more elements.
_MOST_ELEMENTS = 50_000
# What has this share of its characters in links is a list of links; a page with less than that is no site's.
_LINKS, _HARDLY = 0.6, 0.01
_SEPARATOR = re.compile(r"(?<!\s)\s++(?:[|–—·»:-]|--)\s+")
# Trafilatura folds white space, which code needs: there it is written in signs that no text has.
_FOLDED = {ord("\n"): "\ue000", ord(" "): "\ue001", ord("\t"): "\ue002"}
_UNFOLDED = {ord(sign): chr(code) for code, sign in _FOLDED.items()}


def read_html(path: Path) -> Extract:
    """Return what is in an HTML file."""
    return extract_html(path.read_bytes())


def extract_html(html: bytes | str) -> Extract:
    """Return a page's main text, then its readers' comments, and what it says of itself."""
    tree, is_broken = parse_page(html)
    site_parts = list(tree.iter("nav", "header", "footer", "aside"))
    drop_hidden(tree)
    _drop_site_parts(tree)
    readers = survey(tree, is_broken=is_broken)
    is_site = not all(map(readers.is_readers, site_parts))
    comments, opening = _take_comments(tree, readers)
    _drop_related(tree)
    spell_out(tree)
    _fold_code(tree)
    page = _find_article(tree)
    outlet = page.sitename if page else None
    title = _find_title(tree, page.title if page else None, outlet)
    blocks = opening.blocks if opening else _choose_blocks(tree, page, is_site)
    while blocks and blocks[0].kind == "heading" and blocks[0].text == title:
        blocks = blocks[1:]
    names = (page.author or "").split("; ") if page else []
    # Trafilatura may take sentences about the author for names.
    author = opening.author if opening else ", ".join(names if all(map(read_name, names)) else []) or None
    published = (opening and opening.date) or (page and page.date) or None
    return Extract([*blocks, *comments], title, outlet if outlet != title else None, author, published)


def _take_comments(tree: "HtmlElement", page: Page) -> tuple[list[Block], Post | None]:
    """Remove the comments from a page, however they are marked, and return them and a forum's first post."""
    thread = take_thread(tree, page)
    comments = thread.comments + take_json_comments(tree, thread.comments)
    left = drop_areas(tree, page, thread.areas)
    comments = comments or read_plain_comments(left)
    comments += take_plain_comments(tree, page)
    # For trafilatura these names would mean comments that are still there.
    for element in tree.iter():
        for name in ("class", "id"):
            if "omment" in element.get(name, ""):
                del element.attrib[name]
    return comments, thread.opening


def _drop_site_parts(tree: "HtmlElement") -> None:
    """Remove what is on every page of a site."""
    for element in list(tree.iter()):
        parent = element.getparent()
        is_part = (
            element.tag == "nav"
            or (element.tag == "footer" and parent is not None and parent.tag == "body")
            or element.get("role") in _SITE_PARTS
            or "consent" in find_roles(element)
        )
        if is_part and parent is not None and next(element.iter("main", "body"), None) is None:
            element.drop_tree()


def _drop_related(tree: "HtmlElement") -> None:
    """Remove links to other pages, with the heading that says so."""
    for heading in list(tree.iter(*HEADINGS, "p", "div", "strong")):
        text = " ".join(heading.text_content().split())
        if not _RELATED.match(text) or heading.getparent() is None:
            continue
        following = heading.getnext()
        if _is_links(heading):
            heading.drop_tree()
        elif len(text) <= _LONGEST_HEADING and following is not None and _is_links(following):
            following.drop_tree()
            heading.drop_tree()


def _is_links(element: "HtmlElement", share: float = _LINKS) -> bool:
    linked = sum(len(link.text_content()) for link in element.iter("a"))
    return linked > 0 and linked >= share * len(element.text_content().strip())


def _fold_code(tree: "HtmlElement") -> None:
    for code in list(tree.iter("pre")):
        text, tail = find_text(code), code.tail
        code.clear()
        code.tag, code.text, code.tail = "p", text.translate(_FOLDED), tail


def _find_article(tree: "HtmlElement") -> "trafilatura.settings.Document | None":
    """Return the main text and what the page says of itself, as trafilatura finds them; None if it finds none."""
    import trafilatura  # takes 0.4 s

    for meta in tree.iterfind(".//meta[@content]"):  # its patterns for authors take quadratic time
        meta.set("content", meta.get("content", "")[:LONGEST_LINE])
    # The extensive search would take any year on the page for its date.
    dates = {"original_date": True, "extensive_search": False, "max_date": date.today().isoformat()}
    if sum(1 for _ in tree.iter()) > _MOST_ELEMENTS:
        return trafilatura.extract_metadata(tree, date_config=dates)
    found = trafilatura.bare_extraction(tree, with_metadata=True, include_comments=False, date_extraction_params=dates)
    return found if isinstance(found, trafilatura.settings.Document) else None


def _choose_blocks(tree: "HtmlElement", page: "trafilatura.settings.Document | None", is_site: bool) -> list[Block]:
    """Return the blocks of the main text.

    Trafilatura knows articles; of manuals and the like, which have no date, it leaves out parts. There everything is
    read that the page marks as its main part, and all of a page that has no parts of a site around it.
    """
    mains = [element for element in tree.iter() if element.tag == "main" or element.get("role") == "main"]
    if page is None or not len(page.body) or not (is_site or _is_links(tree, _HARDLY)):
        chosen = mains[0] if is_site and len(mains) == 1 else tree
    else:
        is_article = page.date or page.author or len(mains) != 1
        chosen = _as_html(page.body) if is_article else mains[0]
    blocks = list(walk_blocks(chosen))
    while blocks and blocks[-1].kind == "heading" and (_RELATED.match(blocks[-1].text) or is_note(blocks[-1].text)):
        blocks.pop()
    return [replace(block, text=block.text.translate(_UNFOLDED)) for block in blocks]


def _as_html(body: "HtmlElement") -> "HtmlElement":
    for element in body.iter():
        element.tag = element.get("rend", "h2") if element.tag == "head" else _TAGS.get(element.tag, element.tag)
    return body


def _find_title(tree: "HtmlElement", found: str | None, outlet: str | None) -> str | None:
    """Return a page's title: what it tells machines, else its heading, else its name without the site's."""
    name = " ".join("".join(title.text_content() for title in tree.iterfind(".//head/title")).split())
    if found and found != name and any(element.get("content") == found for element in tree.iter("meta")):
        head, *site = _SEPARATOR.split(found)
        return head if site and outlet and site[-1].startswith(outlet) else found
    places = [*tree.iter("main", "article"), tree]
    headings = next((texts for place in places if (texts := [*filter(None, map(find_text, place.iter("h1")))])), [])
    if len(headings) == 1 and not name.endswith(f" {headings[0]}"):
        return headings[0]
    named = [heading for heading in headings if name.startswith(heading)]
    parts = [part for part in _SEPARATOR.split(name) if part and part != outlet]
    return next(iter([*named, *parts, *headings]), None)
