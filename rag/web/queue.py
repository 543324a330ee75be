"""The queue of those who wait for the LLM: first come, first served, and not too many."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rag.errors import RagError

# Questions that may wait: on two cores the last of them waits for some minutes.
LONGEST = 32
_TICK_S = 0.5  # so often a closed page is noticed


class Place:
    """One place in the queue."""

    def __init__(self, queue: "Queue") -> None:
        self._queue = queue

    @property
    def ahead(self) -> int:
        """How many have to be done before it is this one's turn, 0 or less if it is."""
        return self._queue.places.index(self) + 1 - self._queue.width

    def wait(self) -> Iterator[int]:
        """Yield how many are before, again and again, until nobody is."""
        moved = self._queue.moved
        while (ahead := self.ahead) > 0:
            yield ahead
            with moved:
                moved.wait_for(lambda: self.ahead != ahead, timeout=_TICK_S)


class Queue:
    """A queue before the LLM; `len` is how many are in it, those being answered among them."""

    def __init__(self, longest: int = LONGEST) -> None:
        self.width = 1  # questions answered at once
        self.places: deque[Place] = deque()
        self.moved = threading.Condition()
        self._longest = longest

    def __len__(self) -> int:
        return len(self.places)

    @contextmanager
    def join(self) -> Iterator[Place]:
        """Stand in the queue, until the end of the block; raises RagError if it is too long."""
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
