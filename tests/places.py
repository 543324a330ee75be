"""Places that an index can be at: a folder, a file of milvus-lite, a Milvus server that is started for the tests."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.fakes import find_free_port


class Server:
    """A Milvus server on this machine, in a process that is ours."""

    def __init__(self, folder: Path) -> None:
        milvus = pytest.importorskip("milvus")
        self.port = find_free_port()
        self._server: Any = milvus.MilvusServer(milvus.MilvusServerConfig(), wait_for_started=False)
        self._server.config.try_bind_port = _bind
        self._server.set_base_dir(str(folder))
        self._server.config.set("proxy_port", self.port)

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._server.config.configs["proxy_port"] = self.port
        self._server.start()
        process = self._server.server_proc
        assert process.pid != os.getpid()

        def answers() -> bool:
            assert process.poll() is None, "Milvus has ended: does another one run on this machine?"
            try:
                with urlopen(f"http://127.0.0.1:{self._server.webservice_port}/healthz", timeout=5) as reply:
                    return b"OK" in reply.read()
            except OSError:
                return False

        wait_for(answers)

    def stop(self) -> None:
        """Stop the process that was started, and no other."""
        self._server.stop()


def _bind(port: int) -> socket.socket | None:
    """Try a port as the package does, but let a port be taken again at once by a server that starts again."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
        found.listen()
    except OSError:
        found.close()
        return None
    return found


@contextmanager
def run_server(folder: Path) -> Iterator[Server]:
    """Run a server until the end of the block."""
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def wait_for(holds: Callable[[], bool], *, timeout_s: float = 60.0) -> None:
    """Wait until `holds()`, or fail."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        threading.Event().wait(0.1)
