"""Reads the readers' comments below the plain text of a page: where they begin, who wrote each, when, to whom."""

import re
from collections.abc import Sequence
from itertools import islice, takewhile
from typing import NamedTuple

from rag.documents.metadata import LONGEST_LINE, is_date, parse_date
from rag.types import Section

_KIND = r"(?:comments?|replies|reply|responses?|reviews?|thoughts?|contributions?)"
_READERS = (
    r"(?:(?:all|top|latest|your|(?:reader|user|customer|guest|visitor|viewer|member)(?:s|['’]s|s['’])?)[ \t\xa0]+)"
)
_WHOSE = rf"(?:{_READERS}|\w+(?:['’]s|s['’])[ \t\xa0]+)"
# "COMMENTS (14)", "14 comments", "## Readers' comments:", "Comments: 3", "Customer reviews", "Responses (3)",
# "Join the conversation – 8 responses", "10 thoughts on “Mayor resigns”"
_HEADING = re.compile(
    rf"^[#*= \t\xa0-]*(?:(?:\(?\d[\d,.]*\)?[ \t\xa0]+)?{_WHOSE}?comments?(?: section)?|{_WHOSE}{_KIND}"
    rf"|(?:{_KIND}|discussion|conversation)(?=[ \t\xa0]*\([ \t\xa0]*\d)"
    rf"|\d[\d,.]*[ \t\xa0]+{_KIND}(?: (?:to|on)\b.{{1,150}})?"
    r"|what (?:our )?(?:readers|customers|others) (?:say|think|are saying)|have your say"
    r"|join the (?:conversation|discussion|debate))"
    rf"[ \t\xa0]*+(?:[(:·|–—-][ \t\xa0]*\d[\d,.]*[ \t\xa0\w]{{0,24}}\)?)?[ \t\xa0]*+[:*-]*+[ \t\xa0]*+(?:[|·▾▼].*)?$",
    re.IGNORECASE | re.MULTILINE,
)
# What a site, not a reader, writes among the comments.
_BUTTON = (
    r"(?:repl(?:y|ies)|shares?|report(?: abuse)?|likes?|recommend(?:ed)?|(?:up|down)?votes?|points?|permalink"
    r"|(?:dis)?agree|answer|edit(?:ed)?|flag|delete|quote|helpful|follow|link)"
)
_BOILERPLATE = re.compile(
    r"\s*(?:(?:this |your |no )?comments? (?:is|are|was|has been|have been|will be) (?:now |being )?"
    r"(?:moderated|closed|open|published|reviewed|disabled|deleted|removed|hidden|awaiting)\b|no comments|be the first"
    r"|for more information,? please see|your e-?mail address will not be|required fields are marked"
    r"|(?:leave|post|add|write|submit|cancel) (?:a |your |us a )?(?:reply|comment|review|response)\b.{0,40}$"
    r"|(?:name|e-?mail|website|comment)\s*(?:\*|\(.*\)$|$)|\[[ x]?\]\s|save my name\b|notify me\b|i am not a robot"
    r"|(?:submit|send)$|showing \d+"
    r"|(?:please |you must be |you must )?(?:log(?:ged)?|sign(?:ed)?)[ -]?in (?:to|or)\b"
    r"|join the (?:discussion|conversation)\b.{0,40}$"
    r"|(?:load|show|view|see|read) (?:\d+ )?(?:more|all|older|newer|previous)(?: \d+)?"
    r"(?: (?:comments|replies|reviews))?\W*$"
    r"|(?:sort|order|filter)(?:ed)?(?: by\b|:).{0,40}$|(?:most|top|best|newest|oldest|latest)(?: \w+)? first\W*$"
    r"|\d[\d,.]* (?:people|person|users?|customers?|readers?|others?) (?:found|liked?|recommend)\b"
    rf"|was this (?:review )?helpful|(?:[\W\dKM]*{_BUTTON}\b(?: this comment)?)+[\W\d]*$|[\W\d]*$)",
    re.IGNORECASE,
)
# What stands below the last comment, and on every page of a site.
_SITE = r"(?:privacy|cookies?|terms|imprint|contact|about us|advertise|house rules|data protection)"
_FOOTER = re.compile(
    r"\s*(?:©|\(c\) \d|copyright\b|all rights reserved|up next\W*$|powered by\b|blog at\b)"
    rf"|(?:[^.!?]{{0,60}}\b{_SITE}\b){{2}}[^.!?]{{0,30}}$",
    re.IGNORECASE,
)
_IN_REPLY = re.compile(r"\s*(?:in repl(?:y|ies) to|replying to)\b.{1,60}$", re.IGNORECASE)
_STARS = re.compile(r"[★☆⭐✩✭]+\s*|\d(?:[.,]\d)?\s*(?:/|out of)\s*\d+(?:\s+stars?)?\s*[:·|–—-]?\s*", re.IGNORECASE)
_NAME = r"[^@\s(),:|·•—–][^(),:\n|·•—–]{0,39}?"
# "Sana K. (6 October 2012): I think …" and "Sana K., 6 October 2012:" before what they say.
_SIGNED = re.compile(rf"^(?P<author>{_NAME})(?:\s*\((?P<date1>[^()\n]{{4,30}})\)|,\s*(?P<date2>[^:\n]*\d{{4}}))\s*:\s*")
# "Sana K. · 6 October 2012", "Posted by Sana K. on 6 October 2012 at 9:14:", "Sana K. (3 hours ago)" alone on a line.
_BY = re.compile(r"\W*(?:(?:posted|comment|written|reply)\s+)?by\s+", re.IGNORECASE)
_BETWEEN = re.compile(
    r"(?:\s+(?:says|said|wrote|writes|commented))?(?:\s*[,|·•—–(-]\s*|\s+(?:on|at)\s+|\s+)", re.IGNORECASE
)
# "Sana K. says:", "Sana K., Lahore, wrote:"
_SAYS = re.compile(
    rf"\s*(?P<author>{_NAME})(?:,[^,:\n]{{2,40}},?|\s*\([^()\n]{{1,30}}\))?"
    r"\s+(?:says|said|wrote|writes|commented)\s*:\s*$",
    re.IGNORECASE,
)
# "— Sana K. (guest), 6 October 2012 ★★★★" below what they say.
_SIGNED_BELOW = re.compile(
    rf"(?:[—–]|--?)\s*(?P<author>{_NAME})(?:\s*\([\w ]{{1,20}}\))?(?:,\s*(?P<date>[^★☆]*?\d[^★☆]*?))?\s*[★☆⭐✩✭]*"
)
_COLON = re.compile(rf"(?P<author>{_NAME}):\s+(?=\S)")
_ADDRESSED = re.compile(r"\s*@(?P<first>[\w.-]*\w)(?P<rest>(?: [^\W\d_]+){0,2})(?P<end>\s*[:,])?")
_OPENERS = frozenset(
    re.findall(r"\w+", "i if you we they he she it but and or the a an this that what why how who no not yes my your")
)
_PARTICLES = frozenset(re.findall(r"\w+", "al and bin da de del den der di do dos du e el from la le of the van von y"))
_LONGEST_NAME, _LONGEST_HEADER = 5, 100
_MOST_HEADINGS = 5
# Between a name and a date these tell least that it is one.
_JOINTS = frozenset(["", ",", "on", "at"])
_LINE = re.compile(r"\S.*")
# A heading that speaks of comments or readers needs no signed comment below it to be one.
_SURE = re.compile(rf"[#*= \t\xa0\d.,()-]*{_READERS}?comments?\b|.*\b(?:readers\b|join the\b)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?][\"'”’)]?\s*$", re.MULTILINE)


