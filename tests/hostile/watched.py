"""What no input may bring about: writing outside the store, unpickling, connecting, hanging, tracebacks."""

import io
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from ripplecarry.cli import call

FACTOR = int(os.environ.get("RIPPLECARRY_FUZZ_FACTOR", "1"))
"""How many times the ordinary number of inputs; `make stress` sets it."""

LIMIT_S = 60
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_UNNAMED = getattr(os, "O_TMPFILE", 0)
_OF_TWO_PATHS = {"os.rename", "os.link", "os.symlink"}
_REMOVALS = {"os.remove", "os.rmdir"}
_OF_A_PATH = {"os.mkdir", "os.truncate"} | _OF_TWO_PATHS | _REMOVALS
_FORBIDDEN = {"pickle.find_class", "socket.connect", "socket.getaddrinfo", "os.system", "subprocess.Popen"}

_allowed: list[str] = []
_offences: list[str] = []


def fuzz(num_inputs: int) -> Callable[[Any], Any]:
    """Marks a test that meets so many inputs in the ordinary run."""
    chosen = settings(
        max_examples=num_inputs * FACTOR, deadline=None, suppress_health_check=list(HealthCheck)
    )
    return lambda test: pytest.mark.fuzz(chosen(test))


@contextmanager
def refused(*kinds: type[Exception]) -> Generator[None]:
    """Lets errors of these kinds pass whose message is one line."""
    try:
        yield
    except kinds as error:
        words = str(error)
    else:
        return
    assert words
    assert "\n" not in words


@contextmanager
def watched(store: Path) -> Generator[None]:
    """Fails where the body writes outside the store, unpickles, connects or goes on for ever."""

    def hang(number: int, frame: object) -> None:
        raise AssertionError(f"no end after {LIMIT_S} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    _allowed[:], _offences[:] = [str(store)], []
    try:
        yield
    finally:
        _allowed.clear()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not _offences, _offences


def said(store: Path, arguments: list[str]) -> tuple[int, str, str]:
    """The exit status of a command, its output and its complaint, under watch."""
    output, complaint = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    complaint.reconfigure(errors="backslashreplace")  # as the interpreter's own
    with redirect_stdout(output), redirect_stderr(complaint), watched(store):
        try:
            status = call(arguments)
        finally:
            texts = []
            for stream in (output, complaint):
                stream.flush()
                texts.append(stream.buffer.getvalue().decode())  # pyrefly: ignore[missing-attribute]
    assert status in (0, 1, 2, 130)
    assert "Traceback" not in texts[1]
    assert status != 2 or texts[1].startswith("ripplecarry: ")
    return status, *texts


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _allowed:
        return
    if event in _FORBIDDEN:
        _offences.append(f"{event} {arguments}")
    elif event == "open":
        path, _, flags = arguments
        if flags & _WRITING and flags & _UNNAMED != _UNNAMED:
            _note(event, path)
    elif event in _OF_A_PATH and not (event in _REMOVALS and arguments[-1] != -1):
        for path in arguments[: 2 if event in _OF_TWO_PATHS else 1]:
            _note(event, path)


def _note(event: str, path: object) -> None:
    if isinstance(path, int) or not _allowed:
        return
    name = os.path.realpath(os.fsdecode(path))  # pyrefly: ignore[bad-argument-type]
    is_spool = os.path.dirname(name) == tempfile.gettempdir() and os.path.basename(name).startswith("tmp")
    if not (
        (name + os.sep).startswith(_allowed[0] + os.sep)
        or is_spool
        or name in (os.devnull, tempfile.gettempdir())
        or "__pycache__" in name
    ):
        _offences.append(f"{event} {name}")


sys.addaudithook(_hook)
