"""Tells who speaks where in the plain text of a page: the article under its headings, each reader's comment."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rag.documents.blocks import HEADING_SEPARATOR
from rag.documents.metadata import Metadata, is_date, parse_date
from rag.text import BLOCK
from rag.types import Section

# "COMMENTS (14)", "14 comments", "## Readers' comments:", "Comments: 3", "What readers say"
_COMMENTS = re.compile(
    r"^[#*\s]*(?:\d+\s+)?(?:(?:(?:reader|user)(?:s|['’]s|s['’])?\s+)?comments?(?:\s+section)?"
    r"|what (?:our )?readers (?:say|think)|join the (?:conversation|discussion))"
    r"\s*(?:\(\s*\d+\s*\)|:\s*\d+)?\s*[:*]*\s*$",
    re.IGNORECASE | re.MULTILINE,
)
# What a site, not a reader, writes among the comments.
_BOILERPLATE = re.compile(
    r"^\s*(?:comments are (?:moderated|closed)|for more information,? please see"
    r"|your email address will not be published|(?:leave|post|add|write) a (?:reply|comment)"
    r"|(?:log|sign) ?in to (?:comment|reply)|report abuse"
    r"|(?:load|show|view) (?:more|all) (?:comments|replies)|(?:sort|order)(?:ed)? by\b.{0,20}$"
    r"|(?:reply|share|report|like|recommend|upvote|downvote|permalink|edited|flag|delete)(?:\s*[(·|:]?\s*\d*\s*\)?)?\s*$"
    r"|\d+ (?:likes?|replies|reply|upvotes?|points?)\s*$)",
    re.IGNORECASE,
)
_NAME = r"[^@\s(),:|·•—–][^(),:\n|·•—–]{0,39}?"
# "Sana K. (6 October 2012): I think …" and "Sana K., 6 October 2012:" before what they say.
_SIGNED = re.compile(rf"^(?P<author>{_NAME})(?:\s*\((?P<date1>[^()\n]{{4,30}})\)|,\s*(?P<date2>[^:\n]*\d{{4}}))\s*:\s*")
# "Sana K. · 6 October 2012", "Posted by Sana K. on 6 October 2012 at 9:14:", "Sana K. (3 hours ago)" alone on a line.
_BY = re.compile(r"(?:(?:posted|comment|written)\s+)?by\s+", re.IGNORECASE)
_BETWEEN = re.compile(
    r"(?:\s+(?:says|said|wrote|writes|commented))?(?:\s*[,|·•—–(-]\s*|\s+(?:on|at)\s+|\s+)", re.IGNORECASE
)
_SAYS = re.compile(rf"^\s*(?P<author>{_NAME})\s+(?:says|said|wrote|writes|commented)\s*:\s*$", re.IGNORECASE)
_ADDRESSED = re.compile(r"\s*@(?P<first>[\w.-]*\w)(?P<rest>(?: [^\W\d_]+){0,2})(?P<end>\s*[:,])?")
_OPENERS = frozenset(
    re.findall(r"\w+", "i if you we they he she it but and or the a an this that what why how who no not yes my your")
)
_PARTICLES = frozenset(["al", "bin", "da", "de", "del", "den", "der", "di", "du", "el", "la", "le", "van", "von", "y"])
_LONGEST_NAME, _LONGEST_HEADER = 5, 100
_MARKDOWN_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S.*?)[ \t#]*$", re.MULTILINE)
_CODE = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"\S.*")


def find_sections(text: str, metadata: Metadata, *, markdown: bool = False) -> tuple[Section, ...]:
    """Return the article's sections and then each comment's, in order; metadata and boilerplate are in none."""
    comments = _COMMENTS.search(text, metadata.top_end)
    article_end = comments.start() if comments else len(text)
    edges = [*(gap for gap in metadata.gaps if gap[1] <= article_end), (article_end, article_end)]
    headings = list(_find_headings(text, article_end)) if markdown else []
    sections: list[Section] = []
    start = 0
    for gap_start, gap_end in sorted(edges):
        sections += _split_at_headings(text, start, gap_start, headings)
        start = gap_end
    whole = [replace(section, author=metadata.author, date=metadata.date) for section in sections]
    return (*whole, *(_find_comments(text, comments.end()) if comments else ()))


class _Heading(NamedTuple):
    start: int
    end: int
    level: int
    text: str


def _find_headings(text: str, end: int) -> Iterator[_Heading]:
    code = [block.span() for block in _CODE.finditer(text, 0, end)]
    for found in _MARKDOWN_HEADING.finditer(text, 0, end):
        if not any(start <= found.start() < stop for start, stop in code):
            yield _Heading(*found.span(), len(found[1]), found[2])


def _split_at_headings(text: str, start: int, end: int, headings: list[_Heading]) -> Iterator[Section]:
    """Yield the sections of an article between two offsets; a heading with nothing below it is one itself."""
    inside = [heading for heading in headings if start <= heading.start and heading.end <= end]
    ends = [*(heading.start for heading in inside), end][1:]
    before = inside[0].start if inside else end
    if text[start:before].strip():
        yield Section(start, before, "article")
    path: list[_Heading] = []
    for i, (heading, stop) in enumerate(zip(inside, ends, strict=True)):
        while path and path[-1].level >= heading.level:
            path.pop()
        above = HEADING_SEPARATOR.join(h.text for h in path) or None
        path.append(heading)
        if text[heading.end : stop].strip():
            yield Section(heading.end, stop, "article", heading=HEADING_SEPARATOR.join(h.text for h in path))
        elif i + 1 == len(inside) or inside[i + 1].level <= heading.level:
            yield Section(heading.start, heading.end, "article", heading=above)


def _find_comments(text: str, start: int) -> list[Section]:
    lines = list(_LINE.finditer(text, start))
    if not any(_read_header(lines, i) for i in range(len(lines))):
        return _find_comments_without_headers(text, start)
    comments: list[Section] = []
    author = date = None
    begin: int | None = None
    end = i = 0
    known: set[str] = set()

    def finish() -> None:
        if begin is not None:
            comments.append(_make_comment(text, begin, end, author, date, known))

    while i < len(lines):
        header = _read_header(lines, i)
        if header or _BOILERPLATE.match(lines[i][0]):
            finish()
            begin = None
            if header:
                author, date = header.author, header.date
                known |= {author} if author else set()
            i += header.lines if header else 1
            continue
        begin = lines[i].start() if begin is None else begin
        end = lines[i].end()
        i += 1
    finish()
    return comments


class _Header(NamedTuple):
    lines: int
    author: str | None
    date: str | None


def _read_header(lines: list[re.Match[str]], i: int) -> _Header | None:
    """Return who wrote the comment that begins at a line, when, and on how many lines that stands; None: no header."""
    line = lines[i][0].strip()
    if says := _SAYS.match(line):
        following = lines[i + 1][0].strip() if i + 1 < len(lines) else ""
        return _Header(2, says["author"], following) if is_date(following) else _Header(1, says["author"], None)
    signed = _BY.sub("", line, count=1) if _BY.match(line) else line
    for between in _BETWEEN.finditer(signed, 0, _LONGEST_HEADER):
        author, date = signed[: between.start()], signed[between.end() :]
        if _is_name(author) and is_date(date):
            return _Header(1, author, date)
    if i + 1 < len(lines) and _is_name(line) and is_date(lines[i + 1][0]) and not is_date(line):
        return _Header(2, line, lines[i + 1][0].strip())
    return None


def _is_name(text: str) -> bool:
    """Tell whether a text may be a person's name or handle: one word, or a few that begin with capitals."""
    words = text.split()
    capitals = all(word[0].isupper() or word in _PARTICLES for word in words)
    return bool(re.fullmatch(_NAME, text)) and len(words) <= _LONGEST_NAME and (len(words) == 1 or capitals)


