"""Judges one answer against what is wanted of its question; a measure that is not defined for it is left out."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from rag.evaluation.dataset import Passage, Question
from rag.evaluation.metrics import RANKS, contains_answer, exact_match, ranking_measures, rouge_l, token_f1
from rag.types import Answer, Chunk, Citation, Hit, Sentence

Verdict = Literal["right", "wrong", "refused", "unjudged"]
# An accepted text of more words is a reference to compare with, not a text that an answer can be asked to contain.
_SHORT_WORDS = 12
_SCORES: dict[Verdict, float] = {"right": 1.0, "wrong": -1.0, "refused": 0.0}
_NAMES_COMMENT = re.compile(r"\b(?:readers?|comment(?:s|er|ers|ator|ators|ed)?)\b", re.IGNORECASE)
# What a measure means, in the order in which they are shown; the others follow by name.
MEANINGS = {
    "score": "right +1, refused 0, wrong −1; unanswerable: refused +1, answered −1",
    "correct": "answerable: an accepted text stands in the answer",
    "false_refusals": "answerable, but refused",
    "refused": "unanswerable, and refused",
    "refusal_precision": "of the refusals: unanswerable",
    "outcome_right": "the outcome is the one wanted",
    "comment_as_fact": "of the answers that only a comment supports: told as a fact",
    "reply_f1": "word overlap of the reply with the accepted text (SQuAD F1)",
    "reply_em": "the reply is the accepted text (SQuAD EM)",
    "rouge_l": "longest common subsequence with the reference",
    "citation precision": "citations that are of a gold document",
    "citation recall": "sentences with a citation of a gold document",
    "passage citation precision": "citations that are of a gold passage",
    "passage citation recall": "sentences with a citation of a gold passage",
    "brier": "squared error of the confidence that the documents answer (Brier score)",
    "uncited": "answers without a citation",
    "quotes_absent": "answers with a quote that is not in its document",
    "sources_of_refusals": "refusals that list a source",
    "answer@1": "the first passage found holds the answer",
    "answer@3": "one of the first three does",
    "answer@5": "one of the first five does",
    "answer@10": "one of the first ten does",
}
# Of these, less is better.
LESS_IS_BETTER = frozenset(
    {"false_refusals", "comment_as_fact", "brier", "uncited", "quotes_absent", "sources_of_refusals"}
)


def has_short_answers(question: Question) -> bool:
    """Return whether an answer can be judged by whether it contains an accepted text."""
    return any(len(text.split()) <= _SHORT_WORDS for text in question.answers)


def plain_text(answer: Answer) -> str:
    """Return the reply and the quotes of an answer, without the numbers of its sources; a refusal is no text."""
    return "" if answer.outcome == "not_found" else _join(*answer.reply, *answer.sentences)


def reply_text(answer: Answer) -> str:
    """Return the reply of an answer, its quotes if they stand alone; a refusal is no text."""
    return _join(*answer.reply) if answer.reply else plain_text(answer)


def _join(*sentences: Sentence) -> str:
    return " ".join(sentence.text for sentence in sentences)


def judge_answer(question: Question, answer: Answer | None) -> Verdict:
    """Return the verdict; None, for a question that raised, is wrong.

    To refuse an unanswerable question is right. An answer to a question that has only long references is unjudged.
    """
    if answer is None:
        return "wrong"
    refused = answer.outcome == "not_found"
    if not question.answerable:
        return "right" if refused else "wrong"
    if refused:
        return "refused"
    if not has_short_answers(question):
        return "unjudged"
    return "right" if contains_answer(plain_text(answer), question.answers) else "wrong"


def measure_hits(question: Question, hits: Sequence[Hit], passages: Mapping[str, Passage]) -> dict[str, float]:
    """Return the measures of a ranking, by gold document, gold passage, and by the accepted text that a hit holds."""
    measures: dict[str, float] = {}
    if not question.gold_doc_ids:
        return measures
    measures |= ranking_measures([[hit.chunk.source] for hit in hits], question.gold_doc_ids)
    if gold := [passages[i] for i in question.gold_passage_ids if i in passages]:
        found = [[p.id for p in gold if _overlap(hit.chunk, p)] for hit in hits]
        ranked = ranking_measures(found, [p.id for p in gold])
        measures |= {f"passage {name}": value for name, value in ranked.items()}
    if has_short_answers(question):
        holding = [
            hit.chunk.source in question.gold_doc_ids and contains_answer(hit.chunk.text, question.answers)
            for hit in hits
        ]
        measures |= {f"answer@{k}": float(any(holding[:k])) for k in RANKS}
    return measures


def measure_answer(
    question: Question,
    answer: Answer | None,
    verdict: Verdict,
    passages: Mapping[str, Passage],
    texts: Mapping[str, str],
) -> dict[str, float]:
    """Return the measures of an answer, or of None for a question that raised; `texts` are the documents by id."""
    refused = answer is not None and answer.outcome == "not_found"
    text = plain_text(answer) if answer else ""
    measures: dict[str, float] = {}
    if verdict in _SCORES and (not question.answerable or has_short_answers(question)):
        measures["score"] = _SCORES[verdict]
    if question.answerable:
        if has_short_answers(question):
            measures["correct"] = float(verdict == "right")
            reply = reply_text(answer) if answer else ""
            measures["reply_f1"] = token_f1(reply, question.answers)
            measures["reply_em"] = exact_match(reply, question.answers)
        measures["false_refusals"] = float(refused)
        if references := _find_references(question):
            measures["rouge_l"] = rouge_l(text, references)
    else:
        measures["refused"] = float(refused)
    if refused:
        measures["refusal_precision"] = float(not question.answerable)
        measures["sources_of_refusals"] = float(bool(answer and answer.citations))
    if answer and answer.confidence is not None:
        measures["brier"] = (answer.confidence - question.answerable) ** 2
    if question.outcome:
        measures["outcome_right"] = float(answer is not None and answer.outcome == question.outcome)
    if answer and not refused:
        measures |= _measure_citations(question, answer, passages, texts)
        if question.voice == "comment":
            measures["comment_as_fact"] = float(_is_told_as_fact(question, answer))
    return measures


def _find_references(question: Question) -> list[str]:
    given = [*question.answers, *filter(None, [question.reference_response])]
    return [text for text in given if len(text.split()) > _SHORT_WORDS]


def _measure_citations(
    question: Question, answer: Answer, passages: Mapping[str, Passage], texts: Mapping[str, str]
) -> dict[str, float]:
    measures = {"uncited": float(not answer.citations)}
    if answer.citations:
        absent = [c for c in answer.citations if texts.get(c.source, "")[c.start : c.end] != c.quote]
        measures["quotes_absent"] = float(bool(absent))
    if not question.gold_doc_ids:
        return measures
    right = {c: c.source in question.gold_doc_ids for c in answer.citations}
    measures |= _citation_rates("citation", answer, right)
    if gold := [passages[i] for i in question.gold_passage_ids if i in passages]:
        right = {c: any(_overlap(c, p) for p in gold) for c in answer.citations}
        measures |= _citation_rates("passage citation", answer, right)
    return measures


def _citation_rates(prefix: str, answer: Answer, right: Mapping[Citation, bool]) -> dict[str, float]:
    good = {citation.number for citation, is_right in right.items() if is_right}
    cited = [any(number in good for number in sentence.citations) for sentence in answer.sentences]
    rates = {f"{prefix} recall": sum(cited) / len(cited)} if cited else {}
    return rates | ({f"{prefix} precision": sum(right.values()) / len(right)} if right else {})


def _overlap(place: Chunk | Citation, passage: Passage) -> bool:
    return place.source == passage.doc_id and place.start < passage.end and passage.start < place.end


def _is_told_as_fact(question: Question, answer: Answer) -> bool:
    """Return whether a sentence states what only a comment has, without saying whose words they are."""
    voices = {citation.number: citation for citation in answer.citations}
    for sentence in answer.sentences:
        if not contains_answer(sentence.text, question.answers):
            continue
        cited = [voices[number] for number in sentence.citations if number in voices]
        named = _NAMES_COMMENT.search(sentence.text) or any(c.author and c.author in sentence.text for c in cited)
        if not named or any(c.voice != "comment" for c in cited):
            return True
    return False
