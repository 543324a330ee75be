"""Reads the readers' comments below the plain text of a page: where they begin, who wrote each, when, to whom."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice, takewhile
from typing import NamedTuple

from rag.documents.dates import LONGEST_LINE, is_date, parse_date
from rag.documents.languages import COUNT, COUNTERS, SENTENCE_ENDS, join
from rag.types import Section

_SPACE = r"[ \t\xa0\u202f\u3000]"
_KIND = r"(?:comments?|replies|reply|responses?|reactions?|reviews?|thoughts?|postings?|contributions?)"
_READERS = (
    r"(?:(?:all|top|latest|your|(?:reader|user|customer|guest|visitor|viewer|member)(?:s|['’]s|s['’])?)[ \t\xa0]+)"
)
_WHOSE = rf"(?:{_READERS}|\w+(?:['’]s|s['’])[ \t\xa0]+)"
_ENGLISH = (
    rf"(?:\(?\d[\d,.]*\)?[ \t\xa0]+)?{_WHOSE}?comments?(?: section)?|{_WHOSE}{_KIND}"
    rf"|(?:{_KIND}|discussion|conversation)(?=[ \t\xa0]*\([ \t\xa0]*\d)"
    rf"|\d[\d,.]*[ \t\xa0]+{_KIND}(?: (?:to|on)\b.{{1,150}})?"
    r"|what (?:our )?(?:readers|customers|others) (?:say|think|are saying)|have your say"
    r"|join the (?:conversation|discussion|debate)"
)
# "5 Kommentare zu „Flora“", "los 5 comentarios", "共12条评论"; what may be a chapter needs a number beside it.
_NUMBER = rf"(?:共|los |les |alle |die |все )?[(（]?{COUNT}[)）]?{_SPACE}*{COUNTERS}?{_SPACE}*"
_OTHERS = (
    rf"{_NUMBER}(?:{join('comments')}|{join('answers')})(?:{_SPACE}+(?:zu|zum|zur|sur|à|sobre|su|em|op|к|do|na)\b.{{1,150}})?"
    rf"|(?:{join('comments')})|(?:{join('answers')})(?={_SPACE}*[(（:：]?{_SPACE}*\d)"
)
# "COMMENTS (14)", "14 comments", "## Readers' comments:", "Comments: 3", "Customer reviews", "Responses (3)",
# "Join the conversation – 8 responses", "10 thoughts on “Mayor resigns”", "Kommentare: 3", "评论（3条）"
_HEADING = re.compile(
    rf"^(?=.{{1,200}}$)[#*=_ \t\xa0-]*+(?:{_ENGLISH}|{_OTHERS})"
    rf"{_SPACE}*(?:[(（\[【:：·|–—-]?{_SPACE}*\d[\d,.]*{_SPACE}*{COUNTERS}?[ \t\xa0\w]{{0,24}}[)）\]】]?)?"
    rf"{_SPACE}*[:：*_-]*{_SPACE}*(?:[|·•▾▼].*)?$",
    re.IGNORECASE | re.MULTILINE,
)
# What a site, not a reader, writes among the comments.
_BUTTON = (
    r"(?:repl(?:y|ies)|shares?|report(?: abuse)?|likes?|recommend(?:ed)?|(?:up|down)?votes?|points?|permalink"
    rf"|(?:dis)?agree|answer|edit(?:ed)?|flag|delete|quote|helpful|follow|link|{join('buttons')})"
)
_BOILERPLATE = re.compile(
    r"\s*(?:(?:this |your |no )?comments? (?:is|are|was|has been|have been|will be) (?:now |being )?"
    r"(?:moderated|closed|open|published|reviewed|disabled|deleted|removed|hidden|awaiting)\b|no comments|be the first"
    r"|(?:for|read) .{0,40}\bsee our\b.{0,40}$|your e-?mail address will not be|required fields are marked"
    r"|(?:leave|post|add|write|submit|cancel) (?:a |your |us a )?(?:reply|comment|review|response)\b.{0,40}$"
    r"|(?:name|e-?mail|website|comment)\s*(?:\*|\(.*\)$|$)|\[[ x]?\]\s|save my name\b|notify me\b|i am not a robot"
    r"|(?:submit|send)$|showing \d+"
    r"|(?:please |you must be |you must )?(?:log(?:ged)?|sign(?:ed)?)[ -]?in (?:to|or)\b"
    r"|join the (?:discussion|conversation)\b.{0,40}$"
    r"|(?:load|show|view|see|read) (?:\d+ )?(?:more|all|older|newer|previous)(?: \d+)?"
    r"(?: (?:comments|replies|reviews))?\W*$"
    r"|(?:sort|order|filter)(?:ed)?(?: by\b|:).{0,40}$|(?:most|top|best|newest|oldest|latest)(?: \w+)? first\W*$"
    r"|\d[\d,.]* (?:people|person|users?|customers?|readers?|others?) (?:found|liked?|recommend)\b"
    rf"|was this (?:review )?helpful|(?:[\W\dKM]*{_BUTTON}(?![^\W\d])(?: this comment)?)+[\W\d]*$|[\W\d]*$"
    rf"|(?:{join('notes')})[^.!?。！？؟]{{0,40}}$)",
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
_NAME = r"[^@\s(),:|·•—–（），：、،][^(),:\n|·•—–（），：、،]{0,39}?"
# "Sana K. (6 October 2012): I think …" and "Sana K., 6 October 2012:" before what they say.
_SIGNED = re.compile(rf"^(?P<author>{_NAME})(?:\s*\((?P<date1>[^()\n]{{4,30}})\)|,\s*(?P<date2>[^:\n]*\d{{4}}))\s*:\s*")
# "Sana K. · 6 October 2012", "Posted by Sana K. on 6 October 2012 at 9:14:", "Sana K. (3 hours ago)" alone on a line.
_BY = re.compile(rf"\W*(?:(?:posted|comment|written|reply)\s+)?(?:by|{join('by')})\s+", re.IGNORECASE)
_SAID = rf"says|said|wrote|writes|commented|{join('says')}"
_BETWEEN = re.compile(
    rf"(?:\s+(?:{_SAID}))?(?:\s*[,|·•—–(（，、،-]\s*|\s+(?:on|at|{join('at')})\s+|\s+)", re.IGNORECASE
)
# "Sana K. says:", "Sana K., Lahore, wrote:"
_SAYS = re.compile(
    rf"\s*(?P<author>{_NAME})(?:,[^,:\n]{{2,40}},?|\s*\([^()\n]{{1,30}}\))?"
    rf"(?:\s+|(?<=[\u3040-\u9fff\uac00-\ud7a3]))(?:{_SAID})\s*[:：]\s*$",
    re.IGNORECASE,
)
# "— Sana K. (guest), 6 October 2012 ★★★★" below what they say.
_SIGNED_BELOW = re.compile(
    rf"(?:[—–]|--?)\s*(?P<author>{_NAME})(?:\s*\([\w ]{{1,20}}\))?(?:,\s*(?P<date>[^★☆]*?\d[^★☆]*?))?\s*[★☆⭐✩✭]*"
)
_COLON = re.compile(rf"(?P<author>{_NAME})(?::\s+|：\s*)(?=\S)")
_ADDRESSED = re.compile(r"\s*@(?P<first>[\w.-]*\w)(?P<rest>(?: [^\W\d_]+){0,2})(?P<end>\s*[:,])?")
_OPENERS = frozenset(
    re.findall(r"\w+", "i if you we they he she it but and or the a an this that what why how who no not yes my your")
)
_PARTICLES = frozenset(re.findall(r"\w+", "al and bin da de del den der di do dos du e el from la le of the van von y"))
_LONGEST_NAME, _LONGEST_HEADER = 5, 100
# A line with more characters is no signature.
_LONGEST_SIGNATURE = 200
# Between a name and a date these tell least that it is one.
_JOINTS = frozenset(["", ",", "，", "、", "،", "on", "at"])
_LINE = re.compile(r"\S.*")
# Lines below a heading that show whether comments are signed there.
_EVIDENCE_LINES = 40
# These speak of readers; a heading that speaks of comments alone may be a chapter on them.
_OF_READERS = re.compile(
    rf"[#*=_ \t\xa0-]*(?:{_READERS}.*comment|.*\breaders\b|join the\b)"
    rf"|(?=.*(?:leser|nutzer|user|lect|lettor|leitor|lezer|читател|пользовател|czytelnik|okur|okuyucu|القراء|网友|網友|读者|讀者|読者"
    rf"|독자))[#*=_ \t\xa0-]*(?:{_OTHERS})",
    re.IGNORECASE,
)
_OF_COMMENTS = re.compile(
    rf"[#*=_ \t\xa0-]*(?:{_NUMBER})?(?:{_READERS}?comments?|{join('comments')})(?![^\W\d_])", re.IGNORECASE
)
_FRONT_MATTER = re.compile(r"\s*---[^\S\n]*\n(?:.*\n)*?---[^\S\n]*\n")
_SENTENCE_END = re.compile(rf"[{''.join(SENTENCE_ENDS)}][\"'”’»）)]?\s*$", re.MULTILINE)
# A signature has a date, or ends in a colon.
_MAY_SIGN = re.compile(r"\d|[:：]\W*$|\b(?:ago|yesterday|today)\b", re.IGNORECASE)
# What Markdown puts around a name or a date: "### **Anna** · *4 May*", "> [Anna](/anna) wrote:".
_MARKUP = re.compile(r"^[#>*+\s]+(?=\S)|(?<!\w)([*_`]{1,3})(?=\S)|(?<=\S)[*_`]{1,3}(?!\w)|!?\[|\]\([^()\s]*\)")


# A text of this many characters is a sentence and no label; an ideograph counts as two.
_SENTENCE_CHARACTERS = 40
_IDEOGRAPHS = re.compile(r"[\u3040-\u9fff\uac00-\ud7a3]")
_ENDED_CHARACTERS = 15


class _Header(NamedTuple):
    """The author and the date of a comment, and how many lines they take, or characters of the comment's first line.

    `below`: they are at the comment's end.
    """

    author: str | None
    date: str | None
    lines: int = 0
    characters: int = 0
    below: bool = False


def is_comments_heading(text: str) -> bool:
    """Return True for a line below which readers' comments may stand."""
    return bool(_HEADING.fullmatch(text))


