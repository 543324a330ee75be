"""Shows a report as a table for the terminal."""

from collections.abc import Iterator

from rag.evaluation.judge import MEANINGS
from rag.evaluation.metrics import Estimate
from rag.evaluation.report import Report, order_measures


def format_report(report: Report) -> str:
    """Return the measures as a table in plain text, against the baseline where there is one."""
    return "\n".join(_format_lines(report))


def _format_lines(report: Report) -> Iterator[str]:
    setup = report.setup
    model = f", {setup['llm']['name']}" if "llm" in setup else ""
    yield f"{report.dataset}: {setup['questions']['count']} questions, {setup['dataset']['documents']} documents{model}"
    differences = report.comparison.differences if report.comparison else {}
    for name in order_measures(report):
        estimate = report.measures[name]
        after = _format_estimate(differences[name], sign="+") if name in differences else MEANINGS.get(name, "")
        yield f"{name:27} {_format_estimate(estimate)} n={estimate.questions:<5} {after}".rstrip()
    for name, (median, high) in report.quantiles.items():
        number = "6.1f" if name.startswith("seconds") else "6,.0f"
        yield f"{name:27} {median:{number}} median {high:{number}} 95th percentile"
    if report.peak_memory:
        yield f"{'peak memory':27} {report.peak_memory / 2**30:6.1f} GiB"
    if report.comparison:
        better, worse = report.comparison.better, report.comparison.worse
        yield f"against {report.comparison.baseline}: {len(better)} better, {len(worse)} worse"
    if errors := [result for result in report.results if result.error]:
        yield f"{len(errors)} questions failed, the first with {errors[0].error}"


def _format_estimate(estimate: Estimate, *, sign: str = "") -> str:
    return f"{estimate.value:{sign or ' '}.3f} [{estimate.low:{sign or ' '}.3f}, {estimate.high:{sign or ' '}.3f}]"
