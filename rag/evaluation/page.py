"""Shows a report as one self-contained web page."""

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rag.errors import DatasetError
from rag.evaluation.judge import get_outcome, has_short_answers
from rag.evaluation.metrics import RANKS, contains_answer
from rag.evaluation.report import Report, Result, list_costs, list_measures
from rag.extras import explain_missing
from rag.formatting import Part, mark_spans
from rag.types import Citation, Hit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE_FILE = "report.html"
# The measures that the page shows first, by stage.
_HEADLINES = {
    "answers": (
        "score", "correct", "refused", "false_refusals", "reply_f1", "reply_em", "outcome_right", "comment_as_fact",
        "rouge_l", "citation precision", "citation recall", "quotes_absent",
    ),
    "retrieval": ("answer@1", "answer@3", "answer@5", "recall@1", "recall@5", "mrr@10", "ndcg@10"),
}  # fmt: skip
# The reliability plot has this many points. Each stands for the same number of questions.
_BINS = 10
_COLOURS = {"right": "#2e7d5b", "refused": "#c9a227", "wrong": "#b5403a", "unjudged": "#8a8f98"}


class _Passage(NamedTuple):
    hit: Hit
    parts: list[Part]
    is_gold: bool
    holds_answer: bool


class _Row(NamedTuple):
    result: Result
    change: str
    passages: tuple[_Passage, ...]