class _Header(NamedTuple):
    """Who wrote a comment, and when: so many whole lines that say so, or else characters of the comment's first.

    `below` are those that stand at a comment's end.
    """

    author: str | None
    date: str | None
    lines: int = 0
    characters: int = 0
    below: bool = False


def is_comments_heading(text: str) -> bool:
    """Tell whether a line is one below which readers' comments stand."""
    return len(text) <= LONGEST_LINE and bool(_HEADING.fullmatch(text))


def is_boilerplate(line: str) -> bool:
    """Tell whether a line is what a site writes among the comments: "Leave a reply", "12 comments", "Like 3"."""
    if len(line) > LONGEST_LINE:
        return False
    return bool(_BOILERPLATE.match(line) or _FOOTER.match(line) or is_comments_heading(line))


def find_thread(text: str, start: int) -> tuple[int, list[Section]]:
    """Return where the readers' comments behind `start` begin, and each of them, in order.

    They begin with their heading, and what a site writes right above it; without any that is the end of the text. "12
    comments" before a page's first sentence only leads down there, and below a heading that does not speak of comments
    or readers one of them at least has to be signed.
    """
    headings = [*islice(_HEADING.finditer(text, start), _MOST_HEADINGS)]
    while len(headings) > 1 and headings[0].start() and not _SENTENCE_END.search(text, start, headings[0].start()):
        del headings[0]
    for heading in headings:
        comments = _read_comments(text, heading.end())
        if _SURE.match(heading[0]) or any(comment.author or comment.date for comment in comments):
            above = [*_LINE.finditer(text, start, heading.start())]
            own = [*takewhile(lambda line: is_boilerplate(line[0]), reversed(above))]
            return min(line.start() for line in (*own, heading)), comments
    return len(text), []


