"""Ctrl-C and SIGTERM as requests to stop."""

import signal
from collections.abc import Generator
from contextlib import contextmanager

from ripplecarry.cli.say import say
from ripplecarry.sweeps.events import StopRequest


@contextmanager
def stop_on_signals(stop: StopRequest | None = None) -> Generator[StopRequest]:
    """Turns Ctrl-C and SIGTERM into a request to stop; a second one ends the process at once."""
    stop = stop or StopRequest()

    def ask(number: int, frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, before[each] or signal.SIG_DFL)
        stop.make()

    before = {each: signal.signal(each, ask) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def say_interrupted() -> int:
    say("interrupted; the same command goes on from here")
    return 130
