"""How sure it is that the documents answer a question, before an answer is written."""

import functools
import json
import math
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

from rag.answer.prompt import Prompts, build_check
from rag.llm.llm import LLM
from rag.types import Hit


class Features(NamedTuple):
    """What the confidence rests on: the LLM's log-odds that the first hit states the answer, and that hit's score."""

    log_odds: float
    score: float


class Coefficients(NamedTuple):
    """Of a logistic model over the features; `benchmarks/calibrate.py` fits them."""

    log_odds: float
    score: float
    intercept: float


def assess(question: str, hits: Sequence[Hit], *, llm: LLM, prompts: Prompts) -> float:
    """Return the confidence, 0 to 1, that the hits answer a question: that the first of them does.

    If a reader's comment comes first, the first article may answer in its place.
    """
    first_article = next((i for i, hit in enumerate(hits) if hit.chunk.voice == "article"), 0)
    features = [measure_features(question, hits[i], llm=llm, prompts=prompts) for i in sorted({0, first_article})]
    return max(map(estimate_confidence, features))


def measure_features(question: str, hit: Hit, *, llm: LLM, prompts: Prompts) -> Features:
    """Return the features of a question and its first hit; the LLM reads the hit, and writes nothing."""
    return Features(llm.compare(build_check(question, hit, prompts=prompts), "yes", "no"), hit.score)


def estimate_confidence(features: Features) -> float:
    """Return the probability, 0 to 1, that the hit states the answer (Platt 1999: a logistic model)."""
    c = load_coefficients()
    return 1 / (1 + math.exp(-(c.log_odds * features.log_odds + c.score * features.score + c.intercept)))


@functools.cache
def load_coefficients() -> Coefficients:
    """Return the coefficients that come with the package."""
    return Coefficients(**json.loads((files("rag.answer") / "confidence.json").read_text(encoding="utf-8")))
