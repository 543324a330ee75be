"""A website of another origin, in a real browser, against the page: it reads nothing and changes nothing."""

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("gradio")
pytest.importorskip("playwright")

from gradio.utils import get_upload_folder
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from starlette.datastructures import Headers
from starlette.requests import Request

from rag import Settings, build_index
from rag.web.access import Access
from rag.web.guard import Guard
from rag.web.launch import launch_page
from rag.web.page import build_page
from rag.web.workspace import Models, Workspace
from tests.fakes import AnsweringLLM, HashingEmbedder

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

FACT = "The vault opens with nine keys."
# Where the hostile website is, and whether the page has a login; by which names the website reaches for the page.
ATTACKS = [("x.localhost", False), ("localhost.", False), ("evil.test", False), ("evil.test", True)]
TARGETS = ["127.0.0.1", "localhost", "x.localhost", "localhost.", "evil.test"]
# Each way to send a request from a website; what it could read is returned.
ATTACK = """async ({target, conversation, source, functions}) => {
    const read = [];
    const note = (way, text) => { if (text) read.push(`${way} ${target}: ${text.slice(0, 200)}`); };
    const quietly = async (way, attempt) => { try { note(way, await attempt()); } catch { /* as it should be */ } };
    const wait = ms => new Promise(done => setTimeout(done, ms));
    const paths = [
        '', 'config', 'gradio_api/info', `export?format=md&conversation=${conversation}`,
        `document?index=test&source=${encodeURIComponent(source)}`, 'gradio_api/queue/data?session_hash=evil',
        'gradio_api/mcp/', 'logout', 'login', 'monitoring', `gradio_api/file=${source}`,
    ];
    for (const path of paths)
        for (const mode of ['cors', 'no-cors'])
            await quietly(mode, async () => {
                const signal = AbortSignal.timeout(2000);
                return (await fetch(target + path, {mode, credentials: 'include', signal})).text();
            });
    const files = new FormData();
    files.append('files', new File(['planted'], 'planted.txt'));
    const calls = functions.map(fn_index => JSON.stringify(
        {fn_index, session_hash: 'evil', data: [], event_data: {source}, trigger_id: 1}
    ));
    const posts = [
        ['gradio_api/upload', files], ['logout', ''], ['login', new URLSearchParams({username: 'a', password: 'b'})],
        ['gradio_api/call/ask', '{"data": ["What?"]}'], ['gradio_api/run/ask', '{"data": ["What?"]}'],
        ['gradio_api/mcp/', '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'],
        ...calls.map(body => ['gradio_api/queue/join', body]),
    ];
    for (const [path, body] of posts)
        for (const how of [{mode: 'no-cors'}, {mode: 'cors'}, {headers: {'Content-Type': 'application/json'}}])
            await quietly('post', async () => (await fetch(
                target + path, {method: 'POST', body, credentials: 'include', ...how}
            )).text());
    for (const [path, fields] of [['logout', {}], ['login', {username: 'ann', password: 'x'}],
                                  ['gradio_api/upload', {files: 'planted'}], ['gradio_api/queue/join', {a: '{}'}]]) {
        const frame = document.createElement('iframe');
        frame.name = `frame${Math.random()}`;
        document.body.append(frame);
        const form = document.createElement('form');
        Object.assign(form, {method: 'post', action: target + path, target: frame.name});
        if (path.endsWith('upload')) form.enctype = 'multipart/form-data';
        for (const [name, value] of Object.entries(fields)) {
            const input = document.createElement('input');
            Object.assign(input, {name, value});
            form.append(input);
        }
        document.body.append(form);
        form.submit();
        await wait(60);
        await quietly('form', async () => frame.contentDocument.body.innerText);
    }
    for (const tag of ['script', 'img', 'link', 'iframe', 'object'])
        for (const path of ['config', 'logout', `document?index=test&source=${encodeURIComponent(source)}`]) {
            const element = document.createElement(tag);
            if (tag === 'link') element.rel = 'stylesheet';
            element[{link: 'href', object: 'data'}[tag] || 'src'] = target + path;
            element.onload = () => { if (['script', 'img', 'link'].includes(tag)) note(tag, 'loaded'); };
            document.body.append(element);
            await wait(10);
        }
    for (const path of ['gradio_api/queue/data?session_hash=evil', 'gradio_api/heartbeat/evil']) {
        const events = new EventSource(target + path, {withCredentials: true});
        events.onopen = () => note('events', 'opened');
        events.onmessage = message => note('events', message.data);
        const web = new WebSocket(target.replace('http', 'ws') + path);
        web.onopen = () => note('socket', 'opened');
        web.onmessage = message => note('socket', message.data);
        await wait(100);
        events.close();
    }
    return read;
}"""


