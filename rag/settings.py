"""The settings: argument, `RAG_*` variable, `rag.toml` of the current folder, the user's own `rag.toml`, default."""

import difflib
import os
import re
from collections.abc import Set
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from pydantic import AfterValidator, Field, StringConstraints, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from rag.errors import SettingsError
from rag.system import is_reserved
from rag.types import OcrMode

ENV_PREFIX = "RAG_"
# The login of `rag ui`. These are not settings, because they do not belong in a file.
PASSWORD_VARIABLE, TOKEN_VARIABLE = "RAG_PASSWORD", "RAG_TOKEN"
TOML_FILE = "rag.toml"
# The settings that shape an answer, whatever the models and the index are. The current folder's file may set them too.
ANSWER_SETTINGS = ("passages", "caution", "quotes_only", "max_answer_tokens", "temperature", "seed")
# The settings that the current folder's file may set. The folder may come from others, so these settings send no data
# elsewhere, choose no files to load or write, and lift no limit on reading documents.
_FOLDER_SETTINGS = frozenset({"name", "chunk_tokens", "context", "threads", *ANSWER_SETTINGS})
# The value of the setting `llm` for no LLM.
NO_LLM = "none"
# An index at this address is on a server: milvus:http://HOST:PORT/NAME
MILVUS = "milvus:"
# The beginning of a server's address: openai:http://HOST:PORT/v1#MODEL
OPENAI = "openai:"


def _check_name(name: str) -> str:
    if is_reserved(name):
        raise ValueError("Windows has no folder of this name")
    return name


