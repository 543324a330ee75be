"""Recognises, from the words of a question, the kind of answer that it wants.

The kinds are the table `KINDS`; a row says how a kind is recognised and what follows from it.
"""

import re
from dataclasses import dataclass

from rag.answer.signs import ASKS, AUXILIARY, NO_PLURAL, PART, PLEASE, TEXT, WHOSE

# A bare topic has no more words than this.
_TOPIC_WORDS = 2
# A phrase has no more words than this, and no question word.
_PHRASE_WORDS = 8
_CLAUSE = re.compile(r"(?<=[.!?,;:])\s+")
_YES_NO = re.compile(rf"\W*{AUXILIARY}\b", re.IGNORECASE)
_PART = re.compile(PART, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question: the patterns `signs` recognise it, in any case; the other fields say what follows.

    `wants_several`: several sentences answer it, which may be in several places; a list or a section comes whole.
    `is_open`: documents seldom state an answer as clearly as a fact, so less confidence is enough. One sentence is too
    little, so those beside it are added.
    `is_pieced`: if no passage answers, sentences of the nearest document are pieced together.
    `most_replied`: the LLM writes a reply from at most this many sentences; of more it leaves some out. None: no limit.
    """

    name: str
    signs: tuple[str, ...] = ()
    wants_several: bool = True
    is_open: bool = True
    is_pieced: bool = False
    most_replied: int | None = None

    def has_sign(self, question: str) -> bool:
        """Return whether a question has one of the signs of this kind."""
        return any(re.search(sign, question, re.IGNORECASE) for sign in self.signs)


SUMMARY = Kind(
    "summary",
    is_pieced=True,
    most_replied=1,
    signs=(
        rf"{PLEASE}(?:summari[sz]e|sum up|outline|describe|explain)\b",
        rf"{PLEASE}(?:a |an |the )?(?:summary|overview|gist|story) of\b",
        rf"{PLEASE}(?:tell me (?:more )?about|what do you know about|what is said about)\b",
        rf"\bwhat (?:does|do) .{{0,40}}\b{TEXT}\b.{{0,40}}\b(?:say|cover|deal with)\b\W*$",
        rf"\bwhat (?:is|are|was|'s) .{{0,40}}\b{TEXT}\b.{{0,40}}\babout\W*$",
        r"\b(?:main|key|most important) (?:\w+ )?(?:points?|topics?|ideas?|messages?|findings|takeaways)\b",
        rf"^{PART}",
        rf"^\W*what(?:'s| is| does| do) .{{0,40}}{PART}",
    ),
)
COMPARISON = Kind(
    "comparison",
    most_replied=2,
    signs=(
        r"\b(?:compar\w+|difference\w*|differs?|versus|vs\.?|what speaks for)\b",
        r"\b(?:pros and cons|(?:dis)?advantages?)\b",
    ),
)
STEPS = Kind(
    "steps",
    most_replied=1,
    signs=(
        r"\bhow (?:do|can|should|must|would|could|did)\b(?! (?:long|often|many|much))",
        r"\bhow to\b",
        r"\bhow (?:is|are|was|were) .{1,60}\b(?:made|done|built|prepared|carried out)\b",
        r"\b(?:step by step|steps|instructions?|process (?:of|for))\b",
        r"\bwhat (?:do|should|can|must) (?:i|we|you|one) do\b",
    ),
)
LIST = Kind(
    "list",
    is_open=False,  # the wanted lists are often short
    most_replied=3,
    signs=(
        rf"\b(?:what|which) (?!{AUXILIARY}\b)(?:\w+ ){{0,2}}?(?!{NO_PLURAL})\w{{2,}}[^s\W]s\b(?!['’])",
        rf"\bwhat (?:are|were) {WHOSE}\b",
        r"\bwho (?:are|were)\b",
        r"\b(?:list|name|enumerate)\b.*\b(?:all|the|every)\b",
        r"\b(?:kinds|types|sorts|ways) (?:of|to)\b",
        r"\bwhat (?:all|else)\b",
    ),
)
# A question without a sign of another kind asks for a fact.
FACT = Kind("fact", wants_several=False, is_open=False)

# A question is of the first of these kinds that has a sign in it.
KINDS = (SUMMARY, COMPARISON, STEPS, LIST)


def find_kind(question: str) -> Kind:
    """Return the kind of answer that a question wants; the bare name of something wants a summary."""
    for kind in KINDS:
        if kind.has_sign(question):
            return kind
    return SUMMARY if is_topic(question) else FACT


def is_yes_no(question: str) -> bool:
    """Return whether a question asks for yes or no, or for one of two things."""
    *_, last_clause = _CLAUSE.split(question.strip())
    return bool(_YES_NO.match(last_clause))


def is_open(question: str) -> bool:
    """Return whether a question asks for yes or no, or is of an open kind: the answer is seldom as clear as a fact."""
    return is_yes_no(question) or find_kind(question).is_open


def is_phrase(question: str) -> bool:
    """Return whether a question is a phrase that asks nothing outright: "opening hours on Sunday"."""
    is_short = len(question.split()) <= _PHRASE_WORDS
    asks = question.rstrip().endswith("?") or ASKS.search(question)
    return is_short and not asks


def is_topic(question: str) -> bool:
    """Return whether a question is the bare name of something, which asks nothing that a reply could answer."""
    return is_phrase(question) and len(question.split()) <= _TOPIC_WORDS


def names_part(question: str) -> bool:
    """Return whether a question is about a numbered part of a document."""
    return find_part_number(question) is not None


def find_part_number(question: str) -> str | None:
    """Return the number of the part of a document that a question is about ("4.2" of "section 4.2"), or None."""
    part = _PART.search(question)
    return part["number"] if part else None