class _Attacker(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>hostile</title><body></body>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="module")
def attacker_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Attacker) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium: apt-get install chromium")
    arguments = ["--no-sandbox", "--host-resolver-rules=MAP evil.test 127.0.0.1, MAP box.lan 127.0.0.2"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        yield context


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root = tmp_path_factory.mktemp("origins")
    docs, embedder = root / "docs", HashingEmbedder()
    docs.mkdir()
    (docs / "vault.md").write_text(f"# The vault\n\n{FACT}\n", encoding="utf-8")
    settings = Settings.load(index_dir=root / "index", name="test", chunk_tokens=32)
    build_index([docs], settings=settings, embedder=embedder)
    workspace = Workspace(settings, lambda _: Models(embedder, AnsweringLLM({"vault": FACT})))
    yield workspace
    workspace.close()


def ask(page: Page) -> str:
    """Ask for the fact; return the conversation's id."""
    page.locator("#fn-question textarea").fill("How does the vault open?")
    page.keyboard.press("Enter")
    expect(page.locator(".fn-answered")).to_contain_text(FACT[:-1])
    page.wait_for_url("**/?c=*")
    return urlsplit(page.url).query.removeprefix("c=")


def describe(workspace: Workspace, owner: str) -> dict[str, Any]:
    """Return what an attack could have changed."""
    return {
        "documents": workspace.list_documents("test"),
        "indexes": workspace.list_indexes(),
        "conversations": workspace.history.list_conversations(owner=owner),
        "uploads": {path for path in Path(get_upload_folder()).rglob("*") if path.is_file()},
        "llm": workspace.models.llm,
    }


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The requests that reach the guard, and those that it passes on, each with the website that sent it."""
    seen: list[tuple[str, str]] = []

    def note_calls(method: str) -> None:
        original = getattr(Guard, method)

        async def noting(self: Guard, given: Any, *rest: Any) -> None:
            headers = Headers(scope=given.scope if isinstance(given, Request) else given)
            seen.append((method, headers.get("referer", "")))
            await original(self, given, *rest)

        monkeypatch.setattr(Guard, method, noting)

    note_calls("__call__")
    note_calls("_pass_on")
    return seen


@pytest.mark.parametrize(("attacker", "login"), ATTACKS)
def test_another_website_reads_and_changes_nothing(
    attacker: str,
    login: bool,
    context: BrowserContext,
    workspace: Workspace,
    attacker_port: int,
    sent: list[tuple[str, str]],
) -> None:
    page = build_page(workspace, can_sign_out=login)
    access = Access("ann", "secret") if login else None
    address = launch_page(workspace, page, access=access, mcp_server=True, quiet=True)
    port = urlsplit(address).port
    own = context.new_page()
    own.goto(address)
    if login:
        own.get_by_label("Name").fill("ann")
        own.get_by_label("Password").fill("secret")
        own.get_by_role("button", name="Sign in").click()
    conversation = ask(own)
    owner = "ann" if login else ""
    before = describe(workspace, owner)
    source = before["documents"][0].sources[0]

    hostile, website = context.new_page(), f"http://{attacker}:{attacker_port}/"
    hostile.goto(website)
    for name in TARGETS:
        target = f"http://{name}:{port}/"
        given = {"target": target, "conversation": conversation, "source": source, "functions": [*page.fns]}
        assert hostile.evaluate(ATTACK, given) == []
    assert sent.count(("__call__", website)) > 100 * len(TARGETS)
    assert ("_pass_on", website) not in sent
    assert describe(workspace, owner) == before
    own.reload()
    expect(own.locator(".fn-answered")).to_contain_text(FACT[:-1])
    page.close(verbose=False)


def test_a_name_that_was_pointed_at_this_machine_opens_nothing(context: BrowserContext, workspace: Workspace) -> None:
    page = build_page(workspace)
    port = urlsplit(launch_page(workspace, page, quiet=True)).port
    tab = context.new_page()
    for name in ("evil.test", "x.localhost", "localhost."):
        response = tab.goto(f"http://{name}:{port}/")
        assert response is not None
        assert response.status == 403
        text = tab.evaluate("fetch('/config', {credentials: 'include'}).then(r => r.text())")
        assert (
            text == f"This page is not called {name}:{port}: to call it so, start `rag ui --allow-host {name}:{port}`."
        )
    page.close(verbose=False)


def test_a_link_opens_the_page_which_the_other_website_cannot_look_into(
    context: BrowserContext, workspace: Workspace, attacker_port: int
) -> None:
    page = build_page(workspace)
    address = launch_page(workspace, page, quiet=True)
    hostile = context.new_page()
    hostile.goto(f"http://evil.test:{attacker_port}/")
    with context.expect_page() as opened:
        hostile.evaluate("address => { window.opened = window.open(address); }", address)
    expect(opened.value.locator("#fn-question textarea")).to_be_visible()
    assert hostile.evaluate("() => { try { return window.opened.document.title; } catch { return null; } }") in (
        None,
        "",
    )
    page.close(verbose=False)


def test_on_another_machine_one_signs_in_asks_adds_and_signs_out(
    context: BrowserContext, workspace: Workspace, tmp_path: Path
) -> None:
    page = build_page(workspace, can_sign_out=True)
    access = Access("ann", "secret")
    address = launch_page(workspace, page, host="0.0.0.0", names=["box.lan"], access=access, quiet=True)  # noqa: S104
    port = urlsplit(address).port
    tab = context.new_page()
    tab.goto(f"http://box.lan:{port}/")
    tab.get_by_label("Name").fill("ann")
    tab.get_by_label("Password").fill("wrong")
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("alert")).to_have_text("This name or password is wrong.")
    tab.get_by_label("Name").fill("ann")
    tab.get_by_label("Password").fill("secret")
    tab.get_by_role("button", name="Sign in").click()
    ask(tab)
    (tmp_path / "zebra.txt").write_text("The zebra escaped on Monday.")
    tab.get_by_role("tab", name="Documents").click()
    tab.locator("#fn-upload input[type=file]").set_input_files(tmp_path / "zebra.txt")
    expect(tab.locator("#fn-documents")).to_contain_text("zebra")
    access._sessions.clear()  # as after twelve hours
    tab.get_by_role("tab", name="Ask").click()
    tab.locator("#fn-question textarea").fill("And who?")
    expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    tab.get_by_label("Name").fill("ann")
    tab.get_by_label("Password").fill("secret")
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    tab.go_back()
    expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    page.close(verbose=False)
