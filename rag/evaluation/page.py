"""Shows a report as one self-contained web page, to look at rather than to read."""

import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rag.errors import DatasetError
from rag.evaluation.judge import LESS_IS_BETTER, MEANINGS, has_short_answers
from rag.evaluation.metrics import RANKS, Estimate, contains_answer
from rag.evaluation.report import Report, Result, order_measures
from rag.extras import explain_missing
from rag.types import Citation, Hit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE_FILE = "report.html"
_HEADLINES = (
    "score", "correct", "refused", "false_refusals", "reply_f1", "reply_em", "outcome_right", "comment_as_fact",
    "rouge_l", "citation precision", "citation recall", "quotes_absent",
)  # fmt: skip
_RETRIEVAL_HEADLINES = ("answer@1", "answer@3", "answer@5", "recall@1", "recall@5", "mrr@10", "ndcg@10")
# Of the reliability plot, each with as many questions.
_BINS = 10
_COLOURS = {"right": "#2e7d5b", "refused": "#c9a227", "wrong": "#b5403a", "unjudged": "#8a8f98"}


class _Headline(NamedTuple):
    name: str
    meaning: str
    estimate: Estimate
    difference: Estimate | None
    change: str


class _Passage(NamedTuple):
    hit: Hit
    parts: tuple[tuple[str, bool], ...]
    is_gold: bool
    holds_answer: bool


class _Row(NamedTuple):
    result: Result
    change: str
    passages: tuple[_Passage, ...]


