"""The command line and the public names: what a user and a program see."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result

import rag
from rag import Assistant, Index, Settings, build_index
from rag.cli import main
from rag.formatting import format_answer
from tests.conftest import ARTICLE
from tests.fakes import HashingEmbedder, ScriptedLLM, find_free_port, wait_until

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_the_public_names_are_these() -> None:
    assert rag.__all__ == [
        "Answer", "Answered", "Assistant", "Chat", "Chunk", "Citation", "Collection", "Dataset", "DatasetError",
        "Document", "DocumentError", "Drafted", "Embedder", "Entry", "Evidence", "Filter", "Hit", "Index",
        "IndexReport", "LLM", "Leaning", "Message", "ModelError", "Origin", "PromptError", "QuestionError", "RagError",
        "Report", "Reranker", "Retrieved", "Section", "Sentence", "Settings", "SettingsError", "Store", "StoreError",
        "TokenEmbedder", "Tokens",
        "build_index", "evaluate", "load_dataset",
    ]  # fmt: skip


def test_importing_all_public_names_leaves_the_builtins_alone() -> None:
    names: dict[str, object] = {}
    exec("from rag import *", names)  # noqa: S102
    assert names.keys() - {"__builtins__"} == set(rag.__all__)
    assert "open" not in names
    assert callable(rag.open)


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert run("--version").stdout == f"rag, version {rag.__version__}\n"
    assert rag.__version__ == project["version"]


def test_importing_is_fast_and_loads_nothing_heavy() -> None:
    script = (
        "import sys, rag; print([m for m in ('torch', 'faiss', 'llama_cpp', 'gradio', 'numpy') if m in sys.modules])"
    )
    started = time.perf_counter()
    bare = subprocess.run([sys.executable, "-c", "import sys"], check=True, cwd=ROOT)
    base = time.perf_counter() - started
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert bare.returncode == 0
    assert result.stdout.strip() == "[]"
    assert time.perf_counter() - started - 2 * base < 0.2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", ""], "the question is empty"),
        (["ask", "Who?", "--name", "none"], "no index at index/none: run `rag index PATHS --name none`"),
        (["search", "Who?", "--name", "none"], "no index at index/none: run `rag index PATHS --name none`"),
        (["ask", "Who?", "--max-answer-token", "3"], "Did you mean '--max-answer-tokens'?"),
        (["ask", "Who?", "--passages", "99"], "at most 20"),
        (["search", "Who?", "--filter", "outlet"], "write NAME=VALUE"),
        (["search", "Who?", "--filter", "voice=robot"], "a voice is article or comment, not 'robot'"),
        (["ask", "Who?", "--name", "../x"], "setting name cannot be"),
        (["index", "missing"], "no such file or folder: missing"),
        (["index", "."], "no file in . can be read"),
        (["models", "pull", "gpt"], "unknown model 'gpt'"),
    ],
)
def test_bad_input_gets_one_clear_line_and_a_failing_exit(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert message in result.output
    assert "Traceback" not in result.output
    assert len([line for line in result.output.splitlines() if line.startswith("Error")]) == 1


def test_an_unforeseen_error_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.models.registry.load_registry", lambda: 1 / 0)
    result = run("models", "list")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ZeroDivisionError")


def test_models_are_listed_with_their_licence() -> None:
    lines = run("models", "list").output.splitlines()
    assert len(lines) == 5
    assert all("Apache-2.0" in line or "MIT" in line for line in lines)


def test_an_answer_is_shown_with_its_sources_and_times(index: Index, settings: Settings) -> None:
    llm = ScriptedLLM("The president cancelled his visit without giving a reason.", "", "")
    text = format_answer(Assistant(index, llm, settings).ask("Why did the president cancel his visit?"))
    assert text.startswith("The president cancelled his visit without giving a reason [1].")
    assert "[1] Article · Minister arrives" in text
    assert "    “The president cancelled his visit without giving a reason.”" in text
    assert re.search(r"search \d\.\d s", text)


def test_a_terminal_shows_the_best_sentence_then_the_draft(
    index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    llm = ScriptedLLM("A rival power was behind it.\x1b[2J", "", "")
    monkeypatch.setattr(Assistant, "open", lambda **_: Assistant(index, llm, settings))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda **_: os.terminal_size((61, 24)))
    main(["ask", "Which officials suspect a rival power?"], standalone_mode=False)
    output = capsys.readouterr()
    begin, evidence, first, *drafts, last = output.err.split("\r\x1b[K")
    assert (begin, last) == ("", "")
    assert evidence == "Some officials suspect that a rival power was behind the cancellation."[-60:]
    assert first == "A"
    assert drafts[4] == "A rival power was behind it.?[2J"
    assert output.out.startswith("Some officials suspect")


def test_a_refusal_names_what_came_near_as_no_answer(index: Index, settings: Settings) -> None:
    text = format_answer(Assistant(index, ScriptedLLM(log_odds=-9.0), settings).ask("Who built the new bridge?"))
    assert text.startswith("The documents do not say.\n\nNearest, but not an answer\n  - Article · A new bridge")
    assert "Sources" not in text


def test_an_answer_from_comments_alone_says_so(index: Index, settings: Settings) -> None:
    llm = ScriptedLLM("The pipeline contract was not ready.", log_odds={"surely not ready": 9.0})
    answer = Assistant(index, llm, settings).ask("Was the pipeline contract ready?")
    assert answer.outcome == "unconfirmed"
    assert "Not confirmed: only readers' comments say so." in format_answer(answer)
    assert "Reader's comment · by Zara" in format_answer(answer)


def test_the_commands_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"^ {4}rag (\w+)", text, re.MULTILINE)
    named = {"index", "watch", "list", "ask", "search", "eval", "ui", "doctor"}
    assert named == set(commands) <= set(main.commands)
    assert all(f"\n{target}:" in makefile for target in re.findall(r"^ {4}make (\w+)", text, re.MULTILINE))


def test_help_names_every_command() -> None:
    text = run("--help").output
    assert all(f"  {command} " in text for command in main.commands)


@pytest.mark.model
def test_the_built_wheel_has_the_prompts_and_the_command(tmp_path: Path) -> None:
    # From a copy: setuptools leaves a build/ behind, whose old files would go into the next wheel.
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "*.egg-info"))
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    # Its dependencies are taken from here, the package itself from the new environment.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    installed = [path for path in sys.path if path.endswith("site-packages")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *installed])}
    for script in ("from rag.cli import main; main(['--help'])", PROMPTS_FOUND):
        result = subprocess.run(
            [python, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert result.stdout.startswith(("Usage:", str(site)))


PROMPTS_FOUND = """
from rag.answer.quote.confidence import *
from rag.answer.prompt import *
from rag.web.layout import CSS, HEAD
from rag.web.render import render
assert load_prompts("answer").examples and load_prompts("rewrite").examples and load_coefficients()
assert load_prompts("suggest").examples and load_prompts("split").examples and load_prompts("reply").examples
assert CSS and HEAD and render("problem", text="none")
print(find_prompts())
"""


@pytest.mark.model
def test_the_json_answer_has_its_fields_and_exact_quotes(tmp_path: Path) -> None:
    (tmp_path / "visit.txt").write_text(ARTICLE, encoding="utf-8")
    small = ["--llm", "smollm2-135m"]
    assert run("index", str(tmp_path / "visit.txt"), "--name", "t").exit_code == 0
    result = CliRunner().invoke(main, ["ask", "When did the minister arrive?", "--name", "t", "--json", *small])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert {"question", "answer", "outcome", "sentences", "citations", "hits", "model", "seconds"} <= set(answer)
    assert answer["model"] == "smollm2-135m"
    fields = {"number", "source", "title", "voice", "author", "date", "quote", "start", "end"}
    for citation in answer["citations"]:
        assert fields <= set(citation)
        assert ARTICLE[citation["start"] : citation["end"]] == citation["quote"]


def test_documents_are_listed_with_their_voices_and_files(index: Index, docs: Path) -> None:
    result = CliRunner().invoke(main, ["list", "--name", "test"])
    bridge, visit = result.stdout.splitlines()
    assert bridge == "A new bridge · 1 chunk · docs/bridge.md"
    assert visit.startswith("Minister arrives after summit is called off · Test Times · 2012-10-04 · 3 chunks")
    assert "2 of comments" in visit
    assert "2 documents, 4 chunks" in result.stderr
    assert run("list", "visit", "TIMES", "--name", "test").stdout.count("\n") == 1
    assert json.loads(run("list", "--json", "--name", "test").stdout)[1]["comments"] == 2


def test_other_indexes_are_named(index: Index, settings: Settings, docs: Path, embedder: HashingEmbedder) -> None:
    build_index([docs], settings=settings.model_copy(update={"name": "second"}), embedder=embedder)
    assert "other indexes (--name): second" in run("list", "--name", "test").stderr


def test_a_document_is_removed_by_its_path_or_folder(index: Index) -> None:
    assert run("remove", "docs/bridge.md", "--name", "test").stdout == "index/test: 1 removed\n"
    failed = run("remove", "docs/bridge.md", "--name", "test")
    assert (failed.exit_code, failed.stderr.count("\n")) == (1, 1)
    assert "docs/bridge.md is not in the index: `rag list --name test` shows what is" in failed.stderr
    assert run("remove", "docs", "--name", "test").stdout == "index/test: 1 removed\n"


@contextmanager
def start(command: list[str], **how: Any) -> "Iterator[subprocess.Popen[str]]":
    """Start a command that Ctrl-C reaches, even where the tests run in a shell's background, which ignores it.

    It is killed after a minute, so that a line for which a test waits in vain ends the test.
    """
    catch_interrupts = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, preexec_fn=catch_interrupts, **how) as it:  # noqa: PLW1509 - it takes no lock
        limit = threading.Timer(60, it.kill)
        limit.start()
        try:
            yield it
        finally:
            limit.cancel()
            it.kill()


@pytest.mark.model
def test_a_watched_folder_is_indexed_again_when_a_file_changes(docs: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rag", "watch", str(docs), "--name", "t"]
    with start(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as it:
        assert it.stdout
        assert "2 indexed" in it.stdout.readline()
        time.sleep(1)  # until it listens
        (docs / "zebra.txt").write_text("A zebra escaped.")
        assert "1 indexed, 2 unchanged" in it.stdout.readline()
        (docs / "zebra.txt").unlink()
        assert "2 unchanged, 1 removed" in it.stdout.readline()
        it.send_signal(signal.SIGINT)
        assert it.wait(20) == 0


@pytest.mark.model
@pytest.mark.parametrize("pause_s", [0, 0.5], ids=["as it loads its models", "later"])
def test_ctrl_c_ends_the_page_at_once_though_a_browser_listens(pause_s: float) -> None:
    port = find_free_port()
    command = [sys.executable, "-m", "rag", "ui", "--port", str(port), "--no-llm"]
    with start(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as it:
        assert it.stdout
        assert str(port) in it.stdout.readline()
        with urlopen(f"http://127.0.0.1:{port}/gradio_api/heartbeat/browser", timeout=20):
            time.sleep(pause_s)
            it.send_signal(signal.SIGINT)
            assert it.wait(4) == 0


@pytest.mark.model
def test_ctrl_c_while_indexing_says_what_is_kept(docs: Path) -> None:
    for n in range(300):
        (docs / f"{n}.txt").write_text(
            "\n\n".join(f"Note {n} of {i} is about the harbour and the sea." for i in range(20))
        )
    command = [sys.executable, "-m", "rag", "index", str(docs), "--name", "t"]
    with start(command, stderr=subprocess.PIPE, text=True) as it:
        store = Path("index/t/catalog.sqlite-wal")
        wait_until(lambda: store.exists() and store.stat().st_size > 200_000, timeout_s=60)
        it.send_signal(signal.SIGINT)
        _, error = it.communicate(timeout=30)
    assert it.returncode == 130
    assert "stopped; finished documents are kept" in error
    assert "Traceback" not in error
    assert 0 < len(json.loads(run("list", "--json", "--name", "t").stdout)) < 302