def _read_comments(text: str, start: int) -> list[Section]:
    lines = [line for line in _LINE.finditer(text, start) if not _IN_REPLY.match(line[0])]
    is_said = [not is_boilerplate(line[0]) for line in lines]
    headers = _find_headers(text, lines, is_said)
    # Nobody has signed what follows a site's own footer, unless another comment does.
    headers |= {i: _Header(None, None, lines=1) for i, line in enumerate(lines) if _FOOTER.match(line[0])}
    comments: list[Section] = []
    known: set[str] = set()
    author = date = begin = None
    end = i = 0

    def finish() -> None:
        if begin is not None and text[begin:end].strip():
            answered = find_addressee(text[begin:end], known)
            comments.append(Section(begin, end, "comment", author, date, reply_to=answered))

    while i < len(lines):
        header = headers.get(i)
        if not is_said[i] or (header and not header.below):
            finish()
            begin = None
        if header:
            author, date = header.author, parse_date(header.date.strip(" :()")) if header.date else None
            known |= {author} if author else set()
        if header and header.below:
            finish()
            author = date = begin = None
        if is_said[i] and not (header and header.lines):
            begin = lines[i].start() + (header.characters if header else 0) if begin is None else begin
            end = lines[i].end()
        i += header.lines or 1 if header else 1
    finish()
    return comments


def _find_headers(text: str, lines: Sequence[re.Match[str]], is_said: Sequence[bool]) -> dict[int, _Header]:
    """Return by the number of its line what begins each comment, in the one way in which the page's comments do."""
    said = [i for i, is_one in enumerate(is_said) if is_one]
    headers = {i: header for i in said if (header := _read_header(lines, i))}
    below = {i: header for i in said if (header := _read_footer(lines[i][0]))}
    if len(below) > len(headers) and len(below) > 1:
        return below
    if headers:  # Where some names stand above dates, others do that look less like names.
        return {i: header for i in said if (header := _read_header(lines, i, loose=True))}
    # Names and dates that stand alone behind a blank line or a site's own, and names before a site's own.
    opening = [
        i for i in said
        if i == 0 or not is_said[i - 1] or text.count("\n", lines[i - 1].end(), lines[i].start()) > 1
    ]  # fmt: skip
    further = {*said}.difference(opening)
    most = max(2, len(opening) / 2)
    if alone := _find_names(lines, [i for i in opening if i + 1 in further], least=most):
        return {i: _Header(name, None, lines=1) for i, name in alone.items()}
    dates = {i: _Header(None, lines[i][0], lines=1) for i in opening if is_date(lines[i][0])}
    if len(dates) >= most:
        return dates
    last = [i for i in said if i and is_said[i - 1] and i + 1 < len(lines) and not is_said[i + 1]]
    if alone := _find_names(lines, last, least=max(2, (len(lines) - len(said)) / 2)):
        return {i: _Header(name, None, lines=1, below=True) for i, name in alone.items()}
    # Nobody signs above: what a blank line parts is a comment, or, without blank lines, each line.
    begins = opening if len(opening) > 1 else said
    signed = {i: _SIGNED.match(lines[i][0]) for i in begins}
    colons = {i: found for i in begins if (found := _COLON.match(lines[i][0])) and read_name(found["author"])}
    if len(colons) >= max(2, len(begins) / 2):
        signed = {i: signed[i] or colons.get(i) for i in begins}
    return {i: _read_signature(found) if found else _Header(None, None) for i, found in signed.items()}


