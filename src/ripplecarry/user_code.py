"""Other people's Python, which is executed: its imports, its errors and its time."""

import importlib.util
import os
import signal
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path
from types import FrameType, ModuleType

from ripplecarry.errors import ConfigurationError

_MOST_CHARACTERS = 300
_neighbours: set[str] = set()
"""The modules that lie beside a file and were imported for it."""


class TimeUp(BaseException):
    """No `Exception`, so that the code that it ends does not take it for its own error."""


class TimeLimit:
    """So many seconds for somebody's code, over all of its calls.

    A call is ended at once where the system has alarms and this is the main thread; otherwise, and where
    the code is in a library that does not listen, once it returns.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._left_s = seconds, float(seconds)

    @contextmanager
    def running(self) -> Generator[None]:
        """Counts the body's time.

        Raises:
            ConfigurationError: the time is over.
        """
        began = time.monotonic()
        try:
            with _alarm(self._left_s):
                yield
        except TimeUp:
            self._left_s = 0.0
        else:
            self._left_s -= time.monotonic() - began
        if self._left_s <= 0:
            raise ConfigurationError(
                f"time_limit is {self._seconds:g}; the adder's code has run for so many seconds and is not "
                "done; allow more, or ask for fewer samples or digits"
            )


@contextmanager
def _alarm(seconds: float) -> Generator[None]:
    is_main = threading.current_thread() is threading.main_thread()
    if seconds == inf or not is_main or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeUp

    handler, timer = signal.signal(signal.SIGALRM, ring), signal.getitimer(signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


@contextmanager
def neighbours_of(path: Path) -> Generator[None]:
    """Lets the code of a file import what lies beside it, as `python FILE` does."""
    folder, before = str(path.resolve().parent), set(sys.modules)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with suppress(ValueError):  # the code may have changed it
            sys.path.remove(folder)
        for name in sys.modules.keys() - before:
            if os.path.dirname(getattr(sys.modules[name], "__file__", None) or "") == folder:
                _neighbours.add(name)


def run_file(path: Path, name: str) -> ModuleType:
    """The module that a file defines.

    Raises:
        ConfigurationError: it is no Python file.
        BaseException: whatever the file's code raises.
    """
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise ConfigurationError(f"{path} is not a Python file; its name must end in .py")
    while _neighbours:  # another folder's file may have neighbours of the same names
        sys.modules.pop(_neighbours.pop(), None)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses look up their module
    with neighbours_of(path):
        specification.loader.exec_module(module)
    return module


def complaint(error: BaseException) -> str:
    """What an error of somebody's code says, in one line."""
    try:
        words = f"{type(error).__name__}: {error}"
    except Exception:  # an integer of over 4,300 digits, for one, cannot be written out
        words = type(error).__name__
    words = " ".join(words.split())
    return words if len(words) <= _MOST_CHARACTERS else f"{words[:_MOST_CHARACTERS]}…"
