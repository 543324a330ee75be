"""Says how to run a Python module in a process of its own."""

import os
import sys


def make_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with this Python.

    No file of the current folder runs (`-P`): it may hold a json.py or a pip.py of others.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def make_environment() -> dict[str, str]:
    """Return the environment of this process, in which another one finds the same modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folder for folder in sys.path if folder)}