def _find_comments_without_headers(text: str, start: int) -> list[Section]:
    # Blank lines part the comments where there are any between them; else each line is taken for one.
    blank_lines = re.search(r"\S[^\S\n]*\n[^\S\n]*\n\s*\S", text[start:])
    blocks = BLOCK if blank_lines else _LINE
    comments = []
    known: set[str] = set()
    for block in blocks.finditer(text, start):
        if _BOILERPLATE.match(block[0]):
            continue
        signed = _SIGNED.match(block[0])
        author, date = (signed["author"], signed["date1"] or signed["date2"]) if signed else (None, None)
        known |= {author} if author else set()
        begin = block.start() + (signed.end() if signed else 0)
        if text[begin : block.end()].strip():
            comments.append(_make_comment(text, begin, block.end(), author, date, known))
    return comments


def _make_comment(text: str, start: int, end: int, author: str | None, date: str | None, known: set[str]) -> Section:
    """Return a comment's section; `known` are those who wrote before it."""
    date = parse_date(date.strip(" :()")) if date else None
    return Section(start, end, "comment", author, date, reply_to=find_addressee(text[start:end], known))


def find_addressee(text: str, known: set[str]) -> str | None:
    """Return whom a comment answers: the name behind an "@" that it begins with, whole if it is one of `known`."""
    found = _ADDRESSED.match(text)
    if not found:
        return None
    for name in sorted(known, key=len, reverse=True):
        if text.lstrip()[1:].casefold().startswith(name.casefold()):
            return name
    first, rest = found["first"], found["rest"].split()
    if found["end"]:
        return " ".join([first, *rest])
    # "@Zafar Rao You missed …": what goes on with a capital begins a sentence, and "Rao" is still of the name.
    is_name = len(rest) == 2 and rest[0].lower() not in _OPENERS and rest[1][0].isupper() and not rest[0].isupper()
    return f"{first} {rest[0]}" if is_name else first
