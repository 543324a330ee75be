"""Writes the short reply to a question from the sentences that were quoted, and holds it against them."""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from rag.answer.check import find_conflict, find_joined_names, find_numbers
from rag.answer.kinds import ASKS_WHY, Kind, compares_amounts, find_kind, find_sides, is_topic
from rag.answer.prompt import Prompts, build_reply, label_chunk
from rag.answer.signs import HEDGE, NEGATION, QUANTIFIER, REASON
from rag.llm.base import LLM
from rag.text import content_words
from rag.types import Answer, Sentence

logger = logging.getLogger(__name__)

_MAX_TOKENS = 48
_YES, _NO = "Yes", "No"
# "No, only on Mondays", but not "No reason was given".
_YES_OR_NO = re.compile(rf"(?:{_YES}|{_NO})(?=$|[,.;:!])[,.;:!]?\s*", re.IGNORECASE)
# The LLM says yes or no only if the log-odds between the two are this far from zero.
_DECIDED = 0.5
# A reply may join the words of its quotes with these, and may have this share of others.
_LINKS = content_words("because due about both also more less than")
_NEW_WORDS = 0.25
# The quotes speak of a thing if they have this share of its words.
_SIDE = 0.5
# The date behind a quoted sentence: "It cost 9 million (2019-03-12)."
_DATE = re.compile(r"\(\d{4}[\d-]*\)")
# Sentences whose parts a reply may name, at most.
_MOST_PARTS: dict[Kind, int] = {"steps": 1, "summary": 1, "comparison": 2, "list": 3}
_CLAUSE_END = re.compile(r"[,;:—–]|\b(?:but|although|though|while|whereas)\b", re.IGNORECASE)


class Written(NamedTuple):
    """A supported reply of the LLM, else "", and the number of tokens that the LLM read and wrote."""

    text: str
    prompt_tokens: int
    answer_tokens: int


class _Facts(NamedTuple):
    """A question, the sentences of articles that are quoted for it, and the titles of their documents."""

    question: str
    texts: tuple[str, ...]
    titles: tuple[str, ...]


def add_reply(answer: Answer, *, llm: LLM, prompts: Prompts) -> Answer:
    """Return an answer with the reply that the articles among its evidence support, if there is one.

    Readers' comments stay in their own words: a reply would tell them as facts. So does what speaks for itself, see
    `_SPEAKS_FOR_ITSELF`.
    """
    hits = answer.hits
    told = [s for s in answer.sentences if any(hits[n - 1].chunk.voice == "article" for n in s.citations)]
    numbers = tuple(dict.fromkeys(n for sentence in told for n in sentence.citations))
    facts = _Facts(
        answer.rewritten or answer.question,
        tuple(sentence.text for sentence in told),
        tuple(hits[n - 1].chunk.title for n in numbers),
    )
    if not told or any(rule(facts) for rule in _SPEAKS_FOR_ITSELF):
        return answer
    sources = [label_chunk(hits[n - 1].chunk) for n in numbers]
    written = write_reply(facts.question, facts.texts, sources=sources, llm=llm, prompts=prompts)
    return replace(
        answer,
        reply=(Sentence(written.text, numbers),) if written.text else (),
        prompt_tokens=answer.prompt_tokens + written.prompt_tokens,
        answer_tokens=answer.answer_tokens + written.answer_tokens,
    )


def _is_bare_topic(facts: _Facts) -> bool:
    """Return whether nothing is asked that could be replied to."""
    return is_topic(facts.question)


def _lacks_reason(facts: _Facts) -> bool:
    """Return whether a reason is asked for, and all that is said only doubts or denies, or has no sign of one."""
    is_open = all(HEDGE.search(text) or NEGATION.search(text) for text in facts.texts)
    gives_reason = any(REASON.search(text) for text in facts.texts)
    return bool(ASKS_WHY.search(facts.question)) and (is_open or not gives_reason)


