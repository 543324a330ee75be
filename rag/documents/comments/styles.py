"""Reads the signatures of comments in plain text, by a list of styles; all comments of a page share one style."""

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from rag.documents.comments.site import is_boilerplate
from rag.documents.comments.words import NAME, STARS, read_name
from rag.documents.dates import is_date, parse_date
from rag.documents.languages import ENGLISH_SAYS, join
from rag.text import LINE

# A line with more characters is not a signature. The sign between name and date is among the first of them.
_LONGEST_SIGNATURE, _LONGEST_HEADER = 200, 100
_IN_REPLY = re.compile(r"\s*(?:in repl(?:y|ies) to|replying to)\b.{1,60}$", re.IGNORECASE)
# "Sana K. (6 October 2012): I think …" and "Sana K., 6 October 2012:" before the comment's words.
_SIGNED = re.compile(rf"^(?P<author>{NAME})(?:\s*\((?P<date1>[^()\n]{{4,30}})\)|,\s*(?P<date2>[^:\n]*\d{{4}}))\s*:\s*")
_COLON = re.compile(rf"(?P<author>{NAME})(?::\s+|：\s*)(?=\S)")
# "Sana K. · 6 October 2012", "Posted by Sana K. on 6 October 2012 at 9:14:", "Sana K. (3 hours ago)" alone on a line.
_BY = re.compile(rf"^\W*(?:(?:posted|comment|written|reply)\s+)?(?:by|{join('by')})\s+", re.IGNORECASE)
_SAID = rf"{ENGLISH_SAYS}|{join('says')}"
_BETWEEN = re.compile(
    rf"(?:\s+(?:{_SAID}))?(?:\s*[,|·•—–(（，、،-]\s*|\s+(?:on|at|{join('at')})\s+|\s+)", re.IGNORECASE
)
# These are often between other text and a date, not only between a name and a date: "On Monday, 6 October 2012".
_WEAK_JOINTS = frozenset(["", ",", "，", "、", "،", "on", "at"])
# "Sana K. says:", "Sana K., Lahore, wrote:"
_SAYS = re.compile(
    rf"\s*(?P<author>{NAME})(?:,[^,:\n]{{2,40}},?|\s*\([^()\n]{{1,30}}\))?"
    rf"(?:\s+|(?<=[\u3040-\u9fff\uac00-\ud7a3]))(?:{_SAID})\s*[:：]\s*$",
    re.IGNORECASE,
)
# "— Sana K. (guest), 6 October 2012 ★★★★" below the comment's words.
_SIGNED_BELOW = re.compile(
    rf"(?=.{{,{_LONGEST_SIGNATURE}}}$)(?:[—–]|--?)\s*(?P<author>{NAME})(?:\s*\([\w ]{{1,20}}\))?"
    r"(?:,\s*(?P<date>[^★☆]*?\d[^★☆]*?))?\s*[★☆⭐✩✭]*\s*"
)
# A signature has a date, or ends in a colon.
_MAY_SIGN = re.compile(r"\d|[:：]\W*$|\b(?:ago|yesterday|today)\b", re.IGNORECASE | re.MULTILINE)
# Signs of Markdown around a name or a date: "### **Anna** · *4 May*", "> [Anna](/anna) wrote:".
_MARKUP = re.compile(r"^[#>*+\s]+(?=\S)|(?<!\w)([*_`]{1,3})(?=\S)|(?<=\S)[*_`]{1,3}(?!\w)|!?\[|\]\([^()\s]*\)")
# One signature alone may be chance.
_FEWEST_SIGNATURES = 2


class Header(NamedTuple):
    """The author and the date of a comment, and their place.

    They take one or two lines above the comment, or some characters of its first line, or one line `below` it.
    """

    author: str | None = None
    date: str | None = None
    lines: int = 0
    characters: int = 0
    below: bool = False

    @property
    def written_on(self) -> str | None:
        """The date without the signs around it; a full date that can be read is written as ISO 8601."""
        return self.date and parse_date(self.date.strip(" :()（）"))


# The headers of a page, by the numbers of their lines.
Headers = dict[int, Header]
# The header of a comment without a signature.
UNSIGNED = Header()