def render_page(report: Report) -> str:
    """Return the report as HTML that needs nothing else; whatever documents, questions and answers hold is escaped."""
    page = Environment(
        loader=PackageLoader("rag.evaluation", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    ).get_template("page.html")
    rows = [_make_row(report, result) for result in report.results]
    names = _HEADLINES if report.setup["stage"] == "answers" else _RETRIEVAL_HEADLINES
    headlines = [_make_headline(report, name) for name in order_measures(report)]
    return page.render(
        report=report,
        headlines=[h for name in names for h in headlines if h.name == name],
        measures=headlines,
        plots=[Markup(plot) for plot in _draw_plots(report)],  # noqa: S704  # matplotlib escapes its texts
        rows=rows,
        verdicts=sorted({r.verdict for r in report.results if r.verdict}),
        types=sorted({r.question.type for r in report.results}),
    )


def _make_headline(report: Report, name: str) -> _Headline:
    difference = report.comparison.differences.get(name) if report.comparison else None
    change = ""
    if difference and not difference.low <= 0 <= difference.high:
        change = "worse" if (difference.value > 0) == (name in LESS_IS_BETTER) else "better"
    return _Headline(name, MEANINGS.get(name, ""), report.measures[name], difference, change)


def _make_row(report: Report, result: Result) -> _Row:
    change = ""
    if report.comparison:
        change = {True: "better"}.get(result.question.id in report.comparison.better, "")
        change = change or {True: "worse"}.get(result.question.id in report.comparison.worse, "")
    # The LLM may have been given other passages than the first of the ranking.
    given = result.answer.hits if result.answer else ()
    hits = {hit.chunk.id: hit for hit in (*given, *result.hits)}
    citations = result.answer.citations if result.answer else ()
    return _Row(result, change, tuple(_make_passage(result, hit, citations) for hit in hits.values()))


def _make_passage(result: Result, hit: Hit, citations: Sequence[Citation]) -> _Passage:
    chunk, question = hit.chunk, result.question
    spans = [(c.start - chunk.start, c.end - chunk.start) for c in citations if c.chunk_id == chunk.id]
    holds_answer = has_short_answers(question) and contains_answer(chunk.text, question.answers)
    return _Passage(hit, tuple(_mark(chunk.text, spans)), chunk.source in question.gold_doc_ids, holds_answer)


def _mark(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    """Yield the text in pieces, each with whether it lies in one of the spans."""
    edges = sorted({0, len(text), *(min(max(edge, 0), len(text)) for span in spans for edge in span)})
    for start, end in pairwise(edges):
        yield text[start:end], any(low <= start and end <= high for low, high in spans)


def _draw_plots(report: Report) -> Iterator[str]:
    # The import takes a second, and a mathematical "$" or a font of a data set's words is none of ours.
    with explain_missing("the evaluation", DatasetError):
        from matplotlib import rc_context
        from matplotlib.figure import Figure

    draws: tuple[Callable[[Report, Axes], None], ...] = (_draw_ranks,)
    if report.setup["stage"] == "answers":
        draws = (_draw_verdicts, _draw_risk, _draw_reliability, _draw_seconds)
    style: Any = {
        "svg.fonttype": "none", "svg.hashsalt": "footnote", "text.parse_math": False, "font.family": "sans-serif",
        "axes.spines.top": False, "axes.spines.right": False, "font.size": 10,
    }  # fmt: skip
    with rc_context(style):
        for draw in draws:
            figure = Figure(figsize=(5.2, 3.4), layout="constrained")
            draw(report, figure.add_subplot())
            yield _to_svg(figure)


def _to_svg(figure: "Figure") -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def _draw_verdicts(report: Report, axes: "Axes") -> None:
    by_type: dict[str, list[str]] = defaultdict(list)
    for result in report.results:
        by_type[result.question.type or "questions"].append(result.verdict or "wrong")
    labels = [f"{name[:24]} ({len(verdicts)})" for name, verdicts in by_type.items()]
    left = [0.0] * len(labels)
    for verdict, colour in _COLOURS.items():
        shares = [verdicts.count(verdict) / len(verdicts) for verdicts in by_type.values()]
        if any(shares):
            axes.barh(labels, shares, left=left, color=colour, label=verdict, height=0.6)
        left = [a + b for a, b in zip(left, shares, strict=True)]
    axes.invert_yaxis()
    axes.set(title="Verdicts by type of question", xlim=(0, 1), xlabel="share of questions")
    axes.figure.legend(loc="outside lower center", ncols=4, frameon=False)


def _draw_risk(report: Report, axes: "Axes") -> None:
    judged = [r for r in report.results if "score" in r.measures]
    answered = [r for r in judged if r.answer and r.answer.outcome != "not_found"]
    # Geifman and El-Yaniv 2017: the share of wrong ones among those answered first.
    answered.sort(key=lambda r: -(_get_confidence(r) or 0.0))
    wrong = 0
    coverage, risk = [], []
    for count, result in enumerate(answered, start=1):
        wrong += result.measures["score"] < 0
        coverage.append(count / len(judged))
        risk.append(wrong / count)
    axes.plot(coverage, risk, color=_COLOURS["wrong"])
    axes.set(
        title="Risk against coverage",
        xlabel="share of questions answered, most confident first",
        ylabel="share of them wrong",
        xlim=(0, 1),
        ylim=(0, 1),
    )


def _draw_reliability(report: Report, axes: "Axes") -> None:
    # Niculescu-Mizil and Caruana 2005: questions of like confidence, and how many of them the documents answer.
    known = sorted((c, r.question.answerable) for r in report.results if (c := _get_confidence(r)) is not None)
    size = max(1, -(-len(known) // _BINS))
    bins = [known[i : i + size] for i in range(0, len(known), size)]
    axes.plot([0, 1], [0, 1], color=_COLOURS["unjudged"], linestyle=":")
    axes.plot([_mean([c for c, _ in b]) for b in bins], [_mean([a for _, a in b]) for b in bins], marker="o")
    axes.set(
        title="Reliability of the confidence",
        xlabel="confidence that the documents answer",
        ylabel="share that they do answer",
        xlim=(0, 1),
        ylim=(0, 1),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _get_confidence(result: Result) -> float | None:
    return result.answer.confidence if result.answer else None


def _draw_seconds(report: Report, axes: "Axes") -> None:
    for name, colour in (("evidence", "#8a8f98"), ("first token", "#3b6ea8"), ("answer", "#1d2733")):
        seconds = [r.seconds[name] for r in report.results if r.seconds and name in r.seconds]
        if seconds:
            axes.ecdf(seconds, label=name, color=colour)
    axes.set(title="Seconds to wait", xlabel="seconds from the question", ylabel="share of questions", ylim=(0, 1))
    if axes.lines:
        axes.legend(frameon=False, loc="lower right")


def _draw_ranks(report: Report, axes: "Axes") -> None:
    for prefix, label in (("recall", "documents"), ("passage recall", "passages"), ("answer", "holds the answer")):
        found = [(k, report.measures[f"{prefix}@{k}"]) for k in RANKS if f"{prefix}@{k}" in report.measures]
        if found:
            ranks = [k for k, _ in found]
            axes.plot(ranks, [e.value for _, e in found], marker="o", label=label)
            axes.fill_between(ranks, [e.low for _, e in found], [e.high for _, e in found], alpha=0.15)
    axes.set(title="Found among the first k", xlabel="k", ylabel="mean over questions", ylim=(0, 1.02), xticks=RANKS)
    if axes.lines:
        axes.legend(frameon=False, loc="lower right")
