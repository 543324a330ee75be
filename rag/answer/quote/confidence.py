"""Estimates how likely a passage states the answer to a question, before the answer is written."""

import functools
import json
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.llm.base import Leaning

# The name of the coefficients for an LLM without coefficients of its own.
ANY = "any"


class Coefficients(NamedTuple):
    """The coefficients of a logistic model (Platt 1999), which `benchmarks/calibrate.py` fits.

    `values`, flat, are the weights of a linear probe on the LLM's layers from `first_layer` on, as in Slobodkin et al.
    2023.
    """

    log_odds: float
    score: float
    intercept: float
    first_layer: int = 0
    values: npt.NDArray[np.float32] = np.zeros(0, np.float32)


def estimate_confidence(leaning: Leaning, score: float, *, llm: str) -> float:
    """Return the probability, 0 to 1, that a hit states the answer, from its score and the leaning of the named LLM."""
    c, seen = _find_coefficients(leaning, llm)
    return _logistic(c.log_odds * leaning.log_odds + float(c.values @ seen) + c.score * score + c.intercept)


def _logistic(x: float) -> float:
    return (1 + math.tanh(x / 2)) / 2  # equals 1 / (1 + exp(-x)), but does not overflow


def _find_coefficients(leaning: Leaning, llm: str) -> tuple[Coefficients, npt.NDArray[np.float32]]:
    """Return an LLM's coefficients and the values to weigh; else the coefficients for any LLM, without values."""
    own = load_coefficients().get(llm)
    if own and leaning.values is not None:
        seen = leaning.values[own.first_layer :].ravel()[: len(own.values)]
        if len(seen) == len(own.values):
            return own, seen
    any_ = load_coefficients()[ANY]
    return any_, any_.values


@functools.cache
def load_coefficients() -> Mapping[str, Coefficients]:
    """Return the coefficients that come with the package, by the name of the LLM."""
    read = json.loads((files("rag.answer.quote") / "confidence.json").read_text(encoding="utf-8"))
    return {
        name: Coefficients(**(fitted | {"values": np.array(fitted["values"], np.float32)}))
        for name, fitted in read.items()
    }