class Settings(BaseSettings):
    """All settings; `Settings.load` turns a bad one into a `SettingsError`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid", frozen=True, validate_default=True)

    index_dir: Path = Field(Path("index"), description="folder that holds the indexes")
    name: Annotated[str, StringConstraints(pattern=r"^[\w-][\w.-]{0,99}$"), AfterValidator(_check_name)] = Field(
        "default", description="name of the index: letters, digits, '.', '_' and '-'"
    )
    index: str = Field(
        "",
        pattern=r"^(milvus:.+/\w+)?$",
        description="index on a server, milvus:http://HOST:PORT/NAME; empty: the folder index_dir/name",
    )
    home: Path = Field(platformdirs.user_cache_path("footnote-rag"), description="folder of the downloaded models")
    llm: str = Field(
        "qwen2.5-coder-1.5b",
        description="LLM: a name from `rag models list`, a GGUF file, hf:OWNER/REPO:FILE, or a server "
        "openai:http://HOST:PORT/v1#MODEL; none quotes the best sentences",
    )
    llm_requests: int = Field(8, ge=1, le=1024, description="most questions at once for an LLM on a server")
    embedder: str = Field(
        "all-minilm-l6-v2",
        description="embedder: a name from `rag models list`, a sentence-transformers folder, or hf:OWNER/REPO",
    )
    reranker: str = Field(
        "", description="cross-encoder that reorders the passages: a folder, or hf:OWNER/REPO; empty: none"
    )
    passages: int = Field(4, ge=1, le=20, description="passages to find; the LLM reads only as many as it needs")
    chunk_tokens: int = Field(96, ge=16, le=8192, description="largest chunk, in the embedder's tokens")
    max_file_mb: int = Field(100, ge=1, le=100_000, description="largest file to read, in megabytes")
    read_timeout_s: int = Field(60, ge=1, le=86_400, description="longest time for reading one file, in seconds")
    read_memory_mb: int = Field(2048, ge=512, le=1_000_000, description="most memory for reading one file, in MB")
    ocr: OcrMode = Field(
        "auto", description="OCR of scans and pictures: auto, never, or always (also PDF pages that have text)"
    )
    context: int = Field(4096, ge=512, le=131072, description="the LLM's context, in tokens")
    quotes_only: bool = Field(default=False, description="show the quotes alone, without a reply above them")
    max_answer_tokens: int = Field(256, ge=8, le=4096, description="longest answer, in tokens")
    caution: float = Field(
        0.2, ge=0.0, le=1.0, description="lowest confidence for an answer: 0 always tries, 1 always refuses"
    )
    threads: int = Field(0, ge=0, le=512, description="CPU threads of the LLM; 0 uses every core")
    gpu_layers: int = Field(0, ge=-1, le=1000, description="LLM layers on a GPU; -1 means all")
    temperature: float = Field(
        0.0, ge=0.0, le=2.0, description="sampling temperature; 0 always takes the likeliest token"
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="seed of the sampling")

    @property
    def has_llm_file(self) -> bool:
        """Whether the LLM is a file on this machine."""
        return self.llm != NO_LLM and not self.llm.startswith(OPENAI)

    @property
    def from_hub(self) -> list[str]:
        """The settings that name a model on the hub; opening the model asks the hub each time."""
        return [name for name in ("llm", "embedder", "reranker") if getattr(self, name).startswith("hf:")]

    @property
    def location(self) -> str:
        """The index's address or folder."""
        return self.index or str(self.index_dir / self.name)

    def at(self, location: str | Path) -> "Settings":
        """Return the settings of the index in a folder or at an address."""
        if str(location).startswith(MILVUS):
            return Settings.load(**{**self.model_dump(), "index": str(location)})
        folder = Path(location).expanduser().absolute()
        return self.model_copy(update={"index_dir": folder.parent, "name": folder.name, "index": ""})

    def in_folder(self, name: str) -> "Settings":
        """Return the settings of the index `name` in the folder; raises SettingsError for an invalid name."""
        return Settings.load(**{**self.model_dump(), "name": name, "index": ""})

    def beside(self, name: str) -> "Settings":
        """Return the settings of the index `name` in the same folder, or on the same server."""
        folder, _, _ = self.index.rpartition("/")
        plain = re.sub(r"\W", "_", name)  # the form of a collection's name
        return self.model_copy(update={"name": name, "index": f"{folder}/{plain}" if folder else ""})

    @classmethod
    def settings_customise_sources(  # noqa: D102 - pydantic calls it, and no user does
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic gives it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic gives it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        folder, user = _read_file(settings_cls, Path(TOML_FILE)), _read_file(settings_cls, locate_user_file())
        chosen = init_settings().keys() | env_settings().keys()
        _check_folder_file(folder().keys() - chosen)
        return init_settings, env_settings, folder, user

    @classmethod
    def load(cls, **arguments: Any) -> "Settings":
        """Return the settings, `arguments` first; raises SettingsError for an unknown or out-of-range one."""
        for variable in os.environ.keys() - {PASSWORD_VARIABLE, TOKEN_VARIABLE}:
            name = variable.removeprefix(ENV_PREFIX).lower()
            if variable.startswith(ENV_PREFIX) and name not in cls.model_fields:
                raise SettingsError(_describe_unknown(name, origin=variable))
        try:
            return cls(**arguments)
        except ValidationError as exc:
            raise SettingsError("; ".join(_describe(error) for error in exc.errors())) from exc


def locate_user_file() -> Path:
    """Return the path of the user's own settings file, which may set everything."""
    return platformdirs.user_config_path("footnote-rag") / TOML_FILE


def _read_file(settings_cls: type[BaseSettings], path: Path) -> TomlConfigSettingsSource:
    try:
        return TomlConfigSettingsSource(settings_cls, path)
    except (ValueError, OSError, RecursionError) as exc:  # not TOML, nested too deeply, or unreadable
        raise SettingsError(f"cannot read {path}: {exc}; fix it or remove it") from exc


def _check_folder_file(names: Set[str]) -> None:
    refused = sorted(names & Settings.model_fields.keys() - _FOLDER_SETTINGS)
    if refused and Path(TOML_FILE).resolve() != locate_user_file().resolve():
        raise SettingsError(
            f"{TOML_FILE} of the current folder may not set {', '.join(refused)}, because the folder may come "
            f"from others: move the line to {locate_user_file()}, or set the variable {ENV_PREFIX}{refused[0].upper()}"
        )


def suggest(name: str, known: list[str]) -> str:
    """Return " (did you mean …?)" for the known name nearest to `name`, or all of them."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"


def _describe_unknown(name: str, *, origin: str) -> str:
    return f"unknown setting {origin}: {suggest(name, list(Settings.model_fields))}"


def _describe(error: Any) -> str:
    name, value = ".".join(map(str, error["loc"])), error["input"]
    if error["type"] == "extra_forbidden":
        return _describe_unknown(name, origin=name)
    context = error.get("ctx", {})
    for bound, word in (("ge", "least"), ("le", "most")):
        if bound in context:
            return f"setting {name} must be at {word} {context[bound]}, not {value!r}: set it to {context[bound]}"
    if "error" in context:
        return f"setting {name} cannot be {value!r}: {context['error']}"
    field = Settings.model_fields.get(name)
    return f"setting {name} cannot be {value!r} ({field.description if field else error['msg']})"
