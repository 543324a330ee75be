"""Trains low-rank weights for the embedder's vectors of tokens, which compare a question with passages word by word.

    python -m benchmarks.train_late_interaction SOURCE[=LIMIT]... --report FOLDER...

A source is the folder of a data set, or a file with a passage, a question and its answer (null: none) in each line.
The script searches each source with its answerable questions, at most LIMIT of them. It learns to put the passages with
an accepted text before the others that the search finds. It writes `rag/index/word_weights.safetensors` with the hashes
of the sources. For the data sets in --report, which must not be sources, it prints how often an accepted text is among
the first 1, 3 and 5 passages.

Method: low-rank adaptation of every linear layer (Hu et al. 2021), late interaction (ColBERT: Khattab & Zaharia 2020),
a softmax over one passage with the answer and up to five without, on the CPU in bfloat16. docs/experiments.md has the
measurements.
"""

import argparse
import hashlib
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from click import echo as say
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

from benchmarks.calibrate import load_source, read_source
from rag import Settings
from rag.evaluation.judge import has_short_answers
from rag.evaluation.metrics import contains_answer
from rag.files import digest_file
from rag.index.build import index_documents
from rag.index.word_weights import FILE, fingerprint
from rag.models import locate_model
from rag.retrieve import COMPARED, add_titles

RANKS = (1, 3, 5)
# Weights of the similarity that the report compares.
WEIGHTS = (3.0, 5.0, 8.0, 12.0)


@dataclass(frozen=True)
class Recipe:
    """How the weights are trained."""

    rank: int = 16
    rate: float = 5e-4
    epochs: int = 1
    # Questions of a step, and passages without the answer for each of them.
    questions: int = 8
    others: int = 5
    seed: int = 0
    # A similarity of words is 0 to 1: the softmax is over ten times the sum of score and bonus.
    sharpness: float = 10.0


class Example(NamedTuple):
    """A question, the passages found with their scores, and whether each has an accepted text."""

    question: str
    passages: tuple[str, ...]
    scores: tuple[float, ...]
    answers: tuple[bool, ...]


class Text(NamedTuple):
    """The ids of a text's tokens, and the number of the word that each belongs to; None: no word."""

    ids: list[int]
    words: list[int | None]


