"""Shows a report: a table for the terminal."""

from collections.abc import Iterator

from rag.evaluation.metrics import Estimate
from rag.evaluation.run import Report

# What a measure means, in the order in which they are shown; the others follow by name.
MEANINGS = {
    "score": "right +1, refused 0, wrong −1; unanswerable: refused +1, answered −1",
    "correct": "answerable: an accepted text stands in the answer",
    "false_refusals": "answerable, but refused",
    "refused": "unanswerable, and refused",
    "refusal_precision": "of the refusals: unanswerable",
    "outcome_right": "the outcome is the one wanted",
    "comment_as_fact": "of the answers that only a comment supports: told as a fact",
    "token_f1": "word overlap with the accepted text (SQuAD F1)",
    "exact_match": "the whole answer is the accepted text (SQuAD EM)",
    "rouge_l": "longest common subsequence with the reference",
    "citation precision": "citations that are of a gold document",
    "citation recall": "sentences with a citation of a gold document",
    "passage citation precision": "citations that are of a gold passage",
    "passage citation recall": "sentences with a citation of a gold passage",
    "uncited": "answers without a citation",
    "quotes_absent": "answers with a quote that is not in its document",
    "sources_of_refusals": "refusals that list a source",
    "answer@1": "the first passage found holds the answer",
    "answer@3": "one of the first three does",
    "answer@5": "one of the first five does",
    "answer@10": "one of the first ten does",
}


def order_measures(report: Report) -> list[str]:
    """Return the names of a report's measures in the order in which they are shown."""
    return [name for name in MEANINGS if name in report.measures] + [n for n in report.measures if n not in MEANINGS]


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
    yield f"{'peak memory':27} {report.peak_memory / 2**30:6.1f} GiB"
    if report.comparison:
        better, worse = report.comparison.better, report.comparison.worse
        yield f"against {report.comparison.baseline}: {len(better)} better, {len(worse)} worse"
    if errors := [result for result in report.results if result.error]:
        yield f"{len(errors)} questions failed, the first with {errors[0].error}"


def _format_estimate(estimate: Estimate, *, sign: str = "") -> str:
    return f"{estimate.value:{sign or ' '}.3f} [{estimate.low:{sign or ' '}.3f}, {estimate.high:{sign or ' '}.3f}]"
