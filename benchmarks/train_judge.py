"""Trains the judge: LoRA weights and two heads on the default embedder's backbone.

    python benchmarks/train_judge.py DATA

The judge reads a question and a passage. It says how likely the passage answers the question, and how much each
sentence helps. DATA is a folder of JSON-lines files, which `SOURCES` lists. The script writes `judge.safetensors` with
the hashes of these files, and prints figures of passages that it did not train on.

Method: low-rank adaptation of every linear layer (Hu et al. 2021), one epoch after another with a linear decay of the
rate, on the CPU in bfloat16. Negatives come free: a passage without the sentence that answers, a question with another
name or number of the same kind, and a similar passage.
"""

import argparse
import hashlib
import json
import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from click import echo as say
from safetensors.torch import save_file
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

from rag import Settings
from rag.models import locate_model
from rag.text import content_words, split_sentences

WEIGHTS = Path(__file__).parents[1] / "rag/answer/judge/judge.safetensors"
# Longer passages are cut: the product's chunks are shorter.
MOST_TOKENS = 288
# The label of a sentence that may help, but need not: it counts for nothing.
UNKNOWN = -1
# One of ten passages is kept for the figures.
HELD_OUT = 10


class Example(NamedTuple):
    """A question, a passage with its sentences, and their labels: 1 if they answer or help, 0 if not, or UNKNOWN."""

    source: str
    question: str
    passage: str
    answers: int
    sentences: Sequence[tuple[int, int]]
    helps: Sequence[int]
    # Where the answer stands in the passage, (0, 0) if nowhere, None if that is not known.
    answer: tuple[int, int] | None = None
    kind: str = "given"


@dataclass(frozen=True)
class Recipe:
    """How the judge is trained."""

    rank: int = 16
    rate: float = 1e-3
    epochs: int = 3
    batch: int = 32
    seed: int = 0
    # The sentences' part of the loss.
    sentence_weight: float = 0.5
    # The answer's first and last token are learned only because it teaches what an answer is.
    token_weight: float = 0.5
    layers: tuple[str, ...] = ("query", "key", "value", "dense")


# --- examples ---------------------------------------------------------------------------------------------------------


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
    if source == "musique":  # the other hops help too, but the data does not say which sentences they are
        helps = [one or UNKNOWN for one in helps]
    return Example(source, row["question"], passage, 1, sentences, helps, _find_answer(passage, sentences, helps, answer))


def _find_answer(
    passage: str, sentences: Sequence[tuple[int, int]], helps: Sequence[int], answer: str
) -> tuple[int, int] | None:
    """Return where the answer stands in the sentence that helps, or None if no sentence does."""
    if 1 not in helps:
        return None
    start, end = sentences[helps.index(1)]
    first = passage.lower().find(answer.lower(), start, end)
    return first, first + len(answer)


def _label_holding(passage: str, sentences: Sequence[tuple[int, int]], answer: str, question: str) -> list[int]:
    """Return 1 for the sentence with the answer that is most like the question, UNKNOWN for others with the answer."""
    words = content_words(question)
    holding = [i for i, (start, end) in enumerate(sentences) if answer.lower() in passage[start:end].lower()]
    if not holding:
        return [UNKNOWN] * len(sentences)
    best = max(holding, key=lambda i: len(words & content_words(passage[slice(*sentences[i])])))
    return [1 if i == best else UNKNOWN if i in holding else 0 for i in range(len(sentences))]


def _label_overlapping(passage: str, sentences: Sequence[tuple[int, int]], answer: str) -> list[int]:
    """Return 1 for each sentence that the answer, a stretch of the passage, touches."""
    first = passage.find(answer)
    if first < 0:
        return [UNKNOWN] * len(sentences)
    last = first + len(answer)
    return [int(start < last and end > first) for start, end in sentences]


