"""The embedder's cache and its vectors: what is damaged is made again or refused, and never stored."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from rag import ModelError, Settings, build_index
from rag.files import digest_file
from rag.index.embedder import OnnxEmbedder, SentenceTransformerEmbedder, TokenEmbedder, open_embedder
from rag.index.reranker import CrossEncoderReranker
from rag.index.word_weights import FILE, SHA256, fingerprint, load_word_weights

_DIM, _WIDE = 8, 16
_UNKNOWN = "[UNK]"
_WORDS = [_UNKNOWN, "cat", "dog", "bridge", "minister"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a sentence-transformers folder with a BERT of one layer."""
    folder = tmp_path / "tiny"
    (folder / "1_Pooling").mkdir(parents=True)
    files = {
        "config.json": {
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": _DIM,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "layer_norm_eps": 1e-12,
        },
        "modules.json": [{"type": f"sentence_transformers.models.{kind}"} for kind in ("Transformer", "Pooling")],
        "1_Pooling/config.json": {"pooling_mode_mean_tokens": True},
        "sentence_bert_config.json": {"max_seq_length": 64},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(_WORDS)}, unk_token=_UNKNOWN))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    layer = "encoder.layer.0."
    shapes = {
        "embeddings.word_embeddings.weight": (len(_WORDS), _DIM),
        "embeddings.token_type_embeddings.weight": (2, _DIM),
        "embeddings.position_embeddings.weight": (64, _DIM),
        f"{layer}intermediate.dense.weight": (_WIDE, _DIM),
        f"{layer}intermediate.dense.bias": (_WIDE,),
        f"{layer}output.dense.weight": (_DIM, _WIDE),
        f"{layer}output.dense.bias": (_DIM,),
    }
    for part in ("self.query", "self.key", "self.value", "output.dense"):
        shapes |= {f"{layer}attention.{part}.weight": (_DIM, _DIM), f"{layer}attention.{part}.bias": (_DIM,)}
    for part in ("embeddings", f"{layer}attention.output", f"{layer}output"):
        shapes |= {f"{part}.LayerNorm.weight": (_DIM,), f"{part}.LayerNorm.bias": (_DIM,)}
    random = np.random.default_rng(0)
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(weights, folder / "model.safetensors")
    return folder


@pytest.fixture
def own(settings: Settings, folder: Path, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"embedder": str(folder), "home": tmp_path / "home"})


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 0xFF
    path.write_bytes(content)


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def put_folder(path: Path) -> None:
    path.unlink()
    (path / "folder").mkdir(parents=True)


def put_another_shape(path: Path) -> None:
    import onnx

    model = onnx.load(str(path))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 3
    onnx.save(model, str(path))


@pytest.mark.parametrize("damage", [flip, tear, lambda path: path.write_bytes(b""), put_folder, put_another_shape])
def test_a_damaged_graph_is_made_again(own: Settings, damage: Callable[[Path], None]) -> None:
    before = open_embedder(own).embed_query("cat dog")
    (graph,) = (own.home / "graphs").glob("*.onnx")
    damage(graph)
    again = open_embedder(own)
    assert isinstance(again, OnnxEmbedder)
    assert again.embed_query("cat dog").tobytes() == before.tobytes()
    assert [*(own.home / "graphs").glob("*.onnx")] == [graph]


def test_what_a_killed_process_left_is_written_over(own: Settings) -> None:
    open_embedder(own)
    (graph,) = (own.home / "graphs").glob("*.onnx")
    left = graph.with_name(f"{graph.name.partition('-')[0]}.tmp")
    graph.replace(left)
    tear(left)
    assert isinstance(open_embedder(own), OnnxEmbedder)
    assert not left.exists()


def test_each_token_of_a_word_has_a_vector(own: Settings) -> None:
    embedder = open_embedder(own)
    assert isinstance(embedder, TokenEmbedder)
    alone = embedder.embed_tokens(["cat, dog"])[0]
    texts = ["bridge minister cat dog bridge", "cat, dog", ""]
    long, same, empty = embedder.embed_tokens(texts)
    assert long.vectors.shape == (5, _DIM)
    assert same.words.tolist() == [0, 2]  # the comma is word 1, and has no vector
    assert np.linalg.norm(long.vectors, axis=1) == pytest.approx(1)
    assert same.vectors == pytest.approx(alone.vectors, abs=1e-5)
    assert not len(empty.vectors)


