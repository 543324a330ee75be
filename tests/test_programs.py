"""The page for other programs: the examples of docs/programs.md, as they stand there; who may ask, and how many."""

import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("gradio")

from gradio_client import Client
from gradio_client.exceptions import AppError

from rag import Settings, build_index
from rag.web.access import Access
from rag.web.launch import launch_page
from rag.web.page import build_page
from rag.web.workspace import Models, Workspace
from tests.conftest import ARTICLE
from tests.fakes import AnsweringLLM, HashingEmbedder

pytestmark = pytest.mark.slow  # a page with MCP tools takes seconds to start

ROOT = Path(__file__).parents[1]
EXAMPLES = re.findall(r"```python\n(.*?)```", ROOT.joinpath("docs/programs.md").read_text(encoding="utf-8"), re.DOTALL)
TOKEN = "a token of enough characters"  # noqa: S105
PATHS = [
    "document?index=default&source=a",
    "page?index=default&document=1&quotes=0-1",
    "export?conversation=a",
    "config",
    "gradio_api/info",
    "gradio_api/heartbeat/a",
    "gradio_api/queue/data?session_hash=a",
    "gradio_api/mcp/",
    "gradio_api/mcp/schema",
    "assets/index.js",
    "theme.css",
]
REPLIES = {f"bridge {n} cost": f"Bridge {n} cost {n} million euros." for n in range(9)} | {
    "new bridge cost": "The bridge cost nine million euros."
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root = tmp_path_factory.mktemp("programs")
    docs, embedder = root / "docs", HashingEmbedder()
    docs.mkdir()
    (docs / "visit.txt").write_text(ARTICLE, encoding="utf-8")
    (docs / "bridge.md").write_text("# A new bridge\n\nThe bridge cost nine million euros.\n", encoding="utf-8")
    for n in range(9):
        (docs / f"bridge{n}.md").write_text(f"# Bridge {n}\n\nBridge {n} cost {n} million euros.\n", encoding="utf-8")
    settings = Settings.load(index_dir=root / "index", name="default", chunk_tokens=32)
    build_index([docs], settings=settings, embedder=embedder)
    workspace = Workspace(settings, lambda _: Models(embedder, AnsweringLLM(REPLIES, delay_s=0.01)))
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def address(workspace: Workspace) -> str:
    return launch_page(workspace, build_page(workspace), quiet=True, mcp_server=True)


@pytest.fixture(scope="module")
def guarded_address(workspace: Workspace) -> str:
    return launch_page(
        workspace, build_page(workspace), access=Access("ann", "secret", token=TOKEN), quiet=True, mcp_server=True
    )


def run_script(script: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a script, and return what it prints; in this process, because each new one imports Gradio's client."""
    capsys.readouterr()
    exec(script, {"__name__": "__main__"})  # noqa: S102
    return capsys.readouterr().out


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_of_the_documentation_run(
    number: int,
    address: str,
    guarded_address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "notes.txt").write_text("The zebra escaped on Monday.")
    monkeypatch.setattr("gradio_client.client.send_telemetry", lambda **_: None)
    monkeypatch.setenv("RAG_TOKEN", TOKEN)
    example = EXAMPLES[number]
    needs_token = "RAG_TOKEN" in example
    script = example.replace("http://127.0.0.1:7860", (guarded_address if needs_token else address).rstrip("/"))
    printed = run_script(script, capsys)
    assert "The bridge cost nine million euros [1]." in printed
    wanted = {
        0: ["[1] article, A new bridge: The bridge cost", "1 indexed, []", "notes"],
        2: ["'ask', 'documents', 'index', 'search'"],
    }
    for text in wanted.get(number, []):
        assert text in printed
    if needs_token:
        monkeypatch.setenv("RAG_TOKEN", "no such token at all")
        with pytest.raises(Exception, match=r"Please login|unhandled errors|401"):
            run_script(script, capsys)


def test_an_mcp_call_reports_nothing_to_anyone(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reported: list[object] = []
    monkeypatch.setattr("gradio_client.client.send_telemetry", lambda **given: reported.append(given))
    page = build_page(workspace)
    address = launch_page(workspace, page, quiet=True, mcp_server=True)
    script = EXAMPLES[2].replace("http://127.0.0.1:7860", address.rstrip("/"))
    assert "nine million" in run_script(script, capsys)
    time.sleep(0.5)  # the report is sent by a thread
    assert not reported
    page.close(verbose=False)


def test_nothing_but_the_four_is_offered(address: str) -> None:
    client = Client(address, verbose=False)
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/ask", "/search", "/documents", "/index"}


def test_many_ask_at_once_and_each_gets_its_own_answer(address: str) -> None:
    answers: dict[int, str] = {}

    def ask(n: int) -> None:
        answers[n] = Client(address, verbose=False).predict(f"What did bridge {n} cost?", api_name="/ask")["answer"]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == {n: f"Bridge {n} cost {n} million euros [1]." for n in range(9)}


def test_what_cannot_be_done_is_said_in_one_line(address: str) -> None:
    client = Client(address, verbose=False)
    with pytest.raises(AppError, match="index nowhere has no documents yet: add some"):
        client.predict("What?", "nowhere", api_name="/ask")
    with pytest.raises(AppError, match="setting name cannot be"):
        client.predict("../..", api_name="/documents")
    with pytest.raises(AppError, match="the question is empty"):
        client.predict("  ", api_name="/search")


def test_a_full_line_says_so_at_once(address: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace.queue, "_longest", 0)
    with pytest.raises(AppError, match="questions are waiting for an answer: ask again"):
        Client(address, verbose=False).predict("What did the new bridge cost?", api_name="/ask")


def fetch(url: str, cookie: str = "") -> tuple[int, str, dict[str, str]]:
    request = urllib.request.Request(url, headers={"Cookie": cookie} if cookie else {})  # noqa: S310  # this machine
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read().decode(), dict(exc.headers)


def test_documents_are_those_of_the_index_and_the_page_keeps_to_itself(address: str, workspace: Workspace) -> None:
    source = next(s for e in workspace.list_documents("default") for s in e.sources if s.endswith("bridge.md"))
    status, html, headers = fetch(f"{address}document?index=default&source={source}&quotes=0-3,99999-999999")
    assert status == 200
    assert '<mark id="quote">' in html
    assert "default-src 'self'" in headers["content-security-policy"]
    assert fetch(f"{address}document?index=default&source=/etc/passwd")[:2] == (
        404,
        "/etc/passwd is no longer in the index default",
    )
    assert fetch(f"{address}document?index=../x&source=a")[0] == 404
    assert fetch(f"{address}export?conversation=none")[:2] == (200, "")


def test_a_long_question_is_refused_as_on_the_page(address: str) -> None:
    client = Client(address, verbose=False)
    for name in ("/ask", "/search"):
        with pytest.raises(AppError, match="the question has 4,001 characters: ask in 4,000 at most"):
            client.predict("x" * 4001, api_name=name)


def test_files_are_handed_over_and_not_fetched(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []

    async def fetch_nothing(url: str, **_: object) -> str:
        fetched.append(url)
        return url

    monkeypatch.setattr("gradio.processing_utils.async_ssrf_protected_download", fetch_nothing)
    file = {"path": "http://example.org/a.txt", "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(AppError, match="Upload a file"):
        Client(address, verbose=False).predict([file], "default", api_name="/index")
    assert not fetched


def test_with_a_password_nothing_is_shown_without_it(workspace: Workspace) -> None:
    page = build_page(workspace)
    address = launch_page(workspace, page, quiet=True, access=Access("ann", "secret"))
    try:
        for path in PATHS:
            assert fetch(f"{address}{path}")[:2] == (401, "Log in first."), path
        with pytest.raises(Exception, match=r"(?i)log ?in|auth|401"):
            Client(address, verbose=False).predict("What did the new bridge cost?", api_name="/ask")
        client = Client(address, auth=("ann", "secret"), verbose=False)
        assert "nine million" in client.predict("What did the new bridge cost?", api_name="/ask")["answer"]
    finally:
        page.close()
