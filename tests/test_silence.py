"""No command looks up or calls another machine: watched below Python, where libraries in C++ and Rust call too."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("gradio")

from gradio_client import Client, handle_file

from rag import Settings
from tests.conftest import ARTICLE
from tests.fakes import find_free_port
from tests.test_cli import start

# A look-up asks a name server, at any address, or hands the question to a service of this machine.
_NAME_SERVICE = re.compile(r'sin6?_port=htons\(53\)|sun_path="[^"]*(?:nscd|systemd/resolve)')
_ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_HERE = re.compile(r"127\.|::1$|::ffff:127\.")
_FAILED = re.compile(r"= -1 (?:ENOENT|ECONNREFUSED)")


def watch(command: Sequence[str], trace: Path) -> list[str]:
    """Return a command that does the same and writes its calls of the network to a file."""
    calls = "trace=connect,sendto,sendmsg,sendmmsg"
    return ["strace", "-f", "-qq", "--seccomp-bpf", "-e", calls, "-o", str(trace), *command]


def find_calls(trace: Path) -> list[str]:
    """Return the calls of a trace that look a name up or go to another machine."""
    return [line for line in trace.read_text(encoding="utf-8").splitlines() if _leaves(line)]


def _leaves(call: str) -> bool:
    if "AF_UNIX" in call:
        return bool(_NAME_SERVICE.search(call)) and not _FAILED.search(call)
    if _NAME_SERVICE.search(call):
        return True
    addresses = [one or other for one, other in _ADDRESS.findall(call)]
    return any(not _HERE.match(address) for address in addresses)


def explain_blindness() -> str:
    """Return why this machine cannot watch a command, or nothing if it can."""
    try:
        trial = subprocess.run(watch(["true"], Path("/dev/null")), capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "strace is not installed"
    return trial.stderr.strip() if trial.returncode else ""


# ONNX Runtime's telemetry, where it is on, posts nine seconds after the first session.
_POSTED_S = 12.0
_QUESTION = "What did the bridge cost?"
_COMMANDS = {
    "index": ["index", "docs"],
    "list": ["list"],
    "search": ["search", _QUESTION],
    "index with torch": ["index", "docs", "--name", "other", "--embedder", "./other"],
    "ask": ["ask", _QUESTION],
    "eval": ["eval", "data"],
    "doctor": ["doctor"],
    "models list": ["models", "list"],
    "models verify": ["models", "verify"],
}
_LASTING = ("watch", "ui")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder to work in, with an empty home, the models, documents and a data set."""
    blindness = explain_blindness()
    if blindness:
        warnings.warn(f"NOT TESTED: that nothing leaves the machine ({blindness})", stacklevel=1)
        pytest.skip(blindness)
    root = tmp_path_factory.mktemp("silence")
    for folder in ("home", "cache", "docs", "data"):
        (root / folder).mkdir()
    (root / "cache/models").symlink_to(Settings.load().home / "models")
    shutil.copytree(root / "cache/models/all-minilm-l6-v2", root / "other")
    pooling = json.dumps({"word_embedding_dimension": 384, "pooling_mode_cls_token": True})
    (root / "other/1_Pooling/config.json").write_text(pooling, encoding="utf-8")
    (root / "docs/visit.txt").write_text(ARTICLE, encoding="utf-8")
    (root / "docs/bridge.md").write_text("# A new bridge\n\nThe bridge cost nine million euros.\n", encoding="utf-8")
    (root / "data/bridge.md").write_text("# A new bridge\n\nThe bridge cost nine million euros.\n", encoding="utf-8")
    question = f'{{"id": "1", "question": "{_QUESTION}", "answerable": false}}\n'
    (root / "data/questions.jsonl").write_text(question, encoding="utf-8")
    return root


def call(place: Path, name: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Return a watched command and its environment, which lacks all that would switch a library's telemetry off."""
    environment = {
        "HOME": str(place / "home"),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "PYTHONUNBUFFERED": "1",
        "RAG_HOME": str(place / "cache"),
        "RAG_LLM": "smollm2-135m",
        "RAG_CAUTION": "0",
    }
    return watch([sys.executable, "-m", "rag", *arguments], place / f"{name}.trace"), environment


def run(place: Path, name: str) -> None:
    """Run a command to its end."""
    command, environment = call(place, name, *_COMMANDS[name])
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def lasting(place: Path, name: str, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """Run a command until the end of the block, and interrupt it."""
    command, environment = call(place, name, *arguments)
    with start(
        command, cwd=place, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(30)


@pytest.fixture(scope="module")
def traces(place: Path) -> Path:
    """Run every command, and return the folder that has what each of them called."""
    port = find_free_port()
    address = f"http://127.0.0.1:{port}"
    first, *others = _COMMANDS
    run(place, first)
    with lasting(place, "watch", "watch", "docs") as watching, lasting(place, "ui", "ui", "--port", str(port)) as page:
        assert watching.stdout
        assert "unchanged" in watching.stdout.readline()
        assert page.stdout
        assert str(port) in page.stdout.readline()
        # A client each: a second call of the same one is lost where the stream of the first ends at that moment.
        report = Client(address, verbose=False).predict(
            [handle_file(place / "data/bridge.md")], "uploads", api_name="/index"
        )
        assert report["indexed"] == 1
        answer = Client(address, verbose=False).predict(_QUESTION, "uploads", api_name="/ask")
        assert answer["citations"]
        (place / "docs/zebra.md").write_text("A zebra escaped.", encoding="utf-8")
        assert "1 indexed" in watching.stdout.readline()
        answered = time.monotonic()
        for name in others:
            run(place, name)
        time.sleep(max(0.0, answered + _POSTED_S - time.monotonic()))
    return place


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("name", [*_COMMANDS, *_LASTING])
def test_a_command_calls_no_other_machine(traces: Path, name: str) -> None:
    assert find_calls(traces / f"{name}.trace") == []


@pytest.mark.model
@pytest.mark.slow
def test_no_library_leaves_an_id_or_a_queue_of_events_at_home(traces: Path) -> None:
    left = [path for path in (traces / "home").rglob("*") if path.is_file()]
    assert [path for path in left if "matplotlib" not in path.parts] == []  # it keeps a list of this machine's fonts


def test_a_look_up_and_a_call_are_seen(tmp_path: Path) -> None:
    if explain_blindness():
        pytest.skip(explain_blindness())
    # A datagram's socket is connected without sending anything.
    script = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('{}', {}))"
    for address, port, calls in (("192.0.2.1", 80, 1), ("127.0.0.53", 53, 1), ("127.0.0.1", 80, 0)):
        command = watch([sys.executable, "-c", script.format(address, port)], tmp_path / "trace")
        subprocess.run(command, check=True)
        assert len(find_calls(tmp_path / "trace")) == calls


def test_a_service_that_looks_up_is_seen_where_it_is_there(tmp_path: Path) -> None:
    asked = '7 connect(8, {sa_family=AF_UNIX, sun_path="/run/systemd/resolve/io.systemd.Resolve"}, 45) = '
    (tmp_path / "trace").write_text(f"{asked}0\n{asked}-1 ENOENT (No such file or directory)\n", encoding="utf-8")
    assert len(find_calls(tmp_path / "trace")) == 1
