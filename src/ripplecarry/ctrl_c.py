"""Ctrl-C at any moment: one line and exit status 130. Imports nothing that takes time."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

STATUS = 130
_IMPORT = "<frozen importlib"


class CtrlC:
    """What Ctrl-C does to a program.

    It raises KeyboardInterrupt, so that what is begun is cleaned up. It ends the process at once during
    imports, which have nothing to clean up and where libraries swallow the exception or raise another, and
    wherever else Python would only print it.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        self._has_come = False

    def run(self, main: Callable[[], int]) -> int:
        """The program's exit status; from now on until the process ends, Ctrl-C is one line."""
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # ignored, as by nohup
            return main()
        signal.signal(signal.SIGINT, self._interrupt)
        sys.unraisablehook = self._unraisable
        status = None
        try:
            status = main()
        except BaseException:
            if not self._has_come:
                raise
        signal.signal(signal.SIGINT, self._end)
        if self._has_come and status != STATUS:  # somebody took it for an error, or for nothing
            self._say()
        return STATUS if status is None or self._has_come else status

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._has_come = True
        while frame is not None:
            if frame.f_code.co_filename.startswith(_IMPORT):
                self._end()
            frame = frame.f_back
        raise KeyboardInterrupt

    def _unraisable(self, what: Any) -> None:
        if issubclass(what.exc_type, KeyboardInterrupt):
            self._end()
        sys.__unraisablehook__(what)

    def _end(self, *_: object) -> NoReturn:
        self._say()
        os._exit(STATUS)

    def _say(self) -> None:
        if os.isatty(2):  # takes a line of progress away, and shows the cursor that its bar has hidden
            os.write(2, b"\r\x1b[K\x1b[?25h")
        os.write(2, f"{self._program}: interrupted\n".encode())
