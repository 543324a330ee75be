"""Checks whether the quotes are about what a question asks for: its year or code, no opposite, a number or a time."""

import re
from collections.abc import Sequence

from rag.answer.numbers import list_known_numbers, write_ordinals
from rag.answer.prompt import label_chunk
from rag.answer.quote.answer_type import find_missing_type
from rag.answer.quote.cite import Quotes
from rag.answer.quote.opposites import Unmet, asks_for_exception, find_opposite
from rag.answer.signs import ANY_CURRENCY, ANY_SUPERLATIVE, ASKS, CURRENCY_SIGNS, compile_any
from rag.answer.understand.query import Query
from rag.answer.understand.restate import find_spelling
from rag.documents.dates import ENGLISH_DAY
from rag.documents.formats.numerals import format_roman
from rag.language import QUESTION_MARKS
from rag.rows import is_row
from rag.text import LIMITS, NO_LABEL, drop_accents

# Passages need not have the number of a limit: "over 100", "between 2001 and 2003", "after 1999". "About 2019" may name
# a year.
_LIMIT = compile_any(
    rf"\b(?:{LIMITS}|(?:up|close) to|at (?:least|most)|about(?! (?:1[0-9]|20)\d\d\b)"
    rf"|from(?= \d+ (?:to|until|till|and)\b))\s*[{CURRENCY_SIGNS}]?\d[\d.,]*"
    rf"(?: (?:and|to|until|till) [{CURRENCY_SIGNS}]?\d[\d.,]*)?",
)
_NATIONS = (
    "african|albanian|american|arab|argentine|asian|australian|austrian|belgian|brazilian|british|bulgarian|canadian"
    "|chilean|chinese|colombian|croatian|cuban|czech|danish|dutch|egyptian|english|estonian|ethiopian|european|finnish"
    "|french|german|greek|hungarian|icelandic|indian|indonesian|iranian|iraqi|irish|israeli|italian|japanese|kenyan"
    "|korean|latvian|lithuanian|mexican|moroccan|nigerian|norwegian|pakistani|peruvian|polish|portuguese|romanian"
    "|russian|scottish|serbian|slovak|slovenian|spanish|swedish|swiss|syrian|thai|turkish|ukrainian|vietnamese|welsh"
)
# "Italian" and "Italy" have four letters in common; these names of countries have fewer.
_SAME_LETTERS = 4
_COUNTRIES = {
    "american": r"USA?\b|U\.S\.|United States", "british": r"UK\b|United Kingdom", "danish": "Denmark",
    "dutch": "Netherlands|Holland", "european": r"EU\b", "finnish": "Finland", "french": "France", "irish": "Ireland",
    "peruvian": "Peru", "polish": "Poland", "spanish": "Spain", "swiss": "Switzerland", "welsh": "Wales",
}  # fmt: skip
# Words before a name that passages may leave out.
_TITLES = (
    "Mrs?|Miss|Doctor|Professor|President|King|Queen|Prince|Princess|Pope|Sir|Lord|Lady|Saint|General|Captain|Emperor"
    "|Judge|Justice|Senator|Minister|Chancellor|Governor|Mayor|Uncle|Aunt"
)
# Forms of words that the passages must have as the question does. Only words with the same `same` are compared.
_FORMS = (
    # A year: "2019", "in 1066", but not "1200", "€1600", "1600 euros".
    compile_any(
        rf"(?<![\w.,{CURRENCY_SIGNS}-])(?P<same>)"
        r"(?:(?:1[5-9]|20)\d\d|(?:(?<=\bin )|(?<=\bfrom )|(?<=\byear ))1[0-4]\d\d)"
        rf"(?![\w%-]|[.,]\d|\s?(?:{ANY_CURRENCY}))"
    ),
    # A code: "E4", "A-320", "T14s".
    re.compile(r"(?<![\w-])(?P<same>[A-Za-z]{1,4})-?\d{1,5}[A-Za-z]?(?![\w-])"),
    # One of several: "clause 12", "Line 5". "Has 5" and "for 5" are quantities.
    compile_any(rf"\b(?!(?:{NO_LABEL})\b)(?P<same>[A-Za-z]{{3,}})[ -]\d{{1,3}}\b(?![.,:]?\d|%)"),
    # One of a series, after `write_ordinals`: "2nd law", "19th century".
    re.compile(r"\b\d{1,2}(?:st|nd|rd|th)[ -](?P<same>[A-Za-z]{3,})\b"),
    # Of one country: "Indian citizens". "Polish" in small letters has to do with shoes.
    re.compile(rf"\b(?=[A-Z])(?i:{_NATIONS}) (?P<same>[A-Za-z]{{3,}})\b"),
    # One of a family, or of things with one name: "Anna Berg", "North Carolina".
    re.compile(rf"(?<=\s)(?!(?:{_TITLES})\b)[A-Z][a-z]{{2,}} (?P<same>[A-Z][a-z]{{2,}})\b"),
    # Names that differ only in the first letter: "Harlow", "Marlow".
    re.compile(r"(?<=[a-z,;] )[A-Z](?P<same>[a-z]{3,})\b"),
)
# "World War II" is the second one; "I" alone is a word.
_ROMAN = {format_roman(number).upper(): str(number) for number in range(2, 21)} | {"[A-Z][a-z]+ I": "1"}
_NUMBER = re.compile(r"\d+")
# "From 1968 to 1981" speaks of 1975 too.
_YEARS = re.compile(r"\b(\d{4})\s*(?:to|until|till|and|[-–—])\s*(\d{4})\b")
# "Which station has the most passengers?", but not "at least" and "most of".
_SUPERLATIVE = compile_any(rf"(?<!\bat )\b(?:most(?! of)|fewest|best|worst|newest|richest|{ANY_SUPERLATIVE})\b")
_ABOUT_ASKING = compile_any(r"\b(?:ask|question)")
# "1,200", "1.200" and "1 200" are also 1200.
_SEPARATOR = re.compile(r"(?<=\d)[.,'’\s](?=\d{3}(?!\d))")


