"""Loads a GGUF file with llama-cpp-python."""

from pathlib import Path
from typing import Any

from rag.system import count_cores


def load_llama(path: Path, *, context: int, gpu_layers: int, threads: int = 0) -> Any:
    """Return llama-cpp-python's object for a GGUF file; raises errors of several kinds."""
    import llama_cpp

    threads = threads or count_cores()
    return llama_cpp.Llama(
        str(path),
        n_ctx=context,
        n_threads=threads,
        n_threads_batch=threads,
        n_gpu_layers=gpu_layers,
        use_mmap=False,  # llama.cpp rearranges most weights; with a mapped file they would be in memory twice
        verbose=False,
    )
