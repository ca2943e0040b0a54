"""Findings: one comparison each, with an interval that confirms, refutes or leaves open."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np

from ripplecarry.claims.intervals import Interval
from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.run import Run
from ripplecarry.runs.trial import Trial

MIN_SEEDS = 5
"""With fewer seeds every claim stays open: the smallest number that the protocol uses."""

Status = Literal["confirmed", "refuted", "open"]
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """One trial of a study."""

    settings: Settings
    """The grid's settings, in the grid's order."""
    trial: Trial
    label: str
    """What distinguishes this trial from the study's others, in figures and tables."""
    words: str
    """The same for sentences."""
    group: str = ""
    """In a grid of several entries, the values of all but the last."""
    member: str = ""
    """In a grid of several entries, the value of the last."""
    value: object = None
    """The value of the grid's last entry."""
    is_control: bool = False
    """Whether only claims use it: figures and tables omit it."""


@dataclass(frozen=True)
class Arm:
    """A study's trial with its runs, ordered by seed."""

    case: Case
    runs: tuple[Run, ...]

    def has(self, settings: Settings) -> bool:
        """Whether its trial has these settings.

        Raises:
            ConfigurationError: there is no such setting.
        """
        for name in settings:
            if name not in Trial.model_fields:
                near = get_close_matches(name, Trial.model_fields, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ConfigurationError(f"a claim names the unknown setting {name!r}{hint}")
        return all(getattr(self.case.trial, name) == value for name, value in settings.items())


@dataclass(frozen=True)
class Finding:
    """One comparison and its verdict on the claim."""

    words: str
    effect: float
    low: float
    high: float
    level: float
    num_seeds: int
    status: Status
    margin: float = 0.0
    """The interval's distance from the bound, in interval widths; the weakest finding's is smallest."""
    bounds: tuple[float, ...] = ()
    """What the interval is compared with: one bound, or two that it must lie between."""

    @property
    def interval_words(self) -> str:
        return f"{self.level:.3g} % interval {self.low:.3g} to {self.high:.3g}"


def find(arms: Sequence[Arm], settings: Settings) -> Arm:
    """The one trial with these settings.

    Raises:
        ConfigurationError: there is none, or more than one.
    """
    matches = [arm for arm in arms if arm.has(settings)]
    if len(matches) != 1:
        words = setting_words(settings)
        raise ConfigurationError(f"{len(matches) or 'no'} trials have {words}; a claim needs one that does")
    return matches[0]


def setting_words(settings: Settings) -> str:
    """Settings as they are typed."""
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def decide(
    words: str,
    interval: Callable[[float], Interval],
    bound: float,
    alpha: float,
    num_seeds: int,
    num_parts: int,
) -> Finding:
    """Confirmed if the interval lies above the bound, refuted if it lies below."""
    confirming, refuting = interval(1 - alpha), interval(1 - alpha / num_parts)
    if confirming.low > bound:
        status, shown, level = "confirmed", confirming, 1 - alpha
    elif refuting.high < bound:
        status, shown, level = "refuted", refuting, 1 - alpha / num_parts
    else:
        status, shown, level = "open", confirming, 1 - alpha
    distance = abs(shown.effect - bound)
    return _finding(words, shown, level, num_seeds, status, distance, (bound,))


def decide_within(
    words: str,
    interval: Callable[[float], Interval],
    low: float,
    high: float,
    num_seeds: int,
    num_parts: int,
) -> Finding:
    """Confirmed if the 90 % interval lies between the bounds, refuted if it lies outside."""
    confirming, refuting = interval(0.9), interval(1 - 0.1 / num_parts)
    if low <= confirming.low and confirming.high <= high:
        status, shown, level = "confirmed", confirming, 0.9
    elif refuting.high < low or refuting.low > high:
        status, shown, level = "refuted", refuting, 1 - 0.1 / num_parts
    else:
        status, shown, level = "open", confirming, 0.9
    distance = min(abs(shown.effect - low), abs(high - shown.effect))
    return _finding(f"{words}{shown.effect:.3g}", shown, level, num_seeds, status, distance, (low, high))


def _finding(
    words: str,
    shown: Interval,
    level: float,
    num_seeds: int,
    status: Status,
    distance: float,
    bounds: tuple[float, ...],
) -> Finding:
    if num_seeds < MIN_SEEDS:
        status = "open"
    width = max(shown.high - shown.low, 1e-12)
    return Finding(words, *shown, 100 * level, num_seeds, status, distance / width, bounds)


def undecided(words: str, num_seeds: int) -> Finding:
    return Finding(words, np.nan, np.nan, np.nan, 95.0, num_seeds, "open")
