"""Recognises, from the words of a question, what kind of answer it wants."""

import re
from typing import Literal

from rag.text import content_words

Kind = Literal["fact", "comparison", "list", "steps", "summary"]
# These are answered by several sentences, which may stand in several places.
OPEN_KINDS = frozenset({"comparison", "list", "steps", "summary"})

ASKS_WHY = re.compile(r"\b(?:why|reasons?|how come|causes? of|what causes?d?)\b", re.IGNORECASE)

# A bare topic has no more words than this, and none that asks.
_TOPIC_WORDS = 2
_PHRASE_WORDS = 8
_ASKS = re.compile(
    r"\b(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|can|could|will|would|should|has|have)\b",
    re.IGNORECASE,
)
_PART = r"(?:\b(?:section|clause|chapter|part|point|article|paragraph) |§ ?)\d+\b"
_TEXT = (
    r"(?:section|clause|chapter|part|point|article|paragraph|document|report|letter|mail|post|page|text|file|notice"
    r"|contract|agreement|lease|book|story|film|song|study|paper|policy|law)"
)
# "Which is longer, the old bridge or the new one?", "Compare the old bridge and the new one."
_COMPARATIVE = re.compile(
    r"\b(?:more|less|fewer|better|worse|first|(?!other|over|under|after|ever)\w{2,}er)\b", re.IGNORECASE
)
# The words that only say that things are compared.
COMPARING = content_words(
    "compare compared comparison difference differ different between versus vs one which more less what's please"
    " better speaks pros cons"
)
_SIDES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:in|on) (?P<one>\d[\w.-]*) (?:and|than|or|to|with) (?:(?:in|on|that of) )?(?P<other>\d[\w.-]*)",
        r"\bbetween (?P<one>[^?]+?) and (?P<other>[^?.,:;]+)",
        r"(?P<one>[^,?:;–-]+?) (?:or|vs\.?|versus) (?P<other>[^,?:;–]+?)(?= [–-] |[,?:;–]|$)",
        r"\bcompare (?:[^:]+: )?(?P<one>[^?:]+?) (?:and|with|to) (?P<other>[^?.,:;]+)",
        r"\bhow (?:do|does|did) (?P<one>[^?]+?) and (?P<other>[^?]+?) differ",
    )
]
_PLEASE = r"(?:^|[.!?]\s)\W*(?:(?:please|can you|could you|can i|i would like|i want|give me|show me)\s+)*"
_AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may)"
_NO_PLURAL = (
    r"(?:this|his|was|is|does|has|us|its|always|perhaps|comes|makes|happens|means|takes|gives|goes|says|gets|helps|allows"
    r"|becomes|includes|contains|remains|provides|refers|describes|represents|determines)\b"
)
_WHOSE = r"(?:the|all|some|his|her|its|their|your|my|our)"
# The signs are English: a question in another language counts as one of fact.
_SIGNS: dict[Kind, tuple[str, ...]] = {
    "summary": (
        rf"{_PLEASE}(?:summari[sz]e|sum up|outline|describe|explain)\b",
        rf"{_PLEASE}(?:a |an |the )?(?:summary|overview|gist|story) of\b",
        rf"{_PLEASE}(?:tell me (?:more )?about|what do you know about|what is said about)\b",
        rf"\bwhat (?:does|do) .{{0,40}}\b{_TEXT}\b.{{0,40}}\b(?:say|cover|deal with)\b\W*$",
        rf"\bwhat (?:is|are|was|'s) .{{0,40}}\b{_TEXT}\b.{{0,40}}\babout\W*$",
        r"\b(?:main|key|most important) (?:\w+ )?(?:points?|topics?|ideas?|messages?|findings|takeaways)\b",
        rf"^{_PART}",
        rf"^\W*what(?:'s| is| does| do) .{{0,40}}{_PART}",
    ),
    "comparison": (
        r"\b(?:compar\w+|difference\w*|differs?|versus|vs\.?|what speaks for)\b",
        r"\b(?:pros and cons|(?:dis)?advantages?)\b",
    ),
    "steps": (
        r"\bhow (?:do|can|should|must|would|could|did)\b(?! (?:long|often|many|much))",
        r"\bhow to\b",
        r"\bhow (?:is|are|was|were) .{1,60}\b(?:made|done|built|prepared|carried out)\b",
        r"\b(?:step by step|steps|instructions?|process (?:of|for))\b",
        r"\bwhat (?:do|should|can|must) (?:i|we|you|one) do\b",
    ),
    "list": (
        rf"\b(?:what|which) (?!{_AUXILIARY}\b)(?:\w+ ){{0,2}}?(?!{_NO_PLURAL})\w{{2,}}[^s\W]s\b(?!['’])",
        rf"\bwhat (?:are|were) {_WHOSE}\b",
        r"\bwho (?:are|were)\b",
        r"\b(?:list|name|enumerate)\b.*\b(?:all|the|every)\b",
        r"\b(?:kinds|types|sorts|ways) (?:of|to)\b",
        r"\bwhat (?:all|else)\b",
    ),
}


def is_yes_no(question: str) -> bool:
    """Return whether a question asks for yes or no, or for one of two things."""
    last = re.split(r"(?<=[.!?,;:])\s+", question.strip())[-1]
    return bool(re.match(rf"\W*{_AUXILIARY}\b", last, re.IGNORECASE))


def is_open(question: str) -> bool:
    """Return whether a question wants yes or no, or several sentences: seldom stated as clearly as a fact is.

    Lists are left out: those that are asked for are often short.
    """
    return is_yes_no(question) or find_kind(question) in OPEN_KINDS - {"list"}


def name_sides(question: str) -> tuple[str, str] | None:
    """Return the two things that a question compares, in its own words; None if it compares none."""
    is_compared = find_kind(question) == "comparison" or _COMPARATIVE.search(question)
    match = next(filter(None, (sides.search(question) for sides in _SIDES)), None)
    return (match["one"], match["other"]) if is_compared and match else None


def find_sides(question: str) -> tuple[frozenset[str], ...]:
    """Return the words of each of two things that a question compares, without those that both have; () if none is."""
    named = name_sides(question)
    if named is None:
        return ()
    one, other = (frozenset(content_words(name)) for name in named)
    return (one - other, other - one) if one - other and other - one else ()


def compares_in_general(question: str) -> bool:
    """Return whether a question compares two things without a word on what of them."""
    named = name_sides(question)
    return named is not None and not content_words(question) - content_words(" ".join(named)) - COMPARING


def compares_amounts(question: str) -> bool:
    """Return whether a question asks which of two things is or has more."""
    return bool(find_sides(question)) and bool(_COMPARATIVE.search(question))


def is_phrase(question: str) -> bool:
    """Return whether a question is a phrase that asks nothing outright: "opening hours on Sunday"."""
    is_short = len(question.split()) <= _PHRASE_WORDS
    return is_short and not question.rstrip().endswith("?") and not _ASKS.search(question)


def is_topic(question: str) -> bool:
    """Return whether a question is the bare name of something, which asks nothing that a reply could answer."""
    return is_phrase(question) and len(question.split()) <= _TOPIC_WORDS


def names_part(question: str) -> bool:
    """Return whether a question is about a numbered part of a document."""
    return bool(re.search(_PART, question, re.IGNORECASE))


def find_kind(question: str) -> Kind:
    """Return the kind of answer that a question wants: the first of which it has a sign."""
    for kind, signs in _SIGNS.items():
        if any(re.search(sign, question, re.IGNORECASE) for sign in signs):
            return kind
    return "summary" if is_topic(question) else "fact"
