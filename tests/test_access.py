"""Who is let in: names and passwords, pauses, sessions, the token; what `rag ui` refuses to start with."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rag import RagError, Settings
from rag.cli import main
from rag.web import serve
from rag.web.access import SESSION_S, Access, Pauses, SignInError

TOKEN = "a token of enough characters"  # noqa: S105


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that the test sets."""
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    return clock


@pytest.fixture
def access() -> Access:
    return Access("ann", "secret", token=TOKEN)


def sign_in(access: Access, password: str, *, name: str = "ann", address: str = "10.0.0.1") -> str:
    return asyncio.run(access.sign_in(name, password, address=address))


def is_user(access: Access, session: str = "", authorization: str = "") -> bool:
    return access.is_user(session=session, authorization=authorization)


def test_the_right_name_and_password_open_a_session(access: Access) -> None:
    session = sign_in(access, "secret")
    assert is_user(access, session)
    for name, password in (("ann", "Secret"), ("bob", "secret"), ("", "")):
        with pytest.raises(SignInError, match="This name or password is wrong"):
            sign_in(access, password, name=name, address=f"of {name} {password}")
    assert not is_user(access, "another")
    assert not is_user(access)


def test_a_session_ends_after_its_time_or_at_the_sign_out(access: Access, now: list[float]) -> None:
    first, second = sign_in(access, "secret"), sign_in(access, "secret")
    access.sign_out(first)
    assert not is_user(access, first)
    now[0] += SESSION_S - 1
    assert is_user(access, second)
    now[0] += 2
    assert not is_user(access, second)


def test_of_too_many_sessions_the_oldest_ends(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.web.access._MOST_SESSIONS", 2)
    first, second, third = (sign_in(access, "secret") for _ in range(3))
    assert [is_user(access, session) for session in (first, second, third)] == [False, True, True]


def test_the_token_lets_programs_in(access: Access) -> None:
    assert is_user(access, authorization=f"Bearer {TOKEN}")
    assert is_user(access, authorization=f"bearer  {TOKEN}")
    for wrong in ("", "Bearer", f"Bearer {TOKEN}x", TOKEN, f"Basic {TOKEN}", "Bearer tökèn"):
        assert not is_user(access, authorization=wrong)
    assert Access("ann", "secret").token != Access("ann", "secret").token


def test_each_failure_doubles_the_pause(now: list[float]) -> None:
    pauses, rests = Pauses(free=3, longest_s=300.0), []
    for _ in range(13):
        pauses.add_failure("a")
        rests.append(pauses.get_rest_s("a"))
    assert rests == [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert pauses.get_rest_s("b") == 0
    now[0] += 299
    assert pauses.get_rest_s("a") == 1


def test_a_right_password_ends_the_pauses(access: Access, now: list[float]) -> None:
    for _ in range(3):
        with pytest.raises(SignInError):
            sign_in(access, "guess")
    with pytest.raises(SignInError, match="Too many wrong passwords: try again in 1 s"):
        sign_in(access, "secret")
    now[0] += 1
    assert sign_in(access, "secret")
    with pytest.raises(SignInError, match="is wrong"):
        sign_in(access, "guess")
    assert sign_in(access, "secret")


def test_many_addresses_together_have_to_wait_too(access: Access, now: list[float]) -> None:
    for number in range(20):
        with pytest.raises(SignInError, match="is wrong"):
            sign_in(access, "guess", address=f"10.0.0.{number}")
    with pytest.raises(SignInError, match="Too many"):
        sign_in(access, "secret", address="10.0.1.1")
    now[0] += 10
    assert sign_in(access, "secret", address="10.0.1.1")


def test_tries_at_the_same_time_wait_for_each_other(access: Access) -> None:
    async def try_many() -> list[Any]:
        tries = [access.sign_in("ann", "guess", address="10.0.0.1") for _ in range(30)]
        return await asyncio.gather(*tries, return_exceptions=True)

    texts = [str(result) for result in asyncio.run(try_many())]
    assert texts.count("This name or password is wrong.") == 3
    assert sum("Too many" in text for text in texts) == 27


def test_only_so_many_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.web.access._MOST_ADDRESSES", 2)
    pauses = Pauses(free=1, longest_s=100.0)
    for address in ("a", "b", "c"):
        pauses.add_failure(address)
    assert pauses.get_rest_s("a") == 0.0
    assert pauses.get_rest_s("c") > 0.0


@pytest.mark.parametrize(
    ("name", "password", "token"), [("", "x", ""), ("a:b", "x", ""), ("ann", "", ""), ("a", "b", "c")]
)
def test_what_is_no_login_is_refused(name: str, password: str, token: str) -> None:
    with pytest.raises(RagError, match=r"a login needs a name|the token has 1 characters"):
        Access(name, password, token=token)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `rag ui` was about to serve."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(serve, "serve_page", lambda settings, **how: given.update(how))
    return given


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["ui", *arguments], env=environment)


def test_a_password_on_the_command_line_is_refused_and_not_repeated() -> None:
    result = run("--auth", "ann:hunter2")
    assert result.exit_code == 2
    output = " ".join(result.output.split())
    assert "a password on the command line: write --auth NAME alone" in output
    assert "hunter2" not in result.output


def test_the_password_comes_from_a_variable_or_a_file(served: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("of the file\n")
    for arguments, password in (((), "of the variable"), (("--password-file", str(file)), "of the file")):
        result = run("--auth", "ann", *arguments, RAG_PASSWORD="of the variable", RAG_TOKEN=TOKEN)  # noqa: S106
        assert result.exit_code == 0, result.output
        assert sign_in(served["access"], password)
        assert served["access"].token == TOKEN
        assert TOKEN not in result.output


def test_without_a_token_a_new_one_is_shown(served: dict[str, Any]) -> None:
    result = run("--auth", "ann", RAG_PASSWORD="secret")  # noqa: S106
    assert f"token for programs (set RAG_TOKEN to keep one): {served['access'].token}" in result.output


def test_without_a_password_a_login_says_how_to_give_one() -> None:
    assert "--auth needs a password: set RAG_PASSWORD, or give --password-file" in run("--auth", "ann").output


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "myhost"])  # noqa: S104
def test_an_open_address_needs_a_login_or_a_confirmation(host: str) -> None:
    result = run("--host", host)
    assert result.exit_code == 1
    assert f"at {host} other machines reach the page: give --auth NAME" in result.output


def test_a_confirmed_open_address_is_warned_of(served: dict[str, Any]) -> None:
    result = run("--host", "0.0.0.0", "--no-login")  # noqa: S104
    assert result.exit_code == 0
    assert "WARNING: 0.0.0.0 has no login: everybody who reaches it can read and change everything" in result.output
    assert "WARNING" not in run("--no-login").output


@pytest.mark.parametrize("name", ["http://docs.example.org", "a b", "a/b", ""])
def test_another_name_of_the_page_is_a_host_name(name: str) -> None:
    assert "write a host name, such as docs.example.org" in " ".join(run("--allow-host", name).output.split())


def test_names_are_handed_on(served: dict[str, Any]) -> None:
    run("--allow-host", "docs.example.org", "--allow-host", "[fe80::1]:80")
    assert served["names"] == ("docs.example.org", "[fe80::1]:80")


def test_a_shared_page_needs_a_login() -> None:
    assert "give --auth NAME with --share" in run("--share").output


def test_the_secrets_are_no_unknown_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_PASSWORD", "secret")
    monkeypatch.setenv("RAG_TOKEN", TOKEN)
    assert Settings.load().name == "default"
