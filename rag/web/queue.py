"""The queue for the LLM: first come, first served, with a limit."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rag.errors import RagError

# Most questions in the queue: on two cores the last one waits for some minutes.
LONGEST = 32
_TICK_S = 0.5  # the interval for noticing a closed page


class Place:
    """One place in the queue."""

    def __init__(self, queue: "Queue") -> None:
        self._queue = queue

    @property
    def ahead(self) -> int:
        """The number of questions before this one; 0 or less if it is its turn."""
        return self._queue.places.index(self) + 1 - self._queue.width

    def wait(self) -> Iterator[int]:
        """Yield the number of questions before this one, repeatedly, until it is 0."""
        moved = self._queue.moved
        while (ahead := self.ahead) > 0:
            yield ahead
            with moved:
                moved.wait_for(lambda: self.ahead != ahead, timeout=_TICK_S)


class Queue:
    """A queue for the LLM; `len` counts its questions, with the ones in progress."""

    def __init__(self, longest: int = LONGEST) -> None:
        self.width = 1  # questions answered at once
        self.places: deque[Place] = deque()
        self.moved = threading.Condition()
        self._longest = longest

    def __len__(self) -> int:
        return len(self.places)

    @contextmanager
    def join(self) -> Iterator[Place]:
        """Hold a place in the queue until the end of the block; raises RagError if the queue is full."""
        place = Place(self)
        with self.moved:
            if len(self.places) >= self._longest:
                raise RagError(f"{len(self.places)} questions are waiting for an answer: ask again in a few minutes")
            self.places.append(place)
        try:
            yield place
        finally:
            with self.moved:
                self.places.remove(place)
                self.moved.notify_all()
