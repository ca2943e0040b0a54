"""One line that says how far a long call is."""

import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, copy_context
from functools import wraps
from types import TracebackType
from typing import Any, Literal, Self

Place = Literal["terminal", "notebook", "log", "nowhere"]

keeps_log: ContextVar[bool] = ContextVar("keeps_log", default=False)
"""Whether progress is told where nobody watches too, as a command does."""

SILENT_S, LOG_EVERY_S = 2.0, 30.0
_IN_PLACE_EVERY_S = 0.5


def place() -> Place:
    """Where progress is shown."""
    if sys.stderr is not None and sys.stderr.isatty():
        return "terminal"
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if hasattr(shell, "kernel"):
        return "notebook"
    return "log" if keeps_log.get() else "nowhere"


class StatusLine:
    """The time so far and the latest words: in place after two seconds, or in a line of a log every thirty.

    A thread of its own writes it, so that a computation that tells nothing is seen to go on.
    """

    def __init__(self, words: str, where: Place) -> None:
        self._words, self._where, self._stream = words, where, sys.stderr
        self._began = self._stage_began = time.monotonic()
        self._done = 0
        self._share = ""
        self._width = 0
        self._output: Any = None
        self._is_over, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=copy_context().run, args=(self._go_on,), daemon=True)

    def __enter__(self) -> Self:
        if self._where != "nowhere":
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        if self._where != "nowhere":
            self._thread.join()
        self._clear()
        if self._output is not None:  # an empty output would leave a gap
            end = "done" if kind is None else "stopped"
            self._update(f"{duration(time.monotonic() - self._began)}  {end}")

    def show(self, words: str) -> None:
        """A new stage, of which nothing is done yet."""
        self._words, self._share, self._done, self._stage_began = words, "", 0, time.monotonic()

    def advance(self, amount: int, total: int) -> None:
        """So much more of the stage is done."""
        self._done += amount
        spent_s = time.monotonic() - self._stage_began
        left_s = (total - self._done) / max(self._done, 1) * spent_s
        self._share = f"  {self._done / total:.0%}, {duration(left_s)} left"

    def cleared(self, tell: Callable[..., Any]) -> Callable[..., Any]:
        """The same, after this line is off the screen."""

        @wraps(tell)
        def told(*words: Any) -> Any:
            with self._lock:
                self._clear()
                return tell(*words)

        return told

    def _go_on(self) -> None:
        is_log = self._where == "log"
        wait_s = LOG_EVERY_S if is_log else SILENT_S
        while not self._is_over.wait(wait_s):
            wait_s = LOG_EVERY_S if is_log else _IN_PLACE_EVERY_S
            words = f"{duration(time.monotonic() - self._began)}  {self._words}{self._share}"
            with self._lock, suppress(OSError, ValueError):  # nobody reads it any more
                if is_log:
                    print(words, file=self._stream, flush=True)
                elif self._where == "notebook":
                    self._update(words)
                else:
                    self._write(words[: shutil.get_terminal_size().columns - 1])

    def _update(self, words: str) -> None:
        """The same output of a cell, so that a stored notebook has one line and no control characters."""
        from IPython.display import display  # pyrefly: ignore[missing-import]

        shown = {"text/plain": words}
        if self._output is None:
            self._output = display(shown, raw=True, display_id=True)
        else:
            self._output.update(shown, raw=True)

    def _write(self, words: str) -> None:
        print(f"\r{words.ljust(self._width)}", end="", file=self._stream, flush=True)
        self._width = len(words)

    def _clear(self) -> None:
        if self._width:
            self._write("")
            print("\r", end="", file=self._stream, flush=True)


def duration(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
