"""The report of an evaluation: compared with an earlier one, saved as JSON, shown as a table for the terminal."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter, ValidationError

from rag.errors import DatasetError
from rag.evaluation.dataset import Question
from rag.evaluation.judge import LESS_IS_BETTER, MEANINGS, Verdict
from rag.evaluation.metrics import Estimate, estimate_difference
from rag.types import Answer, Hit

REPORT_FILE = "report.json"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one question; `measures` has those defined for it, and `seconds` counts from the question."""

    question: Question
    hits: tuple[Hit, ...]
    measures: dict[str, float]
    answer: Answer | None = None
    verdict: Verdict | None = None
    seconds: dict[str, float] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A report compared with an earlier one on the questions of both; `better` and `worse` hold their ids."""

    baseline: str
    differences: dict[str, Estimate]
    better: tuple[str, ...]
    worse: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The measures of a run, every question's result, and the setup to repeat it with.

    `peak_memory` is in bytes; 0 where the system does not say.
    """

    dataset: str
    made: str
    setup: dict[str, Any]
    measures: dict[str, Estimate]
    quantiles: dict[str, tuple[float, float]]
    peak_memory: int
    results: tuple[Result, ...]
    comparison: Comparison | None = None

    def get_difference(self, name: str) -> Estimate | None:
        """Return how a measure differs from the baseline's; None if there is none to compare with."""
        return self.comparison.differences.get(name) if self.comparison else None


class Measure(NamedTuple):
    """A measure of a report, to show it.

    `difference` is the one from the baseline, None if there is none. `change` says whether it is "better" or "worse";
    it is empty if the interval of the difference contains 0.
    """

    name: str
    meaning: str
    estimate: Estimate
    difference: Estimate | None
    change: str


def list_measures(report: Report) -> list[Measure]:
    """Return a report's measures in the order of `MEANINGS`, and then all others."""
    names = sorted(report.measures, key=[*MEANINGS, *report.measures].index)
    return [_make_measure(name, report.measures[name], report.get_difference(name)) for name in names]


def _make_measure(name: str, estimate: Estimate, difference: Estimate | None) -> Measure:
    change = ""
    if difference and not difference.low <= 0 <= difference.high:
        has_risen = difference.value > 0
        change = "worse" if has_risen == (name in LESS_IS_BETTER) else "better"
    return Measure(name, MEANINGS.get(name, ""), estimate, difference, change)


def format_report(report: Report) -> str:
    """Return the measures as a table in plain text, compared with the baseline if there is one."""
    return "\n".join(_format_lines(report))


def _format_lines(report: Report) -> Iterator[str]:
    setup, comparison = report.setup, report.comparison
    model = f", {setup['llm']['name']}" if "llm" in setup else ""
    yield f"{report.dataset}: {setup['questions']['count']} questions, {setup['dataset']['documents']} documents{model}"
    for measure in list_measures(report):
        yield _format_measure(measure)
    for name, (median, high) in report.quantiles.items():
        number = "6.1f" if name.startswith("seconds") else "6,.0f"
        yield f"{name:27} {median:{number}} median {high:{number}} 95th percentile"
    if report.peak_memory:
        yield f"{'peak memory':27} {report.peak_memory / 2**30:6.1f} GiB"
    if comparison:
        yield f"against {comparison.baseline}: {len(comparison.better)} better, {len(comparison.worse)} worse"
    errors = [result.error for result in report.results if result.error]
    if errors:
        yield f"{len(errors)} questions failed, the first with {errors[0]}"


def _format_measure(measure: Measure) -> str:
    name, meaning, estimate, difference, _ = measure
    comment = _format_estimate(difference, sign="+") if difference else meaning
    return f"{name:27} {_format_estimate(estimate)} n={estimate.questions:<5} {comment}".rstrip()


def _format_estimate(estimate: Estimate, *, sign: str = " ") -> str:
    return f"{estimate.value:{sign}.3f} [{estimate.low:{sign}.3f}, {estimate.high:{sign}.3f}]"


def list_costs(results: Iterable[Result]) -> dict[str, list[float]]:
    """Return the seconds and the tokens of all results that have them, by the names that the report shows."""
    columns: dict[str, list[float]] = defaultdict(list)
    for result in results:
        for name, seconds in (result.seconds or {}).items():
            columns[f"seconds to {name}"].append(seconds)
        if result.answer:
            columns["prompt tokens"].append(result.answer.prompt_tokens)
            columns["answer tokens"].append(result.answer.answer_tokens)
    return columns


_REPORT = TypeAdapter(Report)


def save_report(report: Report, folder: Path) -> None:
    """Write the report to `report.json` in a folder."""
    (folder / REPORT_FILE).write_bytes(_REPORT.dump_json(report, indent=1))


def load_report(path: str | Path) -> Report:
    """Return the report in a `report.json`, or in the folder that holds one; raises DatasetError."""
    path = Path(path)
    path = path / REPORT_FILE if path.is_dir() else path
    try:
        return _REPORT.validate_json(path.read_bytes())
    except OSError as exc:
        raise DatasetError(f"cannot read {path}: {exc.strerror}") from exc
    except ValidationError as exc:
        raise DatasetError(f"cannot read {path}: not a report of this version; make it again") from exc


def compare(report: Report, baseline: Report) -> Comparison:
    """Return the changes on the questions that both reports have; raises DatasetError if there are none."""
    earlier = {result.question.id: result for result in baseline.results}
    pairs = [(result, earlier[result.question.id]) for result in report.results if result.question.id in earlier]
    if not pairs:
        raise DatasetError("the baseline has none of these questions: name a report of the same data set")

    def list_values(name: str) -> list[tuple[float, float]]:
        return [(new.measures.get(name, math.nan), old.measures.get(name, math.nan)) for new, old in pairs]

    differences = {}
    for name in report.measures:
        values = list_values(name)
        if not np.isnan(values).all(axis=0).any():  # both reports have some
            differences[name] = estimate_difference(values)
    decisive = "score" if "score" in differences else "recall@3"
    better, worse = [], []
    for (new, _), (value, value_before) in zip(pairs, list_values(decisive), strict=True):
        if value > value_before:
            better.append(new.question.id)
        elif value < value_before:
            worse.append(new.question.id)
    return Comparison(f"{baseline.dataset}, {baseline.made}", differences, tuple(better), tuple(worse))
