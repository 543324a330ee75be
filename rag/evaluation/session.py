"""Opens a data set from its folder, to ask its questions: indexes the documents, and opens the models."""

import re
from pathlib import Path

from rag.assistant import Assistant
from rag.evaluation.dataset import Dataset
from rag.evaluation.run import Context, Stage
from rag.index.build import index_documents
from rag.index.folder import is_index
from rag.index.index import open_index
from rag.llm import open_llm
from rag.settings import Settings

# The name of an index has at most this many characters.
_LONGEST_NAME = 100


def open_assistant(location: Path, dataset: Dataset, *, settings: Settings, stage: Stage) -> Assistant:
    """Return an assistant for the questions of the data set in the folder `location`; raises RagError.

    If the data set is an index, the questions are asked of it as it is. The documents of another data set go into an
    index of their own, beside the settings' one.
    """
    name = re.sub(r"[^\w.-]+", "-", f"eval-{dataset.name}-{settings.embedder}")
    own = settings.beside(name[-_LONGEST_NAME:].lstrip(".-"))
    needs_llm = stage == "answers" or any(question.history for question in dataset.questions)
    llm = open_llm(settings) if needs_llm else None
    index = open_index(location, settings) if is_index(location) else index_documents(dataset.documents, settings=own)
    return Assistant(index, llm, own)


def name_folder(dataset: Dataset, *, stage: Stage, context: Context) -> Path:
    """Return the folder of a report if the user names none."""
    name = f"{dataset.name}-{stage}"
    return Path("eval", name if stage == "retrieval" else f"{name}-{context}")
