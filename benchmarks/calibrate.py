"""Fits the confidence that a passage states the answer, from features that are known before the LLM writes.

    python benchmarks/calibrate.py DATASET --exclude QUESTIONS --limit 1200

It takes the questions about a sample of DATASET's passages, without those in QUESTIONS, and asks them of the first
passages found. It keeps their features in --features, and writes the coefficients to
`rag/answer/quote/confidence.json`. A passage states the answer if it has an accepted text. Most passages get random
labels of articles or readers' comments, so that the label carries no information. The printed figures are from models
that have not seen a question's article. A question's confidence is that of its likeliest passage.
"""

import argparse
import hashlib
import json
import random
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from click import echo as say
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tqdm import tqdm

from rag import Dataset, Settings, load_dataset
from rag.answer.prompt import NO, YES, Prompts, build_question, load_answer_prompts
from rag.answer.quote.confidence import ANY
from rag.evaluation.dataset import Question
from rag.evaluation.metrics import contains_answer
from rag.index.build import index_documents
from rag.llm import open_llm
from rag.llm.base import Leaning
from rag.retrieve import retrieve
from rag.types import Chunk

COEFFICIENTS = Path(__file__).parents[1] / "rag/answer/quote/confidence.json"
# The most informative of 28 layers: the first ones come too early, the last ones have already decided.
LAYERS = slice(18, 21)
# The penalty's inverse: there are many weights for few passages. Two features are known to help: their penalty is low.
STRENGTH, EASY = 3e-3, 10
OUTLETS = ("Harbour Gazette", "The Daily Ledger", "Reuters", "Northern Echo", "City Mirror", "The Observer", "BBC News",
           "Annual report")  # fmt: skip
READERS = ("Ines", "Marco P.", "J. Fielding", "Ayesha", "Tom", "oldsailor", "K. Brandt", "Lena")
Matrix = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument(
        "--exclude", type=Path, required=True, help="questions for the measurements, never used for fitting"
    )
    parser.add_argument("--limit", type=int, default=1200)
    parser.add_argument("--passages", type=int, default=2, help="passages for each question [2]")
    parser.add_argument("--features", type=Path, help="file of each question's features [eval/confidence-HASH.jsonl]")
    arguments = parser.parse_args()
    dataset = load_dataset(arguments.dataset)
    held_out = {question.id for question in load_dataset(arguments.dataset, questions=arguments.exclude).questions}
    questions = draw([q for q in dataset.questions if q.id not in held_out], arguments.limit)
    settings, prompts = Settings.load().beside("calibrate"), load_answer_prompts()
    made_by = hashlib.sha256(repr((settings.llm, settings.embedder, prompts.examples)).encode()).hexdigest()[:8]
    path = arguments.features or Path("eval", f"confidence-{made_by}.jsonl")
    rows = measure(dataset, questions, path, passages=arguments.passages, settings=settings, prompts=prompts)
    articles = [dataset.passages[q.source_passage_id].doc_id for q in questions if q.source_passage_id]
    fit(rows, np.array([q.answerable for q in questions]), np.array(articles), llm=settings.llm)


def draw(questions: list[Question], limit: int) -> list[Question]:
    """Return the questions about a sample of passages, grouped by passage, so that the LLM reads each once."""
    by_passage = defaultdict(list)
    for question in questions:
        by_passage[question.source_passage_id or ""].append(question)
    passages = sorted(by_passage)
    random.Random(0).shuffle(passages)  # noqa: S311
    return [question for passage in passages for question in by_passage[passage]][:limit]


def relabel(chunk: Chunk) -> Chunk:
    """Return most chunks with an outlet and a date, or as a reader's comment, at random with a fixed seed."""
    chance = random.Random(str(chunk.id))  # noqa: S311
    kind = chance.random()
    if kind < 0.4:
        return chunk
    date = f"{chance.randint(1995, 2026)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    if kind < 0.7:
        return replace(chunk, outlet=chance.choice(OUTLETS), date=date if chance.random() < 0.8 else None)
    author = chance.choice(READERS)
    return replace(chunk, voice="comment", outlet=None, author=author, date=date if chance.random() < 0.5 else None)


