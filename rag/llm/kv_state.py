"""Reads the attention values of the last token from a state that llama.cpp saved."""

import struct

import numpy as np
import numpy.typing as npt

_FLOAT16 = 1  # ggml's number for the type


class _Cursor:
    """A position in bytes, which reads one value after the other."""

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
    cursor = _Cursor(state)
    try:
        return _read(cursor) if cursor.state else None
    except (struct.error, ValueError):
        return None


def _read(cursor: _Cursor) -> npt.NDArray[np.float32] | None:
    cursor.at += 8  # a magic number, the sequence
    if cursor.number("I") != 1:  # streams
        return None
    tokens = cursor.number("I")
    for _ in range(tokens):
        cursor.number("i")  # its position; positions are in order
        for _ in range(cursor.number("I")):
            cursor.number("i")  # its sequence
    transposed = cursor.number("I")
    layers = cursor.number("I")
    for _ in range(layers):
        if cursor.number("i") != _FLOAT16:
            return None
        cursor.table(tokens, cursor.number("Q"))  # keys
    last = []
    for _ in range(layers):
        if cursor.number("i") != _FLOAT16:
            return None
        if transposed:
            bytes_per_value = cursor.number("I")
            last.append(cursor.table(cursor.number("I"), tokens * bytes_per_value)[:, -1])
        else:
            last.append(cursor.table(tokens, cursor.number("Q"))[-1])
    return np.stack(last).astype(np.float32) if cursor.at == len(cursor.state) else None
