"""Loads a GGUF file, first in another process, because llama.cpp ends its process on some broken files."""

import hashlib
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from rag.errors import ModelError
from rag.process import describe_crash, make_command, make_environment
from rag.system import count_cores, forbid_core_dumps


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


def try_loading(path: Path, *, context: int, gpu_layers: int, key: str, cache: Path) -> None:
    """Have another process load an LLM and write one token; raises ModelError if it fails.

    This takes seconds, so the folder `cache` remembers the files that loaded, by `key`.
    """
    record = cache / hashlib.sha256(key.encode()).hexdigest()
    if record.is_file():
        return
    command = make_command("rag.llm.trial", str(path), str(context), str(gpu_layers))
    trial = subprocess.run(
        command, env=make_environment(), capture_output=True, text=True, errors="replace", check=False
    )
    if trial.returncode:
        crash = describe_crash(trial.returncode)
        reason = f"llama.cpp crashes ({crash})" if crash else trial.stderr.strip().rpartition("\n")[2]
        raise ModelError(f"cannot load the LLM in {path}: {reason}; run `rag models verify`, or name another file")
    with suppress(OSError):  # not in a read-only folder
        cache.mkdir(parents=True, exist_ok=True)
        record.touch()


def _try(path: Path, context: int, gpu_layers: int) -> None:
    forbid_core_dumps()
    try:
        llama = load_llama(path, context=context, gpu_layers=gpu_layers)
        llama.create_completion("Hello", max_tokens=1)
    except Exception as exc:  # errors from llama.cpp, its Python library and the file's template
        sys.exit(" ".join(f"{exc}".split()) or type(exc).__name__)


if __name__ == "__main__":
    _try(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