class Row(NamedTuple):
    """The features of one passage for a question, and whether it states the answer."""

    leaning: Leaning
    score: float
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
            raise SystemExit("the confidence needs an LLM: set RAG_LLM to one")
        for question in tqdm(questions, unit="question"):
            if question.id not in known:
                rows = known[question.id] = []
                for hit in retrieve(index, question.question, passages=settings.passages)[:passages]:
                    asked = build_question(question.question, replace(hit, chunk=relabel(hit.chunk)), prompts=prompts)
                    odds, values = llm.compare(asked, YES, NO)
                    states = question.answerable and contains_answer(hit.chunk.text, question.answers)
                    kept = None if values is None else [[round(float(v), 3) for v in layer] for layer in values[LAYERS]]
                    rows.append({"log_odds": odds, "values": kept, "score": hit.score, "states": states})
                file.write(json.dumps({"id": question.id, "rows": rows}) + "\n")
                file.flush()
    return [
        [
            Row(Leaning(row["log_odds"], row["values"] and np.array(row["values"])), row["score"], row["states"])
            for row in known[question.id]
        ]
        for question in questions
    ]


def make_model() -> Pipeline:
    """Return a logistic model over log-odds, score and values, on one scale; the first two are scaled by `EASY`."""
    easy = FunctionTransformer(lambda x: np.column_stack([EASY * x[:, :2], x[:, 2:]]))
    return make_pipeline(StandardScaler(), easy, LogisticRegression(C=STRENGTH, max_iter=1000))


def to_coefficients(model: Pipeline) -> dict[str, object]:
    """Return a fitted model's coefficients for unscaled features."""
    scaler, _, logistic = (step for _, step in model.steps)
    weights = logistic.coef_[0] / scaler.scale_
    weights[:2] *= EASY
    intercept = logistic.intercept_[0] - weights @ scaler.mean_
    log_odds, score, *values = (round(float(weight), 5) for weight in weights)
    return {
        "log_odds": log_odds,
        "score": score,
        "intercept": round(float(intercept), 3),
        "first_layer": LAYERS.start if values else 0,
        "values": values,
    }


def fit(rows: list[list[Row]], answerable: Flags, articles: npt.NDArray[np.str_], *, llm: str) -> None:
    """Print how well the features separate answerable questions from others, and write the coefficients."""
    flat = [row for found in rows for row in found]
    states = np.array([row.states for row in flat])
    of = np.repeat(np.arange(len(rows)), [len(found) for found in rows])
    features = {ANY: np.array([[row.leaning.log_odds, row.score] for row in flat])}
    values = [row.leaning.values.ravel() for row in flat if row.leaning.values is not None]
    if len(values) == len(flat):
        features[llm] = np.column_stack([features[ANY], values])
    coefficients = {}
    for name, x in features.items():
        model = make_model()
        p = cross_val_predict(model, x, states, groups=articles[of], cv=GroupKFold(8), method="predict_proba")[:, 1]
        say(f"{name}: ", nl=False)
        report(p, states, of, answerable)
        coefficients[name] = to_coefficients(model.fit(x, states))
    COEFFICIENTS.write_text(json.dumps(coefficients) + "\n", encoding="utf-8")


def report(p: Matrix, states: Flags, of: npt.NDArray[np.int64], answerable: Flags) -> None:
    """Print how well the probabilities `p` of passages `of` questions separate answerable ones from others."""
    say(f"{len(p)} passages, AUC {roc_auc_score(states, p):.3f}, Brier score {brier_score_loss(states, p):.3f}")
    best = np.array([p[of == i].max() for i in range(len(answerable))])
    say(f"{len(best)} questions, AUC {roc_auc_score(answerable, best):.3f}, "
        f"Brier score {brier_score_loss(answerable, best):.3f}")  # fmt: skip
    for false_refusals in (0.03, 0.05, 0.08, 0.1, 0.12, 0.15):
        caution = np.quantile(best[answerable], false_refusals)
        refused = (best[~answerable] < caution).mean()
        say(f"caution {caution:.2f}: refuses {false_refusals} of the answerable, {refused:.3f} of the others")


if __name__ == "__main__":
    main()
