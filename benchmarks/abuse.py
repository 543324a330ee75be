"""Attacks the page on this machine with many clients, slow connections, a long body and many sessions.

    python benchmarks/abuse.py --clients 50 --seconds 120 --sockets 2000 --megabytes 1000 --sessions 1000

It starts `rag ui --no-llm` over a small index, in a separate folder, with the default embedder. During each attack
another program requests the page's start, searches, and notes the longest wait. The status is 1 if a wait is longer
than a second, if the page takes more than 1.2 times its memory, or if it writes more than a few lines.
"""

import argparse
import multiprocessing
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from click import echo as say

LONGEST_WAIT_S, MOST_MEMORY, MOST_LOG_BYTES = 1.0, 1.2, 10_000
QUESTION = "What did the new bridge cost?"
# Without certificates: loading them takes each client about 40 ms of the cores that the page needs.
_CLIENT: dict[str, Any] = {"timeout": 60, "verify": False}
_PROBE_S = 0.2
_MEGABYTE = b"x" * 1_000_000
_FORK = multiprocessing.get_context("fork")


def ask(client: httpx.Client, address: str, *, session: str) -> None:
    """Ask in a session and read the whole answer; raises httpx.HTTPError, even for a refusal."""
    asked = {"data": [QUESTION, "default"], "session_hash": session}
    call = client.post(f"{address}gradio_api/call/ask", json=asked)
    call.raise_for_status()
    with client.stream("GET", f"{address}gradio_api/call/ask/{call.json()['event_id']}") as events:
        events.raise_for_status()
        for line in events.iter_lines():
            if line == "event: complete":
                return
    raise httpx.HTTPError("refused")


class Probe:
    """Requests the page's start repeatedly, as another user, until the end of the context."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.waits_s: list[float] = []
        self.failures = 0

    def __enter__(self) -> "Probe":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        is_over = False
        while not is_over:  # an attack may be over before a request
            started = time.monotonic()
            try:
                # A new connection, like a user's who opens the page.
                httpx.get(self._address, **_CLIENT).raise_for_status()
            except httpx.HTTPError:
                self.failures += 1
            self.waits_s.append(time.monotonic() - started)
            is_over = self._end.wait(_PROBE_S)


def run_threads(count: int, work: Callable[[], None]) -> None:
    """Do some work in a number of threads, and wait for all of them."""
    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def ask_all_the_time(address: str, clients: int, seconds: float) -> str:
    """Let a number of clients ask for some seconds; each asks again after its answer."""
    end, answers, refusals = time.monotonic() + seconds, [0], [0]

    def work() -> None:
        with httpx.Client(**_CLIENT) as client:
            session = uuid.uuid4().hex
            while time.monotonic() < end:
                try:
                    ask(client, address, session=session)
                    answers[0] += 1
                except httpx.HTTPError:
                    refusals[0] += 1
                    time.sleep(0.5)

    run_threads(clients, work)
    return f"{clients} clients, {seconds:.0f} s: {answers[0]} answers, {refusals[0]} refused"


def leave_alone(seconds: float) -> str:
    """Do nothing for some seconds, as a comparison."""
    time.sleep(seconds)
    return f"nothing, {seconds:.0f} s"


def hold_connections(address: str, sockets: int, seconds: float) -> str:
    """Hold a number of connections open; the head of each grows by a line now and then (slowloris)."""
    place = urlsplit(address)
    end, held, closed = time.monotonic() + seconds, list[socket.socket](), 0
    while time.monotonic() < end:
        for connection in held[:]:
            try:
                connection.sendall(b"x: y\r\n")
            except OSError:
                held.remove(connection)
                connection.close()
                closed += 1
        while len(held) < sockets and time.monotonic() < end:
            with suppress(OSError):
                connection = socket.create_connection((str(place.hostname), place.port or 80), timeout=1)
                connection.sendall(f"GET / HTTP/1.1\r\nHost: {place.netloc}\r\n".encode())
                held.append(connection)
        time.sleep(0.5)
    for connection in held:
        connection.close()
    return f"{sockets} slow connections, {seconds:.0f} s: {closed} were closed by the page"


def send_bodies(address: str, megabytes: int) -> str:
    """Send a body of this many megabytes, without its length, to each path that takes one."""
    statuses = []
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    field = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    form, record = "multipart/form-data; boundary=b", "application/json"
    ways = [
        ("upload", form, part),
        ("upload", form, field),
        ("queue/join", record, b'{"data": "'),
        ("run/ask", record, b""),
    ]
    for path, kind, beginning in ways:

        def stream(first: bytes) -> Iterator[bytes]:
            yield first
            for _ in range(megabytes):
                yield _MEGABYTE

        headers = {"Content-Type": kind}
        try:
            sent = httpx.post(f"{address}gradio_api/{path}", content=stream(beginning), headers=headers, timeout=120)
            statuses.append(str(sent.status_code))
        except httpx.HTTPError as exc:
            statuses.append(type(exc).__name__)
    return f"{len(ways)} bodies of {megabytes} MB: {', '.join(statuses)}"


def open_sessions(address: str, sessions: int) -> str:
    """Ask once in each of a number of sessions."""
    left, lock, failures = list(range(sessions)), threading.Lock(), [0]

    def work() -> None:
        with httpx.Client(**_CLIENT) as client:
            while True:
                with lock:
                    if not left:
                        return
                    left.pop()
                try:
                    ask(client, address, session=uuid.uuid4().hex)
                except httpx.HTTPError:
                    failures[0] += 1

    run_threads(8, work)
    return f"{sessions} sessions: {failures[0]} refused"


def read_memory_mb(pid: int) -> float:
    """Return the memory that a process holds, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1000


