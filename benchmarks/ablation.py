"""Measures the worth of each part of answering: asks the same questions again without it.

python benchmarks/ablation.py DATASET --questions FILE --limit 100 [--without PART]

For each part it prints the change without that part, with the 95 % interval over the same questions, and the measures
of each run. The reports of the runs stay in --out.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click

from rag import Assistant, Settings, load_dataset
from rag.answer.prompt import Prompts, load_prompts
from rag.answer.quote.confidence import ANY, estimate_confidence
from rag.evaluation.dataset import sample_questions
from rag.evaluation.metrics import Estimate
from rag.evaluation.report import Report, compare
from rag.evaluation.run import evaluate
from rag.index.build import index_documents
from rag.llm import open_llm
from rag.llm.base import Leaning

SHOWN = ("score", "correct", "false_refusals", "refused")


def estimate_without_layers(leaning: Leaning, score: float, *, llm: str) -> float:
    """Return the confidence for an LLM that does not expose its layers."""
    return estimate_confidence(Leaning(leaning.log_odds), score, llm=ANY)


def make_parts() -> Mapping[str, Sequence[AbstractContextManager[Any]]]:
    """Return a context for each part that removes it."""

    def load_without_examples(name: str, folder: Path | None = None) -> Prompts:
        prompts = load_prompts(name, folder)
        return prompts._replace(examples=prompts.examples[:1]) if name == "answer" else prompts

    return {
        "worked examples": [patch("rag.assistant.load_prompts", load_without_examples)],
        "the LLM's layers": [patch("rag.answer.quote.reading.estimate_confidence", estimate_without_layers)],
        "the check of the reply": [patch("rag.answer.reply.find_fault", return_value=None)],
        "caution": [],
    }


PARTS = make_parts()


def show(name: str, estimates: Mapping[str, Estimate]) -> None:
    """Print a line of measures."""
    cells = (f"{e.value:+.3f} ({e.low:+.3f} to {e.high:+.3f})" for e in (estimates[measure] for measure in SHOWN))
    click.echo(f"{name:36} {'  '.join(cells)}")


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--questions", type=click.Path(path_type=Path), help="Questions to ask instead of DATASET's own.")
@click.option("--limit", type=click.IntRange(2), default=100, show_default=True, help="Size of the sample.")
@click.option("--without", "names", type=click.Choice([*PARTS]), multiple=True, help="Remove only this part.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("eval/ablation"), show_default=True)
def main(dataset: Path, questions: Path | None, limit: int, names: Sequence[str], out: Path) -> None:
    """Ask with all parts, and then without each."""
    data = load_dataset(dataset, questions=questions)
    asked = sample_questions(data.questions, limit, seed=0)
    settings = Settings.load().beside("ablation")
    index, llm = index_documents(data.documents, settings=settings), open_llm(settings)

    def ask(name: str, patches: Sequence[AbstractContextManager[Any]], caution: float) -> Report:
        with ExitStack() as stack:
            for without in patches:
                stack.enter_context(without)
            assistant = Assistant(index, llm, settings.model_copy(update={"caution": caution}))
            return evaluate(assistant, data, questions=asked, folder=out / name.replace(" ", "-"), progress=True)

    whole = ask("whole", [], settings.caution)
    click.echo(f"{'':36} {', '.join(SHOWN)}")
    show("all parts", whole.measures)
    for part in names or PARTS:
        report = ask(part, PARTS[part], 0.0 if part == "caution" else settings.caution)
        show(f"without {part}", compare(report, whole).differences)


if __name__ == "__main__":
    main()
