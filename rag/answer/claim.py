"""A text whose claims are checked, with its sources and its question."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answer.mentions import spell_names
from rag.answer.negation import BEGINS_WITH_NO, YES_OR_NO
from rag.answer.numbers import write_digits
from rag.answer.signs import QUANTIFIER
from rag.documents.dates import spell_dates
from rag.text import content_words

# A reply may join the words of its quotes with these.
_LINKS = content_words("because due about both also more less than")
CLAUSE_END = re.compile(r"[,;:—–]|\b(?:but|although|though|while|whereas)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """A text whose claims are checked, with everything that it is checked against.

    `text` is a sentence, or a `reply` without its "Yes" or "No". Its numbers have to be in the `sources`; its names and
    words may come from the question too. `quotes` are the sentences from which the LLM wrote the reply.
    """

    text: str
    sources: str
    question: str
    reply: str
    quotes: Sequence[str]

    @property
    def is_yes_or_no(self) -> bool:
        """Whether the reply says yes or no."""
        return self.reply != self.text

    @property
    def begins_with_no(self) -> bool:
        """Whether the reply begins with "No", or with a word such as "Nobody" or "Not"."""
        return BEGINS_WITH_NO.match(self.reply) is not None

    @property
    def words(self) -> set[str]:
        """The words that do more than join others."""
        return content_words(self.text) - _LINKS

    @property
    def known(self) -> str:
        """The text that names and words may come from."""
        return f"{self.sources} {self.question}"

    @property
    def quoted(self) -> str:
        """The quotes as one text."""
        return " ".join(self.quotes)

    @property
    def nearest(self) -> str:
        """The quotes and the question; words that reverse a meaning must come from these."""
        return f"{self.quoted} {self.question}"


def read_claim(reply: str, quotes: Sequence[str], *, sources: Sequence[str], question: str) -> Claim:
    """Return the claim of a reply: without its yes or no, and with its dates and names as in the quotes.

    Numbers in words are digits, in all texts.
    """
    quotes = [write_digits(quote) for quote in quotes]
    known = write_digits("\n".join((*quotes, *sources)))
    question = write_digits(question)
    reply = write_digits(spell_dates(reply, known))
    reply = spell_names(reply, f"{known}\n{question}")
    text = YES_OR_NO.sub("", reply, count=1)
    return Claim(text, known, question, reply, quotes)


def find_nearest_clauses(text: str, quotes: Sequence[str]) -> list[str]:
    """Return the clauses of the quotes that share the most words with a text."""
    words = content_words(text)
    by_count = defaultdict[int, list[str]](list)
    for quote in quotes:
        for clause in CLAUSE_END.split(quote):
            shared = words & content_words(clause)
            by_count[len(shared)].append(clause)
    return by_count[max(by_count, default=0)]


def list_quantifiers(text: str) -> set[str]:
    """Return the words such as "all" and "only" of a text, in small letters."""
    return set(QUANTIFIER.findall(text.lower()))
