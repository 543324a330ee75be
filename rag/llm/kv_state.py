"""Reads the attention values of the last token from a state that llama.cpp saved."""

import struct

import numpy as np
import numpy.typing as npt

_FLOAT16 = 1  # ggml's number for the type


class _Reader:
    """Reads one value after the other from bytes."""

    def __init__(self, state: bytes | memoryview) -> None:
        self.state = state
        self.at = 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(f"<{form}", self.state, self.at)
        self.at += struct.calcsize(form)
        return int(value)

    def table(self, rows: int, bytes_per_row: int) -> npt.NDArray[np.float16]:
        values = np.frombuffer(self.state, np.float16, rows * bytes_per_row // 2, self.at)
        self.at += rows * bytes_per_row
        return values.reshape(rows, -1)


def read_last_values(state: bytes | memoryview) -> npt.NDArray[np.float32] | None:
    """Return the attention values of the last token, shape (layers, n); None if the state has another format.

    The format is that of llama.cpp's `llama_kv_cache::state_write` for one sequence, in float16.
    """
    reader = _Reader(state)
    try:
        return _read(reader) if reader.state else None
    except (struct.error, ValueError):
        return None


def _read(reader: _Reader) -> npt.NDArray[np.float32] | None:
    reader.at += 8  # a magic number, the sequence
    if reader.number("I") != 1:  # streams
        return None
    tokens = reader.number("I")
    for _ in range(tokens):
        reader.number("i")  # its position; positions are in order
        for _ in range(reader.number("I")):
            reader.number("i")  # its sequence
    transposed = reader.number("I")
    layers = reader.number("I")
    for _ in range(layers):
        if reader.number("i") != _FLOAT16:
            return None
        reader.table(tokens, reader.number("Q"))  # keys
    last = []
    for _ in range(layers):
        if reader.number("i") != _FLOAT16:
            return None
        if transposed:
            bytes_per_value = reader.number("I")
            last.append(reader.table(reader.number("I"), tokens * bytes_per_value)[:, -1])
        else:
            last.append(reader.table(tokens, reader.number("Q"))[-1])
    return np.stack(last).astype(np.float32) if reader.at == len(reader.state) else None