def _has_many_parts(facts: _Facts) -> bool:
    """Return whether these are several steps, a summary, a long list or comparison: the LLM leaves some out."""
    most = _MOST_PARTS.get(find_kind(facts.question))
    return most is not None and len(facts.texts) > most


def _is_one_sided(facts: _Facts) -> bool:
    """Return whether one of the things that are compared is not spoken of: the LLM makes it up."""
    words = content_words(" ".join([*facts.titles, *facts.texts]))
    return any(len(side & words) < _SIDE * len(side) for side in find_sides(facts.question))


def _lacks_amounts(facts: _Facts) -> bool:
    """Return whether it is asked which is more, and there are no two numbers to compare."""
    if not compares_amounts(facts.question):
        return False
    amounts = [text for text in facts.texts if any(find_numbers(_DATE.sub("", text)))]
    return len(amounts) < min(len(facts.texts), 2)


_SPEAKS_FOR_ITSELF = (_is_bare_topic, _lacks_reason, _has_many_parts, _is_one_sided, _lacks_amounts)


def write_reply(question: str, quotes: Sequence[str], *, sources: Sequence[str], llm: LLM, prompts: Prompts) -> Written:
    """Return what the LLM replies to a question from quotes, or "" if they do not support it.

    `sources` are the texts and labels of the passages that the quotes are of.
    """
    messages = build_reply(question, quotes, prompts=prompts)
    pieces = list(llm.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, seed=0))
    text = "".join(pieces).strip()
    is_whole = 0 < len(pieces) < _MAX_TOKENS
    fault = None if is_whole else "no end"
    fault = fault or find_fault(text, quotes, sources=sources, question=question)
    if not fault and _YES_OR_NO.match(text) and abs(llm.compare(messages, _YES, _NO).log_odds) < _DECIDED:
        fault = "no clear yes or no"
    if fault:
        logger.info("the reply has %s: %s", fault, text)
    return Written("" if fault else text, llm.count_tokens(messages), len(pieces))


def find_fault(reply: str, quotes: Sequence[str], *, sources: Sequence[str], question: str) -> str | None:
    """Return what a reply says that its quotes do not, or what it leaves out of them, or None."""
    claim = _YES_OR_NO.sub("", reply, count=1)
    words, asked = content_words(claim) - _LINKS, content_words(question)
    if not words:
        return None if claim != reply else "no word of the quotes"
    if conflict := find_conflict(claim, [*quotes, *sources], [], question=question):
        return conflict
    for name in find_joined_names(claim, " ".join((*quotes, *sources, question))):
        return f"the name {name}"
    known = content_words(" ".join((*quotes, *sources))) | asked
    if len(words - known) > _NEW_WORDS * len(words):
        return "other words than the quotes"
    if words <= asked and claim == reply and not _offers_choice(question):
        return "the words of the question"
    given = " ".join((*quotes, question))
    if NEGATION.search(claim) and not NEGATION.search(given) and not reply.lower().startswith(_NO.lower()):
        return "a negation"
    if {word.lower() for word in QUANTIFIER.findall(claim)} - {word.lower() for word in QUANTIFIER.findall(given)}:
        return "a quantifier"
    return _find_lost_doubt(claim, quotes, question)


def _offers_choice(question: str) -> bool:
    return " or " in question.lower()


def _find_lost_doubt(claim: str, quotes: Sequence[str], question: str) -> str | None:
    """Return the doubt or the denial that stands beside a claim in the quotes, and not in the claim itself."""
    words = content_words(claim)
    clauses = [clause for quote in quotes for clause in _CLAUSE_END.split(quote)]
    shares = [len(words & content_words(clause)) for clause in clauses]
    nearest = [clause for clause, share in zip(clauses, shares, strict=True) if share == max(shares)]
    for name, signs in (("a doubt", HEDGE), ("a negation", NEGATION)):
        is_lost = all(signs.search(clause) for clause in nearest)
        if is_lost and not signs.search(claim) and not signs.search(question):
            return name
    return None
