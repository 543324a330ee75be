"""Checks the login of the page: a name and a password, sessions that expire, a token for programs."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from math import ceil

from rag.errors import RagError

SESSION_S = 12 * 3600
# Beyond these limits the oldest session ends, and the page forgets the oldest address.
_MOST_SESSIONS = 1000
_MOST_ADDRESSES = 1000
_SHORTEST_TOKEN = 16


class SignInError(RagError):
    """A failed sign-in; `wait_s` is the wait before the next try in whole seconds, 0 for none."""

    def __init__(self, text: str, *, wait_s: int = 0) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class Pauses:
    """The pauses after failed tries, by key; from the `free`-th failure on, each doubles the pause."""

    def __init__(self, *, free: int, longest_s: float) -> None:
        self._free, self._longest_s = free, longest_s
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()  # failures, end of the pause

    def get_rest_s(self, key: str) -> float:
        """Return the seconds left of a pause, 0 if there is none."""
        _, end = self._failures.get(key, (0, 0.0))
        return max(0.0, end - time.monotonic())

    def add_failure(self, key: str) -> None:
        """Count a failure, which may begin a pause."""
        count = self._failures.pop(key, (0, 0.0))[0] + 1
        excess = count - self._free
        # Two to the power of 30 is longer than any pause.
        pause_s = min(2.0 ** min(excess, 30), self._longest_s) if excess >= 0 else 0.0
        self._failures[key] = count, time.monotonic() + pause_s
        if len(self._failures) > _MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def forget(self, key: str) -> None:
        """Forget the failures after a try that succeeded."""
        self._failures.pop(key, None)


class Access:
    """Lets in one user, by name and password, and that user's programs, by a token."""

    def __init__(self, name: str, password: str, *, token: str = "") -> None:
        """Keep a hash of the password; make a token if none is given. Raises RagError if one of them is too short."""
        if not name or ":" in name or not password:
            raise RagError("a login needs a name without a colon, and a password: `rag ui --auth NAME` asks for it")
        if token and len(token) < _SHORTEST_TOKEN:
            raise RagError(f"the token has {len(token)} characters: take {_SHORTEST_TOKEN} at least")
        self.name = name
        self.token = token or secrets.token_urlsafe(32)
        self._salt = secrets.token_bytes(16)
        self._hash = self._compute_hash(name, password)
        self._sessions: dict[str, float] = {}  # the end of each
        self._one_at_a_time = asyncio.Lock()
        self._pauses = Pauses(free=3, longest_s=300.0)
        self._pauses_of_all = Pauses(free=20, longest_s=10.0)

    def _compute_hash(self, name: str, password: str) -> bytes:
        # 16 MB and some 50 ms for each try.
        return hashlib.scrypt(f"{name}:{password}".encode(), salt=self._salt, n=2**14, r=8, p=1)

    async def sign_in(self, name: str, password: str, *, address: str) -> str:
        """Return the id of a new session; raises SignInError."""
        # One after another: otherwise simultaneous tries would find no pause.
        async with self._one_at_a_time:
            rest_s = ceil(max(self._pauses.get_rest_s(address), self._pauses_of_all.get_rest_s("")))
            if rest_s:
                raise SignInError(f"Too many wrong passwords: try again in {rest_s} s.", wait_s=rest_s)
            offered = await asyncio.to_thread(self._compute_hash, name, password)
            if not hmac.compare_digest(offered, self._hash):
                self._pauses.add_failure(address)
                self._pauses_of_all.add_failure("")
                raise SignInError("This name or password is wrong.")
            self._pauses.forget(address)
            self._pauses_of_all.forget("")
        session = secrets.token_urlsafe(32)
        self._sessions[session] = time.monotonic() + SESSION_S
        if len(self._sessions) > _MOST_SESSIONS:
            self.sign_out(next(iter(self._sessions)))
        return session

    def sign_out(self, session: str) -> None:
        """End a session, if it exists."""
        self._sessions.pop(session, None)

    def is_user(self, *, session: str, authorization: str) -> bool:
        """Return whether a request comes from the user: it has a valid session or the token."""
        scheme, _, shown = authorization.partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), self.token.encode()):
            return True
        if self._sessions.get(session, 0.0) > time.monotonic():
            return True
        self.sign_out(session)
        return False
