"""Shows the words of the links between notes that Obsidian and other wikis write: "[[Page|words]]"."""

import re
from pathlib import PurePosixPath

_CODE = r"^ {0,3}(?P<fence>```|~~~).*?(?:^ {0,3}(?P=fence)|\Z)|`[^`\n]*`"
_PICTURES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp"))
_LINK = re.compile(
    rf"(?P<code>{_CODE})|(?P<embedded>!?)\[\[(?P<page>[^\[\]|#\n\\]*)(?P<part>#[^\[\]|\n\\]*)?(?:\\?\|(?P<words>[^\[\]\n]*))?\]\]",
    re.MULTILINE | re.DOTALL,
)


def show_wiki_links(text: str) -> str:
    """Return a text with the words of each link in its place, or the name of its page; code stays as it is."""
    return _LINK.sub(_show, text) if "[[" in text else text


def _show(link: re.Match[str]) -> str:
    if link["code"]:
        return link["code"]
    page = link["page"].strip()
    is_picture = link["embedded"] and PurePosixPath(page).suffix.lower() in _PICTURES
    if is_picture:
        return ""
    return link["words"] or page or (link["part"] or "").lstrip("#^")
