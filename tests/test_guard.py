"""What stands before the page: which names, websites, paths and amounts it takes, and how long it waits."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("gradio")

from gradio.utils import get_upload_folder

from rag import RagError, Settings, build_index
from rag.web import server
from rag.web.access import Access
from rag.web.launch import launch_page
from rag.web.net import format_address, is_loopback, open_socket
from rag.web.page import build_page
from rag.web.serve import greet
from rag.web.workspace import Models, Workspace
from tests.fakes import AnsweringLLM, HashingEmbedder, find_free_port, wait_until

TOKEN = "a token of enough characters"  # noqa: S105
MB = 1_000_000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root = tmp_path_factory.mktemp("guard")
    docs, embedder = root / "docs", HashingEmbedder()
    docs.mkdir()
    (docs / "bridge.md").write_text("# A new bridge\n\nThe bridge cost nine million euros.\n", encoding="utf-8")
    settings = Settings.load(index_dir=root / "index", name="test", chunk_tokens=32, max_file_mb=2)
    build_index([docs], settings=settings, embedder=embedder)
    workspace = Workspace(
        settings, lambda _: Models(embedder, AnsweringLLM({"cost": "The bridge cost nine million euros."}))
    )
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def place(workspace: Workspace) -> str:
    """The host and port of a page that asks for no login."""
    return urlsplit(launch_page(workspace, build_page(workspace), names=["docs.example.org"], quiet=True)).netloc


@pytest.fixture(scope="module")
def guarded(workspace: Workspace) -> str:
    """The host and port of a page that asks for a login."""
    page = build_page(workspace, can_sign_out=True)
    return urlsplit(launch_page(workspace, page, access=Access("ann", "secret", token=TOKEN), quiet=True)).netloc


class Reply:
    """An answer that was read to its end."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.text = answer.status, answer.headers, answer.read().decode(errors="replace")


def send(place: str, path: str, *, method: str = "GET", body: Any = None, **headers: str) -> Reply:
    """Send a request to a place; `host` is another name than the place's own."""
    connection = http.client.HTTPConnection(place, timeout=20)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"host": place, **given})
    return Reply(connection.getresponse())


