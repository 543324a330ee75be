"""Makes the examples from which the judge learns: given ones, and negatives made from them. A negative is a passage
without the sentence that answers, a question with another name or number of the same kind, or a similar passage.
"""

import hashlib
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sklearn.feature_extraction.text import TfidfVectorizer

from rag.text import content_words, split_sentences
from rag.types import Span

# The label of a sentence that may or may not help; training ignores it.
UNKNOWN = -1
# One of ten passages is held out for the figures.
HELD_OUT = 10
# A window of sentences or of a meeting's turns has this many.
_SENTENCES, _TURNS = 5, 8
_LONGEST_TURN = 600


class Example(NamedTuple):
    """A question, a passage with its sentences, and their labels: 1 if they answer or help, 0 if not, or UNKNOWN."""

    source: str
    question: str
    passage: str
    answers: int
    sentences: Sequence[tuple[int, int]]
    helps: Sequence[int]
    # The answer's place in the passage: (0, 0) if it is not there, None if that is not known.
    answer: tuple[int, int] | None = None
    kind: str = "given"


def load_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True)
class Source:
    """A file to learn from, and the number of examples of each kind."""

    name: str
    file: str
    given: int
    removed: int = 0
    exchanged: int = 0
    similar: int = 0


SOURCES = (
    Source("squad", "answerability_squad.jsonl", 3000, removed=700, exchanged=900, similar=1500),
    Source("nq", "answerability_nq.jsonl", 3786, removed=500, exchanged=300, similar=1500),
    Source("musique", "answerability_musique.jsonl", 1600),
    Source("policy", "answerability_policy.jsonl", 2400, removed=800),
    Source("sentences", "sentences_squad.jsonl", 4000, exchanged=0, similar=0),
    Source("meetings", "qmsum_train.jsonl", 2000),
)


def make_examples(folder: Path, *, seed: int) -> list[Example]:
    """Return the examples of all sources, in an order that the seed gives."""
    examples: list[Example] = []
    for source in SOURCES:
        chance = random.Random(f"{seed} {source.name}")  # noqa: S311
        given = _load_given(source, load_rows(folder / source.file), chance)
        chance.shuffle(given)
        made = {
            "removed": (remove_answer(example) for example in given),
            "exchanged": _swap_details(given, chance),
            "similar": find_similar(given) if source.similar else iter(()),
        }
        examples += given[: source.given]
        for kind, several in made.items():
            wanted: int = getattr(source, kind)
            usable = [example for example in several if example] if wanted else []
            chance.shuffle(usable)
            examples += usable[:wanted]
    random.Random(seed).shuffle(examples)  # noqa: S311
    return [example for example in examples if example.sentences]


def _load_given(source: Source, rows: list[dict[str, Any]], chance: random.Random) -> list[Example]:
    if source.name == "sentences":
        return list(make_sentence_windows(rows, chance))
    if source.name == "meetings":
        return [example for meeting in rows for example in make_meeting_windows(meeting, chance)]
    return [make_answered(source.name, row) for row in rows]


def _swap_details(examples: Sequence[Example], chance: random.Random) -> Iterator[Example | None]:
    questions = [example.question for example in examples]
    return (swap_detail(example, questions, chance) for example in examples if example.answers)


def is_held_out(example: Example) -> bool:
    """Return whether a passage is held out for the figures, with all examples made from it."""
    start = re.sub(r"\W+", "", example.passage)[:40]
    return int(hashlib.sha256(start.encode()).hexdigest(), 16) % HELD_OUT == 0


def make_answered(source: str, row: dict[str, Any]) -> Example:
    """Return the example of a row with a passage, a question and an answer, or None as the answer."""
    passage = re.sub(r"Paragraph \d+: ", "", row["passage"])
    sentences = split_sentences(passage)
    answer = row["answer"]
    if answer is None:
        return Example(source, row["question"], passage, 0, sentences, [0] * len(sentences), (0, 0))
    if source == "policy":
        helps = _label_overlapping(passage, sentences, answer)
        return Example(source, row["question"], passage, 1, sentences, helps)
    helps = _label_holding(passage, sentences, answer, row["question"])
    if source == "musique":  # the other hops help too, but the data does not name their sentences
        helps = [one or UNKNOWN for one in helps]
    return Example(
        source, row["question"], passage, 1, sentences, helps, _find_answer(passage, sentences, helps, answer)
    )


def _find_answer(passage: str, sentences: Sequence[Span], helps: Sequence[int], answer: str) -> Span | None:
    """Return the answer's place in the sentence that helps, or None if no sentence does."""
    if 1 not in helps:
        return None
    start, end = sentences[helps.index(1)]
    first = passage.lower().find(answer.lower(), start, end)
    return first, first + len(answer)


def _label_holding(passage: str, sentences: Sequence[Span], answer: str, question: str) -> list[int]:
    """Return 1 for the sentence with the answer that is most like the question, UNKNOWN for others with the answer."""
    words = content_words(question)
    holding = [i for i, (start, end) in enumerate(sentences) if answer.lower() in passage[start:end].lower()]
    if not holding:
        return [UNKNOWN] * len(sentences)
    best = max(holding, key=lambda i: len(words & content_words(passage[slice(*sentences[i])])))
    return [1 if i == best else UNKNOWN if i in holding else 0 for i in range(len(sentences))]


