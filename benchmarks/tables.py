"""Asks questions over tables without an LLM, and counts how many answers are computed, and how many are right.

    python -m benchmarks.tables [--set tables|rows|roles|various|mixed] [--wrong]

Half of the 60 questions of `tables` cannot be computed from benchmarks/questions/tables, and should be refused. The 120
of `rows` ask which rows have a cell, how many do, or for one cell; 37 look like these and should be refused. So do 18
of the 100 of `roles`, with verbs, roles and persons; 20 others of these need more than that. Half of the 100 of
`various` mislead: other roles, negations, limits, mixed currencies, ids. So do 45 of the 100 of `mixed`.
"""

import argparse
import re
import tempfile
from collections import Counter
from pathlib import Path

from click import echo as say

from benchmarks.kinds import QUESTIONS, Row, read_rows
from rag import Answer, Assistant, Settings, build_index
from rag.evaluation.judge import reply_text
from rag.index.embedder import open_embedder
from rag.settings import NO_LLM

VERDICTS = ("computed right", "computed wrong", "refused rightly", "refused wrongly")


def open_assistant(folder: Path, place: Path) -> Assistant:
    """Index the tables of a folder and return an assistant over them, without an LLM."""
    settings = Settings.load(index_dir=place, name="tables", llm=NO_LLM)
    build_index(sorted(folder.iterdir()), settings=settings, embedder=open_embedder(settings))
    return Assistant.open(settings=settings)


def judge(row: Row, answer: Answer) -> str:
    """Return one of the verdicts: a computed value is right if the reply has every string of `must`."""
    if not answer.reply:
        return "refused wrongly" if row["computable"] else "refused rightly"
    is_right = row["computable"] and all(_has_one_of(wanted, reply_text(answer)) for wanted in row["must"])
    return "computed right" if is_right else "computed wrong"


def _has_one_of(alternatives: str, text: str) -> bool:
    """Return whether a text has one of the alternatives as a whole word or number."""
    words = "|".join(re.escape(alternative) for alternative in alternatives.split("|"))
    return re.search(rf"(?<![\w.,-])(?:{words})(?!\w|[.,]\d)", text) is not None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=("tables", "rows", "roles", "various", "mixed"), default="tables")
    parser.add_argument("--wrong", action="store_true", help="also print the questions with a wrong verdict")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        assistant = open_assistant(QUESTIONS / given.set, Path(name))
        for row in read_rows(f"{given.set}.jsonl"):
            answer = assistant.ask(row["question"])
            verdict = judge(row, answer)
            counts[verdict] += 1
            if given.wrong and verdict in ("computed wrong", "refused wrongly"):
                say(f"{row['id']}: {verdict}: {row['question']} {reply_text(answer)}")
    for verdict in VERDICTS:
        say(f"{verdict:15} {counts[verdict]:3}")


if __name__ == "__main__":
    main()