@pytest.fixture
def weights(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of word weights for the model in the folder, which the embedder uses."""
    random = np.random.default_rng(1)
    query = "encoder.layer.0.attention.self.query"
    low_rank = {
        f"{query}.down": random.normal(size=(2, _DIM)).astype(np.float16),
        f"{query}.up": random.normal(size=(_DIM, 2)).astype(np.float16),
    }
    file = tmp_path / "words.safetensors"
    save_file(low_rank, file, metadata={"embedder": fingerprint(folder)})
    load = partial(load_word_weights, file=file, sha256=digest_file(file))
    monkeypatch.setattr("rag.index.embedder.load_word_weights", load)
    return file


def test_word_weights_change_the_vectors_of_tokens_alone(own: Settings, request: pytest.FixtureRequest) -> None:
    plain = open_embedder(own)
    assert isinstance(plain, OnnxEmbedder)
    before = plain.embed_tokens(["cat dog"])[0].vectors
    request.getfixturevalue("weights")
    trained = open_embedder(own)
    assert isinstance(trained, OnnxEmbedder)
    after = trained.embed_tokens(["cat dog"])[0].vectors
    assert not np.allclose(after, before, atol=1e-3)
    assert np.linalg.norm(after, axis=1) == pytest.approx(1)
    assert trained.embed_query("cat dog").tobytes() == plain.embed_query("cat dog").tobytes()


def test_torn_word_weights_are_named_in_a_line_and_left_out(
    own: Settings, weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tear(weights)
    embedder = open_embedder(own)
    assert isinstance(embedder, OnnxEmbedder)
    assert embedder.embed_tokens(["cat dog"])[0].vectors.shape == (2, _DIM)
    assert caplog.messages == [
        f"{weights} is missing or damaged, so passages are compared without it: install Footnote again"
    ]


def test_without_a_second_graph_passages_are_compared_with_the_first(
    own: Settings, weights: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    embedder = open_embedder(own)
    assert isinstance(embedder, OnnxEmbedder)

    def fail(*_: object, **__: object) -> Path:
        raise PermissionError("the folder is read-only")

    monkeypatch.setattr("rag.index.embedder.make_graph", fail)
    assert embedder.embed_tokens(["cat dog"])[0].vectors.shape == (2, _DIM)
    assert caplog.messages == ["passages are compared without the trained weights: the folder is read-only"]


def test_word_weights_of_another_model_are_left_out(folder: Path, weights: Path) -> None:
    changed = load_file(folder / "model.safetensors")
    changed["encoder.layer.0.attention.self.query.weight"] += 1
    save_file(changed, folder / "model.safetensors")
    assert load_word_weights(folder, file=weights, sha256=digest_file(weights)) == {}


def test_the_shipped_word_weights_are_whole() -> None:
    assert digest_file(FILE) == SHA256


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_vectors_that_are_no_numbers_are_refused_and_never_stored(
    own: Settings, folder: Path, docs: Path, value: float
) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["encoder.layer.0.output.LayerNorm.bias"][:] = value
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(ModelError, match="gives vectors that are not numbers: run `rag models verify`"):
        build_index([docs], settings=own)
    with pytest.raises(ModelError, match="not numbers"):
        open_embedder(own).embed_query("cat")


@pytest.mark.parametrize("row", [[0.0, 0.0], [np.nan, 1.0], [-np.inf, 0.0]])
def test_the_librarys_vectors_are_checked_too(row: list[float]) -> None:
    tokenizer = Tokenizer(WordLevel({_UNKNOWN: 0}, unk_token=_UNKNOWN))
    model = SimpleNamespace(
        tokenizer=SimpleNamespace(backend_tokenizer=tokenizer, num_special_tokens_to_add=lambda: 2),
        get_embedding_dimension=lambda: 2,
        max_seq_length=64,
        prompts={},
        encode_document=lambda texts, **_: np.array([row] * len(texts)),
        encode_query=lambda texts, **_: np.array([row] * len(texts)),
    )
    embedder = SentenceTransformerEmbedder("library", model)  # type: ignore[arg-type]
    assert embedder.embed_documents([]).shape == (0, 2)
    with pytest.raises(ModelError, match="the embedder library gives vectors that are not numbers"):
        embedder.embed_documents(["cat"])
    reranker = CrossEncoderReranker(SimpleNamespace(predict=lambda pairs, **_: np.array(row)))  # type: ignore[arg-type]
    if row[0]:
        with pytest.raises(ModelError, match="the reranker gives scores that are not numbers"):
            reranker.score("cat?", ["cat", "dog"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("modules.json", [{"idx": 0, "name": "0", "path": "", "type": "own.Transformer"}]),
        ("config.json", {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}),
        ("config.json", []),
        ("tokenizer.json", {}),
    ],
)
def test_a_folder_that_brings_python_or_is_broken_is_refused_in_one_line(
    own: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: object
) -> None:
    (folder / "own.py").write_text("open('own-was-run', 'w')", encoding="utf-8")
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ModelError, match=r"^cannot load the embedder in .*; run `rag models verify`$"):
        open_embedder(own)
    assert not Path("own-was-run").exists()
