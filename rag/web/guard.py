"""Checks every request before Gradio sees it: refuses other websites, strangers and requests that are too large."""

import logging
from collections.abc import Callable, Collection, Iterable

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.web.access import Access

logger = logging.getLogger(__name__)

LOGIN, LOGOUT, UPLOAD = "/login", "/logout", "/gradio_api/upload"
# The browser fetches nothing from another machine, whatever a document or the LLM writes. (Gradio needs unsafe-eval.)
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    # With `no-referrer` the browser would send `Origin: null` with the page's own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Gradio serves more than the page and programs use, such as statistics and a route that downloads addresses.
_PATHS = frozenset((
    "/", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/document", "/page", "/export",
    "/gradio_api/info", "/gradio_api/startup-events", "/gradio_api/upload", "/gradio_api/upload_progress",
    "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/mcp", "/gradio_api/queue/join", "/gradio_api/queue/data",
))  # fmt: skip
_FOLDERS = (
    "/assets/", "/static/", "/gradio_api/call/", "/gradio_api/run/", "/gradio_api/api/", "/gradio_api/heartbeat/",
    "/gradio_api/mcp/",
)  # fmt: skip
# The paths without a login: the sign-in page, and a path that Gradio requests from itself when it starts.
_OPEN_PATHS = (LOGIN, "/gradio_api/startup-events")
_BODY_BYTES = 1_000_000
# Gradio trusts these headers from anybody. The page gets its other names from --allow-host instead.
_FORWARDED = (b"x-forwarded-", b"forwarded", b"x-gradio-server")

Check = Callable[[Request], Response | None]


class Guard:
    """Passes on requests from the page itself and from programs; answers all others with one line."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        names: Iterable[str] = (),
        access: Access | None = None,
        upload_bytes: int,
    ) -> None:
        """Take the page's host and port, and its other names: NAME, also behind a proxy, or NAME:PORT."""
        self._app, self._port, self._access = app, port, access
        self._hosts = {*self._list_hosts("localhost"), *self._list_hosts(host.lower())}
        for name in names:
            self._hosts |= {name.lower(), *self._list_hosts(name.lower())}
        self._paths = _PATHS | {LOGIN, LOGOUT} if access else _PATHS
        self._longest = {UPLOAD: upload_bytes, LOGIN: 10_000}
        self._checks: tuple[Check, ...] = (
            self._check_host,
            self._check_origin,
            self._check_path,
            self._check_user,
            self._check_length,
        )

    def _list_hosts(self, name: str) -> Collection[str]:
        """Return the forms in which a browser writes a name with the page's port."""
        return [f"{name}:{self._port}", name] if self._port == 80 else [f"{name}:{self._port}"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with the first refusal."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["headers"] = [pair for pair in scope["headers"] if not pair[0].startswith(_FORWARDED)]
        request = Request(scope)
        send = _add_headers(send)
        for check in self._checks:
            refusal = check(request)
            if refusal:
                await refusal(scope, receive, send)
                return
        await self._pass_on(request, receive, send)

    async def _pass_on(self, request: Request, receive: Receive, send: Send) -> None:
        longest = self._get_longest(request)
        taken = 0

        async def receive_up_to_longest() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > longest:
                raise HTTPException(413, _describe_longest(longest))
            return message

        try:
            await self._app(request.scope, receive_up_to_longest, send)
        except ClientDisconnect:
            logger.debug("%s was broken off", request.scope["path"])
        except Exception as exc:
            # Gradio has already sent a response.
            logger.error("%s %s failed: %s", request.method, request.scope["path"], type(exc).__name__)
            logger.debug("it failed so", exc_info=exc)

    def _check_host(self, request: Request) -> Response | None:
        """Refuse a name that another website may have pointed at this machine (DNS rebinding)."""
        host = request.headers.get("host", "").lower()
        address, _ = request.scope["server"]
        own = f"[{address}]" if ":" in address else address
        if host in self._hosts or host in self._list_hosts(own):
            return None
        return _refuse(f"This page is not called {host}: to call it so, start `rag ui --allow-host {host}`.", 403)

    def _check_origin(self, request: Request) -> Response | None:
        """Refuse requests that another website makes the browser send; programs send neither of the two headers."""
        headers = request.headers
        host = headers["host"].lower()
        own_origin = headers.get("origin") in (None, f"http://{host}", f"https://{host}")
        own_site = headers.get("sec-fetch-site") in (None, "same-origin", "none")
        if own_origin and (own_site or _follows_link(request)):
            return None
        return _refuse("Another website may not use this page.", 403)

    def _check_path(self, request: Request) -> Response | None:
        path = request.scope["path"]
        if path in self._paths or path.startswith(_FOLDERS):
            return None
        return _refuse("There is nothing here.", 404)

    def _check_user(self, request: Request) -> Response | None:
        if not self._access:
            return None
        session = request.cookies.get(name_cookie(self._port), "")
        if self._access.is_user(session=session, authorization=request.headers.get("authorization", "")):
            request.scope["rag.user"] = self._access.name
            return None
        path = request.scope["path"]
        if path in _OPEN_PATHS:
            return None
        if path == "/":
            return RedirectResponse("login", 303)
        return _refuse("Log in first.", 401)

    def _check_length(self, request: Request) -> Response | None:
        longest = self._get_longest(request)
        if int(request.headers.get("content-length", 0)) > longest:
            return PlainTextResponse(_describe_longest(longest), 413)
        return None

    def _get_longest(self, request: Request) -> int:
        return self._longest.get(request.scope["path"], _BODY_BYTES)


def name_cookie(port: int) -> str:
    """Return the name of the session's cookie; a browser sends cookies to all ports of a machine."""
    return f"footnote-{port}"


def get_user(request: Request) -> str:
    """Return the user of a request that the guard passed on; "" if the page has no login."""
    return str(request.scope.get("rag.user", ""))


def _follows_link(request: Request) -> bool:
    """Return whether the user follows a link on another website, which cannot read the page."""
    headers = request.headers
    whole_window = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return whole_window and request.method == "GET" and request.scope["path"] == "/"


def _refuse(text: str, status: int) -> Response:
    """Return a refusal, without waiting for the rest of the request."""
    return PlainTextResponse(text, status, {"Connection": "close"})


def _describe_longest(longest: int) -> str:
    return f"This request is too large: send {longest / 1e6:g} MB at most."


def _add_headers(send: Send) -> Send:
    """Return a `send` that limits each response to the page's own origin."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [name for name in headers if name.startswith("access-control-")]:
                del headers[name]
            headers.update(_HEADERS)
        await send(message)

    return send_with_headers
