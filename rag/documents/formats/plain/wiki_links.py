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
    """Replace each link in a text by its words, or else by the name of its page; code stays unchanged."""
    return _LINK.sub(_show, text) if "[[" in text else text


def _show(link: re.Match[str]) -> str:
    """Return the words that a page shows of a link, or code unchanged."""
    if link["code"]:
        return link["code"]
    page = link["page"].strip()
    suffix = PurePosixPath(page).suffix.lower()
    if link["embedded"] and suffix in _PICTURES:
        return ""
    part = (link["part"] or "").lstrip("#^")
    return link["words"] or page or part
