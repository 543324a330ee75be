"""Asks questions of eight kinds, as people type them, comparisons, or one need in six wordings; counts right answers.

    python -m benchmarks.kinds [--set kinds|asked|comparisons|wordings] [--kind list] [--out answers.jsonl]

The author of benchmarks/questions has not seen the code. A right answer has the wanted outcome, and every string of
`must` in the reply or in the quotes. Its reply has the strings of `reply_must` and none of `must_not`. A question with
`after` follows up another one. For wordings the program counts three things: needs with one outcome in all wordings,
wordings with their need's most frequent outcome, and wordings with the wanted outcome.
"""

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from click import echo as say
from tqdm import tqdm

from rag import Answer, Assistant, Chat, Settings, build_index
from rag.evaluation.judge import plain_text, reply_text
from rag.index.embedder import open_embedder

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS = ROOT / "benchmarks" / "questions"
Row = dict[str, Any]


def read_rows(name: str) -> list[Row]:
    """Return the rows of one of the sets."""
    return [json.loads(line) for line in (QUESTIONS / name).read_text(encoding="utf-8").splitlines()]


@cache
def open_assistant(folder: str, place: Path) -> Assistant:
    """Index the documents of a folder and return an assistant over them."""
    settings = Settings.load(index_dir=place, name=folder.replace("/", "-"))
    files = [path for path in sorted((ROOT / folder).iterdir()) if path.name != "questions.jsonl"]
    build_index(files, settings=settings, embedder=open_embedder(settings))
    return Assistant.open(settings=settings)


def has_all(texts: Sequence[str], text: str, *, in_order: bool = False) -> bool:
    """Return whether a text has one of the alternatives of each string; with `in_order`, in this order."""
    text, at = " ".join(text.split()).lower(), 0
    for wanted in texts:
        places = [text.find(alternative.lower(), at) for alternative in wanted.split("|")]
        found = [place for place in places if place >= 0]
        if not found:
            return False
        at = min(found) if in_order else 0
    return True


def judge(row: Row, answer: Answer) -> bool:
    """Return whether an answer is right."""
    if answer.outcome not in (row["outcome"], *row.get("outcome_also", [])):
        return False
    reply = reply_text(answer)
    if row["kind"] == "yes_no" and row["reply_must"] in (["yes"], ["no"]):
        is_said = reply.lower().startswith(row["reply_must"][0])
    else:
        is_said = has_all(row["reply_must"], reply)
    has_quotes = has_all(row["must"], plain_text(answer), in_order=row["order"])
    is_wrong = bool(answer.reply) and any(has_all([text], reply) for text in row["must_not"])
    return is_said and has_quotes and not is_wrong


def ask_all(rows: Sequence[Row], place: Path, out: Path | None) -> Iterator[tuple[Row, Answer]]:
    """Yield each row with the answer to its question, and write the answers to a file."""
    with (out or Path("/dev/null")).open("w", encoding="utf-8") as file:
        chats: dict[str, Chat] = {}
        for row in tqdm(rows, unit="question"):
            before = chats.get(row.get("after", ""))
            chat = chats[row["id"]] = before or open_assistant(row["folder"], place).chat()
            answer = chat.ask(row["question"])
            short = {name: value for name, value in asdict(answer).items() if name not in ("hits", "citations")}
            file.write(json.dumps({"row": row, "answer": short}, ensure_ascii=False) + "\n")
            yield row, answer


def count_kinds(rows: Sequence[Row], place: Path, out: Path | None) -> None:
    """Print for each kind how many answers are right."""
    right: defaultdict[str, list[bool]] = defaultdict(list)
    for row, answer in ask_all(rows, place, out):
        right[row["kind"]].append(judge(row, answer))
    everything = [verdict for verdicts in right.values() for verdict in verdicts]
    for kind, verdicts in [*right.items(), ("all", everything)]:
        say(f"{kind:12} {sum(verdicts):3} of {len(verdicts):3} right, {sum(verdicts) / len(verdicts):.2f}")


def count_wordings(rows: Sequence[Row], place: Path, out: Path | None) -> None:
    """Print how many needs have the same outcome in all wordings."""
    asked = [row | {"question": wording} for row in rows for wording in row["wordings"]]
    outcomes: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    for row, answer in ask_all(asked, place, out):
        outcomes[row["id"]][answer.outcome != "not_found"] += 1
    same = [max(counts.values()) for counts in outcomes.values()]
    most = sum(same) / len(asked)
    say(f"{sum(len(c) == 1 for c in outcomes.values())} of {len(same)} needs have one outcome; {most:.2f} of wordings")
    fair = sum(outcomes[row["id"]][row["answerable"]] for row in rows)
    say(f"{fair} of {len(asked)} wordings have the wanted outcome, {fair / len(asked):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--set", choices=["kinds", "asked", "comparisons", "wordings"], default="kinds", help="which questions [kinds]"
    )
    parser.add_argument("--kind", help="only the questions of this kind")
    parser.add_argument("--out", type=Path, help="write the answers to this file")
    given = parser.parse_args()
    rows = [row for row in read_rows(f"{given.set}.jsonl") if given.kind in (None, row.get("kind"))]
    count = count_wordings if given.set == "wordings" else count_kinds
    with tempfile.TemporaryDirectory() as name:
        count(rows, Path(name), given.out)


if __name__ == "__main__":
    main()