def is_sure_heading(text: str) -> bool:
    """Return True for a heading that no chapter on comments has: it counts them, or says that they are readers'."""
    is_counted = any(character.isdecimal() and int(character) for character in text)
    return bool(_OF_READERS.match(text)) or (is_counted and bool(_OF_COMMENTS.match(text)))


def is_sentence(text: str | None) -> bool:
    """Return True for a text that is long enough to be no label."""
    words = " ".join((text or "").split())
    length = len(words) + len(_IDEOGRAPHS.findall(words))
    return length >= (_ENDED_CHARACTERS if words.endswith(SENTENCE_ENDS) else _SENTENCE_CHARACTERS)


def is_boilerplate(line: str) -> bool:
    """Return True for what a site writes among the comments: "Leave a reply", "12 comments", "Like 3"."""
    if len(line) > LONGEST_LINE:
        return False
    return bool(_BOILERPLATE.match(line) or _FOOTER.match(line) or is_comments_heading(line))


class _Lines(NamedTuple):
    """The lines of a thread that are not blank, and which of them somebody said; the others are the site's."""

    text: str
    lines: Sequence[re.Match[str]]
    is_said: Sequence[bool]

    @property
    def said(self) -> list[int]:
        """The numbers of the lines that somebody said."""
        return [i for i, is_one in enumerate(self.is_said) if is_one]

    def is_opening(self, i: int) -> bool:
        """Return True for a line behind a blank line or one of the site."""
        if not i or not self.is_said[i - 1]:
            return True
        return self.text.count("\n", self.lines[i - 1].end(), self.lines[i].start()) > 1


