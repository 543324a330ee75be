"""Trains a judge, which Footnote does not use yet: LoRA weights and two heads on the default embedder's backbone.

    python -m benchmarks.train_judge DATA

The judge reads a question and a passage. It says how likely the passage answers the question, and how much each
sentence helps. DATA is a folder of JSON-lines files, which judge_examples.py names. The script writes
`judge.safetensors` with the hashes of these files, and prints figures for passages that were held out.

Method: low-rank adaptation of every linear layer (Hu et al. 2021), one epoch after another with a linear decay of the
rate, on the CPU in bfloat16. docs/experiments.md says what the judge is worth.
"""

import argparse
import hashlib
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
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn import functional
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

from benchmarks.judge_examples import SOURCES, UNKNOWN, Example, is_held_out, make_examples
from rag import Settings
from rag.models import locate_model
from rag.types import Span

# Longer passages are cut: Footnote's chunks are shorter.
MOST_TOKENS = 256
# The heads that the judge has: a sentence's and a passage's. Two more are learned with them, see `Recipe`.
HEADS = 2


@dataclass(frozen=True)
class Recipe:
    """How the judge is trained."""

    rank: int = 16
    rate: float = 2e-3
    epochs: int = 2
    batch: int = 32
    seed: int = 0
    # The sentences' part of the loss.
    sentence_weight: float = 0.5
    # Learning the answer's first and last token teaches the judge what an answer is.
    token_weight: float = 0.5


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


class Judge(nn.Module):
    """The backbone with low-rank weights; each token has a score for its sentence and one for the passage."""

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
        scores: torch.Tensor = self.heads(states)
        return scores.float()


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


def _find_tokens(answer: Span | None, part: Sequence[int | None], offsets: Sequence[Span]) -> Span:
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
    member = functional.one_hot(batch.sentence + 1, count + 1)[:, :, 1:].float()
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
                loss = functional.binary_cross_entropy_with_logits(passages, batch.answers)
                of_sentences = functional.binary_cross_entropy_with_logits(sentences[known], batch.helps[known])
                outside = (batch.sentence == -1)[:, :, None].clone()
                outside[:, 0] = False
                of_tokens = functional.cross_entropy(
                    tokens.masked_fill(outside, -1e4).transpose(1, 2).flatten(0, 1),
                    batch.span.flatten(), ignore_index=UNKNOWN,
                )  # fmt: skip
                total = loss + recipe.sentence_weight * of_sentences + recipe.token_weight * of_tokens
                optimizer.zero_grad()
                total.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(weights, 1.0)
                optimizer.step()
                schedule.step()
                bar.update()
                bar.set_postfix(
                    passages=f"{loss.item():.3f}",
                    sentences=f"{of_sentences.item():.3f}",
                    tokens=f"{of_tokens.item():.3f}",
                    refresh=False,
                )


def _draw_batches(batches: list[Batch], size: int, chance: random.Random) -> Iterator[Batch]:
    """Yield all examples in batches of about the same length."""
    order = sorted(range(len(batches)), key=lambda i: (len(batches[i].ids) // 16, chance.random()))
    groups = [order[i : i + size] for i in range(0, len(order), size)]
    chance.shuffle(groups)
    for group in groups:
        yield collate([batches[i] for i in group])


def report(model: Judge, batches: list[Batch], examples: Sequence[Example]) -> None:
    """Print how well passages and sentences are separated, by source."""
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
    parser.add_argument("--out", type=Path, default=Path("eval/judge.safetensors"), help="[eval/judge.safetensors]")
    parser.add_argument("--limit", type=int, help="examples at most, for a trial")
    parser.add_argument("--threads", type=int, default=2)
    for name, value in (("rank", 16), ("rate", 2e-3), ("epochs", 2), ("seed", 0)):
        parser.add_argument(f"--{name}", type=type(value), default=value)
    arguments = parser.parse_args()
    recipe = Recipe(rank=arguments.rank, rate=arguments.rate, epochs=arguments.epochs, seed=arguments.seed)
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(arguments.threads)
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
    kept = {name.removeprefix("backbone."): weight for name, weight in model.state_dict().items() if _is_kept(name)}
    for part in ("weight", "bias"):
        kept[f"heads.{part}"] = kept[f"heads.{part}"][:HEADS]
    metadata = {"recipe": repr(recipe)} | {s.file: _hash(arguments.data / s.file) for s in SOURCES}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: weight.to(torch.float16).contiguous() for name, weight in kept.items()}, arguments.out, metadata=metadata
    )


def _is_kept(name: str) -> bool:
    return name.endswith((".down", ".up")) or name.startswith("heads.")


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
