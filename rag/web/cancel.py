"""Events that one can stop waiting for at any time, also while the next one is long in coming."""

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")

_TICK_S = 0.5


class Cancellable(Generic[T]):
    """Runs a generator in a thread of its own; what it does when it is stopped, it still does to its next event."""

    def __init__(self, events: Generator[T, None, None]) -> None:
        self._events = events
        self._came: SimpleQueue[T | Exception | None] = SimpleQueue()  # None: there is no more
        self._stopped = False

    def stop(self) -> None:
        """End the waiting now; the generator is closed at its next event."""
        self._stopped = True
        self._came.put(None)

    def __iter__(self) -> Iterator[T | None]:
        """Yield the events, and None from time to time while none comes; raises what the generator raises."""
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