def _read_lines(text: str, start: int, end: int, *, most: int | None = None) -> _Lines:
    lines = [line for line in islice(_LINE.finditer(text, start, end), most) if not _IN_REPLY.match(line[0])]
    return _Lines(text, lines, [not is_boilerplate(line[0]) for line in lines])


@lru_cache(maxsize=1)  # what a page says of itself and who speaks in it are both asked with one text
def find_thread_start(text: str, *, markdown: bool = False) -> tuple[int, int]:
    """Return where the readers' comments begin, with what a site writes right above, and where their heading ends.

    Without comments both are the end of the text. A heading begins comments if it says that they are readers', if it
    counts them, or if those below are signed in a way that they share. A bare "Comments" does in a plain text too; in
    Markdown it may be a chapter, so that it needs signatures. "12 comments" above a page's first sentence only leads
    down to another heading. Behind the first comment everything is a reader's: a heading there may be of a comment too,
    and nothing shows the difference.
    """
    front_matter = _FRONT_MATTER.match(text)
    top = front_matter.end() if front_matter else 0
    sentence = _SENTENCE_END.search(text, top)
    headings = [*_HEADING.finditer(text, top)]
    ends = [*(heading.start() for heading in headings), len(text)][1:]
    for heading, end in zip(headings, ends, strict=True):
        below = _read_lines(text, heading.end(), end, most=_EVIDENCE_LINES)
        is_written_above = not text[: heading.start()].strip() or (sentence and sentence.end() <= heading.start())
        leads_down = end < len(text) and not is_written_above and not _is_signed_by_reader(below)
        if not leads_down and _begins_comments(heading[0], below, markdown=markdown):
            above = [*_LINE.finditer(text, 0, heading.start())]
            own = [*takewhile(lambda line: is_boilerplate(line[0]), reversed(above))]
            return min(line.start() for line in (*own, heading)), heading.end()
    return len(text), len(text)