def test_the_page_answers_to_its_own_names_alone(place: str) -> None:
    port = place.rpartition(":")[2]
    for host in (place, f"localhost:{port}", f"LOCALHOST:{port}", "docs.example.org", f"docs.example.org:{port}"):
        assert send(place, "/config", host=host).status == 200, host
    others = ["x.localhost", "localhost.", "evil.test", "127.0.0.1.evil.test", "0.0.0.0", "docs.example.org."]  # noqa: S104
    for host in [*(f"{name}:{port}" for name in others), "localhost", "localhost:1", "docs.example.org:1", ""]:
        reply = send(place, "/config", host=host)
        assert (reply.status, reply.text.count("\n")) == (403, 0), host
    assert "start `rag ui --allow-host evil.test:1`" in send(place, "/config", host="evil.test:1").text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://x.localhost:1"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1"},
        {"origin": "http://{place}.evil.test"},
        {"origin": "file://"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"},
        {"origin": "http://{place}", "sec_fetch_site": "cross-site"},
        {"origin": "http://evil.test", "sec_fetch_site": "same-origin"},
        {"origin": "http://evil.test", "authorization": f"Bearer {TOKEN}"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD"])
def test_another_website_gets_nothing(place: str, method: str, headers: dict[str, str]) -> None:
    given = {name: value.format(place=place) for name, value in headers.items()}
    for path in ("/", "/config", "/document?index=test&source=a", "/gradio_api/upload", "/gradio_api/queue/join"):
        reply = send(place, path, method=method, **given)
        assert reply.status == 403
        assert not [name for name in reply.headers if name.lower().startswith("access-control")]


def test_the_page_itself_programs_and_links_to_it_get_through(place: str) -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert send(place, "/", **link).status == 200
    assert send(place, "/config", **link).status == 403
    assert send(place, "/", method="POST", **link).status == 403
    own: list[dict[str, str]] = [
        {"origin": f"http://{place}", "sec_fetch_site": "same-origin"},
        {"origin": f"https://{place}"},
        {"sec_fetch_site": "none"},
        {},
    ]
    for headers in own:
        reply = send(place, "/config", **headers)
        assert reply.status == 200
        assert "access-control-allow-origin" not in reply.headers


def test_headers_of_proxies_are_not_believed(place: str) -> None:
    headers = {"x_forwarded_host": "evil.test", "x_forwarded_proto": "https", "x_gradio_server": "http://evil.test"}
    reply = send(place, "/config", **headers)
    assert "evil.test" not in reply.text
    assert json.loads(reply.text)["root"] == f"http://{place}"


@pytest.mark.parametrize(
    "path",
    [
        "/monitoring",
        "/monitoring/summary",
        "/openapi.json",
        "/gradio_api/openapi.json",
        "/gradio_api/file=/etc/hostname",
        "/gradio_api/file=http://example.org/",
        "/gradio_api/proxy=https://a.hf.space/",
        "/gradio_api/run-history/buckets",
        "/gradio_api/deep_link?session_hash=a",
        "/gradio_api/token",
        "/gradio_api/user",
        "/gradio_api/component_server",
        "/gradio_api/dev/reload",
        "/gradio_api/vibe-code/",
        "/docs",
        "//config",
        "/../config",
    ],
)
def test_what_neither_the_page_nor_programs_use_is_not_there(place: str, guarded: str, path: str) -> None:
    assert send(place, path).status == 404
    assert send(guarded, path).status == 404


def test_nothing_is_framed_or_read_by_others(place: str) -> None:
    for path in ("/", "/config", "/nowhere"):
        headers = send(place, path).headers
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"


FORM = {"content_type": "application/x-www-form-urlencoded"}


def sign_in(place: str, password: str, **headers: str) -> Reply:
    body = f"username=ann&password={password}".encode()
    return send(place, "/login", method="POST", body=body, **FORM, **headers)


def test_one_signs_in_and_out(guarded: str) -> None:
    strange = send(guarded, "/")
    assert (strange.status, strange.headers["location"]) == (303, "login")
    assert "Sign in" in send(guarded, "/login").text
    wrong = sign_in(guarded, "<b>wrong")
    assert (wrong.status, "This name or password is wrong." in wrong.text) == (401, True)
    right = sign_in(guarded, "secret", accept="text/html")
    assert right.status == 303
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    session = cookie.partition(";")[0]
    assert "Sign out" in send(guarded, "/", cookie=session).text
    assert send(guarded, "/logout", cookie=session).status == 405
    assert send(guarded, "/logout", method="POST", cookie=session, origin="http://evil.test").status == 403
    assert send(guarded, "/config", cookie=session).status == 200
    assert send(guarded, "/logout", method="POST", cookie=session, origin=f"http://{guarded}").status == 303
    assert send(guarded, "/config", cookie=session).status == 401


def test_another_website_cannot_sign_in(guarded: str) -> None:
    assert sign_in(guarded, "secret", origin="http://evil.test").status == 403


def test_behind_https_the_session_is_for_https(guarded: str) -> None:
    assert "Secure" in sign_in(guarded, "secret", origin=f"https://{guarded}").headers["set-cookie"]


def test_passwords_cannot_be_tried_out(workspace: Workspace) -> None:
    place = urlsplit(launch_page(workspace, build_page(workspace), access=Access("ann", "secret"), quiet=True)).netloc
    statuses = [sign_in(place, "guess", x_forwarded_for=f"10.0.0.{n}").status for n in range(10)]
    assert statuses == [401] * 3 + [429] * 7
    refused = sign_in(place, "secret")
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert "Too many wrong passwords: try again in 1 s." in refused.text


def test_a_stranger_is_refused_before_the_body_is_read(guarded: str) -> None:
    host, _, port = guarded.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {guarded}\r\nContent-Length: 200000000\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401")
        while connection.recv(1000):
            pass  # closed, though nothing of the body came


def read_rss_mb() -> float:
    return int(re.findall(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))[0]) / 1000


def stream(chunk: bytes, count: int) -> Iterator[bytes]:
    yield from (chunk for _ in range(count))


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/run/ask", "/gradio_api/call/ask", "/login"])
def test_a_long_request_ends_when_it_is_too_long(guarded: str, path: str) -> None:
    before = read_rss_mb()
    connection = http.client.HTTPConnection(guarded, timeout=20)
    kind = "application/x-www-form-urlencoded" if path == "/login" else "application/json"
    headers = {"content-type": kind, "authorization": f"Bearer {TOKEN}"}
    # Without a length, which would be refused at once.
    connection.request("POST", path, stream(b"x" * 100_000, 1000), headers, encode_chunked=True)
    assert connection.getresponse().status == 413
    assert read_rss_mb() - before < 50


def test_a_length_that_is_too_long_is_refused_at_once(place: str) -> None:
    for path, length in (("/gradio_api/queue/join", 2 * MB), ("/gradio_api/upload", 1000 * MB)):
        connection = http.client.HTTPConnection(place, timeout=20)
        connection.putrequest("POST", path)
        connection.putheader("content-length", str(length))
        connection.endheaders()
        reply = Reply(connection.getresponse())
        assert reply.status == 413
        assert "MB at most" in reply.text


def make_upload(name: str, content: bytes, *, field: str = "files") -> tuple[bytes, dict[str, str]]:
    head = f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--b--\r\n", {"content_type": "multipart/form-data; boundary=b"}


def list_uploads() -> set[Path]:
    """Return the files in Gradio's folder, and those without a name that this process writes."""
    named = {path for path in Path(get_upload_folder()).rglob("*") if path.is_file()}
    opened = {link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
    return named | {path for path in opened if path.name.endswith("(deleted)")}


def test_a_file_is_handed_over_and_indexed(place: str) -> None:
    body, headers = make_upload("../../a b.txt", b"The zebra escaped.")
    reply = send(place, "/gradio_api/upload", method="POST", body=body, **headers)
    (path,) = json.loads(reply.text)
    assert Path(path).read_bytes() == b"The zebra escaped."
    assert Path(path).name == "a b.txt"
    assert Path(path).parents[1].stat().st_mode & 0o077 == 0


def test_a_file_that_is_too_large_leaves_nothing(place: str) -> None:
    before = list_uploads()
    body, headers = make_upload("large.txt", b"x" * (2 * MB + 1))
    reply = send(place, "/gradio_api/upload", method="POST", body=body, **headers)
    assert (reply.status, reply.text) == (413, "large.txt is larger than max_file_mb, 2 MB.")
    assert list_uploads() == before


def test_what_is_no_upload_is_refused(place: str) -> None:
    assert send(place, "/gradio_api/upload", method="POST", body=b"a=b", **FORM).status == 400
    headers = {"content_type": "multipart/form-data; boundary=b"}
    long_field = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 5 * MB + b"\r\n--b--\r\n"
    assert send(place, "/gradio_api/upload", method="POST", body=long_field, **headers).status == 400
    assert send(place, "/gradio_api/upload", method="POST", body=b"no parts", **headers).status in (200, 400)


def test_an_upload_that_breaks_off_leaves_nothing(place: str) -> None:
    before = list_uploads()
    host, _, port = place.partition(":")
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n' + b"x" * (3 * MB // 2)
    head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {place}\r\nContent-Length: {3 * MB}\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode() + part)
        wait_until(lambda: list_uploads() > before)  # it is being written
    wait_until(lambda: list_uploads() == before)


def test_a_full_disk_leaves_nothing(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = list_uploads()
    monkeypatch.setattr("shutil.copyfileobj", fail)
    body, headers = make_upload("a.txt", b"The zebra escaped.")
    reply = send(place, "/gradio_api/upload", method="POST", body=body, **headers)
    assert (reply.status, reply.text) == (507, "The files could not be kept: No space left on device.")
    assert list_uploads() == before


def measure_patience(place: str, beginning: str) -> float:
    """Return the seconds after which a connection is closed that sends this and no more."""
    host, _, port = place.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(beginning.encode())
        started = time.monotonic()
        while connection.recv(100_000):
            pass
        return time.monotonic() - started


def test_a_request_that_is_long_in_coming_is_closed(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_HEAD_S", 0.1)
    monkeypatch.setattr(server, "_BODY_S", 0.1)
    beginnings = [
        "",
        "GET / HT",
        f"GET / HTTP/1.1\r\nHost: {place}\r\n",
        f"POST /gradio_api/queue/join HTTP/1.1\r\nHost: {place}\r\nContent-Length: 100\r\n\r\n{{",
    ]
    for beginning in beginnings:
        assert measure_patience(place, beginning) < 8


@pytest.mark.slow
def test_a_second_request_has_the_five_seconds_of_uvicorn_to_come(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_HEAD_S", 0.3)
    assert measure_patience(place, f"GET /config HTTP/1.1\r\nHost: {place}\r\n\r\nGET /") < 8


def test_a_drop_now_and_then_does_not_keep_a_head_open(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_HEAD_S", 0.2)
    host, _, port = place.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {place}\r\n".encode())
        started = time.monotonic()
        with pytest.raises(OSError, match=r"Broken pipe|Connection reset"):
            while time.monotonic() < started + 10:
                connection.sendall(b"x: y\r\n")
                time.sleep(0.05)


def test_an_answer_may_take_its_time(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_HEAD_S", 0.1)
    monkeypatch.setattr(server, "_BODY_S", 0.1)
    connection = http.client.HTTPConnection(place, timeout=20)
    connection.request("GET", "/gradio_api/heartbeat/a")
    answer = connection.getresponse()
    assert answer.status == 200
    time.sleep(0.3)
    connection.sock.settimeout(0.2)
    assert answer.read1(20).startswith(b"data: ALIVE")
    with pytest.raises(TimeoutError):
        answer.read1(20)  # it is not closed, and nothing more has come
    connection.close()


def test_of_too_many_connections_the_oldest_without_a_request_is_closed(
    place: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "_MOST_CONNECTIONS", 20)
    host, _, port = place.partition(":")
    slow = [socket.create_connection((host, int(port)), timeout=10) for _ in range(200)]
    for connection in slow:
        with suppress(OSError):  # closed already
            connection.sendall(b"GET / HTTP/1.1\r\n")
    started = time.monotonic()
    assert send(place, "/config").status == 200
    assert time.monotonic() - started < 2
    for connection in slow:
        connection.close()
    assert capfd.readouterr().err == ""


def test_nonsense_fills_no_log(place: str, capfd: pytest.CaptureFixture[str]) -> None:
    host, _, port = place.partition(":")
    for nonsense in (b"\0\1\2\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(nonsense)
            assert connection.recv(100).startswith(b"HTTP/1.1 400")
    upgrade = {"connection": "Upgrade", "upgrade": "websocket"}
    assert send(place, "/gradio_api/queue/join", origin="http://evil.test", **upgrade).status == 403
    assert capfd.readouterr().err == ""


def test_sessions_are_not_kept_for_ever(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.web.launch._MOST_SESSIONS", 5)
    page = build_page(workspace)
    place = urlsplit(launch_page(workspace, page, quiet=True)).netloc
    number = next(number for number, fn in page.fns.items() if fn.api_name == "documents")
    for session in range(20):
        body = json.dumps({"data": ["test"], "fn_index": number, "session_hash": f"s{session}"}).encode()
        headers = {"content_type": "application/json"}
        assert send(place, "/gradio_api/queue/join", method="POST", body=body, **headers).status == 200
    assert len(page.state_holder.session_data) == 5


def test_at_every_address_the_page_answers_to_the_one_it_is_reached_at(workspace: Workspace) -> None:
    page = build_page(workspace)
    access = Access("ann", "secret", token=TOKEN)
    address = launch_page(workspace, page, host="0.0.0.0", names=["box.lan"], access=access, quiet=True)  # noqa: S104
    port = urlsplit(address).port
    assert urlsplit(address).hostname == "127.0.0.1"
    bearer = f"Bearer {TOKEN}"
    for name in ("127.0.0.2", "127.0.0.1"):
        assert send(f"{name}:{port}", "/config", authorization=bearer).status == 200
    assert send(f"127.0.0.2:{port}", "/config", authorization=bearer, host=f"box.lan:{port}").status == 200
    assert send(f"127.0.0.2:{port}", "/config", authorization=bearer, host=f"127.0.0.3:{port}").status == 403
    page.close(verbose=False)


def test_the_page_answers_to_the_name_it_is_served_at(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    page = build_page(workspace)
    with open_socket("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        monkeypatch.setattr("rag.web.launch.format_address", lambda *_: f"http://127.0.0.1:{port}/")  # box is unknown
        launch_page(workspace, page, host="box", listening=listening, quiet=True)
        assert send(f"127.0.0.1:{port}", "/config", host=f"box:{port}").status == 200
        assert send(f"127.0.0.1:{port}", "/config", host="box").status == 403
        page.close(verbose=False)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_the_page_is_served_over_ipv6(workspace: Workspace) -> None:
    page = build_page(workspace)
    address = launch_page(workspace, page, host="::1", quiet=True)
    assert address.startswith("http://[::1]:")
    assert send(urlsplit(address).netloc, "/config").status == 200
    page.close(verbose=False)


def test_addresses_are_told_apart() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "192.168.0.1", "localhost.evil.test", "box"]))  # noqa: S104
    assert format_address("::", 80) == "http://[::1]:80/"


def test_an_address_in_use_is_said_in_one_line() -> None:
    with open_socket("127.0.0.1", 0) as taken, pytest.raises(RagError, match="choose another --port"):
        open_socket("127.0.0.1", taken.getsockname()[1])


def test_the_greeting_answers_until_the_page_does() -> None:
    with open_socket("127.0.0.1", 0) as listening:
        place = f"127.0.0.1:{listening.getsockname()[1]}"
        with greet(listening):
            reply = send(place, "/")
            assert (reply.status, "being opened" in reply.text) == (503, True)
        later: list[Reply] = []
        waiting = threading.Thread(target=lambda: later.append(send(place, "/")))
        waiting.start()  # nobody answers, and nobody refuses
        with greet(listening):
            waiting.join(10)
        assert later[0].status == 503


def test_without_a_network_sharing_fails_in_one_line(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> str:
        raise RuntimeError("Could not get share link from Gradio API Server.") from OSError("no such\nname")

    monkeypatch.setattr("gradio.networking.setup_tunnel", fail)
    port = find_free_port()
    with pytest.raises(RagError, match=r"no public address from gradio.live: no such name; check the network"):
        launch_page(workspace, build_page(workspace), port=port, share=True, access=Access("ann", "secret"), quiet=True)
    open_socket("127.0.0.1", port).close()  # nobody is there any more


def test_a_shared_page_answers_to_its_public_name(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradio.networking.setup_tunnel", lambda **_: "https://abc.gradio.live")
    page, access = build_page(workspace), Access("ann", "secret", token=TOKEN)
    place = urlsplit(launch_page(workspace, page, share=True, access=access, quiet=True)).netloc
    headers = {"host": "abc.gradio.live", "origin": "https://abc.gradio.live", "authorization": f"Bearer {TOKEN}"}
    assert send(place, "/config", **headers).status == 200
    assert send(place, "/config", **headers | {"host": "xyz.gradio.live"}).status == 403
    page.close(verbose=False)


@pytest.mark.slow
def test_rag_ui_with_a_login_starts_and_hides_its_password(tmp_path: Path) -> None:
    port = find_free_port()
    command = [sys.executable, "-m", "rag", "ui", "--port", str(port), "--no-llm", "--auth", "ann"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "RAG_PASSWORD": "hunter2", "RAG_TOKEN": TOKEN}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path) as process:
        try:
            assert process.stdout
            assert str(port) in process.stdout.readline()
            assert "hunter2" not in Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8")
            assert send(f"127.0.0.1:{port}", "/config").status == 401
            assert send(f"127.0.0.1:{port}", "/config", authorization=f"Bearer {TOKEN}").status == 200
        finally:
            process.kill()