def _find_names(lines: Sequence[re.Match[str]], places: Sequence[int], *, least: float) -> dict[int, str]:
    """Return what may be a name at the places, if `least` of them surely look like one; else nothing."""
    names = {i: name for i in places if (name := read_name(lines[i][0], loose=True))}
    return names if sum(bool(read_name(lines[i][0])) for i in names) >= least else {}


def _read_signature(signed: re.Match[str]) -> _Header:
    found = signed.groupdict()
    return _Header(found["author"], found.get("date1") or found.get("date2"), characters=signed.end())


def _read_header(lines: Sequence[re.Match[str]], i: int, *, loose: bool = False) -> _Header | None:
    """Return who wrote the comment that begins at a line, and when; None if that is not what stands there.

    With `loose`, what stands above a date may be any few words.
    """
    if len(lines[i][0]) > LONGEST_LINE:
        return None
    line = _STARS.sub("", lines[i][0].strip(), count=1)
    following = lines[i + 1][0].strip() if i + 1 < len(lines) else ""
    if says := _SAYS.match(line):
        return _Header(says["author"], following, lines=2) if is_date(following) else _Header(says["author"], None, 1)
    signed = _BY.sub("", line, count=1) if _BY.match(line) else line
    for between in _BETWEEN.finditer(signed, 0, _LONGEST_HEADER):
        name = read_name(signed[: between.start()], loose=between[0].strip() not in _JOINTS)
        date = signed[between.end() :]
        if name and is_date(date):
            return _Header(name, date, lines=1)
    name = read_name(signed, loose=loose)
    return _Header(name, following, lines=2) if name and is_date(following) and not is_date(line) else None


def is_signature(line: str) -> bool:
    """Tell whether a line says who wrote a comment and when, and nothing else."""
    return bool(_read_header([found], 0)) if (found := _LINE.search(line)) else False


def _read_footer(line: str) -> _Header | None:
    """Return who wrote the comment that ends with a line, and when; None if that is not what stands there."""
    if len(line) > LONGEST_LINE or not (signed := _SIGNED_BELOW.fullmatch(line.strip())):
        return None
    author, date = signed["author"], signed["date"]
    return _Header(author, date, lines=1, below=True) if not date or is_date(date) else None


def read_name(text: str, *, loose: bool = False) -> str | None:
    """Return the person's name or handle that a text may be, without the place behind it; None if it is none.

    That is one word, or a few that begin with capitals; with `loose`, a few of any kind that do not end a sentence.
    """
    if len(text) > LONGEST_LINE:
        return None
    name, _, place = re.sub(r"\s*\([^()]{1,30}\)$", "", _STARS.sub("", text.strip(), count=1)).partition(",")
    name = name.removeprefix("@") if " " not in name else name
    words = name.split()
    if not re.fullmatch(_NAME, name) or len(words) > _LONGEST_NAME or len(place.split()) > _LONGEST_NAME:
        return None
    if not any(map(str.isalpha, name)) or is_date(name):
        return None
    capitals = all(not word[0].islower() or word in _PARTICLES for word in words) and not words[-1].islower()
    return name if len(words) == 1 or capitals or (loose and not _SENTENCE_END.search(name)) else None


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