def make_sentence_windows(rows: Sequence[dict[str, Any]], chance: random.Random) -> Iterator[Example]:
    """Yield windows of neighbouring sentences, each with a question that one of them answers, or that none does."""
    texts = list(dict.fromkeys(row["sentence"] for row in rows))
    position = {text: i for i, text in enumerate(texts)}
    for row in rows:
        at = position[row["sentence"]]
        first = max(0, at - chance.randint(0, 4))
        window = texts[first : first + 5]
        if chance.random() < 0.25:
            window.remove(row["sentence"])
        yield _join("sentences", row["question"], window, [int(text == row["sentence"]) for text in window])


def make_meeting_windows(meeting: dict[str, Any], chance: random.Random) -> Iterator[Example]:
    """Yield turns of a meeting: for each question a window where turns matter, and one where none does."""
    turns = [" ".join(turn.split())[:600] for turn in meeting["turns"]]
    for asked in meeting["questions"]:
        gold = {i for first, last in asked["turns"] for i in range(int(first), int(last) + 1)} & set(range(len(turns)))
        if not gold:
            continue
        for matters in (True, False):
            for _ in range(8):
                first = chance.choice(sorted(gold)) - chance.randint(0, 4) if matters else chance.randrange(len(turns))
                at = range(max(0, first), min(len(turns), first + 8))
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
    return Example(source, question, " ".join(texts), int(any(labels)), sentences, labels, None if any(labels) else (0, 0))


# --- free negatives ---------------------------------------------------------------------------------------------------

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
    """Return the example with another year, number or name in its question, or None if it has none to exchange."""
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
            yield Example(example.source, example.question, other, 0, sentences, [0] * len(sentences), (0, 0), "similar")


# --- all of them ------------------------------------------------------------------------------------------------------


def load_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True)
class Source:
    """A file to learn from, and how many examples of each kind are drawn from it."""

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
    """Return whether a passage is kept for the figures, with everything that is made of it."""
    start = re.sub(r"\W+", "", example.passage)[:40]
    return int(hashlib.sha256(start.encode()).hexdigest(), 16) % HELD_OUT == 0


# --- the model --------------------------------------------------------------------------------------------------------


