"""Reads AsciiDoc: its headings, code to the letter, and the text without marks."""

import re
from pathlib import Path

from rag.documents.blocks import Extract
from rag.documents.dates import find_date
from rag.documents.formats.plain.decode import decode
from rag.documents.formats.plain.markup import Markup, list_emphasis, make_extract, read_fields, read_markup
from rag.documents.headings import Heading

_HEADING = re.compile(r"^(={1,6})[ \t]+(\S[^\n]*)$", re.MULTILINE)
# The title, and right below it the line of the author and that of the version.
_HEAD = re.compile(
    r"\A\s*(?P<title>=[ \t]+\S[^\n]*)\n(?P<author>[A-Z][^\n<:]{1,80}?)(?:[ \t]*<[^<>\n]*>)?[ \t]*"
    r"(?P<version>\n[^\n:=]*\d[^\n=]*)?$",
    re.MULTILINE,
)
_CODE = re.compile(
    r"^(?P<fence>-{4,}|\.{4,}|\+{4,}|`{3,})[^\n]*\n(?P<code>.*?)(?:^(?P=fence)[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_UNSEEN = re.compile(
    r"^/{4,}[ \t]*\n.*?(?:^/{4,}[ \t]*$|\Z)"
    r"|^//(?!/)[^\n]*$"
    r"|^:!?[\w-]+!?:(?:[ \t][^\n]*)?$"
    r"|^\[[^\n]*\][ \t]*(?:\n|\Z)"
    r"|^(?:image|include|ifdef|ifndef|ifeval|endif|video|toc)::[^\n]*$"
    r"|^(?:={4,}|\*{4,}|_{4,}|--|\|===|\+|'''|<<<)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_MARKS = (
    (re.compile(r"(?:link:|xref:|mailto:|https?://)[^\s\[\]]{0,2000}\[([^\[\]\n^,]+)[^\[\]\n]*\]"), r"\1"),
    (re.compile(r"<<[^<>\n,]+,[ ]*([^<>\n]+)>>"), r"\1"),
    (re.compile(r"<<([^<>\n,]+)>>"), r"\1"),
    (re.compile(r"footnote:\w*\[([^\[\]\n]+)\]"), r" (\1)"),
    (re.compile(r"\[\[[^\[\]\n]+\]\]|(?<!\w)\[[.#][\w.#-]+\](?=[#*_`])"), ""),
    *list_emphasis("**", "__", "``", "##", *"*_`#"),
    (re.compile(r"^\.(?=\w)", re.MULTILINE), ""),
    (re.compile(r"[ ]\+$", re.MULTILINE), ""),
)


def _find_headings(text: str) -> list[Heading]:
    return [Heading(*match.span(), len(match[1]), match[2].rstrip(" \t=")) for match in _HEADING.finditer(text)]


_ASCIIDOC = Markup(_CODE, _UNSEEN, _find_headings, _MARKS)


def read_asciidoc(path: Path) -> Extract:
    """Return the headings, the code and the paragraphs of a text."""
    text = decode(path.read_bytes())
    fields = read_fields(text)
    head = _HEAD.match(text)
    if head:
        version = head.groupdict("")["version"]
        fields = {"author": head["author"], "date": find_date(version) or "", **fields}
        text = head["title"] + text[head.end() :]
    return make_extract(list(read_markup(text, _ASCIIDOC)), fields)
