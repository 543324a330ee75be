"""What an evaluation found: kept as JSON, and compared with an earlier one."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rag.errors import DatasetError
from rag.evaluation.dataset import Question
from rag.evaluation.judge import MEANINGS, Verdict
from rag.evaluation.metrics import Estimate, estimate_difference
from rag.types import Answer, Hit

REPORT_FILE = "report.json"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one question; `measures` has those that are defined for it, `seconds` counts from the question."""

    question: Question
    hits: tuple[Hit, ...]
    measures: dict[str, float]
    answer: Answer | None = None
    verdict: Verdict | None = None
    seconds: dict[str, float] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A report against an earlier one on the questions that both have; `better` and `worse` hold ids."""

    baseline: str
    differences: dict[str, Estimate]
    better: tuple[str, ...]
    worse: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The measures of a run, every question's result, and what is needed to repeat it.

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


def order_measures(report: Report) -> list[str]:
    """Return the names of a report's measures in the order in which they are shown."""
    return [name for name in MEANINGS if name in report.measures] + [n for n in report.measures if n not in MEANINGS]


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
    """Return what changed on the questions that both reports have; raises DatasetError if there are none."""
    old = {result.question.id: result for result in baseline.results}
    pairs = [(result, old[result.question.id]) for result in report.results if result.question.id in old]
    if not pairs:
        raise DatasetError("the baseline has none of these questions: name a report of the same data set")
    names = [name for name in report.measures if name in baseline.measures]
    columns = {
        name: [(new.measures.get(name, math.nan), was.measures.get(name, math.nan)) for new, was in pairs]
        for name in names
    }
    key = "score" if "score" in names else "recall@3"
    changes = {new.question.id: new.measures.get(key, 0.0) - was.measures.get(key, 0.0) for new, was in pairs}
    return Comparison(
        baseline=f"{baseline.dataset}, {baseline.made}",
        differences={
            name: estimate_difference(column)
            for name, column in columns.items()
            if any(not math.isnan(a) for a, _ in column) and any(not math.isnan(b) for _, b in column)
        },
        better=tuple(i for i, change in changes.items() if change > 0),
        worse=tuple(i for i, change in changes.items() if change < 0),
    )
