"""Reads the readers' comments below the plain text of a page: where they begin, and the author and date of each."""

import re
from functools import lru_cache

from rag.documents.comments.site import HEADING, is_boilerplate, is_footer, is_sure_heading, names_comments
from rag.documents.comments.styles import (
    UNSIGNED,
    Header,
    Lines,
    begins_with_credit,
    find_headers,
    find_sure_headers,
    read_header,
    read_lines,
)
from rag.documents.comments.words import SENTENCE_END, find_addressee
from rag.documents.formats.plain.front_matter import find_front_matter_end
from rag.documents.headings import find_unmarked_headings
from rag.text import LINE
from rag.types import Section, Span

# This many lines below a heading are searched for signatures.
_EVIDENCE_LINES = 40
_COUNT = re.compile(r"\W*(\d{1,2})[ \t]+[^\W\d_]")


@lru_cache(maxsize=1)  # the readers of the metadata and of the sections both call it
def find_thread_start(text: str, *, markdown: bool = False) -> Span:
    """Return the span of the heading of the readers' comments, with the site's own lines above it.

    Without comments the span is empty, at the end of the text. A heading begins comments if it names readers, if it
    counts comments, or if comments below it are signed in one style. In plain text a bare "Comments" suffices, if
    no heading of its form is below it. In Markdown such a heading may be a chapter's, and comments need signatures in
    a sure style. So may "2 Comments" above "3 Outlook". Readers wrote everything after the first comment: a heading
    there may be part of a comment.
    """
    top = find_front_matter_end(text)
    sentence = SENTENCE_END.search(text, top)
    article = sentence.end() if sentence else len(text)
    headings = list(HEADING.finditer(text, top))
    ends = [*(heading.start() for heading in headings), len(text)][1:]
    for heading, end in zip(headings, ends, strict=True):
        below = read_lines(text, heading.end(), end, most=_EVIDENCE_LINES)
        is_between = end < len(text) and heading.start() < article and bool(text[: heading.start()].strip())
        # "12 comments" between a page's title and its first sentence is only a link down to another heading.
        leads_down = is_between and not _begins_with_signature(below)
        if not leads_down and _begins_comments(heading, below, markdown=markdown):
            return _find_own_lines(heading), heading.end()
    return len(text), len(text)


def _find_own_lines(heading: re.Match[str]) -> int:
    """Return the offset of the site's first line right above a heading, or else that of the heading."""
    start = heading.start()
    for line in reversed(list(LINE.finditer(heading.string, 0, start))):
        if not is_boilerplate(line[0]):
            break
        start = line.start()
    return start


def _begins_comments(heading: re.Match[str], below: Lines, *, markdown: bool) -> bool:
    if _is_signed(below, least=1):
        return True
    if _is_before_chapter(heading):
        return False
    if is_sure_heading(heading[0]):
        return True
    if markdown:  # the heading may be a chapter's
        return False
    return _is_last_name(heading) or _is_above_signature(heading, below) or _is_above_reply(below)


def _is_last_name(heading: re.Match[str]) -> bool:
    """Return whether a heading names comments, and no other of its form is below it."""
    _, last = _find_levels(heading.string)
    return names_comments(heading[0]) and heading.end() > last.get(_find_level(heading), 0)


def _is_above_signature(heading: re.Match[str], below: Lines) -> bool:
    """Return whether a comment below is signed, and not by a line with the form of the heading."""
    levels, _ = _find_levels(heading.string)
    level = _find_level(heading)
    headers = find_headers(below)
    signed = (number for number, header in headers.items() if header != UNSIGNED)
    return any(levels.get(below.lines[number].start()) != level for number in signed)


def _is_above_reply(below: Lines) -> bool:
    """Return whether a line begins with "@" and a name."""
    return any(find_addressee(below.read(number), ()) for number in below.said)


def _find_level(heading: re.Match[str]) -> int:
    """Return the level of a heading; 0 if it does not have the form of one."""
    levels, _ = _find_levels(heading.string)
    return levels.get(heading.end() - len(heading[0].lstrip()), 0)


@lru_cache(maxsize=1)
def _find_levels(text: str) -> tuple[dict[int, int], dict[int, int]]:
    """Return the level of each line with the form of a heading, by its offset, and the last offset of each level."""
    levels = {heading.start: heading.level for heading in find_unmarked_headings(text, len(text))}
    return levels, {level: start for start, level in levels.items()}


def _is_before_chapter(heading: re.Match[str]) -> bool:
    """Return whether the next number begins a line below that looks like the heading of a chapter."""
    count = _COUNT.match(heading[0])
    if count is None:
        return False
    marks, next_number = heading[0][: count.start(1)], int(count[1]) + 1
    chapter = rf"^{re.escape(marks)}{next_number}[ \t]+[^\W\d_a-z].{{0,80}}(?<![.!?])\n[^\S\n]*\n"
    return re.compile(chapter, re.MULTILINE).search(heading.string, heading.end()) is not None


def is_signed(text: str, *, least: int = 1) -> bool:
    """Return True for lines in which `least` comments are signed with a name and a date, or with "Anna says:"."""
    return _is_signed(read_lines(text, most=_EVIDENCE_LINES), least=least)


def _is_signed(page: Lines, *, least: int) -> bool:
    """Return True for signatures in a sure style: the first line is one, or there are two alike."""
    signatures = find_sure_headers(page)
    begins = page.said[:1] == list(signatures)[:1]
    return len(signatures) >= (least if begins else max(2, least))


def _begins_with_signature(page: Lines) -> bool:
    """Return True if the first line is the signature of a comment, and not of an article."""
    first = next(iter(page.said), len(page.lines))
    return not begins_with_credit(page.read(first)) and read_header(page, first) is not None


def read_comments(text: str, start: int) -> list[Section]:
    """Return each of the comments after an offset, in order."""
    page = read_lines(text, start)
    # Text after the site's footer is in no comment, unless another comment follows.
    footers = [number for number in range(len(page.lines)) if is_footer(page.read(number))]
    headers = find_headers(page) | dict.fromkeys(footers, Header(lines=1))
    thread = _Thread(text)
    unread = 0
    for number, line in enumerate(page.lines):
        header = headers.get(number)
        if number < unread:
            continue
        if header:
            thread.add_header(header, line)
            unread = number + header.lines
        elif page.is_said[number]:
            thread.spans.append(line.span())
        else:
            thread.end_comment()
    thread.end_comment()
    return thread.comments


class _Thread:
    """Puts the comments of a thread together, line by line."""

    def __init__(self, text: str) -> None:
        self.comments: list[Section] = []
        self._text = text
        self._header = UNSIGNED
        self._authors: set[str | None] = set()
        self.spans: list[Span] = []  # the lines of the comment being read

    def add_header(self, header: Header, line: re.Match[str]) -> None:
        """End the comment above a header, or begin the one below or beside it."""
        if not header.below:
            self.end_comment()
        self._header = header
        self._authors.add(header.author)
        if header.below:
            self.end_comment()
            self._header = UNSIGNED
        if not header.lines:
            self.spans.append((line.start() + header.characters, line.end()))

    def end_comment(self) -> None:
        """Add the comment being read to the others, if it has words; otherwise keep its header for the next one."""
        spans, self.spans = self.spans, []
        start, end = (spans[0][0], spans[-1][1]) if spans else (0, 0)
        words = self._text[start:end]
        if words.strip():
            addressee = find_addressee(words, self._authors)
            self.comments.append(
                Section(
                    start,
                    end,
                    voice="comment",
                    author=self._header.author,
                    date=self._header.written_on,
                    reply_to=addressee,
                )
            )