class Lines(NamedTuple):
    """The lines of a thread that are not blank, and which of them are people's words; the others are the site's."""

    text: str
    lines: Sequence[re.Match[str]]
    is_said: Sequence[bool]

    @property
    def said(self) -> list[int]:
        """The numbers of the lines with people's words."""
        return [number for number, is_said in enumerate(self.is_said) if is_said]

    @property
    def opening(self) -> list[int]:
        """The numbers of the lines with people's words that follow a blank line or a line of the site."""
        return list(filter(self.is_opening, self.said))

    def is_opening(self, number: int) -> bool:
        """Return True for the first line, and for one after a blank line or a line of the site."""
        if number == 0 or not self.is_said[number - 1]:
            return True
        return self.text.count("\n", self.lines[number - 1].end(), self.lines[number].start()) > 1

    def read(self, number: int) -> str:
        """Return the text of a line; it is empty after the last one."""
        return self.lines[number][0] if number < len(self.lines) else ""


def read_lines(text: str, start: int = 0, end: int = sys.maxsize, *, most: int | None = None) -> Lines:
    """Return at most the first `most` lines of a part of a text, without lines that only name another comment."""
    matches = islice(LINE.finditer(text, start, end), most)
    lines = [line for line in matches if not _IN_REPLY.match(line[0])]
    return Lines(text, lines, [not is_boilerplate(line[0]) for line in lines])


class Style(NamedTuple):
    """A way to sign comments; `match` returns the headers of a page's comments, none if they are signed otherwise.

    A style `is_sure` if it is rare in articles, so that its signatures alone show that readers wrote the text.
    """

    name: str
    match: Callable[[Lines], Headers]
    is_sure: bool = True


def find_headers(page: Lines) -> Headers:
    """Return the headers of a page's comments in the first style that matches; none if no style does."""
    for style in STYLES:
        headers = style.match(page)
        if headers:
            return headers
    return {}


def find_sure_headers(page: Lines) -> Headers:
    """Return the headers of a page's comments in the sure style that matches most often; none if no sure style does."""
    return max((style.match(page) for style in STYLES if style.is_sure), key=len)


def match_above(page: Lines) -> Headers:
    """Return names with dates, or with "says:", above the words of a comment.

    A comment begins after a blank line or a line of the site. Elsewhere such a line is only a quote, unless most of
    these lines are elsewhere.
    """
    if not any(read_header(page, number) for number in page.said):
        return {}
    # If some names with dates are sure, the texts above other dates are names too, even if they look less like names.
    headers = _read_each(page, page.said, partial(read_header, loose=True))
    opening = {number: header for number, header in headers.items() if page.is_opening(number)}
    return opening if len(opening) > len(headers) / 2 else headers


def match_below(page: Lines) -> Headers:
    """Return names, with or without a date, after a dash below a comment, if there are more than above."""
    below = _read_each(page, page.said, _read_footer)
    if len(below) < _FEWEST_SIGNATURES:
        return {}
    above = _read_each(page, page.said, read_header)
    return below if len(below) > len(above) else {}


def match_dated_below(page: Lines) -> Headers:
    """Return names after a dash below a comment, if some of them have a date."""
    below = match_below(page)
    dated = [header for header in below.values() if header.date]
    return below if len(dated) >= _FEWEST_SIGNATURES else {}


def match_names_above(page: Lines) -> Headers:
    """Return names alone on a line above the words of a comment."""
    opening = page.opening
    further = set(page.said).difference(opening)
    alone = [number for number in opening if number + 1 in further]
    return _read_names(page, alone, least=_count_most(opening))


def match_dates_above(page: Lines) -> Headers:
    """Return dates alone on a line above the words of a comment."""
    opening = page.opening
    dates = _read_each(page, opening, _read_date_alone)
    return dates if len(dates) >= _count_most(opening) else {}


def match_names_below(page: Lines) -> Headers:
    """Return names alone on a line between the words of a comment and the site's buttons."""
    said = set(page.said)
    buttons = set(range(len(page.lines))) - said
    # The last line of a comment may be a name if there is another one above it.
    last = [number for number in page.said if number - 1 in said and number + 1 in buttons]
    return _read_names(page, last, least=max(_FEWEST_SIGNATURES, len(buttons) / 2), below=True)


def match_beside(page: Lines) -> Headers:
    """Return "Name (date):" and "Name:" before the words of a comment.

    A comment begins after a blank line; on a page without blank lines, each line is a comment.
    """
    opening = page.opening
    begins = opening if len(opening) > 1 else page.said
    signed = _read_each(page, begins, _read_signed)
    named = _read_each(page, begins, _read_colon)
    if len(named) >= _count_most(begins):
        signed = named | signed
    return dict.fromkeys(begins, UNSIGNED) | signed


