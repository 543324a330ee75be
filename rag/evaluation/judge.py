"""Judges one answer by the accepted answers of its question; leaves out measures that do not apply to it."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from rag.evaluation.dataset import Passage, Question, find_passages, make_passages
from rag.evaluation.metrics import RANKS, contains_answer, exact_match, ranking_measures, rouge_l, token_f1
from rag.types import Answer, Chunk, Citation, Hit, Outcome, Sentence

Verdict = Literal["right", "wrong", "refused", "unjudged"]
# An answer need not contain an accepted text of more words: such a text is a reference to compare with.
_SHORT_WORDS = 12
_SCORES: dict[Verdict, float] = {"right": 1.0, "wrong": -1.0, "refused": 0.0}
_NAMES_COMMENT = re.compile(r"\b(?:readers?|comment(?:s|er|ers|ator|ators|ed)?)\b", re.IGNORECASE)
# The meaning of each measure, in the order in which tables show them.
MEANINGS = {
    "score": "right +1, refused 0, wrong −1; unanswerable: refused +1, answered −1",
    "correct": "answerable: an accepted text stands in the answer",
    "false_refusals": "answerable, but refused",
    "refused": "unanswerable, and refused",
    "refusal_precision": "of the refusals: unanswerable",
    "outcome_right": "the outcome is the one wanted",
    "comment_as_fact": "of the answers that only a comment supports: stated as a fact",
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
# Measures of which less is better.
LESS_IS_BETTER = frozenset(
    {"false_refusals", "comment_as_fact", "brier", "uncited", "quotes_absent", "sources_of_refusals"}
)


def has_short_answers(question: Question) -> bool:
    """Return whether a question accepts a text so short that an answer must contain it."""
    return any(len(text.split()) <= _SHORT_WORDS for text in question.answers)


def get_outcome(answer: Answer | None) -> Outcome | None:
    """Return the outcome of an answer; None if the question raised an error."""
    return answer.outcome if answer else None


def plain_text(answer: Answer | None) -> str:
    """Return the reply and the quotes of an answer, without the numbers; "" for a refusal or an error."""
    if answer is None or answer.outcome == "not_found":
        return ""
    return _join(*answer.reply, *answer.sentences)


def reply_text(answer: Answer | None) -> str:
    """Return the reply of an answer, or its quotes if it has no reply; "" for a refusal or an error."""
    return _join(*answer.reply) if answer and answer.reply else plain_text(answer)


def _join(*sentences: Sentence) -> str:
    return " ".join(sentence.text for sentence in sentences)


def judge_answer(question: Question, answer: Answer | None) -> Verdict:
    """Return the verdict on an answer; None, from a question that raised an error, is wrong.

    A refusal of an unanswerable question is right. An answer is unjudged if the question has only long references.
    """
    if answer is None:
        return "wrong"
    if answer.outcome == "not_found":
        return "refused" if question.answerable else "right"
    if question.answerable and not has_short_answers(question):
        return "unjudged"
    return "right" if contains_answer(plain_text(answer), question.answers) else "wrong"


def measure_hits(question: Question, hits: Sequence[Hit], passages: Mapping[str, Passage]) -> dict[str, float]:
    """Return the measures of a ranking: by gold documents, by gold passages, and by the accepted text in a hit."""
    measures: dict[str, float] = {}
    for prefix, gold in _list_gold(question, passages).items():
        found = [find_gold(hit.chunk, gold) for hit in hits]
        for name, value in ranking_measures(found, gold).items():
            measures[f"{prefix}{name}"] = value
    if question.gold_doc_ids and has_short_answers(question):
        holding = [_holds_answer(hit, question) for hit in hits]
        for k in RANKS:
            measures[f"answer@{k}"] = float(any(holding[:k]))
    return measures


def find_gold(stretch: Chunk | Citation, gold: Mapping[str, Passage]) -> list[str]:
    """Return the ids of the passages that share words with a chunk or quote."""
    return [name for name, passage in gold.items() if _overlaps(stretch, passage)]


def _overlaps(stretch: Chunk | Citation, passage: Passage) -> bool:
    return stretch.source == passage.doc_id and stretch.start < passage.end and passage.start < stretch.end


def _list_gold(question: Question, passages: Mapping[str, Passage]) -> dict[str, dict[str, Passage]]:
    """Return a question's gold documents and its gold passages, by the beginning of their measures' names."""
    gold = {
        "": make_passages(question.gold_doc_ids),
        "passage ": find_passages(question.gold_passage_ids, passages),
    }
    return {prefix: named for prefix, named in gold.items() if named}


def _holds_answer(hit: Hit, question: Question) -> bool:
    return hit.chunk.source in question.gold_doc_ids and contains_answer(hit.chunk.text, question.answers)


def measure_answer(
    question: Question,
    answer: Answer | None,
    verdict: Verdict,
    passages: Mapping[str, Passage],
    texts: Mapping[str, str],
) -> dict[str, float]:
    """Return the measures of an answer; it is None if the question raised an error.

    `texts` are the documents' texts by id.
    """
    measures = _measure_verdict(question, answer, verdict)
    if question.outcome:
        measures["outcome_right"] = float(get_outcome(answer) == question.outcome)
    if answer is None:
        return measures
    if answer.confidence is not None:
        measures["brier"] = (answer.confidence - question.answerable) ** 2
    if answer.outcome == "not_found":
        measures["refusal_precision"] = float(not question.answerable)
        measures["sources_of_refusals"] = float(bool(answer.citations))
        return measures
    if question.voice == "comment":
        measures["comment_as_fact"] = float(_is_told_as_fact(question, answer))
    return measures | _measure_citations(question, answer, passages, texts)


def _measure_verdict(question: Question, answer: Answer | None, verdict: Verdict) -> dict[str, float]:
    """Return the measures that compare an answer with the accepted texts."""
    refused = float(get_outcome(answer) == "not_found")
    if not question.answerable:
        return {"score": _SCORES[verdict], "refused": refused}
    measures = {"false_refusals": refused}
    if has_short_answers(question):
        reply = reply_text(answer)
        measures["score"] = _SCORES[verdict]
        measures["correct"] = float(verdict == "right")
        measures["reply_f1"] = token_f1(reply, question.answers)
        measures["reply_em"] = exact_match(reply, question.answers)
    references = _find_references(question)
    if references:
        measures["rouge_l"] = rouge_l(plain_text(answer), references)
    return measures


def _find_references(question: Question) -> list[str]:
    texts = [*question.answers, question.reference_response or ""]
    return [text for text in texts if len(text.split()) > _SHORT_WORDS]


def _measure_citations(
    question: Question, answer: Answer, passages: Mapping[str, Passage], texts: Mapping[str, str]
) -> dict[str, float]:
    citations, sentences = answer.citations, answer.sentences
    measures = {"uncited": float(not citations)}
    if citations:
        measures["quotes_absent"] = float(any(_is_absent(citation, texts) for citation in citations))
    for prefix, gold in _list_gold(question, passages).items():
        right = [citation for citation in citations if find_gold(citation, gold)]
        numbers = {citation.number for citation in right}
        supported = [sentence for sentence in sentences if not numbers.isdisjoint(sentence.citations)]
        if citations:
            measures[f"{prefix}citation precision"] = len(right) / len(citations)
        if sentences:
            measures[f"{prefix}citation recall"] = len(supported) / len(sentences)
    return measures


def _is_absent(citation: Citation, texts: Mapping[str, str]) -> bool:
    return texts.get(citation.source, "")[citation.start : citation.end] != citation.quote


def _is_told_as_fact(question: Question, answer: Answer) -> bool:
    """Return whether a sentence gives an answer that only a comment has, without naming the comment or its author."""
    answering = [sentence for sentence in answer.sentences if contains_answer(sentence.text, question.answers)]
    return any(not _names_author(sentence, answer.citations) for sentence in answering)


def _names_author(sentence: Sentence, citations: Sequence[Citation]) -> bool:
    """Return whether a sentence is only from comments, and says so or names an author of theirs."""
    cited = [citation for citation in citations if citation.number in sentence.citations]
    if any(citation.voice != "comment" for citation in cited):
        return False
    if _NAMES_COMMENT.search(sentence.text):
        return True
    return any(citation.author and citation.author in sentence.text for citation in cited)