class LowRank(nn.Module):
    """A frozen linear layer plus a product of two small matrices."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.randn(rank, linear.in_features) / math.sqrt(linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        base: torch.Tensor = self.linear(x)
        return base + functional.linear(functional.linear(x, self.down), self.up)


class Comparer(nn.Module):
    """The embedder with low-rank weights, and the weights of score and similarity in a passage's relevance."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        super().__init__()
        self.backbone = AutoModel.from_pretrained(folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        self.backbone.requires_grad_(requires_grad=False)
        self.backbone.pooler = None
        for name, module in list(self.backbone.named_modules()):
            if isinstance(module, nn.Linear):
                parent = self.backbone.get_submodule(name.rpartition(".")[0])
                setattr(parent, name.rpartition(".")[2], LowRank(module, recipe.rank))
        self.of_score = nn.Parameter(torch.tensor(1.0))
        self.of_similarity = nn.Parameter(torch.tensor(3.0))
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._texts: dict[str, Text] = {}

    def encode(self, text: str) -> Text:
        """Return the tokens of a text; those without a letter or digit belong to no word."""
        if text not in self._texts:
            encoded = self._tokenizer(text, truncation=True, max_length=256, return_offsets_mapping=True)
            words = [
                word if any(map(str.isalnum, text[start:end])) else None
                for word, (start, end) in zip(encoded.word_ids(), encoded["offset_mapping"], strict=True)
            ]
            self._texts[text] = Text(encoded["input_ids"], words)
        return self._texts[text]

    def embed(self, texts: Sequence[Text]) -> torch.Tensor:
        """Return unit vectors, float32 of (n, tokens, dim)."""
        ids = nn.utils.rnn.pad_sequence([torch.tensor(text.ids) for text in texts], batch_first=True)
        mask = nn.utils.rnn.pad_sequence([torch.ones(len(text.ids)) for text in texts], batch_first=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self.backbone(input_ids=ids, attention_mask=mask).last_hidden_state
        return functional.normalize(states.float(), dim=-1)

    def compare(
        self, question: Text, asked: torch.Tensor, passages: Sequence[Text], vectors: torch.Tensor
    ) -> torch.Tensor:
        """Return how similar each passage is to the words of a question, of (passages,), as `compare_words` does."""
        kept = torch.zeros(vectors.shape[:2], dtype=torch.bool)
        for i, passage in enumerate(passages):
            kept[i, : len(passage.words)] = torch.tensor([word is not None for word in passage.words])
        similar = torch.einsum("qd,ptd->pqt", asked[: len(question.ids)], vectors)
        return similar.masked_fill(~kept[:, None, :], -1.0).max(dim=2).values @ weigh_words(question)

    def add_up(self, scores: Sequence[float], similarities: torch.Tensor) -> torch.Tensor:
        """Return the relevance of passages."""
        return self.of_score * torch.tensor(scores) + self.of_similarity * similarities


def weigh_words(question: Text) -> torch.Tensor:
    """Return the weight of each token of a question: each word has the same weight, shared by its tokens."""
    tokens = [question.words.count(word) if word is not None else 0 for word in question.words]
    words = len(set(question.words) - {None})
    return torch.tensor([1 / count / words if count else 0.0 for count in tokens])


def collect(argument: str, settings: Settings) -> list[Example]:
    """Return what a search of a source finds for its answerable questions, drawn at random."""
    path, limit = read_source(argument)
    dataset = load_source(path)
    questions = [q for q in dataset.questions if q.answerable and has_short_answers(q)]
    random.Random(0).shuffle(questions)  # noqa: S311
    examples = []
    with index_documents(dataset.documents, settings=settings.beside(f"train-{dataset.name}")) as index:
        for question in tqdm(questions[:limit], desc=dataset.name, unit="question", disable=None):
            hits = index.search(question.question, k=COMPARED)
            examples.append(
                Example(
                    question.question,
                    tuple(add_titles(hit.chunk) for hit in hits),
                    tuple(hit.score for hit in hits),
                    tuple(contains_answer(hit.chunk.text, question.answers) for hit in hits),
                )
            )
    return examples


def train(model: Comparer, examples: Sequence[Example], recipe: Recipe) -> None:
    """Train the low-rank weights on the examples that have passages with and without an accepted text."""
    usable = [e for e in examples if len(set(e.answers)) == 2 and set(model.encode(e.question).words) != {None}]
    low_rank = [weight for name, weight in model.named_parameters() if name.endswith((".down", ".up"))]
    groups = [
        {"params": low_rank, "lr": recipe.rate, "weight_decay": 0.01},
        {"params": [model.of_score, model.of_similarity], "lr": 0.02, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups)
    steps = recipe.epochs * math.ceil(len(usable) / recipe.questions)
    warm_up = 0.06 * steps
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / warm_up) * (1 - step / steps)
    )
    chance = random.Random(recipe.seed)  # noqa: S311
    model.train()
    with tqdm(total=steps, unit="step", mininterval=20) as bar:
        for _ in range(recipe.epochs):
            for group in draw_groups(usable, recipe, chance):
                loss = measure_loss(model, group, recipe)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(low_rank, 1.0)
                optimizer.step()
                schedule.step()
                bar.update()
                bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)


def draw_groups(examples: Sequence[Example], recipe: Recipe, chance: random.Random) -> Iterator[list[Example]]:
    """Yield all examples in groups; each has one passage with an accepted text first, and some without."""
    order = chance.sample(examples, len(examples))
    for start in range(0, len(order), recipe.questions):
        yield [draw_passages(example, recipe.others, chance) for example in order[start : start + recipe.questions]]


