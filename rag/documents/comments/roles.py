"""Tells what an element is in a thread of comments, from the names that its page gives it."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Words of a name are joined by hyphens here: "comment__author-name", "commentAuthorName" are "comment-author-name".
_WORDS = r"(?:[a-z0-9]+-)*"
# In the languages of the sites' makers.
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
# What sites have their comments from.
_SYSTEM = (
    r"(?:(?:disqus|isso|cusdis)-thread|(?:spot|spot-im|spcv|ow|vf)-conversations?|viafoura|coral(?:-talk)?-stream|hyvor-talk"
    r"|commento|remark-?42|giscus|utterances|gitalk|twikoo|waline|livefyre|fastcomments|graphcomment|intensedebate)"
)
# Of other pages than this one.
_ELSEWHERE = r"(?:recent|latest|popular|related)"
_PATTERNS = {
    "comment": rf"(?!.*(?:form|{_ELSEWHERE})){_WORDS}{_COMMENT}{_BOX}",
    "reply": rf"(?:[a-z0-9]+-)?(?:reply|response){_BOX}",
    "post": rf"(?!post-message)(?:[a-z0-9]+-)?(?:post|posting|message|postbit|review|rev){_BOX}",
    # What holds comments.
    "comments": rf"(?!.*{_ELSEWHERE})(?!(?:has|with|no|show|hide|open|allow)-){_WORDS}"
    rf"(?:{_COMMENTS}|reviews|{_COMMENT}-?(?:list|area|section|thread|tree)|{_SYSTEM})"
    r"(?:-(?:area|list|section|wrap|wrapper|container|box|block|content|inner|main|root|template|thread))*",
    "replies": rf"{_WORDS}(?:children|child|replies|responses|subcomments|nested)(?:-(?:list|comments|container))?",
    # What holds comments below an article, or what else the page calls so.
    "talk": rf"(?!.*{_ELSEWHERE})(?!(?:has|with|no|show|hide|open|allow)-){_WORDS}(?:conversations?|discussions?"
    r"|forums?|postings|talk-?backs?|talk|responses|reactions|user-?comments?|messages?-?lists?|debate)"
    r"(?:-(?:area|list|section|wrap|wrapper|container|box|block|content|inner|main|root|module|widget|embed|stream"
    r"|thread|view))*",
    # What is written among them by nobody.
    "furniture": rf"{_WORDS}{_ELSEWHERE}-?comments?(?:-\w+)*|{_WORDS}comment-?(?:form|respond)(?:-\w+)*|respond",
    "control": rf"{_WORDS}(?:reply|reply-link|like|vote|upvote|downvote|share|report|flag|action|button|btn|tool"
    r"|toolbar|avatar|badge|signature|permalink|score|karma|point|moderation|control|menu|edit-link|says|edited|rank|flair)s?",
    # What they consist of.
    "name": rf"fn|{_WORDS}(?:author|user|commenter|display|nick|poster|member|screen)-?name(?:-link)?",
    "author": rf"{_WORDS}(?:author|commenter|poster|byline|submitted)(?:-(?:link|info))?"
    rf"|(?:{_SAID}-)?(?:user|nick|name|by)",
    "date": rf"{_WORDS}(?:comment)?(?:date|time|time-?ago|age|timestamp|date-?time|relative-?time|published|posted"
    r"|created|meta|meta-?data)",
    "text": rf"{_WORDS}{_SAID}-?(?:content|text|copy|message|msg|body)(?:-(?:inner|wrapper|html))?"
    r"|content|text|message|body",
    "quote": rf"{_WORDS}(?:quote|quoted)(?:-(?:block|box|container|text))?",
    "answered": rf"{_WORDS}(?:in-reply-to|reply-to|replying-to|parent-link|parent-author)",
    # What the whole page is, and what is above it.
    "forum": rf"{_WORDS}(?:forum|thread|topic|viewtopic|showthread)(?:-\w+)*",
    "consent": rf"{_WORDS}(?:cookie-?(?:banner|bar|box|consent|dialog|info|law|message|modal|notice|notification|popup"
    r"|overlay|wrapper|container)|consent|gdpr|onetrust)(?:-\w+)*",
}
_ROLES = {role: re.compile(pattern) for role, pattern in _PATTERNS.items()}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# The end of "Comment_text__x8Ab2", which the tool that made the style sheet has added.
_HASH = re.compile(r"__(?=[\w-]*[A-Z0-9])[\w-]{5,7}$")


def find_roles(element: "HtmlElement") -> frozenset[str]:
    """Return what the class, the id, the name for tests and the tag (if the page invented it) tell of an element."""
    tag = element.tag if isinstance(element.tag, str) and "-" in element.tag else ""
    return _find_roles(" ".join((element.get("class", ""), element.get("id", ""), element.get("data-testid", ""), tag)))


@lru_cache(maxsize=4096)
def _find_roles(names: str) -> frozenset[str]:
    # A name of more letters is no name, and the patterns are slow on it.
    words = [re.sub(r"[_-]+", "-", _CAMEL.sub("-", _HASH.sub("", name))).lower() for name in names.split()[:40]]
    return frozenset(
        role for role, pattern in _ROLES.items() if any(len(word) <= 60 and pattern.fullmatch(word) for word in words)
    )