class LowRank(nn.Module):
    """A frozen linear layer plus a product of two small matrices."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.randn(rank, linear.in_features) / math.sqrt(linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x) + F.linear(F.linear(x, self.down), self.up)


class Judge(nn.Module):
    """The backbone with low-rank weights; for each token one score as a part of a sentence, one as the passage's."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        super().__init__()
        self.backbone = AutoModel.from_pretrained(
            folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, attn_implementation="eager"
        )
        self.backbone.requires_grad_(requires_grad=False)
        self.backbone.pooler = None
        for name, module in list(self.backbone.encoder.named_modules()):
            if isinstance(module, nn.Linear):
                parent = self.backbone.encoder.get_submodule(name.rpartition(".")[0])
                setattr(parent, name.rpartition(".")[2], LowRank(module, recipe.rank))
        self.heads = nn.Linear(self.backbone.config.hidden_size, 4)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the scores of all tokens, float32 of (n, tokens, 4)."""
        states = self.backbone(input_ids=ids, attention_mask=mask).last_hidden_state
        return self.heads(states).float()


class Batch(NamedTuple):
    """Token ids and mask of (n, tokens); the sentence of each token, or -1; the labels of passages and sentences."""

    ids: torch.Tensor
    mask: torch.Tensor
    sentence: torch.Tensor
    answers: torch.Tensor
    helps: torch.Tensor
    # The answer's first and last token; 0 if there is none, UNKNOWN if that is not known.
    span: torch.Tensor


def encode(tokenizer: Any, examples: Sequence[Example]) -> list[Batch]:
    """Return a batch of one for each example, not padded."""
    encoded = tokenizer(
        [e.question for e in examples], [e.passage for e in examples], truncation="only_second", max_length=MOST_TOKENS,
        return_offsets_mapping=True,
    )  # fmt: skip
    batches = []
    for i, example in enumerate(examples):
        part = encoded.sequence_ids(i)
        offsets = encoded["offset_mapping"][i]
        starts = [start for start, _ in example.sentences]
        of = [
            int(np.searchsorted(starts, start, side="right")) - 1 if which == 1 else -1
            for which, (start, _) in zip(part, offsets, strict=True)
        ]
        present = max([*of, 0]) + 1
        ids = torch.tensor(encoded["input_ids"][i])
        helps = torch.tensor(list(example.helps)[:present], dtype=torch.float32)
        answers = torch.tensor(float(example.answers))
        span = torch.tensor(_find_tokens(example.answer, part, offsets))
        batches.append(Batch(ids, torch.ones_like(ids), torch.tensor(of), answers, helps, span))
    return batches


def _find_tokens(
    answer: tuple[int, int] | None, part: Sequence[int | None], offsets: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    """Return the first and last token of an answer."""
    if answer is None:
        return UNKNOWN, UNKNOWN
    inside = [
        i for i, (which, (start, end)) in enumerate(zip(part, offsets, strict=True))
        if which == 1 and start < answer[1] and end > answer[0]
    ]  # fmt: skip
    if not inside:
        return (0, 0) if answer == (0, 0) else (UNKNOWN, UNKNOWN)
    return inside[0], inside[-1]


def collate(batches: Sequence[Batch]) -> Batch:
    """Return one padded batch."""
    pad = nn.utils.rnn.pad_sequence
    return Batch(
        pad([b.ids for b in batches], batch_first=True),
        pad([b.mask for b in batches], batch_first=True),
        pad([b.sentence for b in batches], batch_first=True, padding_value=-1),
        torch.stack([b.answers for b in batches]),
        pad([b.helps for b in batches], batch_first=True, padding_value=float(UNKNOWN)),
        torch.stack([b.span for b in batches]),
    )


def pool_sentences(scores: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return the mean score of each sentence's tokens, of (n, sentences)."""
    count = batch.helps.shape[1]
    member = F.one_hot(batch.sentence + 1, count + 1)[:, :, 1:].float()
    return torch.einsum("nts,nt->ns", member, scores) / member.sum(1).clamp(min=1)


