"""Checks whether the quotes are about what a question asks for: its year or code, and not the opposite."""

import re
from collections.abc import Sequence

from rag.answer.numbers import list_known_numbers
from rag.answer.prompt import label_chunk
from rag.answer.quote.cite import Quotes
from rag.answer.quote.opposites import Unmet, asks_for_what_quotes_deny, find_opposite
from rag.answer.signs import ANY_CURRENCY, AUXILIARY, BOUND, CURRENCY_SIGNS
from rag.answer.understand.query import Query
from rag.rows import is_row
from rag.text import STOP_WORDS

_NO_LABEL = "|".join([AUXILIARY, *sorted(STOP_WORDS)])
# Forms of words that the passages must have as the question does. Only words with the same `same` are compared.
_FORMS = (
    # A year: "2019", "in 1066", but not "1200", "€1600", "1600 euros".
    re.compile(
        rf"(?<![\w.,{CURRENCY_SIGNS}-])(?P<same>)"
        r"(?:(?:1[5-9]|20)\d\d|(?:(?<=\bin )|(?<=\bfrom )|(?<=\byear ))1[0-4]\d\d)"
        rf"(?![\w%-]|[.,]\d|\s?(?:{ANY_CURRENCY}))",
        re.IGNORECASE,
    ),
    # A code: "E4", "A-320", "T14s".
    re.compile(r"(?<![\w-])(?P<same>[A-Za-z]{1,4})-?\d{1,5}[A-Za-z]?(?![\w-])"),
    # One of several: "clause 12", "Line 5". "Has 5" and "for 5" are quantities.
    re.compile(rf"\b(?!(?:{_NO_LABEL})\b)(?P<same>[A-Za-z]{{3,}})[ -]\d{{1,3}}\b(?![.,:]?\d|%)", re.IGNORECASE),
)
_NUMBER = re.compile(r"\d+")
# "1,200", "1.200" and "1 200" are also 1200.
_SEPARATOR = re.compile(r"(?<=\d)[.,'’\s](?=\d{3}(?!\d))")
_SAYS_SO = "The passages found say what is so, not what is not so."


def hold_to_question(quotes: Quotes, question: Query) -> Quotes:
    """Return the quotes, or a refusal if they are about another year, code or number than the question.

    They may also be about the opposite: the lowest for the highest, what is covered for what is not.
    A question for yes or no is not checked: "No, in 2021" answers "Did it open in 2019?".
    """
    if question.is_yes_no or not quotes.citations:
        return quotes
    passages = [f"{label_chunk(chunk)} {chunk.text}" for chunk in quotes.cited_chunks]
    sentences = [citation.quote for citation in quotes.citations]
    unmet = find_unmet(question.text, passages)
    if not unmet and all(map(is_row, sentences)):
        # Other rows are about other things. A year may be that of the whole table.
        unmet = find_unmet(question.text, sentences, forms=_FORMS[1:])
    unmet = unmet or find_opposite(question.text, sentences, passages)
    if unmet:
        return Quotes(quotes.hits, note=unmet.note)
    if not question.asks_why and asks_for_what_quotes_deny(question.text, sentences):
        return Quotes(quotes.hits, note=_SAYS_SO)
    return quotes


def find_unmet(question: str, texts: Sequence[str], *, forms: Sequence[re.Pattern[str]] = _FORMS) -> Unmet | None:
    """Return the first year, code or number of a question that no text has, if the texts have others of its form.

    "Clause 12" is there if the texts have a number 12, which may be before a heading, or "twelve".
    A bound such as "over 100" does not count.
    """
    values = BOUND.sub(" ", question)
    together = " ".join(texts)
    numbers = _list_numbers(together)
    for form in forms:
        for wanted in form.finditer(values):
            is_there = numbers.issuperset(_NUMBER.findall(wanted[0]))
            others = _list_others(form, wanted, together)
            if others and not is_there:
                return Unmet(wanted[0], others)
    return None


def _list_numbers(text: str) -> set[str]:
    """Return the numbers of a text, also without their separators, and numbers in words as digits."""
    joined = _SEPARATOR.sub("", text)
    return {*_NUMBER.findall(text), *_NUMBER.findall(joined), *list_known_numbers(text)}


def _list_others(form: re.Pattern[str], wanted: re.Match[str], text: str) -> tuple[str, ...]:
    """Return a text's words of the wanted form, if they have the same letters or word before the number."""
    same = wanted["same"].lower()
    others = [match[0] for match in form.finditer(text) if match["same"].lower() == same]
    return tuple(dict.fromkeys(others))