def _report(attack: Callable[[], str], summaries: Any) -> None:
    summaries.put(attack())


def measure(address: str, pid: int, attacks: list[Callable[[], str]], log: Path) -> bool:
    """Run one attack after another and print its effect; return whether the page withstood all."""
    with httpx.Client(**_CLIENT) as client:
        for _ in range(40):  # the first questions have loaded everything
            ask(client, address, session=uuid.uuid4().hex)
    before, borne = read_memory_mb(pid), True
    say(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    for attack in attacks:
        logged = log.stat().st_size
        # In another process, because the two must not share an interpreter.
        summaries = _FORK.SimpleQueue()
        attacker = _FORK.Process(target=_report, args=(attack, summaries))
        attacker.start()
        with Probe(address) as probe:
            summary = summaries.get()
            attacker.join()
        longest, growth = max(probe.waits_s), read_memory_mb(pid) / before
        lines = log.stat().st_size - logged
        good = not probe.failures and longest <= LONGEST_WAIT_S and growth <= MOST_MEMORY and lines <= MOST_LOG_BYTES
        borne &= good
        say(
            f"{'ok' if good else 'WRONG':6}{summary}; longest wait of {len(probe.waits_s)} others {longest:.2f} s, "
            f"{probe.failures} failed; memory {growth:.2f} times of {before:.0f} MB; log {lines} bytes"
        )
    return borne


@contextmanager
def start_page(folder: Path, log: Path) -> Iterator[tuple[str, int]]:
    """Index a document and serve it; yield the address and the process's number."""
    rag = [sys.executable, "-m", "rag"]
    (folder / "bridge.md").write_text("# A new bridge\n\nThe bridge cost nine million euros.\n", encoding="utf-8")
    subprocess.run([*rag, "index", "bridge.md"], cwd=folder, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*rag, "ui", "--port", str(port), "--no-llm"]
    with log.open("wb") as out, subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) as process:
        try:
            while process.poll() is None and b"Footnote is at" not in log.read_bytes():
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/", process.pid
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--sockets", type=int, default=2000)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=1000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, log = Path(name), Path(name, "log")
        with start_page(folder, log) as (address, pid):
            attacks = [
                lambda: leave_alone(10),
                lambda: hold_connections(address, given.sockets, given.seconds),
                lambda: send_bodies(address, given.megabytes),
                lambda: open_sessions(address, given.sessions),
                lambda: ask_all_the_time(address, given.clients, given.seconds),
            ]
            borne = measure(address, pid, attacks, log)
    sys.exit(not borne)


if __name__ == "__main__":
    main()
