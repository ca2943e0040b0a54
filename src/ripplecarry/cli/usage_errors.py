"""One line for a command line that cannot be read."""

import inspect
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from cyclopts import CycloptsError
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)


def usage_error(error: CycloptsError) -> str:
    """What came and what is allowed."""
    command = " ".join(error.command_chain or ())
    if isinstance(error, UnusedCliTokensError) and command:
        return _too_many(command, error.unused_tokens or [], error.target)
    if isinstance(error, MissingArgumentError) and command:
        return f"{_quoted(command)} needs a value for {error.keyword or error.argument.name}"  # pyrefly: ignore[missing-attribute]
    if isinstance(error, UnknownOptionError):
        name = error.token.keyword or error.token.value
        setting = name.lstrip("-").replace("-", "_")
        if command == "study" and setting in _settings():
            return f"{_quoted(command)} has no option {name}; write --set {setting}=VALUE,VALUE"
        known = [name for argument in error.argument_collection for name in argument.names]
        return _unknown("option", name, known, f"{_quoted(f'{command} --help'.strip())} lists them")
    if isinstance(error, UnknownCommandError) and error.unused_tokens and error.app:
        known = [name for name in error.app if not name.startswith("-")]
        return _unknown("command", error.unused_tokens[0], known, f"choose from {', '.join(known)}")
    if isinstance(error, RepeatArgumentError):
        return f"{error.token.keyword} came more than once; give it once"
    if isinstance(error, CoercionError) and error.target_type is bool and error.token:
        return f"{error.token.keyword} is {error.token.value!r}; it takes no value"
    return " ".join(str(error).split())


def as_options(message: str, names: Collection[str]) -> str:
    """A verb's message in the words of the command: `max_digits is 0` is about `--max-digits`, and
    `onnx=True` is said as `--onnx`."""
    for name in names:
        option = f"--{name.strip('_').replace('_', '-')}"
        message = re.sub(rf"\b{name}=True\b", option, message)
        message = re.sub(rf"\b{name}=", f"{option} ", message)
        message = re.sub(rf"(^|; ){name} is ", rf"\1{option} is ", message)
    return message


def _unknown(what: str, name: str, known: Sequence[str], otherwise: str) -> str:
    near = get_close_matches(name, known, n=1)
    return f"unknown {what} {name!r}; {f'did you mean {near[0]}?' if near else otherwise}"


def _too_many(command: str, words: list[str], target: Callable[..., Any] | None) -> str:
    parameters = {} if target is None else inspect.signature(target).parameters
    num_taken = sum(each.kind is each.POSITIONAL_ONLY for each in parameters.values())
    taken = ("no word", "one word", "two words")[num_taken] if num_taken < 3 else f"{num_taken} words"
    came = ", ".join(map(repr, words))
    lines = [f"{_quoted(command)} takes {taken} besides its options; {came} came"]
    choices = _settings_by_choice()
    meant = {choices[word]: word for word in reversed(words) if choices.get(word) in parameters}
    if meant:
        options = (f"--{name.replace('_', '-')} {word}" for name, word in meant.items())
        lines.append(f"write {' '.join(options)}")
    elif not num_taken:
        lines.append(f"settings are options, which {_quoted(f'{command} --help')} lists")
    return "; ".join(lines)


def _settings() -> Mapping[str, Any]:
    from ripplecarry.runs.trial import Trial

    return Trial.model_fields


def _settings_by_choice() -> dict[str, str]:
    """Which setting a word is a choice of."""
    return {
        word: name
        for name, setting in _settings().items()
        if get_origin(setting.annotation) is Literal
        for word in get_args(setting.annotation)
    }


def _quoted(command: str) -> str:
    return f"`ripplecarry {command}`"
