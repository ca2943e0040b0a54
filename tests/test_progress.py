"""How far a call is, is told to whoever watches, and to nobody else."""

import io
import re
import sys
import threading
from contextlib import redirect_stderr, suppress
from importlib import import_module
from types import SimpleNamespace

import pytest

import ripplecarry as rc
from ripplecarry.cli import call
from ripplecarry.console import messages
from ripplecarry.progress import status_line, sweep_display

TINY = {"hidden_size": 6, "embedding_size": 3, "batch_size": 10, "digits": 3, "steps": 20}
LONGEST_S = 20
"""What is waited for comes at once, or never."""


class Screen(io.StringIO):
    """Standard error that notes when it is written to."""

    def __init__(self, is_terminal):
        super().__init__()
        self._is_terminal, self.is_written = is_terminal, threading.Event()

    def isatty(self):
        return self._is_terminal

    def write(self, text):
        count = super().write(text)
        self.is_written.set()
        return count


@pytest.fixture(autouse=True)
def at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for module in (status_line, sweep_display):
        monkeypatch.setattr(module, "SILENT_S", 0.01)
    monkeypatch.setattr(status_line, "LOG_EVERY_S", 0.01)


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    return Screen(is_terminal=True)


class Cell:
    """The outputs of a notebook's cell."""

    def __init__(self):
        self.outputs, self.is_written = [], threading.Event()

    def display(self, data, *, raw, display_id):
        assert raw
        assert display_id
        self.outputs.append(data)
        self.is_written.set()
        return SimpleNamespace(update=lambda data, raw: self.outputs.__setitem__(-1, data))


@pytest.mark.parametrize(("fails", "end"), [(False, "done"), (True, "stopped")])
def test_a_notebook_has_one_output_that_is_updated_and_no_control_characters(monkeypatch, fails, end):
    cell, stream, waits = Cell(), Screen(is_terminal=False), iter([LONGEST_S])
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=cell.display))

    def add(a, b):
        cell.is_written.wait(next(waits, 0))
        if fails:
            raise KeyboardInterrupt
        return a + b

    with redirect_stderr(stream), suppress(KeyboardInterrupt):
        rc.evaluate(add, max_digits=1)

    ((words,),) = [output.values() for output in cell.outputs]
    assert re.fullmatch(rf"\d+:\d\d  {end}", words)
    assert stream.getvalue() == ""


def until_shown(monkeypatch, shown):
    """Lets training wait until something is shown."""
    module = import_module("ripplecarry.verbs.train")
    real = module.execute_run

    def execute(*args, **options):
        assert shown.is_written.wait(LONGEST_S)
        return real(*args, **options)

    monkeypatch.setattr(module, "execute_run", execute)


def test_a_long_call_is_shown_while_it_lasts_and_gone_afterwards(screen):
    waits = iter([LONGEST_S])

    def add(a, b):
        screen.is_written.wait(next(waits, 0))
        return a + b

    with redirect_stderr(screen):
        rc.evaluate(add, max_digits=1)

    assert screen.getvalue().startswith("\r0:00  evaluate")
    assert screen.getvalue().endswith(" \r")


def test_one_long_training_step_is_shown(screen, monkeypatch):
    monkeypatch.setattr(messages, "is_interactive", True)  # which it is not under pytest
    monkeypatch.setenv("TERM", "xterm")
    until_shown(monkeypatch, screen)

    with redirect_stderr(screen):
        rc.train(**TINY)

    assert "0:00" in screen.getvalue()


def test_a_line_said_does_not_stand_beside_the_line_of_progress(screen):
    with redirect_stderr(screen), status_line.StatusLine("searching", "terminal") as line:
        assert screen.is_written.wait(LONGEST_S)
        line.cleared(lambda words: print(words, file=screen))("found")

    assert "\rfound\n" in screen.getvalue()


def test_a_script_whose_errors_nobody_watches_stays_silent_and_a_command_writes_a_log(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    log, settings = Screen(is_terminal=False), [f"{name}={value}" for name, value in TINY.items()]
    with redirect_stderr(log):
        rc.train(**TINY, seed=1)
        rc.study("baseline", seeds=1, set_=settings)
        assert rc.evaluate(lambda a, b: a + b, max_digits=1).is_exact
    assert log.getvalue() == ""

    until_shown(monkeypatch, log)
    with redirect_stderr(log):
        assert call(["train", *(f"--{each.replace('_', '-')}" for each in settings)]) == 0
    assert "0:00  starting" in log.getvalue()
