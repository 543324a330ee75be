"""Builds the command for a Python module in another process, and ends this process."""

import atexit
import logging
import os
import signal
import sys
from typing import NoReturn

# A program's own status is a byte.
_HIGHEST_STATUS = 255


def make_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with this Python, without the current folder (`-P`), which may have a
    foreign json.py or pip.py.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def make_environment() -> dict[str, str]:
    """Return this process's environment, so that another process finds the same modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folder for folder in sys.path if folder)}


def quiet_libraries(*, uses_hub: bool) -> None:
    """Stop libraries from sending reports, logging trivial lines and, without `uses_hub`, calling the model hub.

    This changes the whole process, so a command calls it before it opens models; a library must not.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    if not uses_hub:
        os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    for name in ("pymilvus", "grpc"):  # they log each error that they raise, expected ones too
        logging.getLogger(name).setLevel(logging.CRITICAL)


def end_process() -> NoReturn:
    """End this process at once, with status 0, even if threads of native code still run.

    Before Python 3.14 such a thread crashes an interpreter that ends, or makes it wait for ever. ONNX Runtime has such
    threads while it loads a model (https://github.com/python/cpython/issues/87135).
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def describe_crash(status: int) -> str | None:
    """Return the signal that ended a process, or Windows' code for it; None if it ended on its own."""
    if status < 0:
        return signal.Signals(-status).name
    return f"0x{status:08X}" if status > _HIGHEST_STATUS else None
