"""Low-rank weights that teach the default embedder to compare single words of a question and a passage.

`benchmarks/train_late_interaction.py` trained them (LoRA: Hu et al. 2021, https://arxiv.org/abs/2106.09685).
"""

import hashlib
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.files import digest_file

FILE = Path(__file__).with_suffix(".safetensors")
SHA256 = "5697a4856f337d701388afbebb55a11891e2ad146068fe8e6707ac33ad2cd3e0"
# The fingerprint of an embedder is that of this matrix.
_FIRST = "encoder.layer.0.attention.self.query.weight"
_DOWN, _UP = ".down", ".up"

logger = logging.getLogger(__name__)

# Matrices to add to those of an embedder, by their names.
Added = dict[str, NDArray[np.float32]]


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 of the first matrix of an embedder in float16, in which most are stored."""
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", "numpy") as weights:
        return hashlib.sha256(weights.get_tensor(_FIRST).astype(np.float16).tobytes()).hexdigest()


def load_word_weights(folder: Path, *, file: Path = FILE, sha256: str = SHA256) -> Added:
    """Return the matrices to add to those of the embedder in a folder; {} for another embedder than theirs.

    A missing or damaged file is logged, and adds nothing.
    """
    from safetensors import safe_open

    if not file.is_file() or digest_file(file) != sha256:
        logger.warning("%s is missing or damaged, so passages are compared without it: install Footnote again", file)
        return {}
    with safe_open(file, "numpy") as weights:
        if weights.metadata()["embedder"] != fingerprint(folder):
            return {}
        names = [name.removesuffix(_DOWN) for name in weights.keys() if name.endswith(_DOWN)]  # noqa: SIM118
        return {
            f"{name}.weight": weights.get_tensor(name + _UP).astype(np.float32)
            @ weights.get_tensor(name + _DOWN).astype(np.float32)
            for name in names
        }
