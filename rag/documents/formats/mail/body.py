"""Reads the words of a mail, from its plain text or its HTML, and the authors of its quotes."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from itertools import chain

from rag.documents.blocks import Block
from rag.documents.comments.post import mark_quote
from rag.documents.formats.html.hidden import parse_shown
from rag.documents.formats.html.layout import walk_spelled_out
from rag.documents.formats.html.markup import decode_as, decode_html
from rag.documents.formats.plain.decode import LABELS
from rag.documents.sequences import flat_map

# A plain text with less than 30 % of the letters of the HTML is a stub: it only says that there is HTML.
_STUB = 0.3
_PARAGRAPH = re.compile(r"^[^\S\n]*\S.*(?:\n.*\S.*)*", re.MULTILINE)
# "On Mon, 5 Mar 2025 at 10:12, Zara Khan <zara@example.org> wrote:"
_WROTE = re.compile(r"On\s[^\n]{6,80}?[\d,M]\s+(?P<author>[^\d,<>\n]{2,60}?)\s*(?:<[^<>]*>)?\s+wrote:")


def read_body(parts: list[EmailMessage]) -> list[Block]:
    """Return the words of a message in its parts."""
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    for part in parts:
        kind = part.get_content_type()
        if kind in texts and not is_attachment(part):
            texts[kind].append(decode_part(part))
    return choose_body(texts["text/plain"], texts["text/html"])


def choose_body(plain_texts: list[str], html_texts: list[str]) -> list[Block]:
    """Return the plain text of a message, or its HTML if the plain text is only a stub."""
    paragraphs = chain.from_iterable(_PARAGRAPH.findall(text.replace("\r\n", "\n")) for text in plain_texts)
    plain = list(map(Block, paragraphs))
    marked = list(flat_map(_read_html, html_texts))
    is_stub = _count_letters(plain) < _STUB * _count_letters(marked)
    return marked if is_stub else plain


def decode_part(part: EmailMessage) -> str:
    """Return a part's text: as UTF-8 if it is valid, else in the declared encoding, else in a guessed one."""
    data = get_bytes(part)
    declared = part.get_content_charset("utf-8")
    text = decode_as(data, LABELS.get(declared, declared))
    return decode_html(data) if text is None else text


def get_bytes(part: EmailMessage) -> bytes:
    """Return the content of a part; empty if it holds other parts."""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _read_html(text: str) -> Iterator[Block]:
    """Return the blocks of HTML in a mail; quotes get the mark that they have in plain text."""
    tree = parse_shown(text)
    for quote in list(tree.iter("blockquote")):
        if quote.getparent() is not None:
            mark_quote(quote)
    return walk_spelled_out(tree)


def _count_letters(blocks: list[Block]) -> int:
    text = "".join(block.text for block in blocks)
    return sum(map(str.isalnum, text))


def attribute_quotes(blocks: list[Block]) -> Iterator[Block]:
    """Yield the blocks; the blocks of a quote get their author's name from the block before."""
    quoted: str | None = None
    for block in blocks:
        if block.text.startswith(">"):
            yield replace(block, author=quoted)
            continue
        wrote = _WROTE.search(block.text)
        quoted = wrote["author"] if wrote else None
        yield block


def is_attachment(part: EmailMessage) -> bool:
    """Return whether a part is a file of its own; a picture or text shown in the message is not."""
    is_shown = part.get_content_maintype() in ("text", "image") and part.get_content_type() != "text/calendar"
    return not is_shown or part.get_content_disposition() == "attachment"
