"""A rendezvous: threads that each train one run meet here, so that one launch serves them all."""

import threading
from collections.abc import Callable, Generator, Hashable, Sequence
from contextlib import contextmanager
from typing import Any

Serve = Callable[[Sequence[Any]], Sequence[Any]]


class Rendezvous:
    """Waits until every member has asked for something, then serves all requests of a kind at once.

    Members may come and go at any time.

    Args:
        lock: held while serving; rendezvous that share it serve in turn.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._changed = threading.Condition(lock)
        self._members = 0
        self._asked: list[_Request] = []

    @contextmanager
    def member(self) -> Generator[None]:
        """While the body runs, the others wait for its requests."""
        with self._changed:
            self._members += 1
        try:
            yield
        finally:
            with self._changed:
                self._members -= 1
                self._changed.notify_all()

    def ask(self, kind: Hashable, serve: Serve, payload: Any) -> Any:
        """A member's request, served with the others of its kind once all members wait."""
        mine = _Request(kind, serve, payload)
        with self._changed:
            self._asked.append(mine)
            while not mine.is_served:
                if len(self._asked) < self._members:
                    self._changed.wait()
                    continue
                requests, self._asked = self._asked, []
                _serve(requests)
                self._changed.notify_all()
        if mine.error is not None:
            raise mine.error
        return mine.result

    @contextmanager
    def alone(self) -> Generator[None]:
        """While the body runs, nothing is served."""
        with self._changed:
            yield


class _Request:
    def __init__(self, kind: Hashable, serve: Serve, payload: Any) -> None:
        self.kind, self.serve, self.payload = kind, serve, payload
        self.is_served = False
        self.result: Any = None
        self.error: Exception | None = None


def _serve(requests: Sequence[_Request]) -> None:
    kinds: dict[Hashable, list[_Request]] = {}
    for request in requests:
        kinds.setdefault(request.kind, []).append(request)
    for alike in kinds.values():
        try:
            results = alike[0].serve([request.payload for request in alike])
            for request, result in zip(alike, results, strict=True):
                request.result = result
        except Exception as error:
            for request in alike:
                request.error = error
        for request in alike:
            request.is_served = True
