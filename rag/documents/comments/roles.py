"""Finds the role of an element in a thread of comments, from the names that the page gives it."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from lxml.html import HtmlElement

# Words of a name are joined by hyphens here: "comment__author-name", "commentAuthorName" are "comment-author-name".
_WORDS = r"(?:[a-z0-9]+-)*"
# The makers of a site name a class in their own language.
_COMMENT = r"(?:comment|kommentar|commentaire|comentario|commento|reactie|komentarz|yorum)"
_COMMENTS = (
    r"(?:comments|(?:leser)?kommentare|commentaires|comentarios|commenti|(?:lezers)?reacties|kommentarii|komentarze"
    r"|yorumlar|pinglun)"
)
_SAID = r"(?:comment|reply|response|review|post|posting|message|msg|user|answer)"
_BOX = (
    r"(?:-?(?:item|wrap|wrapper|container|holder|box|block|card|entry|node|row|inner|root|main|view|unit|thread|li"
    r"|\d+))?"
)
# Services and programs that add comments to a site.
_SYSTEM = (
    r"(?:(?:disqus|isso|cusdis)-thread|(?:spot|spot-im|spcv|ow|vf)-conversations?|viafoura|coral(?:-talk)?-stream|hyvor-talk"
    r"|commento|remark-?42|giscus|utterances|gitalk|twikoo|waline|livefyre|fastcomments|graphcomment|intensedebate)"
)
# Comments on other pages than this one.
_ELSEWHERE = r"(?:recent|latest|popular|related)"
_PATTERNS = {
    "comment": rf"(?!.*(?:form|{_ELSEWHERE})){_WORDS}{_COMMENT}{_BOX}",
    "reply": rf"(?:[a-z0-9]+-)?(?:reply|response){_BOX}",
    "post": rf"(?!post-message)(?:[a-z0-9]+-)?(?:post|posting|message|postbit|review|rev){_BOX}",
    # Frames around comments.
    "comments": rf"(?!.*{_ELSEWHERE})(?!(?:has|with|no|show|hide|open|allow)-){_WORDS}"
    rf"(?:{_COMMENTS}|reviews|{_COMMENT}-?(?:list|area|section|thread|tree)|{_SYSTEM})"
    r"(?:-(?:area|list|section|wrap|wrapper|container|box|block|content|inner|main|root|template|thread))*",
    "replies": rf"{_WORDS}(?:children|child|replies|responses|subcomments|nested)(?:-(?:list|comments|container))?",
    # Frames around comments below an article, and other things with such a name.
    "talk": rf"(?!.*{_ELSEWHERE})(?!(?:has|with|no|show|hide|open|allow)-){_WORDS}(?:conversations?|discussions?"
    r"|forums?|postings|talk-?backs?|talk|responses|reactions|user-?comments?|messages?-?lists?|debate)"
    r"(?:-(?:area|list|section|wrap|wrapper|container|box|block|content|inner|main|root|module|widget|embed|stream"
    r"|thread|view))*",
    # Parts of the site among the comments.
    "furniture": rf"{_WORDS}{_ELSEWHERE}-?comments?(?:-\w+)*|{_WORDS}comment-?(?:form|respond)(?:-\w+)*|respond",
    "control": rf"{_WORDS}(?:reply|reply-link|like|vote|upvote|downvote|share|report|flag|action|button|btn|tool"
    r"|toolbar|avatar|badge|signature|permalink|score|karma|point|moderation|control|menu|edit-link|says|edited|rank|flair)s?",
    # Parts of one comment.
    "name": rf"fn|{_WORDS}(?:author|user|commenter|display|nick|poster|member|screen)-?name(?:-link)?",
    "author": rf"{_WORDS}(?:author|commenter|poster|byline|submitted)(?:-(?:link|info))?"
    rf"|(?:{_SAID}-)?(?:user|nick|name|by)",
    "date": rf"{_WORDS}(?:comment)?(?:date|time|time-?ago|age|timestamp|date-?time|relative-?time|published|posted"
    r"|created|meta|meta-?data)",
    "text": rf"{_WORDS}{_SAID}-?(?:content|text|copy|message|msg|body)(?:-(?:inner|wrapper|html))?"
    r"|content|text|message|body",
    "quote": rf"{_WORDS}(?:quote|quoted)(?:-(?:block|box|container|text))?",
    "answered": rf"{_WORDS}(?:in-reply-to|reply-to|replying-to|parent-link|parent-author)",
    # The kind of the whole page, and boxes that cover it.
    "forum": rf"{_WORDS}(?:forum|thread|topic|viewtopic|showthread){_BOX}",
    "consent": rf"{_WORDS}(?:cookie-?(?:banner|bar|box|consent|dialog|info|law|message|modal|notice|notification|popup"
    r"|overlay|wrapper|container)|consent|gdpr|onetrust)(?:-\w+)*",
}
# The roles of the parts of a signature.
SIGNATURE = frozenset(("author", "name", "date"))
_ROLES = {role: re.compile(pattern) for role, pattern in _PATTERNS.items()}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# The end of "Comment_text__x8Ab2", which a tool for style sheets added.
_HASH = re.compile(r"__(?=[\w-]*[A-Z0-9])[\w-]{5,7}$")
_SEPARATORS = re.compile(r"[_-]+")
# A program wrote an element with more names, and a longer text is not a name. The patterns would be slow on both.
_MOST_NAMES, _LONGEST_NAME = 40, 60


def find_roles(element: HtmlElement) -> frozenset[str]:
    """Return the roles that an element's names give it: class, id, name for tests, or a tag of the page's own."""
    tag = element.tag if "-" in element.tag else ""
    return _find_roles(" ".join((element.get("class", ""), element.get("id", ""), element.get("data-testid", ""), tag)))


def has_role(element: HtmlElement, *roles: str) -> bool:
    """Return True if an element has one of the roles."""
    return not find_roles(element).isdisjoint(roles)


def collect_roles(elements: Iterable[HtmlElement]) -> set[str]:
    """Return all roles of the elements."""
    roles: set[str] = set()
    return roles.union(*map(find_roles, elements))


def filter_role(elements: Iterable[HtmlElement], *roles: str) -> Iterator[HtmlElement]:
    """Yield the elements with one of the roles."""
    return (element for element in elements if has_role(element, *roles))


@lru_cache(maxsize=4096)
def _find_roles(names: str) -> frozenset[str]:
    roles: set[str] = set()
    for name in names.split()[:_MOST_NAMES]:
        words = _spell_name(name)
        if len(words) <= _LONGEST_NAME:
            roles.update(role for role, pattern in _ROLES.items() if pattern.fullmatch(words))
    return frozenset(roles)


def _spell_name(name: str) -> str:
    """Return the words of a name in lower case, joined by hyphens: "commentAuthorName" is "comment-author-name"."""
    words = _CAMEL.sub("-", _HASH.sub("", name))
    return _SEPARATORS.sub("-", words).lower()