def _label_overlapping(passage: str, sentences: Sequence[Span], answer: str) -> list[int]:
    """Return 1 for each sentence that the answer, a stretch of the passage, touches."""
    first = passage.find(answer)
    if first < 0:
        return [UNKNOWN] * len(sentences)
    last = first + len(answer)
    return [int(start < last and end > first) for start, end in sentences]


def make_sentence_windows(rows: Sequence[dict[str, Any]], chance: random.Random) -> Iterator[Example]:
    """Yield windows of neighbouring sentences, each with a question that one or none of them answers."""
    texts = list(dict.fromkeys(row["sentence"] for row in rows))
    position = {text: i for i, text in enumerate(texts)}
    for row in rows:
        at = position[row["sentence"]]
        first = max(0, at - chance.randint(0, 4))
        window = texts[first : first + _SENTENCES]
        if chance.random() < 0.25:
            window.remove(row["sentence"])
        yield _join("sentences", row["question"], window, [int(text == row["sentence"]) for text in window])


def make_meeting_windows(meeting: dict[str, Any], chance: random.Random) -> Iterator[Example]:
    """Yield turns of a meeting: for each question a window with turns that matter, and one without."""
    turns = [" ".join(turn.split())[:_LONGEST_TURN] for turn in meeting["turns"]]
    for asked in meeting["questions"]:
        gold = {i for first, last in asked["turns"] for i in range(int(first), int(last) + 1)} & set(range(len(turns)))
        if not gold:
            continue
        for matters in (True, False):
            for _ in range(8):
                first = chance.choice(sorted(gold)) - chance.randint(0, 4) if matters else chance.randrange(len(turns))
                at = range(max(0, first), min(len(turns), first + _TURNS))
                labels = [int(i in gold) for i in at]
                if any(labels) == matters:
                    yield _join("meetings", asked["question"], [turns[i] for i in at], labels)
                    break


def _join(source: str, question: str, texts: Sequence[str], labels: Sequence[int]) -> Example:
    """Return the example of a passage made of texts in a row."""
    sentences, start = [], 0
    for text in texts:
        sentences.append((start, start + len(text)))
        start += len(text) + 1
    return Example(
        source, question, " ".join(texts), int(any(labels)), sentences, labels, None if any(labels) else (0, 0)
    )


NAME = re.compile(r"\b[A-Z][\w'-]+(?: (?:of |the )?[A-Z][\w'-]+)*\b")
NUMBER = re.compile(r"\b\d[\d,.]*\b")
YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")


def remove_answer(example: Example) -> Example | None:
    """Return the example without the sentences that help, or None if nothing would be left."""
    kept = [i for i, helps in enumerate(example.helps) if helps == 0]
    if not example.answers or 1 not in example.helps or not kept:
        return None
    texts = [example.passage[slice(*example.sentences[i])] for i in kept]
    return _join(example.source, example.question, texts, [0] * len(texts))._replace(kind="removed")


def swap_detail(example: Example, others: Sequence[str], chance: random.Random) -> Example | None:
    """Return the example with another year, number or name in its question, or None if it has nothing to exchange."""
    for pattern in (YEAR, NUMBER, NAME):
        details = [m[0] for m in pattern.finditer(example.question) if m.start() and m[0] in example.passage]
        if not details:
            continue
        old = chance.choice(details)
        new = _draw_detail(pattern, old, others, example.passage, chance)
        if new:
            question = example.question.replace(old, new)
            return example._replace(
                question=question, answers=0, helps=[0] * len(example.sentences), answer=(0, 0), kind="exchanged"
            )
    return None


def _draw_detail(
    pattern: re.Pattern[str], old: str, others: Sequence[str], passage: str, chance: random.Random
) -> str | None:
    if pattern is YEAR:
        return str(int(old) + chance.choice((-30, -11, -7, -2, -1, 1, 2, 3, 8, 20)))
    for _ in range(40):
        other = chance.choice(others)
        found = [m[0] for m in pattern.finditer(other) if m.start()]
        if found and found[0] not in passage and found[0] != old and len(found[0].split()) == len(old.split()):
            return found[0]
    return None


def find_similar(examples: Sequence[Example]) -> Iterator[Example]:
    """Yield each question with the passage that shares most of its words, but not the answer's passage."""
    passages = list(dict.fromkeys(example.passage for example in examples))
    vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    matrix = vectorizer.fit_transform(passages)
    position = {passage: i for i, passage in enumerate(passages)}
    asked = vectorizer.transform([example.question for example in examples])
    for start in range(0, len(examples), 500):
        scores = (asked[start : start + 500] @ matrix.T).toarray()
        for example, row in zip(examples[start : start + 500], scores, strict=True):
            row[position[example.passage]] = -1
            other = passages[int(row.argmax())]
            sentences = split_sentences(other)
            yield Example(
                example.source, example.question, other, 0, sentences, [0] * len(sentences), (0, 0), "similar"
            )
