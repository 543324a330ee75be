"""Shows the words of links in Markdown, also of links between notes that Obsidian and other wikis write."""

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from rag.documents.blocks import join_filled

_CODE = r"`[^`\n]*`"
_PICTURES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp"))
_WIKI = r"(?P<embedded>!?)\[\[(?P<page>[^\[\]|#\n\\]*)(?P<part>#[^\[\]|\n\\]*)?(?:\\?\|(?P<words>[^\[\]\n]*))?\]\]"
# "[the list](https://example.org "title")", and a picture with its description
_TARGET = r"\((?:<[^<>\n]{0,2000}>|(?:[^()\s]|\([^()\s]{0,200}\)){0,2000})(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'))?\)"
_LINKED = rf"!?\[(?P<shown>(?:[^\[\]\n!]|!(?!\[)|!?\[[^\[\]\n]{{0,500}}\](?:{_TARGET})?){{0,1000}})\]{_TARGET}"
# Marks of Obsidian: the kind of a note, highlighted words, the name of a block, a field of a note
_CALLOUT = r"(?P<quoted>>[ \t]?)\[!(?P<kind>[\w-]{1,30})\][+-]?[ \t]*(?P<titled>[^\n]*)"
_BRIGHT = r"(?<![=\w])==(?=\S)(?P<bright>[^=\n]{1,500})(?<=\S)==(?![=\w])"
_NAME = r"(?P<anchor>(?<=[ \t])\^[\w-]{1,60}$)"
_FIELD = r"(?P<field>(?<=\w)::(?=[ \t]))"
_ALL = "|".join((f"(?P<code>{_CODE})", _WIKI, _LINKED, _CALLOUT, _BRIGHT, _NAME, _FIELD))
# Most characters begin no mark, and are passed at once.
_MARKS = re.compile(rf"(?=[`\[!>=^:])(?:{_ALL})", re.MULTILINE)


def show_wiki_links(text: str) -> str:
    """Return a text with the words of each link in its place, or the name of its page; code inside of a line stays."""
    return _MARKS.sub(_show, text)


def _show(mark: re.Match[str]) -> str:
    """Return what a page shows of a link or another mark, or code as it is."""
    for name, show in _SHOWN.items():
        if mark[name] is not None:
            return show(mark)
    return ""


def _show_page(link: re.Match[str]) -> str:
    """Return the words of a link to another note; nothing for a picture."""
    page = link["page"].strip()
    is_picture = PurePosixPath(page).suffix.lower() in _PICTURES
    if link["embedded"] and is_picture:
        return ""
    part = link.groupdict("")["part"].lstrip("#^")
    return link["words"] or page or part


def _show_callout(mark: re.Match[str]) -> str:
    """Return the kind of a note in a note, and its title."""
    kind, title = mark["kind"].capitalize(), show_wiki_links(mark["titled"])
    return mark["quoted"] + join_filled(": ", (kind, title))


# How to show a mark whose group takes part.
_SHOWN: dict[str, Callable[[re.Match[str]], str]] = {
    "code": lambda mark: mark["code"],
    "page": _show_page,
    "kind": _show_callout,
    "shown": lambda mark: show_wiki_links(mark["shown"]),
    "bright": lambda mark: mark["bright"],
    "field": lambda _: ":",
}
