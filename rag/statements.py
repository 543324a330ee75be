"""Prefers hits that say what a thing is, if the question asks for that: "A crate is …", "… called a crate"."""

import re
from dataclasses import replace

from rag.text import drop_plural
from rag.types import Hit

# "What is a crate?", "what's ownership", "Who was Ada Ek?", "What does MSRV mean?"
_ASKS = re.compile(
    r"\W*(?:what|who)(?:['’](?:s|re)| (?:is|are|was|were|does|do)) (?:an? |the )?(?P<thing>[^?]+?)(?: mean)?",
    re.IGNORECASE,
)
# A longer text does not name a thing.
_MOST_WORDS = 5
_SAYS = "is|are|was|were|means?|refers? to|stands? for|describes?|consists? of|lets?|allows?|enables?"
_NAMES = "called|calls?|named|known as|term"
# The weight of such a statement beside the score of the search, which is about 1 (docs/experiments.md).
_BONUS = 0.3


def prefer_statements(found: tuple[Hit, ...], question: str) -> tuple[Hit, ...]:
    """Return the hits, with those first that say what the thing of a question is."""
    asked = _ASKS.fullmatch(question.strip(" ?.!"))
    if not asked or len(asked["thing"].split()) > _MOST_WORDS:
        return found
    thing = rf"{re.escape(drop_plural(asked['thing']))}(?:e?s)?"
    statement = re.compile(
        rf"(?:^|[.!?:]\s|\n)\W{{0,3}}(?:(?:an?|the)\s)?{thing}(?:\s(?:\([^()]*\)\s)?(?:{_SAYS})\b|:\s)"
        rf"|\b(?:{_NAMES})\s(?:an?\s|the\s)?\W?{thing}\b",
        re.IGNORECASE,
    )
    weighed = [replace(hit, bonus=_BONUS) if statement.search(hit.chunk.text) else hit for hit in found]
    return tuple(sorted(weighed, key=lambda hit: -hit.relevance))