def _begins_comments(heading: str, below: _Lines, *, markdown: bool) -> bool:
    is_named = not markdown and bool(_OF_COMMENTS.match(heading))
    if is_named or is_sure_heading(heading) or _is_signed(below):
        return True
    return not markdown and any(header.author or header.date for header in _find_headers(below).values())


def is_signed(text: str, *, least: int = 1) -> bool:
    """Return True for lines in which `least` comments are signed with a name and a date, or with "Anna says:"."""
    return _is_signed(_read_lines(text, 0, len(text), most=_EVIDENCE_LINES), least=least)


def _is_signed(page: _Lines, *, least: int = 1) -> bool:
    """Return True if signatures begin or end comments: the first line is one, or there are two alike."""
    above = _read_above(page)
    begins = page.said[:1] == [*above][:1]
    signatures = max(len(above), len(_read_dated_below(page)))
    return signatures >= max(2, least) or (signatures >= least and begins)


def _is_signed_by_reader(page: _Lines) -> bool:
    """Return True if the first line is the signature of a comment, and not of an article."""
    first = next(iter(page.said), None)
    return first is not None and not _BY.match(page.lines[first][0]) and _read_header(page.lines, first) is not None


def find_thread(text: str, *, markdown: bool = False) -> tuple[int, list[Section]]:
    """Return where the readers' comments begin, which is at the end of the text without any, and each of them."""
    start, end = find_thread_start(text, markdown=markdown)
    return start, read_comments(text, end)


def read_comments(text: str, start: int) -> list[Section]:
    """Return each of the comments behind an offset, in order."""
    page = _read_lines(text, start, len(text))
    lines, is_said = page.lines, page.is_said
    headers = _find_headers(page)
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
            author, date = header.author, parse_date(header.date.strip(" :()（）")) if header.date else None
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


_Headers = dict[int, _Header]


def _find_headers(page: _Lines) -> _Headers:
    """Return by the number of its line what begins each comment, in the one way in which the page's comments do."""
    return next(filter(None, (read(page) for read in _STYLES)), {})


def _read_above(page: _Lines) -> _Headers:
    """Read names with dates, or with "says:", above what they say.

    A comment begins behind a blank line or one of the site. A line that looks like a signature amidst a comment is only
    quoted, unless most stand so.
    """
    if not any(_read_header(page.lines, i) for i in page.said):
        return {}
    # Where some names stand above dates, others do that look less like names.
    headers = {i: header for i in page.said if (header := _read_header(page.lines, i, loose=True))}
    opening = {i: header for i, header in headers.items() if page.is_opening(i)}
    return opening if len(opening) > len(headers) / 2 else headers


def _read_below(page: _Lines) -> _Headers:
    """Read names, with or without a date, behind a dash below what they say, if there are more than above."""
    below = {i: header for i in page.said if (header := _read_footer(page.lines[i][0]))}
    if len(below) < 2:
        return {}
    above = [i for i in page.said if _read_header(page.lines, i)]
    return below if len(below) > len(above) else {}


def _read_dated_below(page: _Lines) -> _Headers:
    """Read names with a date behind a dash below what they say."""
    return {i: header for i in page.said if (header := _read_footer(page.lines[i][0])) and header.date}


