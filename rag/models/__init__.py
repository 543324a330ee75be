"""Finds the file or folder of a model on this machine by the model's name."""

from pathlib import Path

from rag.errors import ModelError
from rag.models.registry import Kind, get_model, load_registry


def locate_model(name: str, *, kind: Kind, home: Path) -> Path:
    """Return the path of a model: a registered name, a path, or `hf:OWNER/REPO[:FILE]` (downloaded if needed).

    An LLM is one GGUF file, an embedder a sentence-transformers folder. A registered name is never taken for a path:
    the current folder may have a file of that name. Raises ModelError.
    """
    if name.startswith("hf:"):
        from rag.models.fetch import fetch_from_hub

        return fetch_from_hub(name.removeprefix("hf:"), kind=kind, home=home)
    path = Path(name).expanduser()
    is_there = path.is_file() if kind == "llm" else path.is_dir()
    if is_there and name not in load_registry():
        return path
    model = get_model(name)
    if model.kind != kind:
        raise ModelError(f"{name} is an {model.kind}, not an {kind}; see `rag models list`")
    if not model.is_fetched(home):
        instead = ", or ask with --no-llm" if kind == "llm" else ""
        raise ModelError(f"model {name} is not on this machine yet: run `rag models pull {name}`{instead}")
    return model.folder(home) / model.files[0].path if kind == "llm" else model.folder(home)
