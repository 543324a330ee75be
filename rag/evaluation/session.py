"""Evaluates a data set from its folder: indexes the documents, opens the models, asks the questions."""

import re
from collections.abc import Sequence
from pathlib import Path

from rag.assistant import Assistant
from rag.evaluation.dataset import Dataset, Question
from rag.evaluation.report import Report
from rag.evaluation.run import Context, Stage, evaluate
from rag.index.build import index_documents
from rag.index.folder import is_index
from rag.index.index import Index, open_index
from rag.llm import open_llm
from rag.settings import Settings

# The name of an index has at most this many characters.
_LONGEST_NAME = 100


def evaluate_dataset(
    location: Path,
    dataset: Dataset,
    questions: Sequence[Question],
    *,
    settings: Settings,
    stage: Stage,
    context: Context,
    folder: Path,
    baseline: Report | None,
) -> Report:
    """Return the report of asking these questions of the data set in the folder `location`, saved in `folder`.

    If the data set is an index, the questions are asked of it as it is. The documents of another data set go into an
    index of their own, beside the settings' one. Raises RagError.
    """
    own = settings.beside(_name_index(dataset, settings))
    needs_llm = stage == "answers" or any(question.history for question in questions)
    llm = open_llm(settings) if needs_llm else None
    with _open_index(location, dataset, settings=settings, own=own) as index:
        return evaluate(
            Assistant(index, llm, own),
            dataset,
            questions=questions,
            context=context,
            stage=stage,
            folder=folder,
            baseline=baseline,
            progress=True,
        )


def name_folder(dataset: Dataset, *, stage: Stage, context: Context) -> Path:
    """Return the folder of a report if the user names none."""
    name = f"{dataset.name}-{stage}"
    return Path("eval", name if stage == "retrieval" else f"{name}-{context}")


def _open_index(location: Path, dataset: Dataset, *, settings: Settings, own: Settings) -> Index:
    if is_index(location):
        return open_index(location, settings)
    return index_documents(dataset.documents, settings=own)


def _name_index(dataset: Dataset, settings: Settings) -> str:
    name = re.sub(r"[^\w.-]+", "-", f"eval-{dataset.name}-{settings.embedder}")
    return name[-_LONGEST_NAME:].lstrip(".-")
