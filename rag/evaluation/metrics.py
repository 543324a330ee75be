"""The measures, as pure functions of texts and numbers."""

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.errors import DatasetError
from rag.extras import explain_missing
from rag.text import UNSPACED

with explain_missing("the evaluation", DatasetError):
    import ir_measures
    from ir_measures import RR, R, nDCG

RANKS = (1, 3, 5, 10)
RESAMPLES = 2_000
_RANKING = {**{f"recall@{k}": R @ k for k in RANKS}, "mrr@10": RR @ 10, "ndcg@10": nDCG @ 10}
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_RUN = re.compile(r"[^\W_]+")

# Phrases with which systems without outcomes say that they do not know: one list for all systems. It has more than the
# phrase that a prompt asks for, because models vary it.
REFUSAL_PHRASES = (
    "cannot answer", "cannot be answered", "cannot be determined", "cannot determine", "cannot find", "cannot provide",
    "could not find", "did not find", "do not have", "do not know", "does not answer", "does not contain",
    "does not explicitly", "does not give", "does not have", "does not include", "does not indicate",
    "does not mention", "does not provide", "does not say", "does not specify", "does not state", "do not answer",
    "do not contain", "do not explicitly", "do not give", "do not include", "do not indicate", "do not mention",
    "do not provide", "do not say", "do not specify", "do not state", "insufficient context",
    "insufficient information", "is unknown", "no answer", "no data found", "no direct answer", "no evidence",
    "no explicit", "no information", "no mention", "no relevant", "no specific", "not available", "not clear",
    "not directly", "not enough context", "not enough information", "not explicitly", "not found in", "not given",
    "not included", "not indicated", "not mentioned", "not possible to", "not provided", "not specified",
    "not state", "not stated", "not sufficient", "unable to", "unanswerable",
)  # fmt: skip


class Estimate(NamedTuple):
    """A mean over some questions, with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    questions: int


def normalize_answer(text: str) -> str:
    """Return a text in lower case, without punctuation and articles, with single spaces.

    As in the official SQuAD script (Rajpurkar et al. 2018, https://rajpurkar.github.io/SQuAD-explorer/). Each Chinese
    or Japanese character is a word, as in MLQA's script (Lewis et al. 2020, https://github.com/facebookresearch/MLQA).
    """
    words = _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION))
    return " ".join(UNSPACED.sub(r" \g<0> ", words).split())


def exact_match(text: str, accepted: Sequence[str]) -> float:
    """Return SQuAD's EM: 1 if the normalised text equals an accepted one, or is empty and no text is accepted."""
    return float(normalize_answer(text) in map(normalize_answer, accepted or [""]))


def token_f1(text: str, accepted: Sequence[str]) -> float:
    """Return SQuAD's F1, 0 to 1: the harmonic mean of word precision and recall, for the best of the accepted texts."""
    return max(_f1(normalize_answer(text).split(), normalize_answer(a).split()) for a in accepted or [""])


def _f1(words: list[str], wanted: list[str]) -> float:
    if words == wanted:
        return 1.0
    return _harmonic((Counter(words) & Counter(wanted)).total(), len(words), len(wanted))


def _harmonic(common: int, found: int, wanted: int) -> float:
    return 2 * common / max(1, found + wanted)  # = 2PR / (P + R) with P = common / found, R = common / wanted


def contains_answer(text: str, accepted: Iterable[str]) -> bool:
    """Return whether the text contains an accepted text as whole words, both normalised."""
    padded = f" {normalize_answer(text)} "
    return any(f" {wanted} " in padded for wanted in filter(None, map(normalize_answer, accepted)))


def rouge_l(text: str, references: Sequence[str]) -> float:
    """Return the best F1 of the longest common subsequence of words over the references, 0 to 1.

    ROUGE-L of Lin 2004, over lower-case runs of letters and digits, without stemming.
    """
    words = _list_words(text)
    return max((_rouge_l(words, _list_words(reference)) for reference in references), default=0.0)


def _list_words(text: str) -> list[str]:
    return _RUN.findall(UNSPACED.sub(r" \g<0> ", text.lower()))


def _rouge_l(words: list[str], wanted: list[str]) -> float:
    longest = [0] * (len(wanted) + 1)
    for word in words:
        diagonal = 0
        for i, other in enumerate(wanted, start=1):
            diagonal, longest[i] = longest[i], diagonal + 1 if word == other else max(longest[i], longest[i - 1])
    return _harmonic(longest[-1], len(words), len(wanted))


def ranking_measures(found: Sequence[Iterable[str]], gold: Iterable[str]) -> dict[str, float]:
    """Return recall@1/3/5/10, MRR@10 and nDCG@10 of a ranking; `found` has the gold ids in each hit.

    A hit counts for one gold id at most, and no two hits count for the same one. A hit without one is a miss at its
    rank.
    """
    gold = set(gold)
    missing = set(gold)
    run = []
    for rank, ids in enumerate(found):
        new = min(missing.intersection(ids), default=None)
        missing -= {new}
        # trec_eval reads C strings, and an id may hold anything.
        run.append(ir_measures.ScoredDoc("", f"other {rank}" if new is None else f"gold {new!r}", -rank))
    qrels = [ir_measures.Qrel("", f"gold {name!r}", 1) for name in gold]
    values = ir_measures.iter_calc(list(_RANKING.values()), qrels, run)
    by_measure = {value.measure: float(value.value) for value in values}
    return {name: by_measure[measure] for name, measure in _RANKING.items()}


def is_refusal(text: str) -> bool:
    """Return whether a text declines to answer: it is empty, or a known phrase is in its first sentence."""
    first = re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]
    plain = re.sub(r"n['’]t\b", " not", first.lower().replace("can't", "cannot").replace("can’t", "cannot"))
    return not first or any(phrase in plain for phrase in REFUSAL_PHRASES)


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of at least one value with its 95 % percentile bootstrap interval (Efron 1979)."""
    column = np.array(values, dtype=float).reshape(-1, 1)
    low, high = np.percentile(_resample(column)[:, 0], [2.5, 97.5])
    return Estimate(float(column.mean()), float(low), float(high), len(values))


def estimate_difference(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """Return the mean of the first values minus that of the second; the questions are resampled as pairs.

    A value is NaN if its measure is not defined for the question: it is left out of the mean. `questions` counts the
    pairs without NaN.
    """
    columns = np.array(pairs, dtype=float).reshape(-1, 2)
    means = _resample(columns)
    low, high = np.nanpercentile(means[:, 0] - means[:, 1], [2.5, 97.5])
    first, second = np.nanmean(columns, axis=0)
    return Estimate(float(first - second), float(low), float(high), int((~np.isnan(columns)).all(axis=1).sum()))


def _resample(columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the means of the columns in RESAMPLES draws of rows, with replacement; NaN if a draw has no value."""
    drawn = np.random.default_rng(0).integers(0, len(columns), (RESAMPLES, len(columns)))
    there = ~np.isnan(columns)
    count = there[drawn].sum(axis=1)
    total = np.where(there, columns, 0.0)[drawn].sum(axis=1)
    return np.where(count, total / np.maximum(count, 1), np.nan)