def _read_names_above(page: _Lines) -> _Headers:
    """Read names alone on a line above what they say."""
    opening = _find_opening(page)
    further = set(page.said).difference(opening)
    alone = _find_names(page.lines, [i for i in opening if i + 1 in further], least=_most(opening))
    return {i: _Header(name, None, lines=1) for i, name in alone.items()}


def _read_dates_above(page: _Lines) -> _Headers:
    """Read dates alone on a line above what somebody says."""
    opening = _find_opening(page)
    dates = {i: _Header(None, page.lines[i][0], lines=1) for i in opening if is_date(page.lines[i][0])}
    return dates if len(dates) >= _most(opening) else {}


def _read_names_below(page: _Lines) -> _Headers:
    """Read names alone on a line between what they say and the site's buttons."""
    is_said = [False, *page.is_said, True]
    last = [i for i in page.said if is_said[i] and not is_said[i + 2]]
    others = len(page.lines) - len(page.said)
    alone = _find_names(page.lines, last, least=max(2, others / 2))
    return {i: _Header(name, None, lines=1, below=True) for i, name in alone.items()}


def _read_beside(page: _Lines) -> _Headers:
    """Read "Name (date): words" and "Name: words" where a comment begins: behind a blank line, or else on each line."""
    opening = _find_opening(page)
    begins = opening if len(opening) > 1 else page.said
    signed = {i: _SIGNED.match(page.lines[i][0][:_LONGEST_SIGNATURE]) for i in begins}
    colons = {i: _read_colon(page.lines[i][0]) for i in begins}
    if sum(map(bool, colons.values())) >= _most(begins):
        signed = {i: signed[i] or colons[i] for i in begins}
    return {i: _read_signature(match) if match else _Header(None, None) for i, match in signed.items()}


_STYLES: tuple[Callable[[_Lines], _Headers], ...] = (
    _read_below, _read_above, _read_names_above, _read_dates_above, _read_names_below, _read_beside
)  # fmt: skip


def _find_opening(page: _Lines) -> list[int]:
    return [i for i in page.said if page.is_opening(i)]


def _most(places: Sequence[int]) -> float:
    return max(2, len(places) / 2)


def _read_colon(line: str) -> re.Match[str] | None:
    colon = _COLON.match(line)
    return colon if colon and read_name(colon["author"]) else None


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
    following = lines[i + 1][0] if i + 1 < len(lines) else ""
    if len(lines[i][0]) > _LONGEST_SIGNATURE or not (_MAY_SIGN.search(lines[i][0]) or _MAY_SIGN.search(following)):
        return None
    line = _STARS.sub("", _undress(lines[i][0]), count=1)
    following = _undress(following)
    if says := _SAYS.match(line):
        return _Header(says["author"], following, lines=2) if is_date(following) else _Header(says["author"], None, 1)
    signed = _BY.sub("", line, count=1) if _BY.match(line) else line
    for between in _BETWEEN.finditer(signed, 0, _LONGEST_HEADER):
        if is_date(signed[between.end() :]):
            name = read_name(signed[: between.start()], loose=between[0].strip() not in _JOINTS)
            if name:
                return _Header(name, signed[between.end() :], lines=1)
    name = read_name(signed, loose=loose) if is_date(following) else None
    return _Header(name, following, lines=2) if name and not is_date(line) else None


def _undress(line: str) -> str:
    """Return a line without the Markdown around its names and dates."""
    return _MARKUP.sub("", line.strip()).strip()


def is_signature(line: str) -> bool:
    """Return whether a line says who wrote a comment and when, and nothing else."""
    return bool(_read_header([found], 0)) if (found := _LINE.search(line)) else False


def _read_footer(line: str) -> _Header | None:
    """Return who wrote the comment that ends with a line, and when; None if that is not what stands there."""
    signed = _SIGNED_BELOW.fullmatch(line.strip()) if len(line) <= _LONGEST_SIGNATURE else None
    if not signed:
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
    # "@Ana Roy You are right": what goes on with a capital begins a sentence, and "Roy" is still of the name.
    is_name = len(rest) == 2 and rest[0].lower() not in _OPENERS and rest[1][0].isupper() and not rest[0].isupper()
    return f"{first} {rest[0]}" if is_name else first
