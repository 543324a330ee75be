"""Recognizes the lines of a site around readers' comments: headings, buttons, notes and footers."""

import re

from rag.documents.dates import LONGEST_LINE
from rag.documents.languages import COUNT, COUNTERS, ENGLISH_BUTTONS, ENGLISH_COMMENTS, READERS, join

_SPACE = r"[ \t\xa0\u202f\u3000]"
_MARKUP = r"[#*=_ \t\xa0-]*"
_SELECTION = (
    r"(?:(?:all|top|latest|your|(?:reader|user|customer|guest|visitor|viewer|member)(?:s|['’]s|s['’])?)[ \t\xa0]+)"
)
_WHOSE = rf"(?:{_SELECTION}|\w+(?:['’]s|s['’])[ \t\xa0]+)"
# "los 5", "共12条"
_NUMBER = rf"(?:共|los |les |alle |die |все )?[(（]?{COUNT}[)）]?{_SPACE}*{COUNTERS}?{_SPACE}*"
_ABOUT = rf"(?:{_SPACE}+(?:zu|zum|zur|sur|à|sobre|su|em|op|к|do|na)\b.{{1,150}})?"
_FOREIGN_HEADINGS = {
    "5 Kommentare zu „Flora“": rf"{_NUMBER}(?:{join('comments')}|{join('answers')}){_ABOUT}",
    "Kommentare": rf"(?:{join('comments')})",
    # These may be a chapter's heading, and need a number beside them.
    "Antworten (3)": rf"(?:{join('answers')})(?={_SPACE}*[(（:：]?{_SPACE}*\d)",
}
_HEADINGS = {
    "14 comments": rf"(?:\(?\d[\d,.]*\)?[ \t\xa0]+)?{_WHOSE}?comments?(?: section)?",
    "Customer reviews": rf"{_WHOSE}{ENGLISH_COMMENTS}",
    "Responses (3)": rf"(?:{ENGLISH_COMMENTS}|discussion|conversation)(?=[ \t\xa0]*\([ \t\xa0]*\d)",
    "10 thoughts on “Mayor resigns”": rf"\d[\d,.]*[ \t\xa0]+{ENGLISH_COMMENTS}(?: (?:to|on)\b.{{1,150}})?",
    "What our readers say": r"what (?:our )?(?:readers|customers|others) (?:say|think|are saying)",
    "Join the conversation": r"have your say|join the (?:conversation|discussion|debate)",
    **_FOREIGN_HEADINGS,
}
# "COMMENTS (14)", "Comments: 3", "Join the conversation – 8 responses", "评论（3条）"
_COUNT_AFTER = (
    rf"(?:[(（\[【:：·|–—-]?{_SPACE}*\d[\d,.]*{_SPACE}*{COUNTERS}?[ \t\xa0\w]{{0,24}}[)）\]】]?)?{_SPACE}*[:：*_-]*"
)
# Links of the site after a heading, on its line: "Comments | Sort by newest".
_TOOLS = rf"{_SPACE}*(?:[|·•▾▼].*)?"
# "2. Comments" and "2.1 Comments" are chapters; "1.204 comments" are counted.
_CHAPTER = r"(?:\d{1,2}(?:\.\d{1,2})*[.)]|\d{1,2}(?:\.\d{1,2})+)[ \t]"
HEADING = re.compile(
    rf"^(?=.{{1,200}}$)(?!{_MARKUP}{_CHAPTER}){_MARKUP}+(?:{'|'.join(_HEADINGS.values())}){_SPACE}*{_COUNT_AFTER}{_TOOLS}$",
    re.IGNORECASE | re.MULTILINE,
)
# A heading that names readers. One that names only comments may be a chapter about them.
_OF_READERS = re.compile(
    rf"{_MARKUP}(?:{_SELECTION}.*comment|.*\breaders\b|join the\b)"
    rf"|(?=.*(?:{READERS})){_MARKUP}(?:{'|'.join(_FOREIGN_HEADINGS.values())})",
    re.IGNORECASE,
)
_OF_COMMENTS = re.compile(
    rf"{_MARKUP}(?:{_NUMBER})?(?:{_SELECTION}?comments?|{join('comments')})(?![^\W\d_])", re.IGNORECASE
)
# A digit that counts comments: "0 comments" counts none.
_NONZERO = re.compile(r"(?![0٠۰０])\d")
_BUTTON = rf"(?:{ENGLISH_BUTTONS}|{join('buttons')})"
# Notes of a site among the comments, and in its forms.
_NOTES = {
    "moderation": r"(?:this |your |no )?comments? (?:is|are|was|has been|have been|will be) (?:now |being )?"
    r"(?:moderated|closed|open|published|reviewed|disabled|deleted|removed|hidden|awaiting)\b",
    "no comments": r"no comments|be the first",
    "rules": r"(?:for|read) .{0,40}\bsee our\b.{0,40}$",
    "form": r"(?:leave|post|add|write|submit|cancel) (?:a |your |us a )?(?:reply|comment|review|response)\b.{0,40}$"
    r"|(?:submit|send)$",
    "field": r"(?:name|e-?mail|website|comment)\s*(?:\*|\(.*\)$|$)|\[[ x]?\]\s|save my name\b|notify me\b"
    r"|i am not a robot|your e-?mail address will not be|required fields are marked",
    "login": r"(?:please |you must be |you must )?(?:log(?:ged)?|sign(?:ed)?)[ -]?in (?:to|or)\b",
    "invitation": r"join the (?:discussion|conversation)\b.{0,40}$",
    "pages": r"(?:load|show|view|see|read) (?:\d+ )?(?:more|all|older|newer|previous)(?: \d+)?"
    r"(?: (?:comments|replies|reviews))?\W*$|showing \d+",
    "order": r"(?:sort|order|filter)(?:ed)?(?: by\b|:).{0,40}$"
    r"|(?:most|top|best|newest|oldest|latest)(?: \w+)? first\W*$",
    "votes": r"\d[\d,.]* (?:people|person|users?|customers?|readers?|others?) (?:found|liked?|recommend)\b"
    r"|was this (?:review )?helpful",
    "buttons": rf"(?:[\W\dKM]*{_BUTTON}(?![^\W\d])(?: this comment)?)+[\W\d]*$",
    "no words": r"[\W\d]*$",
    "other languages": rf"(?:{join('notes')})[^.!?。！？؟]{{0,40}}$",
}
_NOTE = re.compile(rf"\s*(?:{'|'.join(_NOTES.values())})", re.IGNORECASE)
# The parts of a site that its footer links to.
_SITE = r"(?:privacy|cookies?|terms|imprint|contact|about us|advertise|house rules|data protection)"
_FOOTER = re.compile(
    r"\s*(?:©|\(c\) \d|copyright\b|all rights reserved|up next\W*$|powered by\b|blog at\b)"
    rf"|(?:[^.!?]{{0,60}}\b{_SITE}\b){{2}}[^.!?]{{0,30}}$",
    re.IGNORECASE,
)


def is_comments_heading(text: str) -> bool:
    """Return True for a line that can be a heading of readers' comments."""
    return bool(HEADING.fullmatch(text))


def is_sure_heading(text: str) -> bool:
    """Return True for a heading that cannot be a chapter's: it counts comments, or names readers."""
    if _OF_READERS.match(text):
        return True
    is_counted = _NONZERO.search(text) is not None
    return is_counted and names_comments(text)


def names_comments(heading: str) -> bool:
    """Return True for a heading that begins with a word for readers' comments, and not for answers or reviews."""
    return bool(_OF_COMMENTS.match(heading))


def is_footer(line: str) -> bool:
    """Return True for a line that every page of a site has, below the last comment."""
    return bool(_FOOTER.match(line))


def is_boilerplate(line: str) -> bool:
    """Return True for a line of the site among the comments: "Leave a reply", "12 comments", "Like 3"."""
    if len(line) > LONGEST_LINE:
        return False
    if _NOTE.match(line) or is_footer(line):
        return True
    return is_comments_heading(line)
