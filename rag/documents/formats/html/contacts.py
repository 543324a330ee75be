"""Finds facts about the owner of a page in its footer: address, telephone, opening hours."""

import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import islice

from lxml.html import HtmlElement

from rag.documents.blocks import Block
from rag.documents.formats.html.markup import walk_blocks
from rag.documents.sequences import flat_map

_HEADING = "Page footer"
# The elements that hold a site's own facts, and lists of its pages.
_FOOTERS = (
    "//*[self::footer or @role='contentinfo' or @role='banner' or self::div[@id='footer' or @class='footer']]"
    # It is in no other one, and neither in nor around a text of the page.
    "[not(ancestor::footer)]"
    "[not(ancestor::*[self::article or self::main or self::blockquote])]"
    "[not(descendant-or-self::*[self::article or self::main or self::blockquote])]"
)
# A longer block is text about the page, and more blocks are the pages of a site.
_LONGEST, _MOST = 300, 20
# A name or a heading beside a fact is short, and does not name the owner of a copyright.
_NAME = re.compile(r"(?!.*(?:©|\(c\)|\bcopyright\b|\brights reserved\b)).{1,60}", re.IGNORECASE | re.DOTALL)
_DAY = (
    r"(?:mo|tu|we|th|fr|sa|su|di|mi|do|so|lu|ma|me|je|ve)[a-zäéáíó]{0,8}\.?"
    r"|(?:lun|mar|mi[eé]|jue|vie|s[aá]b|dom|gio|ven|daily|täglich|tous les jours)\w*"
)
_OPEN = "open|opening hours|hours|geöffnet|ouvert|abierto|aperto"
_CLOCK = r"\d{1,2}(?:[:.h]\d\d)?(?:\s*(?:[ap]\.?m\.?|uhr|h))?"
_PHONE = r"\bt[eé]l\w{0,8}|\bphone|\bfon|\bcall|\bmobil|\bfax|☎"
_WAY = "street|st|road|rd|avenue|ave|lane|ln|square|drive|way|quay"
_WAY_ENDING = r"str(?:aße|asse|\.)|weg|platz|gasse|gata|gatan|vej|straat"
_WAY_BEFORE = "rue|avenue|place|calle|plaza|via|piazza|rua"
# The signs that a line says something about the owner.
SIGNS = {
    "telephone": re.compile(rf"(?:{_PHONE})[^\n\d]{{0,15}}\+?\(?\d[\d ()/.-]{{4,}}", re.IGNORECASE),
    "international number": re.compile(r"\+\d{1,3}[ (/.-]?\(?\d[\d ()/.-]{5,}", re.IGNORECASE),
    "mail address": re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}", re.IGNORECASE),
    "hours": re.compile(
        rf"\b(?:{_DAY})\b[^\n]{{0,40}}?\b{_CLOCK}\s*(?:[-–—]|to|bis|à|a|until)\s*{_CLOCK}", re.IGNORECASE
    ),
    "hours of every day": re.compile(rf"\b(?:{_OPEN})\b[^\n]{{0,40}}\b{_CLOCK}", re.IGNORECASE),
    "street": re.compile(rf"\b\d{{1,4}}[a-z]?,? (?:\w+ ){{1,3}}(?:{_WAY})\b", re.IGNORECASE),
    "street with the number behind": re.compile(rf"\b\w+(?:{_WAY_ENDING}) \d{{1,4}}", re.IGNORECASE),
    "street of the south": re.compile(
        rf"\b(?:{_WAY_BEFORE}) [^\n\d]{{2,40}},? \d{{1,4}}|\b\d{{1,4}},? rue ", re.IGNORECASE
    ),
    "town": re.compile(r"(?:^|[\n,] ?)(?:[A-Z]{1,2}-)?\d{4,5} [A-ZÄÖÜÉÅØ][^\W\d]{2,}"),
    "town of Britain": re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b"),
    "town of America": re.compile(r"\b[A-Z]{2} \d{5}(?:-\d{4})?\b"),
}


def find_contacts(tree: HtmlElement) -> list[Block]:
    """Return the lines in the footers of a page that have facts about its owner; links to other pages are none."""
    lines = flat_map(_list_facts, tree.xpath(_FOOTERS))
    return [Block(line, "item") for line in islice(lines, _MOST)]


def _list_facts(footer: HtmlElement) -> Iterator[str]:
    """Yield the facts in a footer, with the short lines beside them, such as a name or a heading."""
    addresses = set(flat_map(_list_lines, footer.iter("address")))
    lines = _list_lines(_drop_links(footer))
    are_facts = [line in addresses or _has_sign(line) for line in lines]
    for number, line in enumerate(lines):
        is_near_fact = any(are_facts[max(0, number - 1) : number + 2])
        if are_facts[number] or (is_near_fact and _NAME.fullmatch(line)):
            yield line


def _drop_links(footer: HtmlElement) -> HtmlElement:
    """Return a copy of a footer without the links that are not facts themselves."""
    rest = deepcopy(footer)
    for link in list(rest.iter("a")):
        if not _has_sign(link.text_content()[:_LONGEST]):
            link.drop_tree()
    return rest


def _list_lines(element: HtmlElement) -> list[str]:
    """Return the blocks of an element that are short enough for facts."""
    return [block.text for block in walk_blocks(element) if len(block.text) <= _LONGEST]


def _has_sign(text: str) -> bool:
    """Return whether a line has a sign of a fact."""
    return any(pattern.search(text) for pattern in SIGNS.values())


def list_unread(contacts: list[Block], blocks: list[Block]) -> list[Block]:
    """Return the facts that are not in the other blocks of a page, below a heading of their own."""
    known = "\n".join(block.text for block in blocks)
    unread = [contact for contact in contacts if contact.text not in known]
    if unread:
        unread.insert(0, Block(_HEADING, "heading"))
    return unread
