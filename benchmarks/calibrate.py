"""Fits the confidence that a passage states the answer, from features that are known before the LLM writes.

    python benchmarks/calibrate.py SOURCE[=LIMIT]... --exclude QUESTIONS

A source is the folder of a data set, or a file with a passage, a question and its answer (null: none) in each line.
The script takes the questions about a sample of each source's passages, at most LIMIT (400), except the ones in
QUESTIONS. It asks them of the first passages that a search of the whole source finds. It keeps their features in
--features, and writes the coefficients to `rag/answer/quote/confidence.json`. A passage states the answer if it has an
accepted text. If a source has no files of its own, most of its passages get random labels of articles or readers'
comments, so that the label carries no information. The printed figures come from models that have not seen the source,
or else not the question's article. A question's confidence is that of its likeliest passage.
"""

import argparse
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from click import echo as say
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import GroupKFold
from tqdm import tqdm

from rag import Dataset, Settings, load_dataset
from rag.answer.prompt import NO, YES, Prompts, build_question, load_prompts
from rag.answer.quote.confidence import ANY
from rag.answer.understand.restate import restate
from rag.documents.read import make_document
from rag.evaluation.dataset import Question
from rag.evaluation.metrics import contains_answer
from rag.index.build import index_documents
from rag.llm import open_llm
from rag.retrieve import retrieve
from rag.types import Chunk

COEFFICIENTS = Path(__file__).parents[1] / "rag/answer/quote/confidence.json"
# The most informative of 28 layers: earlier ones know too little, the last ones have already decided.
LAYERS = slice(18, 21)
# Questions of a source, unless it names a limit.
MOST_QUESTIONS = 400
# The penalty's inverse: there are many weights for few passages. Two features are known to help: their penalty is low.
STRENGTH, EASY = 3e-3, 10
OUTLETS = ("Harbour Gazette", "The Daily Ledger", "Reuters", "Northern Echo", "City Mirror", "The Observer", "BBC News",
           "Annual report")  # fmt: skip
READERS = ("Ines", "Marco P.", "J. Fielding", "Ayesha", "Tom", "oldsailor", "K. Brandt", "Lena")
Matrix = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
# The passages of a question: `log_odds`, `values` (layers' values or None), `score`, and `states`, the label.
Rows = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="SOURCE[=LIMIT]")
    parser.add_argument("--exclude", type=Path, help="questions for the measurements, never used for fitting")
    parser.add_argument("--passages", type=int, default=2, help="passages for each question [2]")
    parser.add_argument("--features", type=Path, help="folder of each question's features [eval/confidence-HASH]")
    arguments = parser.parse_args()
    settings, prompts = Settings.load(), load_prompts("answer")
    made_by = hashlib.sha256(repr((settings.llm, settings.embedder, prompts.examples)).encode()).hexdigest()[:8]
    folder = arguments.features or Path("eval", f"confidence-{made_by}")
    held_out = read_ids(arguments.exclude) if arguments.exclude else set()
    tables = []
    for path, limit in map(read_source, arguments.sources):
        dataset = load_source(path)
        questions = draw([q for q in dataset.questions if q.id not in held_out], limit or MOST_QUESTIONS)
        file = folder / f"{dataset.name}.jsonl"
        label = keep_label if has_files(path) else relabel
        rows = measure(dataset, questions, file, How(label, arguments.passages, settings, prompts))
        tables.append(make_table(dataset.name, questions, rows))
    fit(tables, llm=settings.llm)


def read_ids(path: Path) -> set[str]:
    """Return the ids of the questions in a file."""
    return {json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()}


def read_source(argument: str) -> tuple[Path, int | None]:
    """Return the path and the limit of an argument "SOURCE" or "SOURCE=LIMIT"."""
    name, _, limit = argument.partition("=")
    return Path(name), int(limit) if limit else None


def load_source(path: Path) -> Dataset:
    """Return the data set in a folder, or of a file's rows."""
    return load_rows(path) if path.is_file() else load_dataset(path)


def load_rows(path: Path) -> Dataset:
    """Return a data set of a file's rows: each passage is a document, once."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    names = {text: f"{path.stem}-{number}" for number, text in enumerate(dict.fromkeys(row["passage"] for row in rows))}
    documents = [make_document(name, text, title=name) for text, name in names.items()]
    questions = []
    for row in rows:
        name = names[row["passage"]]
        answers = (row["answer"],) if row["answer"] else ()
        question = Question(row["id"], row["question"], bool(answers), answers, (name,), source_passage_id=name)
        questions.append(question)
    return Dataset(path.stem, tuple(documents), tuple(questions), passages={}, sha256="")


def draw(questions: list[Question], limit: int) -> list[Question]:
    """Return the questions about a sample of passages, grouped by passage, so that the LLM reads each once."""
    by_passage = defaultdict(list)
    for question in questions:
        by_passage[question.source_passage_id or ""].append(question)
    passages = sorted(by_passage)
    random.Random(0).shuffle(passages)  # noqa: S311
    return [question for passage in passages for question in by_passage[passage]][:limit]


def has_files(source: Path) -> bool:
    """Return whether a source has its documents as files, with the labels that people see."""
    return source.is_dir() and not (source / "corpus.jsonl").exists()


def keep_label(chunk: Chunk) -> Chunk:
    """Return a chunk as it is."""
    return chunk


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


class How(NamedTuple):
    """The settings of a measurement: a function that labels a chunk, and the number of passages for each question."""

    label: Callable[[Chunk], Chunk]
    passages: int
    settings: Settings
    prompts: Prompts


def measure(dataset: Dataset, questions: list[Question], path: Path, how: How) -> list[Rows]:
    """Return the rows of each question, a row for each passage; take finished ones from the file at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    known = {line["id"]: line["rows"] for line in map(json.loads, lines)}
    own = how.settings.beside(f"calibrate-{dataset.name}")
    with index_documents(dataset.documents, settings=own) as index, path.open("a", encoding="utf-8") as file:
        llm = open_llm(how.settings)
        if llm is None:
            raise SystemExit("the confidence needs an LLM: set RAG_LLM to one")
        for question in tqdm(questions, unit="question"):
            if question.id not in known:
                rows = known[question.id] = []
                for hit in retrieve(index, restate(question.question), passages=how.settings.passages)[: how.passages]:
                    labelled = replace(hit, chunk=how.label(hit.chunk))
                    asked = build_question(question.question, labelled, prompts=how.prompts)
                    odds, values = llm.compare(asked, YES, NO)
                    states = question.answerable and contains_answer(hit.chunk.text, question.answers)
                    kept = None if values is None else [[round(float(v), 3) for v in layer] for layer in values[LAYERS]]
                    rows.append({"log_odds": odds, "values": kept, "score": hit.score, "states": states})
                file.write(json.dumps({"id": question.id, "rows": rows}) + "\n")
                file.flush()
    return [known[question.id] for question in questions]


