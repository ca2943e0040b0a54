"""Parameters of the verbs: what each means, and what it allows."""

import inspect
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, ParamSpec, TypeVar, get_args, get_origin

from ripplecarry.engines.registry import EngineName
from ripplecarry.errors import ConfigurationError
from ripplecarry.progress.status_line import StatusLine, place
from ripplecarry.runs.run import Run
from ripplecarry.values import choice, whole_number

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Option:
    """Marks a parameter that the command line offers too; others are for Python alone.

    Args:
        low: the smallest whole number allowed; None where the value is no number.
        high: the largest, if there is one.
    """

    help: str
    low: int | None = None
    high: int | None = None

    def read(self, value: object, name: str, kind: Any) -> object:
        """The value that was given or typed; a path that begins with ~ is in the user's folder.

        Raises:
            ConfigurationError: a number out of range, or an unknown choice.
        """
        if Path in get_args(kind):
            return _expanded(value)
        if self.low is not None:
            return whole_number(value, name, self.low, self.high)
        return choice(value, name, get_args(kind)) if get_origin(kind) is Literal else value


def _expanded(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(_expanded, value))
    if not isinstance(value, str | Path) or not str(value).startswith("~"):
        return value
    return type(value)(os.path.expanduser(value))


RUN_HELP = Option(
    "A run: its id or any beginning of it, last, settings as in cell=gru,seed=3, or its folder."
)
RunOption = Annotated[Run | Path | str, RUN_HELP]
StoreOption = Annotated[Path | str, Option("Folder of all runs.")]
EngineOption = Annotated[
    EngineName,
    Option(
        "What computes; auto is the fastest on a processor that knows the cell, and PyTorch for a run that "
        "was trained on it. Experimental: gpu trains many runs at once "
        "on an NVIDIA GPU; gpu_tf32x3 and gpu_tf32 multiply less exactly there."
    ),
]
Say = Callable[[str], None]
Report = Callable[[int, int], None]
"""Told how much was done since the last time, and how much there is."""
EventsOption = Annotated[Path | str | None, Option("Folder for curves as TensorBoard event files.")]


def options_of(verb: Callable[..., Any]) -> dict[str, tuple[inspect.Parameter, Any, Option]]:
    """The parameters that the command line offers too, each with its type and option."""
    found = {}
    for name, parameter in inspect.signature(verb).parameters.items():
        kind, *notes = get_args(parameter.annotation) or (None,)
        if notes and isinstance(notes[-1], Option):
            found[name] = (parameter, kind, notes[-1])
    return found


def verb(function: Callable[P, R]) -> Callable[P, R]:
    """Refuses numbers out of range and unknown choices before the function is called; then shows how far it
    is, to whoever watches."""
    signature, options = inspect.signature(function), options_of(function)

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            given, problems = signature.bind(*args, **kwargs), []
        except TypeError as error:
            raise ConfigurationError(f"{function.__name__}: {error}") from None
        for name, value in given.arguments.items():
            if name not in options or (value is None and options[name][0].default is None):
                continue
            _, kind, option = options[name]
            try:
                given.arguments[name] = option.read(value, name, kind)
            except ConfigurationError as error:
                problems.append(str(error))
        if problems:
            raise ConfigurationError("; ".join(problems))
        with _watched(function.__name__, signature, given.arguments):
            return function(*given.args, **given.kwargs)

    return checked


@contextmanager
def _watched(name: str, signature: inspect.Signature, given: dict[str, Any]) -> Generator[None]:
    """Gives a verb somebody to tell how far it is, where its caller does not listen."""
    known, where = signature.parameters, place()
    if where == "nowhere" or any(given.get(listener) is not None for listener in ("listener", "report")):
        yield
    elif "listener" in known:
        from ripplecarry.progress.sweep_display import sweep_progress

        with sweep_progress() as given["listener"]:
            yield
    else:
        with StatusLine(name.replace("_", " "), where) as line:
            say = given.get("say", lambda words: None)
            for each, value in given.items():
                if each in ("answered", "estimated", "damaged", "deleted"):
                    given[each] = line.cleared(value)
            if "say" in known:
                given["say"] = lambda words: (line.cleared(say)(words), line.show(words))
            if "report" in known:
                given["report"] = line.advance
            yield
