"""What is told while runs are executed, and what they may be told: to stop."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ripplecarry.runs.run import Run
    from ripplecarry.runs.trial import RunRequest
    from ripplecarry.sweeps.execute_run import Progress


class Listener:
    """Receives a sweep's events, one at a time; does nothing unless overridden."""

    def planned(self, requests: "Sequence[RunRequest]") -> None:
        """These runs are wanted; told first."""

    def begins(self, missing: "Sequence[RunRequest]", num_workers: int) -> None:
        """The store lacks these runs; so many will be executed at a time."""

    def progressed(self, progress: "Progress") -> None:
        """A run has advanced."""

    def finished(self, request: "RunRequest") -> None:
        """A run's folder is complete."""

    def failed(self, request: "RunRequest", error: BaseException) -> None:
        """A run has failed."""

    def decides(self, runs: "Sequence[Run]") -> None:
        """These runs will be proved right, or a wrong answer of them searched for."""

    def decided(self, run: "Run", words: str) -> None:
        """What came of one of them."""


class OneAtATime(Listener):
    """Tells a listener what happens while runs are executed one event at a time, from whatever thread."""

    def __init__(self, listener: Listener) -> None:
        self._listener, self._lock = listener, threading.Lock()

    def progressed(self, progress: "Progress") -> None:
        with self._lock:
            self._listener.progressed(progress)

    def finished(self, request: "RunRequest") -> None:
        with self._lock:
            self._listener.finished(request)

    def failed(self, request: "RunRequest", error: BaseException) -> None:
        with self._lock:
            self._listener.failed(request, error)


class StopRequest:
    """A request to stop, which a signal handler may make at any time."""

    def __init__(self) -> None:
        self._is_made = threading.Event()
        self._action: Callable[[], None] | None = None

    def make(self) -> None:
        self._is_made.set()
        if self._action is not None:
            self._action()

    def is_made(self) -> bool:
        return self._is_made.is_set()

    def on_request(self, action: Callable[[], None] | None) -> None:
        """Sets what to do when it is made; done at once if it already was."""
        self._action = action
        if action is not None and self.is_made():
            action()