class Table(NamedTuple):
    """The passages of a source as arrays: features (n, m), labels, and the number of each one's question and article.

    `answerable` has a flag for each question.
    """

    name: str
    x: Matrix
    states: Flags
    question: Numbers
    article: Numbers
    answerable: Flags


def make_table(name: str, questions: Sequence[Question], rows: Sequence[Rows]) -> Table:
    """Return the table of a source; the first features are the log-odds and the score, then the layers' values."""
    passages = [row for found in rows for row in found]
    x = np.array([[row["log_odds"], row["score"]] for row in passages])
    values = [np.ravel(row["values"]) for row in passages if row["values"] is not None]
    if len(values) == len(passages):
        x = np.column_stack([x, values])
    question = np.repeat(np.arange(len(rows)), [len(found) for found in rows])
    articles = [(q.source_passage_id or q.id).partition("#")[0] for q in questions]
    _, article = np.unique(articles, return_inverse=True)
    answerable = np.array([q.answerable for q in questions])
    return Table(name, x, np.array([row["states"] for row in passages]), question, article[question], answerable)


class Model(NamedTuple):
    """The coefficients of a logistic model for features as they are."""

    weights: Matrix
    intercept: float

    def predict(self, x: Matrix) -> Matrix:
        """Return the probability that each passage states the answer."""
        p: Matrix = 1 / (1 + np.exp(-(x @ self.weights + self.intercept)))
        return p


def fit_model(tables: Sequence[Table]) -> Model:
    """Return the model of the tables together. It is fitted to features on one scale, the first two larger."""
    x = np.concatenate([t.x for t in tables])
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale[:2] /= EASY
    logistic = LogisticRegression(C=STRENGTH, max_iter=1000)
    logistic.fit((x - mean) / scale, np.concatenate([t.states for t in tables]))
    weights = logistic.coef_[0] / scale
    return Model(weights, float(logistic.intercept_[0] - weights @ mean))


def to_coefficients(model: Model) -> dict[str, object]:
    """Return a model's coefficients as the assistant reads them."""
    log_odds, score, *values = (round(float(weight), 5) for weight in model.weights)
    return {
        "log_odds": log_odds,
        "score": score,
        "intercept": round(model.intercept, 3),
        "first_layer": LAYERS.start if values else 0,
        "values": values,
    }


def fit(tables: Sequence[Table], *, llm: str) -> None:
    """Print how well the features separate answerable questions from others, and write the coefficients."""
    narrow = [table._replace(x=table.x[:, :2]) for table in tables]
    fitted = {ANY: narrow} | ({llm: tables} if all(table.x.shape[1] > 2 for table in tables) else {})
    for name, of_kind in fitted.items():
        say(f"\n{name}")
        report_transfer(of_kind)
    coefficients = {name: to_coefficients(fit_model(of_kind)) for name, of_kind in fitted.items()}
    COEFFICIENTS.write_text(json.dumps(coefficients) + "\n", encoding="utf-8")


def report_transfer(tables: Sequence[Table]) -> None:
    """Print the figures of each source for a model of the others, then in folds by article with the others added."""
    for number, table in enumerate(tables):
        others = [*tables[:number], *tables[number + 1 :]]
        if others:
            say(f"{table.name}, fitted to the others")
            report(fit_model(others).predict(table.x), table)
        say(f"{table.name}, fitted to the others and the other articles")
        p = np.zeros(len(table.x))
        for train, test in GroupKFold(8).split(table.x, groups=table.article):
            rest = table._replace(x=table.x[train], states=table.states[train])
            p[test] = fit_model([*others, rest]).predict(table.x[test])
        report(p, table)


def report(p: Matrix, table: Table) -> None:
    """Print how well the probabilities `p` separate passages with the answer, and answerable questions, from others."""
    states, answerable = table.states, table.answerable
    say(f"{len(p)} passages, AUC {roc_auc_score(states, p):.3f}, Brier score {brier_score_loss(states, p):.3f}")
    # A question without passages has the confidence 0.
    best = np.array([p[table.question == i].max(initial=0.0) for i in range(len(answerable))])
    say(f"{len(best)} questions, AUC {roc_auc_score(answerable, best):.3f}, "
        f"Brier score {brier_score_loss(answerable, best):.3f}")  # fmt: skip
    for false_refusals in (0.03, 0.05, 0.08, 0.1, 0.12, 0.15):
        caution = np.quantile(best[answerable], false_refusals)
        refused = (best[~answerable] < caution).mean()
        say(f"caution {caution:.2f}: refuses {false_refusals} of the answerable, {refused:.3f} of the others")


if __name__ == "__main__":
    main()