def score(model: Judge, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the passages' scores, of (n,), the sentences', of (n, sentences), and the tokens', of (n, tokens, 2)."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = model(batch.ids, batch.mask)
    return scores[:, 0, 1], pool_sentences(scores[:, :, 0], batch), scores[:, :, 2:]


def train(model: Judge, batches: list[Batch], recipe: Recipe) -> None:
    """Train the low-rank weights and the heads."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.rate, weight_decay=0.01)
    steps = recipe.epochs * math.ceil(len(batches) / recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=steps + 1, pct_start=0.06)
    chance = random.Random(recipe.seed)  # noqa: S311
    model.train()
    with tqdm(total=steps, unit="step", mininterval=20) as bar:
        for _ in range(recipe.epochs):
            for batch in _draw_batches(batches, recipe.batch, chance):
                passages, sentences, tokens = score(model, batch)
                known = batch.helps != UNKNOWN
                loss = F.binary_cross_entropy_with_logits(passages, batch.answers)
                of_sentences = F.binary_cross_entropy_with_logits(sentences[known], batch.helps[known])
                outside = (batch.sentence == -1)[:, :, None].clone()
                outside[:, 0] = False
                of_tokens = F.cross_entropy(
                    tokens.masked_fill(outside, -1e4).transpose(1, 2).flatten(0, 1),
                    batch.span.flatten(), ignore_index=UNKNOWN,
                )  # fmt: skip
                total = loss + recipe.sentence_weight * of_sentences + recipe.token_weight * of_tokens
                optimizer.zero_grad()
                total.backward()
                nn.utils.clip_grad_norm_(weights, 1.0)
                optimizer.step()
                schedule.step()
                bar.update()
                bar.set_postfix(passages=f"{loss.item():.3f}", sentences=f"{of_sentences.item():.3f}",
                    tokens=f"{of_tokens.item():.3f}", refresh=False)


def _draw_batches(batches: list[Batch], size: int, chance: random.Random) -> Iterator[Batch]:
    """Yield all examples in batches of about the same length."""
    order = sorted(range(len(batches)), key=lambda i: (len(batches[i].ids) // 16, chance.random()))
    groups = [order[i : i + size] for i in range(0, len(order), size)]
    chance.shuffle(groups)
    for group in groups:
        yield collate([batches[i] for i in group])


# --- figures ----------------------------------------------------------------------------------------------------------


def report(model: Judge, batches: list[Batch], examples: Sequence[Example]) -> None:
    """Print how well passages and sentences are told apart, by source."""
    model.eval()
    passages = np.zeros(len(batches))
    sentences: list[Any] = [None] * len(batches)
    order = sorted(range(len(batches)), key=lambda i: len(batches[i].ids))
    with torch.no_grad():
        for start in range(0, len(order), 64):
            group = order[start : start + 64]
            of_passages, of_sentences, _ = score(model, collate([batches[i] for i in group]))
            for row, i in enumerate(group):
                passages[i] = of_passages[row]
                sentences[i] = of_sentences[row].numpy()
    for name in [source.name for source in SOURCES]:
        mine = [i for i, e in enumerate(examples) if e.source == name]
        given = [i for i in mine if examples[i].kind == "given"]
        line = f"{name}: {len(mine)} passages"
        for label, some in (("as given", given), ("with made ones", mine)):
            answers = [examples[i].answers for i in some]
            if 0 < sum(answers) < len(answers):
                line += f", AUC {label} {roc_auc_score(answers, passages[some]):.3f}"
        labelled = [
            (label, value)
            for i in given
            for label, value in zip(batches[i].helps.tolist(), sentences[i], strict=False)
            if label != UNKNOWN
        ]
        first = [
            float(batches[i].helps[int(sentences[i][: len(batches[i].helps)].argmax())] != 0)
            for i in given
            if 1 in batches[i].helps.tolist() and len(batches[i].helps) > 1
        ]
        line += f"; sentences AUC {roc_auc_score(*zip(*labelled, strict=True)):.3f}, first right {np.mean(first):.3f}"
        say(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--limit", type=int, help="examples at most, for a trial")
    for name, value in (("rank", 16), ("rate", 1e-3), ("epochs", 3), ("seed", 0)):
        parser.add_argument(f"--{name}", type=type(value), default=value)
    arguments = parser.parse_args()
    recipe = Recipe(rank=arguments.rank, rate=arguments.rate, epochs=arguments.epochs, seed=arguments.seed)
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(2)
    settings = Settings.load()
    folder = locate_model(settings.embedder, kind="embedder", home=settings.home)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    examples = make_examples(arguments.data, seed=recipe.seed)
    learn = [e for e in examples if not is_held_out(e)][: arguments.limit]
    held_out = [e for e in examples if is_held_out(e)]
    say(f"{len(learn)} examples to learn from, {len(held_out)} kept for the figures")
    model = Judge(folder, recipe)
    encoded = encode(tokenizer, learn)
    say(f"{np.mean([len(b.ids) for b in encoded]):.0f} tokens in the mean, "
        f"{np.mean([len(b.ids) == MOST_TOKENS for b in encoded]):.3f} cut")  # fmt: skip
    train(model, encoded, recipe)
    report(model, encode(tokenizer, held_out), held_out)
    kept = {name: weight.to(torch.float16) for name, weight in model.state_dict().items() if _is_trained(name)}
    metadata = {"recipe": repr(recipe)} | {s.file: _hash(arguments.data / s.file) for s in SOURCES}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(kept, arguments.out, metadata=metadata)


def _is_trained(name: str) -> bool:
    return name.endswith((".down", ".up")) or name.startswith("heads.")


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