def draw_passages(example: Example, others: int, chance: random.Random) -> Example:
    """Return an example with one passage that has an accepted text, and at most `others` that have none."""
    right = [i for i, has_answer in enumerate(example.answers) if has_answer]
    wrong = [i for i, has_answer in enumerate(example.answers) if not has_answer]
    drawn = [chance.choice(right), *chance.sample(wrong, min(len(wrong), others))]
    return Example(
        example.question,
        tuple(example.passages[i] for i in drawn),
        tuple(example.scores[i] for i in drawn),
        tuple(example.answers[i] for i in drawn),
    )


def measure_loss(model: Comparer, group: Sequence[Example], recipe: Recipe) -> torch.Tensor:
    """Return the mean cross-entropy of the first passage of each example among its passages."""
    questions = [model.encode(example.question) for example in group]
    passages = [model.encode(passage) for example in group for passage in example.passages]
    asked, vectors = model.embed(questions), model.embed(passages)
    losses = []
    start = 0
    for question, row, example in zip(questions, asked, group, strict=True):
        stop = start + len(example.passages)
        similarities = model.compare(question, row, passages[start:stop], vectors[start:stop])
        relevance = recipe.sharpness * model.add_up(example.scores, similarities)
        losses.append(-functional.log_softmax(relevance, dim=0)[0])
        start = stop
    return torch.stack(losses).mean()


def measure_similarities(model: Comparer, example: Example) -> "np.ndarray[Any, Any]":
    """Return how similar each passage of an example is to its question."""
    question = model.encode(example.question)
    passages = [model.encode(passage) for passage in example.passages]
    with torch.no_grad():
        similar = model.compare(question, model.embed([question])[0], passages, model.embed(passages))
    return similar.numpy()


def count_hits(example: Example, similarities: "np.ndarray[Any, Any]", weight: float) -> list[bool]:
    """Return for each rank whether an accepted text is in the first passages, with a weight of the similarities."""
    order = np.argsort(-(np.array(example.scores) + weight * similarities), kind="stable")
    ranked = np.array(example.answers)[order]
    return [bool(ranked[:rank].any()) for rank in RANKS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="SOURCE[=LIMIT]")
    parser.add_argument("--report", nargs="*", default=[], metavar="FOLDER[=LIMIT]")
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    recipe = Recipe()
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(arguments.threads)
    settings = Settings.load()
    folder = locate_model(settings.embedder, kind="embedder", home=settings.home)
    examples = {source: collect(source, settings) for source in (*arguments.sources, *arguments.report)}
    model = Comparer(folder, recipe)
    show(model, {source: examples[source] for source in arguments.report})
    train(model, [example for source in arguments.sources for example in examples[source]], recipe)
    save(model, arguments.out, folder, arguments.sources)
    show(model, {source: examples[source] for source in arguments.report})


def show(model: Comparer, sets: dict[str, list[Example]]) -> None:
    """Print the figures of data sets for several weights of the similarity."""
    model.eval()
    say(f"learned weights: score {model.of_score.item():.2f}, similarity {model.of_similarity.item():.2f}")
    for name, examples in sets.items():
        similarities = [measure_similarities(model, example) for example in examples]
        for weight in WEIGHTS:
            hits = [count_hits(*pair, weight) for pair in zip(examples, similarities, strict=True)]
            figures = ", ".join(f"{share:.3f}" for share in np.mean(hits, axis=0))
            say(f"{name}, {len(examples)} questions, similarity × {weight:g}: {figures}")


def save(model: Comparer, path: Path, folder: Path, sources: Sequence[str]) -> None:
    """Write the low-rank weights in float16, with the hashes of what they were made from."""
    kept: dict[str, torch.Tensor] = {
        name.removeprefix("backbone."): weight.detach().to(torch.float16).contiguous()
        for name, weight in model.named_parameters()
        if name.endswith((".down", ".up"))
    }
    paths = [path for path, _ in map(read_source, sources)]
    hashes = {path.name: hash_source(path) for path in paths}
    metadata = {"embedder": fingerprint(folder), "sources": json.dumps(hashes)}
    save_file(kept, path, metadata=metadata)


def hash_source(path: Path) -> str:
    """Return the SHA-256 of the hashes of a source's files."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return hashlib.sha256("".join(map(digest_file, files)).encode()).hexdigest()


if __name__ == "__main__":
    main()
