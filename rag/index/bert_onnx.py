"""Writes a BERT embedder as a graph for ONNX Runtime, which runs it without torch and with fused operators."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from rag.files import digest_file
from rag.index.word_weights import SHA256, Added

_VERSION = 3
_FLOAT32 = 1  # onnx.TensorProto.FLOAT
_COMPUTED_MODULES = (("Transformer", "Pooling"), ("Transformer", "Pooling", "Normalize"))
_LIBRARY_STEP = re.compile(r"sentence_transformers\.(?:\w+\.)*(\w+)")
_FUSED = "com.microsoft"  # the domain of ONNX Runtime's own operators


def can_convert(folder: Path) -> bool:
    """Return whether the graph can compute the model in a sentence-transformers folder.

    The model must be BERT with GELU, absolute positions, and the mean over its tokens.
    """
    has_files = (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file()
    # Each file is read, so that a damaged one is an error.
    checks = [_is_bert(folder), _takes_mean(folder), _list_modules(folder) in _COMPUTED_MODULES]
    return has_files and all(checks)


def _is_bert(folder: Path) -> bool:
    config = read_json(folder / "config.json")
    kind = config.get("model_type"), config.get("hidden_act"), config.get("position_embedding_type", "absolute")
    return kind == ("bert", "gelu", "absolute")


def _takes_mean(folder: Path) -> bool:
    pooling = read_json(folder / "1_Pooling/config.json")
    modes = [key for key, is_on in pooling.items() if key.startswith("pooling_mode_") and is_on is True]
    return modes == ["pooling_mode_mean_tokens"] or pooling.get("pooling_mode") == "mean"


def _list_modules(folder: Path) -> tuple[str, ...]:
    """Return the names of a model's steps: short for the library's own, in full for steps of other packages."""
    modules = read_json(folder / "modules.json") or []
    return tuple(_LIBRARY_STEP.sub(r"\1", module["type"]) for module in modules)


def read_json(file: Path) -> Any:
    """Return the content of a JSON file of a model; an empty object if there is no such file."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def make_graph(folder: Path, cache: Path, *, added: Added | None = None) -> Path:
    """Return the file of a model's graph in the folder `cache`; write it if it is missing or damaged.

    Each version of the weights has its own graph, and another one with the word weights `added`. Raises OSError,
    KeyError or ValueError.
    """
    weights = folder / "model.safetensors"
    added_hash = SHA256 if added else ""
    made_from = (_VERSION, str(weights.resolve()), weights.stat().st_size, weights.stat().st_mtime_ns, added_hash)
    key = hashlib.sha256(repr(made_from).encode()).hexdigest()[:32]
    for path in cache.glob(f"{key}-*.onnx"):
        if _is_whole(path):
            return path
        if path.is_dir():
            shutil.rmtree(path)
    cache.mkdir(parents=True, exist_ok=True)
    aside = cache / f"{key}.tmp"  # one for each model, so that it replaces the file of a killed process
    with FileLock(cache / ".lock"):
        _Graph(folder, added or {}).save(aside)
        path = cache / f"{key}-{digest_file(aside)}.onnx"
        aside.replace(path)
    return path


def _is_whole(path: Path) -> bool:
    """Return whether a file has the SHA-256 that its name ends in."""
    try:
        return path.stem.endswith(digest_file(path))
    except OSError:
        return False


