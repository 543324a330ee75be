"""Runs a generator so that its caller can stop waiting at any time, even during a slow step."""

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")

_TICK_S = 0.5


class Cancellable(Generic[T]):
    """Runs a generator in a thread; after a stop the generator still works until its next event."""

    def __init__(self, events: Generator[T, None, None]) -> None:
        self._events = events
        self._came: SimpleQueue[T | Exception | None] = SimpleQueue()  # None: the end
        self._stopped = False

    def stop(self) -> None:
        """Stop waiting now; the generator is closed at its next event."""
        self._stopped = True
        self._came.put(None)

    def __iter__(self) -> Iterator[T | None]:
        """Yield the events, and None from time to time between them; raises the errors of the generator."""
        threading.Thread(target=self._run, daemon=True).start()
        while not self._stopped:
            try:
                event = self._came.get(timeout=_TICK_S)
            except Empty:
                yield None
                continue
            if isinstance(event, Exception):
                raise event
            if event is None:
                return
            yield event

    def _run(self) -> None:
        try:
            with closing(self._events) as events:
                for event in events:
                    if self._stopped:
                        return
                    self._came.put(event)
            self._came.put(None)
        except Exception as exc:
            self._came.put(exc)
