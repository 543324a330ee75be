"""Runs the page's web server, in which slow connections do not delay others."""

import asyncio
import socket
import threading
from functools import partial
from typing import Any

import uvicorn
from h11 import IDLE, SEND_BODY
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from rag.system import get_file_limit

# The time from the connection to the end of a request's head.
_HEAD_S = 10.0
# The time until the next part of a body.
_BODY_S = 30.0
_MOST_CONNECTIONS = 512
_CLOSE_S = 5.0
# asyncio accepts this many new connections before it reads from the others.
_TAKEN_AT_ONCE = 128
# The system holds this many more. It drops further ones, and their browsers try again only after a second.
_HELD = 2048


class PatientProtocol(H11Protocol):
    """Closes slow connections; if there are too many, the oldest one without a whole request.

    Without such a time-out, as in uvicorn, a connection that sends a byte now and then stays for ever.
    """

    def __init__(self, waiting: "dict[PatientProtocol, None]", **given: Any) -> None:
        """Take the server's connections without a whole request, the oldest first."""
        super().__init__(**given)
        self._waiting = waiting
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time-out of the first request; above the limit, close the oldest connection that still waits."""
        super().connection_made(transport)
        self._waiting[self] = None
        self._set_timer(_HEAD_S)
        if len(self._waiting) > 1 and len(self.connections) > _count_most_connections():
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]  # now: `connection_lost` comes later, perhaps after other connections
            oldest.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Set the time-out for the next part: the rest of the head, the body, or nothing."""
        state_before = self.conn.their_state
        super().data_received(data)
        state = self.conn.their_state
        if state is SEND_BODY:
            self._set_timer(_BODY_S)
        elif state is not IDLE:
            self._waiting.pop(self, None)
            self._set_timer(None)
        elif state_before is not IDLE or not self._timer:
            self._set_timer(_HEAD_S)  # another request has begun

    def on_response_complete(self) -> None:
        """Count the connection as waiting again: another request may follow."""
        super().on_response_complete()
        self._waiting.setdefault(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection and its time-out."""
        self._waiting.pop(self, None)
        self._set_timer(None)
        super().connection_lost(exc)

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._give_up) if seconds else None

    def _give_up(self) -> None:
        if self.flow.read_paused:  # the page itself does not read
            self._set_timer(_BODY_S)
        else:
            self.transport.abort()


class PageServer(uvicorn.Server):
    """Serves an app at a socket, in a thread, until it is closed."""

    def __init__(self, app: ASGIApp, listening: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=partial(PatientProtocol, {}),  # type: ignore[arg-type]
                ws="none",
                # Anyone can send bad requests, and uvicorn logs a warning for each.
                log_level="error",
                proxy_headers=False,
                server_header=False,
                backlog=_TAKEN_AT_ONCE,
            )
        )
        self._listening = listening
        self._thread = threading.Thread(target=self.run, kwargs={"sockets": [listening]}, daemon=True)

    def start(self) -> None:
        """Start serving; return when the app is ready."""
        self._thread.start()
        while not self.started and self._thread.is_alive():
            self._thread.join(0.001)
        if self.started:
            self._listening.listen(_HELD)

    def close(self) -> None:
        """Accept no more requests, and wait a short time for running ones."""
        self.should_exit = True
        self._thread.join(_CLOSE_S)


def _count_most_connections() -> int:
    """Return the highest number of connections; each takes a file descriptor, and other parts need some too."""
    allowed = get_file_limit()
    return _MOST_CONNECTIONS if allowed is None else min(_MOST_CONNECTIONS, allowed // 2)
