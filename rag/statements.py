"""Finds the hits that say what a thing is, if the question asks for that or names it: "A crate is …"."""

import re
from collections.abc import Sequence

from rag.text import drop_plural
from rag.types import Hit

# "What is a crate?", "what's ownership", "Who was Ada Ek?", "What does MSRV mean?", "crates"
_ASKS = re.compile(
    r"\W*(?:(?:what|who)(?:['’]?(?:s|re)| (?:is|are|was|were|does|do)) )?(?:an? |the )?(?P<thing>[^?]+?)(?: mean)?",
    re.IGNORECASE,
)
# A longer text does not name a thing.
_MOST_WORDS = 5
_SAYS = "is|are|was|were|means?|refers? to|stands? for|describes?|consists? of|lets?|allows?|enables?"
_NAMES = "called|calls?|named|known as|term"


def find_statements(found: Sequence[Hit], question: str) -> list[bool]:
    """Return for each hit whether it says what the thing of a question is, if the question asks for that."""
    asked = _ASKS.fullmatch(question.strip(" ?.!"))
    if not asked or len(asked["thing"].split()) > _MOST_WORDS:
        return [False] * len(found)
    thing = rf"{re.escape(drop_plural(asked['thing']))}(?:e?s)?"
    statement = re.compile(
        rf"(?:^|[.!?:]\s|\n)\W{{0,3}}(?:(?:an?|the)\s)?{thing}(?:\s(?:\([^()]*\)\s)?(?:{_SAYS})\b|:\s)"
        rf"|\b(?:{_NAMES})\s(?:an?\s|the\s)?\W?{thing}\b",
        re.IGNORECASE,
    )
    return [statement.search(hit.chunk.text) is not None for hit in found]
