"""Fits the confidence: how sure it is that a passage states the answer, from what is seen before it is written.

    python benchmarks/calibrate.py DATASET --exclude QUESTIONS --limit 150

Asks a sample of the answerable and as many of the unanswerable questions of DATASET, none of those in QUESTIONS, about
the first passages found for each, keeps what they show in --features, and writes the coefficients to
`rag/answer/confidence.json`. A passage states the answer if an accepted text stands in it. The figures printed are of
models that have not seen the article which a question is about; a question's confidence is its likeliest passage's.
"""

import argparse
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from click import echo as say
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from tqdm import tqdm

from rag import Dataset, Settings, load_dataset
from rag.answer.confidence import Coefficients, Features
from rag.answer.prompt import Prompts, build_question, load_answer_prompts
from rag.answer.reading import NO, YES
from rag.evaluation.cases import Question
from rag.evaluation.metrics import contains_answer
from rag.index.build import index_documents
from rag.llm.llm import open_llm
from rag.retrieve import retrieve

COEFFICIENTS = Path(__file__).parents[1] / "rag/answer/confidence.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument(
        "--exclude", type=Path, required=True, help="questions to be measured on, never to be fitted on"
    )
    parser.add_argument("--limit", type=int, default=150)
    parser.add_argument("--passages", type=int, default=3, help="passages asked about a question [3]")
    parser.add_argument("--features", type=Path, help="file of what each question shows [eval/confidence-HASH.jsonl]")
    arguments = parser.parse_args()
    dataset = load_dataset(arguments.dataset)
    held_out = {question.id for question in load_dataset(arguments.dataset, questions=arguments.exclude).questions}
    questions = list(draw([q for q in dataset.questions if q.id not in held_out], arguments.limit))
    settings, prompts = Settings.load().beside("calibrate"), load_answer_prompts()
    made_by = hashlib.sha256(repr((settings.llm, settings.embedder, prompts.examples)).encode()).hexdigest()[:8]
    path = arguments.features or Path("eval", f"confidence-{made_by}.jsonl")
    rows = measure(dataset, questions, path, passages=arguments.passages, settings=settings, prompts=prompts)
    articles = [dataset.passages[q.source_passage_id].doc_id for q in questions if q.source_passage_id]
    fit(rows, np.array([q.answerable for q in questions]), np.array(articles))


def draw(questions: list[Question], limit: int) -> Iterator[Question]:
    """Yield a sample, half of it answerable."""
    for answerable in (True, False):
        yield from random.Random(0).sample([q for q in questions if q.answerable == answerable], limit // 2)  # noqa: S311


class Row(NamedTuple):
    """What one passage shows of a question, and whether it states the answer."""

    features: Features
    states: bool


def measure(
    dataset: Dataset, questions: list[Question], path: Path, *, passages: int, settings: Settings, prompts: Prompts
) -> list[list[Row]]:
    """Return the rows of each question; those in the file at `path` are not measured again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    known = {line["id"]: line["rows"] for line in map(json.loads, lines)}
    with index_documents(dataset.documents, settings=settings) as index, path.open("a", encoding="utf-8") as file:
        llm = open_llm(settings)
        if llm is None:
            raise SystemExit("the confidence is that of an LLM: set RAG_LLM to one")
        for question in tqdm(questions, unit="question"):
            if question.id not in known:
                rows = known[question.id] = []
                for hit in retrieve(index, question.question, passages=settings.passages)[:passages]:
                    odds = llm.compare(build_question(question.question, hit, prompts=prompts), YES, NO)
                    states = question.answerable and contains_answer(hit.chunk.text, question.answers)
                    rows.append({"log_odds": odds, "score": hit.score, "states": states})
                file.write(json.dumps({"id": question.id, "rows": rows}) + "\n")
                file.flush()
    return [
        [Row(Features(row["log_odds"], row["score"]), row["states"]) for row in known[question.id]]
        for question in questions
    ]


def fit(rows: list[list[Row]], answerable: npt.NDArray[np.bool_], articles: npt.NDArray[np.str_]) -> None:
    """Print how well the passages' features tell which questions are answerable, and write the coefficients."""
    x = np.array([row.features for found in rows for row in found])
    y = np.array([row.states for found in rows for row in found])
    of = np.repeat(np.arange(len(rows)), [len(found) for found in rows])
    model = LogisticRegression(C=10)
    p = cross_val_predict(model, x, y, groups=articles[of], cv=GroupKFold(5), method="predict_proba")[:, 1]
    say(f"{len(y)} passages, AUC {roc_auc_score(y, p):.3f}, Brier score {brier_score_loss(y, p):.3f}")
    best = np.array([p[of == i].max() for i in range(len(rows))])
    say(f"{len(rows)} questions, AUC {roc_auc_score(answerable, best):.3f}, "
        f"Brier score {brier_score_loss(answerable, best):.3f}")  # fmt: skip
    for false_refusals in (0.03, 0.05, 0.08, 0.1, 0.12, 0.15):
        caution = np.quantile(best[answerable], false_refusals)
        refused = (best[~answerable] < caution).mean()
        say(f"caution {caution:.2f}: refuses {false_refusals} of the answerable, {refused:.3f} of the others")
    model.fit(x, y)
    fitted = Coefficients(*(round(float(c), 3) for c in (*model.coef_[0], model.intercept_[0])))
    COEFFICIENTS.write_text(json.dumps(fitted._asdict()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
