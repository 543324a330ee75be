"""The kinds of questions: a row of the table says by which words a kind is recognised and what follows from it."""

import math
import re
from dataclasses import dataclass

from rag.answer.signs import NOUN, OBJECT, PART, PLEASE, PLURAL, TEXT, VERSUS, WHOSE


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question: the patterns `signs` recognise it, in any case; the other fields say what follows.

    `wants_several`: several sentences answer it, which may be in several places; a list comes whole.
    `is_open`: documents seldom state an answer as clearly as a fact, so less confidence suffices. One sentence is too
    little, so those beside it are added.
    `is_pieced`: if no passage answers, sentences of the nearest document are pieced together.
    `most_replied`: the LLM writes a reply from at most this many sentences; of more it leaves some out.
    """

    name: str
    signs: tuple[str, ...] = ()
    wants_several: bool = True
    is_open: bool = True
    is_pieced: bool = False
    most_replied: float = math.inf

    def has_sign(self, question: str) -> bool:
        """Return whether a question has one of the signs of this kind."""
        return any(re.search(sign, question, re.IGNORECASE) for sign in self.signs)


SUMMARY = Kind(
    "summary",
    is_pieced=True,
    most_replied=1,
    signs=(
        rf"{PLEASE}(?:summari[sz]e|sum up|outline|describe|explain|tell me (?:more )?about|what do you know about)\b",
        rf"{PLEASE}(?:a |an |the )?(?:summary|overview|gist|story) of\b",
        rf"{PLEASE}(?:i(?:'m| am) interested in|(?:get )?(?:some )?(?:information|details) (?:about|on))\b",
        rf"\bwhat\b.{{0,40}}\b{TEXT}\b.{{0,40}}\b(?:say|cover|deal with|about)\W*$",
        r"\b(?:main|key|most important) (?:\w+ )?(?:points?|topics?|ideas?|messages?|findings|takeaways)\b",
        rf"^(?:\W*what(?:'?s| is| does| do) .{{0,40}})?{PART}",
        r"\btl;?dr\b|\bin (?:short|brief|a nutshell|a few words)(?:,| pls| please|\W*$)",
    ),
)
COMPARISON = Kind(
    "comparison",
    most_replied=2,
    signs=(
        rf"\b(?:{VERSUS}|difference\w*|differs?)\b",
        r"\b(?:pros and cons|(?:dis)?advantages?)\b",
    ),
)
# Instructions, or how something came about.
MANNER = Kind(
    "manner",
    most_replied=1,
    signs=(
        r"\bhow (?:to|do|can|should|must|would|could|did)\b",
        r"\bhow (?:is|are|was|were) .{1,60}\b(?:made|done|built|prepared|carried out)\b",
        r"\b(?:step by step|steps|instructions?|process (?:of|for))\b",
        r"\bwhat (?:do|should|can|must) (?:i|we|you|one) do\b",
        r"\bwhat (?:to do|now)\b",
    ),
)
LIST = Kind(
    "list",
    is_open=False,  # the wanted lists are often short
    most_replied=3,
    signs=(
        # "Which opening hours", but not "which team plays the"
        rf"\b(?:what|which) (?:{NOUN} ){{0,2}}?{PLURAL}(?!['’]| {OBJECT})",
        rf"\bwhat (?:are|were) {WHOSE}\b",
        r"\bwho (?:are|were)\b",
        r"\b(?:list|name|enumerate)\b.*\b(?:all|the|every)\b",
        r"\b(?:kinds|types|sorts|ways) (?:of|to)\b",
        r"\bwhat (?:all|else)\b",
        r"^\W*what to\b",
    ),
)
# A question of another kind may ask for reasons too: see `Query.asks_why`.
REASON = Kind(
    "reason",
    wants_several=False,
    is_open=False,
    signs=(r"\b(?:why|reasons?|how come|causes? of|what causes?d?)\b",),
)
# A question without a sign of another kind asks for a fact.
FACT = Kind("fact", wants_several=False, is_open=False)

# A question's kind is the first one of these with a sign in the question.
KINDS = (SUMMARY, COMPARISON, MANNER, LIST, REASON)
