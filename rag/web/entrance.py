"""The page to sign in, and the route to sign out."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from rag.web.access import SESSION_S, Access, SignInError
from rag.web.guard import LOGIN, LOGOUT, name_cookie
from rag.web.render import render


def make_entrance(access: Access, *, port: int) -> list[Route]:
    """Return the routes for signing in and out."""
    cookie = name_cookie(port)

    def show(_request: Request) -> Response:
        return HTMLResponse(render("login", problem=""))

    async def sign_in(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=10) as form:
            name, password = (str(form.get(field, "")) for field in ("username", "password"))
        address = request.client.host if request.client else ""
        try:
            session = await access.sign_in(name.strip(), password, address=address)
        except SignInError as exc:
            status = 429 if exc.wait_s else 401
            return HTMLResponse(render("login", problem=str(exc)), status, {"Retry-After": str(exc.wait_s)})
        # gradio_client does not accept a redirection.
        is_browser = "text/html" in request.headers.get("accept", "")
        response = RedirectResponse("./", 303) if is_browser else Response()
        is_encrypted = request.headers.get("origin", "").startswith("https:")
        response.set_cookie(cookie, session, max_age=SESSION_S, httponly=True, samesite="lax", secure=is_encrypted)
        return response

    def sign_out(request: Request) -> Response:
        access.sign_out(request.cookies.get(cookie, ""))
        response = RedirectResponse("login", 303)
        response.delete_cookie(cookie)
        return response

    def refuse_link(_request: Request) -> Response:
        return PlainTextResponse("To sign out, use the button on the page.", 405)

    return [
        Route(LOGIN, show),
        Route(LOGIN, sign_in, methods=["POST"]),
        Route(LOGOUT, sign_out, methods=["POST"]),
        Route(LOGOUT, refuse_link),  # otherwise Gradio's own sign-out would answer
    ]
