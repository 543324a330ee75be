"""Shows a report as a table for the terminal."""

from collections.abc import Iterator

from rag.evaluation.metrics import Estimate
from rag.evaluation.report import Measure, Report, list_measures


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
