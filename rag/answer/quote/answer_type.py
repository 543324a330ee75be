"""Finds out whether the quotes have the type of answer that a question asks for: a number, an amount or a time."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from rag.answer.negation import NO
from rag.answer.numbers import COUNTING_WORDS, write_digits
from rag.answer.signs import compile_any
from rag.language import guess_language
from rag.text import MONTHS


class _AnswerType(NamedTuple):
    """A type of answer: the questions for it, the signs of it in a text, and its name."""

    asked: re.Pattern[str]
    signs: re.Pattern[str]
    name: str


_QUANTITIES = (
    f"{COUNTING_WORDS}|{NO}|several|few|little|many|much|most|all|every|each|more|less|majority|minority|numerous|lots?"
    "|free|handful|whole|entire|fully|everyone|everybody|only|unanimous(?:ly)?"
)
_TIME_WORDS = (
    f"{MONTHS}|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|spring|summer|autumn|fall|winter|christmas|easter"
    "|dawn|morning|noon|midday|afternoon|evening|dusk|night|midnight|today|tomorrow|yesterday|tonight|now|then"
    "|seconds?|minutes?|hours?|days?|weeks?|weekends?|fortnights?|months?|years?|decades?|centur[a-z]+|ages?|era|period"
    "|times?|dates?"
    "|before|prior|previous|earlier|during|while|when[a-z]*|if|as|upon|after[a-z]*|follow[a-z]*|later|next|since|until"
    "|till|once|soon|immediately|at once|already|recently|ago|first|last|start[a-z]*|beg[iau]n[a-z]*|end[a-z]*|always"
    "|never|daily|weekly|monthly|yearly|annual[a-z]*|every|each|reign[a-z]*|one"
    "|in case"
    "|on (?:receipt|arrival|departure|delivery|request|demand|completion|payment|signing|signature|entry|birth|death)"
)
# The digits are also those of numbers in words.
_TYPES = (
    _AnswerType(compile_any(r"\bhow many\b"), compile_any(rf"\d|\b(?:{_QUANTITIES})\b"), "number"),
    # "A pinch" answers "How much salt?".
    _AnswerType(compile_any(r"\bhow much\b"), compile_any(rf"\d|\b(?:{_QUANTITIES}|an?)\b"), "amount"),
    _AnswerType(
        # "When it rains, what closes?" asks for no time.
        compile_any(r"^\W*when\b(?!.*,)", r"\b(?:what|which) (?:year|date|day|month|century|decade)\b"),
        compile_any(rf"\d|\b(?:{_TIME_WORDS})\b"),
        "time",
    ),
)


def find_missing_type(question: str, quotes: Iterable[str]) -> str | None:
    """Return the type of answer that a question asks for and no quote has, such as "time"; or None.

    The words for numbers and times are English, so quotes in another language have all types.
    """
    quoted = write_digits("\n".join(quotes))
    if guess_language(quoted) != "en":
        return None
    for one in _TYPES:
        if one.asked.search(question) and not one.signs.search(quoted):
            return one.name
    return None
