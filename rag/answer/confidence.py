"""How sure it is that a passage states the answer to a question, before the answer is written."""

import functools
import json
import math
from importlib.resources import files
from typing import NamedTuple


class Features(NamedTuple):
    """What the confidence rests on: the LLM's log-odds that the hit states the answer, and the hit's score."""

    log_odds: float
    score: float


class Coefficients(NamedTuple):
    """Of a logistic model over the features; `benchmarks/calibrate.py` fits them."""

    log_odds: float
    score: float
    intercept: float


def estimate_confidence(features: Features) -> float:
    """Return the probability, 0 to 1, that the hit states the answer (Platt 1999: a logistic model)."""
    c = load_coefficients()
    return 1 / (1 + math.exp(-(c.log_odds * features.log_odds + c.score * features.score + c.intercept)))


@functools.cache
def load_coefficients() -> Coefficients:
    """Return the coefficients that come with the package."""
    return Coefficients(**json.loads((files("rag.answer") / "confidence.json").read_text(encoding="utf-8")))