def hold_to_question(quotes: Quotes, question: Query) -> Quotes:
    """Return the quotes, or a refusal with the reason if they are about something else than the question.

    A question for yes or no may have other words: "No, in 2021" answers "Did it open in 2019?".
    """
    if not quotes.citations:
        return quotes
    if _only_asks(question.text, quotes):
        objection: str | None = "The passages found ask this too, and do not answer it."
    else:
        objection = None if question.is_yes_no else _find_objection(quotes, question)
    return Quotes(quotes.hits, note=objection) if objection else quotes


def _find_objection(quotes: Quotes, question: Query) -> str | None:
    """Return what the quotes have instead of what a question asks for, as a line for the user; or None."""
    passages = [f"{label_chunk(hit.chunk)} {hit.chunk.text}" for hit in quotes.cited_hits]
    sentences = [citation.quote for citation in quotes.citations]
    unmet = (
        find_unmet(question.text, passages)
        or _find_other_row(question.text, sentences)
        or find_opposite(question.text, sentences, passages)
    )
    if unmet:
        return unmet.note
    if _needs_comparison(question.text, sentences):
        return "The passages found are rows of a table. Nothing compares them with the other rows."
    if asks_for_exception(question.text, sentences):
        return "The passages found exclude nothing."
    missing = None if question.asks_two else find_missing_type(question.text, sentences)
    return f"The passages found give no {missing}." if missing else None


def _find_other_row(question: str, sentences: Sequence[str]) -> Unmet | None:
    """Return what rows have instead of a question's code, number or nationality; a year may be the whole table's."""
    is_table = all(map(is_row, sentences))
    return find_unmet(question, sentences, forms=_FORMS[1:]) if is_table else None


def _needs_comparison(question: str, sentences: Sequence[str]) -> bool:
    """Return whether a question asks for the highest or the like, and the quotes are rows without that word.

    The LLM reads one row at a time.
    """
    superlative = _SUPERLATIVE.search(question)
    if superlative is None or not all(map(is_row, sentences)):
        return False
    return superlative[0].lower() not in " ".join(sentences).lower()


def _only_asks(question: str, quotes: Quotes) -> bool:
    """Return whether the quotes are questions, and the question is not about what somebody asked."""
    texts = [citation.quote.rstrip() for citation in quotes.citations]
    are_questions = all(text.endswith(QUESTION_MARKS) and ASKS.search(text) for text in texts)
    return are_questions and not _ABOUT_ASKING.search(question)


def find_unmet(question: str, texts: Sequence[str], *, forms: Sequence[re.Pattern[str]] = _FORMS) -> Unmet | None:
    """Return the first year, code, number or nationality of a question that no text has, if the texts have others.

    "Clause 12" is there if the texts have a number 12, which may be before a heading, or "twelve".
    A limit such as "over 100" does not count.
    """
    asked = write_ordinals(_LIMIT.sub(" ", question))
    text = write_ordinals(" ".join(texts))
    # The day of a date does not number things.
    names_day = ENGLISH_DAY.search(question) is not None
    numbers = _list_numbers(text if names_day else ENGLISH_DAY.sub(r" \g<year> ", text))
    for form in forms:
        for wanted in form.finditer(asked):
            others = _list_others(form, wanted, text)
            if others and not _is_there(wanted[0], text, numbers):
                return Unmet(wanted[0], others)
    return None


def _is_there(wanted: str, text: str, numbers: set[str]) -> bool:
    """Return whether a text has the numbers of a word, or years around them; or its name or nationality."""
    asked = _NUMBER.findall(wanted)
    if asked:
        is_between = any(int(first) <= int(asked[0]) <= int(last) for first, last in _YEARS.findall(text))
        return is_between or numbers.issuperset(asked)
    name, *_ = drop_accents(wanted).split()
    plain = drop_accents(text)
    country = _COUNTRIES.get(name.lower(), name)
    if re.search(rf"\b(?:{name[:_SAME_LETTERS]}|{country})", plain):
        return True
    # A misspelt name has the right first letter, and "African" does not stand for "American".
    alike = re.findall(rf"\b{name[0]}\w+", plain)
    is_nation = re.fullmatch(_NATIONS, name, re.IGNORECASE)
    return find_spelling(name, alike) in alike and not is_nation


def _list_numbers(text: str) -> set[str]:
    """Return the numbers of a text, also without their separators; numbers in words and Roman numerals as digits."""
    joined = _SEPARATOR.sub("", text)
    roman = {number for sign, number in _ROMAN.items() if re.search(rf"\b{sign}\b", text)}
    return {*_NUMBER.findall(text), *_NUMBER.findall(joined), *list_known_numbers(text), *roman}


def _list_others(form: re.Pattern[str], wanted: re.Match[str], text: str) -> tuple[str, ...]:
    """Return a text's words of the wanted form, if they have the same letters or word beside the number."""
    same = wanted["same"].lower()
    others = [match[0] for match in form.finditer(text) if match["same"].lower() == same]
    return tuple(dict.fromkeys(others))
