"""Fits the confidence: how sure it is that the documents answer, from what is seen before an answer is written.

    python benchmarks/calibrate.py DATASET --exclude QUESTIONS --limit 500

Asks a sample of the answerable and as many of the unanswerable questions of DATASET, none of those in QUESTIONS, keeps
what each shows in --features, and writes the coefficients to `rag/answer/confidence.json`. The figures printed are of
models that have not seen the article which a question is about.
"""

import argparse
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from click import echo as say
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from tqdm import tqdm

from rag import Dataset, Settings, load_dataset
from rag.answer.confidence import Coefficients, Features, measure_features
from rag.answer.prompt import Prompts, load_check_prompts
from rag.evaluation.cases import Question
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
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--features", type=Path, help="file of what each question shows [eval/confidence-HASH.jsonl]")
    arguments = parser.parse_args()
    dataset = load_dataset(arguments.dataset)
    held_out = {question.id for question in load_dataset(arguments.dataset, questions=arguments.exclude).questions}
    questions = list(draw([q for q in dataset.questions if q.id not in held_out], arguments.limit))
    settings, prompts = Settings.load().beside("calibrate"), load_check_prompts()
    made_by = hashlib.sha256(repr((settings.llm, settings.embedder, prompts.examples)).encode()).hexdigest()[:8]
    path = arguments.features or Path("eval", f"confidence-{made_by}.jsonl")
    features = measure(dataset, questions, path, settings=settings, prompts=prompts)
    articles = [dataset.passages[q.source_passage_id].doc_id for q in questions if q.source_passage_id]
    fit(np.array(features), np.array([q.answerable for q in questions]), articles)


def draw(questions: list[Question], limit: int) -> Iterator[Question]:
    """Yield a sample, half of it answerable."""
    for answerable in (True, False):
        yield from random.Random(0).sample([q for q in questions if q.answerable == answerable], limit // 2)  # noqa: S311


def measure(
    dataset: Dataset, questions: list[Question], path: Path, *, settings: Settings, prompts: Prompts
) -> list[Features]:
    """Return the features of each question; those in the file at `path` are not measured again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    known = {line["id"]: Features(line["log_odds"], line["score"]) for line in map(json.loads, lines)}
    with index_documents(dataset.documents, settings=settings) as index, path.open("a", encoding="utf-8") as file:
        llm = open_llm(settings)
        if llm is None:
            raise SystemExit("the confidence is that of an LLM: set RAG_LLM to one")
        for question in tqdm(questions, unit="question"):
            if question.id not in known:
                (hit, *_) = retrieve(index, question.question, passages=settings.passages)
                features = known[question.id] = measure_features(question.question, hit, llm=llm, prompts=prompts)
                file.write(json.dumps({"id": question.id, **features._asdict()}) + "\n")
                file.flush()
    return [known[question.id] for question in questions]


def fit(x: npt.NDArray[np.float64], y: npt.NDArray[np.bool_], articles: list[str]) -> None:
    """Print how well the features `x` tell whether a question is answerable, `y`, and write the coefficients."""
    model = LogisticRegression(C=1e6)
    p = cross_val_predict(model, x, y, groups=articles, cv=GroupKFold(5), method="predict_proba")[:, 1]
    say(f"{len(y)} questions, AUC {roc_auc_score(y, p):.3f}, Brier score {brier_score_loss(y, p):.3f}")
    for false_refusals in (0.03, 0.05, 0.08, 0.1, 0.12, 0.15):
        caution = np.quantile(p[y], false_refusals)
        refused = (p[~y] < caution).mean()
        say(f"caution {caution:.2f}: refuses {false_refusals} of the answerable, {refused:.3f} of the others")
    model.fit(x, y)
    fitted = Coefficients(*(round(float(c), 3) for c in (*model.coef_[0], model.intercept_[0])))
    COEFFICIENTS.write_text(json.dumps(fitted._asdict()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