class _Graph:
    """The graph from token ids and their mask, int64 and int32 of (n, tokens), to unit vectors, float32.

    There is one for each text, of (n, dim), and one for each token, of (n, tokens, dim).
    """

    def __init__(self, folder: Path, added: Added) -> None:
        from safetensors.numpy import load_file

        self._config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._weights = load_file(folder / "model.safetensors")
        self._weights |= {name: self._weights[name] + matrix for name, matrix in added.items()}
        self._nodes: list[Any] = []
        self._constants: dict[str, np.ndarray[Any, Any]] = {}
        states = self._add_embeddings()
        for layer in range(self._config["num_hidden_layers"]):
            states = self._add_layer(states, layer)
        self._add_mean(states)
        self._add("LpNormalization", [states], "tokens", axis=-1, p=2)

    def save(self, path: Path) -> None:
        """Write the graph to a file."""
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        size = self._config["hidden_size"]
        graph = helper.make_graph(
            self._nodes,
            "embedder",
            [
                helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "tokens"]),
                helper.make_tensor_value_info("mask", TensorProto.INT32, ["n", "tokens"]),
            ],
            [
                helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", size]),
                helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["n", "tokens", size]),
            ],
            [numpy_helper.from_array(array, name) for name, array in self._constants.items()],
        )
        versions = [helper.make_opsetid("", 17), helper.make_opsetid(_FUSED, 1)]
        onnx.save(helper.make_model(graph, opset_imports=versions, ir_version=8), str(path))

    def _add(self, operator: str, inputs: list[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        self._nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output

    def _keep(self, name: str, array: "np.ndarray[Any, Any]") -> str:
        self._constants[name] = np.ascontiguousarray(array)
        return name

    def _weight(self, name: str) -> str:
        return self._keep(name, self._weights[name].astype(np.float32))

    def _turned(self, name: str) -> str:
        return self._keep(name, self._weights[name].T.astype(np.float32))

    def _add_embeddings(self) -> str:
        # The table of words keeps its type: in float16 it is half as large, and only a few rows are looked up.
        words = self._keep("words.table", self._weights["embeddings.word_embeddings.weight"])
        types = self._weights["embeddings.token_type_embeddings.weight"]
        positions = self._keep("positions", self._weights["embeddings.position_embeddings.weight"] + types[0])
        self._add("Shape", ["ids"], "length", start=1, end=2)
        self._add("Slice", [positions, self._keep("zero", np.array([0], np.int64)), "length"], "here")
        rows = self._add("Cast", [self._add("Gather", [words, "ids"], "words.rows")], "words", to=_FLOAT32)
        self._add("Add", [rows, "here"], "sum")
        norm = [self._weight(f"embeddings.LayerNorm.{kind}") for kind in ("weight", "bias")]
        epsilon = self._config["layer_norm_eps"]
        return self._add("LayerNormalization", ["sum", *norm], "states", axis=-1, epsilon=epsilon)

    def _add_layer(self, states: str, number: int) -> str:
        layer = f"encoder.layer.{number}."
        parts = [f"{layer}attention.self.{part}." for part in ("query", "key", "value")]
        weights, biases = (
            np.concatenate([self._weights[f"{part}{kind}"] for part in parts]).astype(np.float32)
            for kind in ("weight", "bias")
        )
        inputs = [states, self._keep(f"{layer}qkv", weights.T), self._keep(f"{layer}qkv.bias", biases), "mask"]
        heads = self._config["num_attention_heads"]
        attended = self._add("Attention", inputs, f"{layer}attended", domain=_FUSED, num_heads=heads)
        states = self._add_residual(attended, states, f"{layer}attention.output")
        wide = self._turned(f"{layer}intermediate.dense.weight")
        product = self._add("MatMul", [states, wide], f"{layer}product")
        bias = self._weight(f"{layer}intermediate.dense.bias")
        active = self._add("BiasGelu", [product, bias], f"{layer}active", domain=_FUSED)
        return self._add_residual(active, states, f"{layer}output")

    def _add_residual(self, inputs: str, states: str, block: str) -> str:
        product = self._add("MatMul", [inputs, self._turned(f"{block}.dense.weight")], f"{block}.product")
        rest = [self._weight(f"{block}.{name}") for name in ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")]
        added, epsilon = [product, states, *rest], self._config["layer_norm_eps"]
        return self._add("SkipLayerNormalization", added, f"{block}.states", domain=_FUSED, epsilon=epsilon)

    def _add_mean(self, states: str) -> None:
        one = self._keep("one", np.array([1], np.int64))
        self._add("Cast", ["mask"], "weights", to=_FLOAT32)
        self._add("MatMul", [self._add("Unsqueeze", ["weights", one], "row"), states], "total")
        # Scaled to length 1, the sum equals the mean.
        self._add("LpNormalization", [self._add("Squeeze", ["total", one], "sums")], "vectors", axis=-1, p=2)
