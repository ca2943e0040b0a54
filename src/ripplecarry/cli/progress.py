"""A line of progress for one long computation."""

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

_SILENT_S, _TERMINAL_EVERY_S, _PLAIN_EVERY_S = 2.0, 0.2, 30.0


class ProgressLine:
    """Says how far it is: in place on a terminal after two seconds, else in a line every thirty."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._done = 0
        self._is_terminal = sys.stderr.isatty()
        self._began = time.monotonic()
        self._next = self._began + (_SILENT_S if self._is_terminal else _PLAIN_EVERY_S)
        self._has_shown = False

    def advance(self, amount: int, total: int) -> None:
        self._done += amount
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (_TERMINAL_EVERY_S if self._is_terminal else _PLAIN_EVERY_S)
        left_s = (total - self._done) / self._done * (now - self._began)
        words = f"{self._done / total:.0%} of {total} {self._unit}  {_minutes(left_s)} left"
        print(
            f"\r\x1b[K{words}" if self._is_terminal else words, end=self._end, file=sys.stderr, flush=True
        )
        self._has_shown = True

    def clear(self) -> None:
        """Takes the line off the terminal."""
        if self._has_shown and self._is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    @property
    def _end(self) -> str:
        return "" if self._is_terminal else "\n"


@contextmanager
def progress_line(unit: str) -> Generator[ProgressLine]:
    """A progress line that is gone afterwards."""
    progress = ProgressLine(unit)
    try:
        yield progress
    finally:
        progress.clear()


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
