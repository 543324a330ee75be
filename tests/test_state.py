"""What attention keeps of the last token, out of a state as llama.cpp writes it."""

import struct

import numpy as np
import numpy.typing as npt
import pytest

from rag.llm.kv_state import read_last_values

LAYERS, TOKENS, WIDTH = 3, 5, 4
VALUES = np.arange(LAYERS * TOKENS * WIDTH, dtype=np.float16).reshape(LAYERS, TOKENS, WIDTH)


def write_state(values: npt.NDArray[np.float16], *, transposed: bool = False, streams: int = 1, kind: int = 1) -> bytes:
    layers, tokens, width = values.shape
    state = struct.pack("<IIII", 0xAF143CD8, 0, streams, tokens)
    state += b"".join(struct.pack("<iIi", position, 1, 0) for position in range(tokens))
    state += struct.pack("<II", transposed, layers)
    for keys in -values:
        state += struct.pack("<iQ", kind, 2 * width) + keys.tobytes()
    for layer in values:
        if transposed:
            state += struct.pack("<iII", kind, 2, width) + layer.T.tobytes()
        else:
            state += struct.pack("<iQ", kind, 2 * width) + layer.tobytes()
    return state


@pytest.mark.parametrize("transposed", [False, True])
def test_the_values_of_the_last_token_are_found(transposed: bool) -> None:
    last = read_last_values(write_state(VALUES, transposed=transposed))
    assert last is not None
    assert last.tolist() == VALUES[:, -1].tolist()


@pytest.mark.parametrize(
    "state",
    [
        b"",
        write_state(VALUES)[:-1],
        write_state(VALUES) + b"\0",
        write_state(VALUES, streams=2),
        write_state(VALUES, kind=8),
        bytes(200),
        b"\xff" * 200,
    ],
    ids=["empty", "cut off", "too long", "two streams", "another type", "zeros", "ones"],
)
def test_a_state_of_another_form_tells_nothing(state: bytes) -> None:
    assert read_last_values(state) is None