def render_page(report: Report) -> str:
    """Return the report as HTML that loads nothing; the words of documents, questions and answers are escaped."""
    page = Environment(
        loader=PackageLoader("rag.evaluation", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    ).get_template("page.html")
    measures = {measure.name: measure for measure in list_measures(report)}
    changes = _list_changes(report)
    return page.render(
        report=report,
        headlines=[measures[name] for name in _HEADLINES[report.setup["stage"]] if name in measures],
        measures=list(measures.values()),
        plots=list(map(Markup, _draw_plots(report))),  # matplotlib escapes its texts
        rows=[_make_row(result, changes.get(result.question.id, "")) for result in report.results],
        verdicts=sorted(filter(None, {result.verdict for result in report.results})),
        types=sorted({result.question.type for result in report.results}),
    )


def _list_changes(report: Report) -> dict[str, str]:
    """Return "better" or "worse" for each question whose result changed, by its id."""
    if report.comparison is None:
        return {}
    return dict.fromkeys(report.comparison.better, "better") | dict.fromkeys(report.comparison.worse, "worse")


def _make_row(result: Result, change: str) -> _Row:
    # The LLM may have read other passages than the first of the ranking.
    read_hits, citations = (result.answer.hits, result.answer.citations) if result.answer else ((), ())
    hits = {hit.chunk.id: hit for hit in (*read_hits, *result.hits)}
    return _Row(result, change, tuple(_make_passage(result, hit, citations) for hit in hits.values()))


def _make_passage(result: Result, hit: Hit, citations: Sequence[Citation]) -> _Passage:
    chunk, question = hit.chunk, result.question
    cited = [citation for citation in citations if citation.chunk_id == chunk.id]
    spans = [(citation.start - chunk.start, citation.end - chunk.start) for citation in cited]
    holds_answer = has_short_answers(question) and contains_answer(chunk.text, question.answers)
    return _Passage(hit, mark_spans(chunk.text, spans), chunk.source in question.gold_doc_ids, holds_answer)


def _draw_plots(report: Report) -> Iterator[str]:
    # The import takes a second. A "$" in a data set's words starts no formula.
    with explain_missing("the evaluation", DatasetError):
        from matplotlib import rc_context
        from matplotlib.figure import Figure

    draws: dict[str, tuple[Callable[[Report, Axes], None], ...]] = {
        "answers": (_draw_verdicts, _draw_risk, _draw_reliability, _draw_seconds),
        "retrieval": (_draw_ranks,),
    }
    style: Any = {
        "svg.fonttype": "none", "svg.hashsalt": "footnote", "text.parse_math": False, "font.family": "sans-serif",
        "axes.spines.top": False, "axes.spines.right": False, "font.size": 10,
    }  # fmt: skip
    with rc_context(style):
        for draw in draws[report.setup["stage"]]:
            figure = Figure(figsize=(5.2, 3.4), layout="constrained")
            draw(report, figure.add_subplot())
            yield _to_svg(figure)


def _to_svg(figure: "Figure") -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def _draw_verdicts(report: Report, axes: "Axes") -> None:
    by_type: dict[str, Counter[str | None]] = defaultdict(Counter)
    for result in report.results:
        by_type[result.question.type or "questions"][result.verdict] += 1
    labels = [f"{name[:24]} ({counts.total()})" for name, counts in by_type.items()]
    left = np.zeros(len(labels))
    for verdict, colour in _COLOURS.items():
        shares = np.array([counts[verdict] / counts.total() for counts in by_type.values()])
        if shares.any():
            axes.barh(labels, shares, left=left, color=colour, label=verdict, height=0.6)
        left = left + shares
    axes.invert_yaxis()
    axes.set(title="Verdicts by type of question", xlim=(0, 1), xlabel="share of questions")
    axes.figure.legend(loc="outside lower center", ncols=4, frameon=False)


def _draw_risk(report: Report, axes: "Axes") -> None:
    """Draw Geifman and El-Yaniv's curve (2017): the share of wrong answers among the most confident ones."""
    judged = [result for result in report.results if "score" in result.measures]
    answered = [result for result in judged if get_outcome(result.answer) not in (None, "not_found")]
    answered.sort(key=lambda result: -(_get_confidence(result) or 0.0))
    wrong = np.cumsum([result.measures["score"] < 0 for result in answered])
    counts = np.arange(1, len(answered) + 1)
    axes.plot(counts / len(judged), wrong / counts, color=_COLOURS["wrong"])
    axes.set(xlabel="share of questions answered, most confident first", ylabel="share of them wrong")
    axes.set(title="Risk against coverage", xlim=(0, 1), ylim=(0, 1))


def _draw_reliability(report: Report, axes: "Axes") -> None:
    """Draw Niculescu-Mizil and Caruana's plot (2005): the answerable share of questions with a similar confidence."""
    judged = [(_get_confidence(result), result.question.answerable) for result in report.results]
    known = sorted((confidence, answerable) for confidence, answerable in judged if confidence is not None)
    size = max(1, -(-len(known) // _BINS))
    bins = [np.mean(known[start : start + size], axis=0) for start in range(0, len(known), size)]
    axes.plot([0, 1], [0, 1], color=_COLOURS["unjudged"], linestyle=":")
    axes.plot(*np.reshape(bins, (-1, 2)).T, marker="o")
    axes.set(xlabel="confidence that the documents answer", ylabel="share that they do answer")
    axes.set(title="Reliability of the confidence", xlim=(0, 1), ylim=(0, 1))


def _get_confidence(result: Result) -> float | None:
    return result.answer.confidence if result.answer else None


def _draw_seconds(report: Report, axes: "Axes") -> None:
    costs = list_costs(report.results)
    for name, colour in (("evidence", "#8a8f98"), ("first token", "#3b6ea8"), ("answer", "#1d2733")):
        if f"seconds to {name}" in costs:
            axes.ecdf(costs[f"seconds to {name}"], label=name, color=colour)
    axes.set(title="Seconds to wait", xlabel="seconds from the question", ylabel="share of questions", ylim=(0, 1))
    _add_legend(axes)


def _draw_ranks(report: Report, axes: "Axes") -> None:
    for prefix, label in (("recall", "documents"), ("passage recall", "passages"), ("answer", "holds the answer")):
        ranks = [k for k in RANKS if f"{prefix}@{k}" in report.measures]
        if ranks:
            values, lows, highs, _ = zip(*(report.measures[f"{prefix}@{k}"] for k in ranks), strict=True)
            axes.plot(ranks, values, marker="o", label=label)
            axes.fill_between(ranks, lows, highs, alpha=0.15)
    axes.set(title="Found among the first k", xlabel="k", ylabel="mean over questions", ylim=(0, 1.02), xticks=RANKS)
    _add_legend(axes)


def _add_legend(axes: "Axes") -> None:
    if axes.lines:
        axes.legend(frameon=False, loc="lower right")
