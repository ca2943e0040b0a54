"""Values as people type them: each is what was typed, or refused in one line."""

import re
import reprlib
from collections.abc import Sequence
from operator import index
from typing import SupportsIndex

from ripplecarry.errors import ConfigurationError

_WHOLE = re.compile(r"[+-]?[0-9]{1,600}")  # Python reads at least 640 digits, whatever its limit is set to
_GROUPED = re.compile(r"\d{1,3}(?:[,， '’]\d{3})+|\d+(?:_\d+)+")
_ROUND = re.compile(r"\d+(?:\.0)?|\d+(?:\.\d+)?[eE]\+?\d{1,2}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MOST_MEANT = 2**64
"""Nobody means a larger number by a value that is not one."""
_WIDTH = 80


def whole_number(value: object, name: str, low: int | None = None, high: int | None = None) -> int:
    """The integer that was given, or typed in decimal digits.

    Raises:
        ConfigurationError: anything else, or one that is out of range.
    """
    number = _whole(value)
    if number is not None and (low is None or low <= number) and (high is None or number <= high):
        return number
    bounds = "" if low is None else f", at least {low}" if high is None else f", from {low} to {high}"
    meant = _meant(value) if number is None else None
    hint = "" if meant is None else f"; write {meant}"
    shown_value = shown(value if number is None else number)
    raise ConfigurationError(f"{name} is {shown_value}; it must be a whole number{bounds}{hint}")


def decimal_number(value: object, name: str) -> object:
    """The value, which is a number or the text of one.

    Raises:
        ConfigurationError: text that is no number, true or false.
    """
    is_text = isinstance(value, str)
    if isinstance(value, bool) or (is_text and not _DECIMAL.fullmatch(value.strip())):
        with_point = value.strip().replace(",", ".") if is_text else ""
        hint = f"; write {with_point}" if _DECIMAL.fullmatch(with_point) else ""
        raise ConfigurationError(f"{name} is {shown(value)}; it must be a number{hint}")
    return value


def choice(value: object, name: str, allowed: Sequence[str]) -> str:
    """The choice that was named, in capitals or not.

    Raises:
        ConfigurationError: there is no such choice.
    """
    for each in allowed:
        if isinstance(value, str) and value.lower() == each:
            return each
    raise ConfigurationError(f"unknown {name} {shown(value)}; choose from {', '.join(allowed)}")


def shown(value: object) -> str:
    """A value in one line, shortened where it is long."""
    return " ".join(_SHORT.repr(value).split())


def _whole(value: object) -> int | None:
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    try:
        return index(value)
    except TypeError:  # an array, which has the method and no single value
        return None


def _meant(value: object) -> int | None:
    """The integer that a person means by 1e3, 1,000, 2.0 or fullwidth digits."""
    text = str(value).strip() if isinstance(value, str | float) and not isinstance(value, bool) else ""
    if _GROUPED.fullmatch(text):
        return int(re.sub(r"\D", "", text))
    number = float(text) if _ROUND.fullmatch(text) else 0.5
    return int(number) if number.is_integer() and number < _MOST_MEANT else None


class _Short(reprlib.Repr):
    """Python refuses to write out integers of more than 4,300 digits."""

    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if abs(x) < 10**_WIDTH else f"an integer of {x.bit_length()} bits"


_SHORT = _Short()
_SHORT.maxstring = _SHORT.maxother = _WIDTH
