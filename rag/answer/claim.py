"""A text whose claims are checked, with its sources and its question."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answer.negation import BEGINS_WITH_NO, YES_OR_NO
from rag.answer.numbers import write_digits
from rag.text import content_words

# A reply may join the words of its quotes with these, and says nothing with these alone.
_LINKS = content_words("because due about both also more less than we us i me you them")
# The quotes are one line each, but spoken words may have several sentences.
CLAUSE_END = re.compile(
    r"[,;:—–\n]|(?<=[^\W\d_]{3})[.!?][\"”’]?\s|\b(?:but|although|though|while|whereas)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A text whose claims are checked, and the texts that may support them.

    `text` is a sentence, or a reply without its "Yes" or "No". Its numbers have to be in the `sources`: the `quotes`
    from which the LLM wrote the reply, and the names of their passages. Its names and words may also be in the
    `question`.
    """

    text: str
    quotes: str
    sources: str
    question: str
    is_yes_or_no: bool
    begins_with_no: bool

    @property
    def words(self) -> set[str]:
        """The words that do more than join others."""
        return content_words(self.text) - _LINKS

    @property
    def known(self) -> str:
        """The text that names and words may come from."""
        return f"{self.sources} {self.question}"

    @property
    def meant(self) -> str:
        """The text that words such as "not" and "all" may come from: the quotes and the question."""
        return f"{self.quotes} {self.question}"


def read_claim(reply: str, quotes: Sequence[str], *, sources: Sequence[str], question: str) -> Claim:
    """Return the claim of a reply without its yes or no; numbers in words are digits, in all texts."""
    quoted = write_digits("\n".join(quotes))
    known = write_digits("\n".join((quoted, *sources)))
    question = write_digits(question)
    reply = write_digits(reply)
    text = YES_OR_NO.sub("", reply, count=1)
    begins_with_no = BEGINS_WITH_NO.match(reply) is not None
    return Claim(text, quoted, known, question, reply != text, begins_with_no)


def find_nearest_clauses(text: str, quotes: str) -> list[str]:
    """Return the clauses of the quotes that share the most words with a text."""
    words = content_words(text)
    by_count = defaultdict[int, list[str]](list)
    for clause in CLAUSE_END.split(quotes):
        shared = words & content_words(clause)
        by_count[len(shared)].append(clause)
    return by_count[max(by_count)]