# The first style that matches counts. A line with a name and a date is better evidence than a name alone, and a name
# alone better than the beginning of a line.
STYLES = (
    Style("— Sana K., 6 October 2012 (below)", match_dated_below),
    Style("— Sana K. (below)", match_below, is_sure=False),
    Style("Sana K. · 6 October 2012", match_above),
    Style("Sana K.", match_names_above, is_sure=False),
    Style("6 October 2012", match_dates_above, is_sure=False),
    Style("Sana K. (below)", match_names_below, is_sure=False),
    Style("Sana K.: I think …", match_beside, is_sure=False),
)


def _count_most(numbers: Sequence[int]) -> float:
    """Return the least number of signatures among the lines: half of them, and at least two."""
    return max(_FEWEST_SIGNATURES, len(numbers) / 2)


def _read_each(page: Lines, numbers: Sequence[int], read: Callable[[Lines, int], Header | None]) -> Headers:
    """Return the headers that `read` finds at the lines."""
    headers: Headers = {}
    for number in numbers:
        header = read(page, number)
        if header:
            headers[number] = header
    return headers


def _read_names(page: Lines, numbers: Sequence[int], *, least: float, below: bool = False) -> Headers:
    """Return the lines that may be a name alone; none if fewer than `least` of them look like a name."""
    sure = [number for number in numbers if read_name(page.read(number))]
    if len(sure) < least:
        return {}
    return _read_each(page, numbers, partial(_read_name_alone, below=below))


def _read_name_alone(page: Lines, number: int, *, below: bool) -> Header | None:
    name = read_name(page.read(number), loose=True)
    return Header(name, lines=1, below=below) if name else None


def _read_date_alone(page: Lines, number: int) -> Header | None:
    date = page.read(number)
    return Header(None, date, lines=1) if is_date(date) else None


def _read_signed(page: Lines, number: int) -> Header | None:
    """Return the name and the date with which a line begins, before a colon."""
    signed = _SIGNED.match(page.read(number)[:_LONGEST_SIGNATURE])
    if not signed:
        return None
    date = signed["date1"] or signed["date2"]
    return Header(signed["author"], date, characters=signed.end())


def _read_colon(page: Lines, number: int) -> Header | None:
    """Return the name with which a line begins, before a colon."""
    named = _COLON.match(page.read(number))
    if not named or not read_name(named["author"]):
        return None
    return Header(named["author"], characters=named.end())


def _read_footer(page: Lines, number: int) -> Header | None:
    """Return the author and the date of the comment that ends with a line; None if the line is not a signature."""
    signed = _SIGNED_BELOW.fullmatch(page.read(number))
    if not signed:
        return None
    author, date = signed["author"], signed["date"]
    if date and not is_date(date):
        return None
    return Header(author, date, lines=1, below=True)


def read_header(page: Lines, number: int, *, loose: bool = False) -> Header | None:
    """Return the author and the date of the comment below a line; None if the line is not a signature.

    With `loose`, any few words above a date may be a name.
    """
    line, following = page.read(number), page.read(number + 1)
    if len(line) > _LONGEST_SIGNATURE or not _MAY_SIGN.search(f"{line}\n{following}"):
        return None
    line = STARS.sub("", _drop_markup(line), count=1)
    following = _drop_markup(following)
    signed = _BY.sub("", line)
    header = _read_says(line, following) or _read_dated(signed)
    if header or is_date(line):
        return header
    return _read_above_date(signed, following, loose=loose)


def _read_says(line: str, following: str) -> Header | None:
    """Return the name before "says:", and the date if it is on the following line."""
    says = _SAYS.match(line)
    if not says:
        return None
    if is_date(following):
        return Header(says["author"], following, lines=2)
    return Header(says["author"], lines=1)


def _read_dated(line: str) -> Header | None:
    """Return the name and the date of a line that holds nothing else; None if it holds other text."""
    for joint in _BETWEEN.finditer(line, 0, _LONGEST_HEADER):
        date = line[joint.end() :]
        is_strong = joint[0].strip() not in _WEAK_JOINTS
        name = read_name(line[: joint.start()], loose=is_strong) if is_date(date) else None
        if name:
            return Header(name, date, lines=1)
    return None


def _read_above_date(line: str, following: str, *, loose: bool) -> Header | None:
    """Return a line as the name and the following line as the date; None if they are not."""
    if not is_date(following):
        return None
    name = read_name(line, loose=loose)
    return Header(name, following, lines=2) if name else None


def _drop_markup(line: str) -> str:
    """Return a line without the Markdown around its names and dates."""
    return _MARKUP.sub("", line.strip()).strip()


def begins_with_credit(line: str) -> bool:
    """Return True for "By Jane Doe", which signs an article more often than a comment."""
    return bool(_BY.match(line))
