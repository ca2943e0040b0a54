"""Comparisons that decide claims: smaller, fastest, about equal, mostly, falling with a setting."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import log10
from typing import Any

import numpy as np

from ripplecarry.claims.claim import Comparison
from ripplecarry.claims.findings import (
    Arm,
    Finding,
    Settings,
    decide,
    decide_within,
    find,
    setting_words,
    undecided,
)
from ripplecarry.claims.intervals import (
    Interval,
    contrast_interval,
    difference_interval,
    mean_interval,
)
from ripplecarry.claims.measures import Measure, Property
from ripplecarry.claims.pairs import is_paired, paired_values
from ripplecarry.errors import ConfigurationError
from ripplecarry.evaluation.exact_match import share_interval
from ripplecarry.runs.run import Run


@dataclass(frozen=True)
class Less(Comparison):
    """The measure is smaller in one trial than in another."""

    measure: Measure
    smaller: Settings
    larger: Settings

    def selections(self) -> Sequence[Settings]:
        return (self.smaller, self.larger)

    def examine(self, arms: Sequence[Arm], num_parts: int) -> list[Finding]:
        return [_less(self.measure, find(arms, self.smaller), find(arms, self.larger), num_parts)]


@dataclass(frozen=True)
class Extreme(Comparison):
    """The measure is smaller in one trial than in all others (or larger)."""

    measure: Measure
    settings: Settings
    largest: bool = False

    def selections(self) -> Sequence[Settings]:
        return (self.settings,)

    def num_parts(self, arms: Sequence[Arm]) -> int:
        return sum(not arm.case.is_control for arm in arms) - 1

    def examine(self, arms: Sequence[Arm], num_parts: int) -> list[Finding]:
        ours = find(arms, self.settings)
        others = [arm for arm in arms if arm is not ours and not arm.case.is_control]
        return [
            _less(self.measure, *((other, ours) if self.largest else (ours, other)), num_parts)
            for other in others
        ]


@dataclass(frozen=True)
class AboutEqual(Comparison):
    """The ratio of the measure's means in two trials lies within bounds, at 90 %."""

    measure: Measure
    first: Settings
    second: Settings
    bounds: tuple[float, float] = (0.9, 1.1)

    def selections(self) -> Sequence[Settings]:
        return (self.first, self.second)

    def examine(self, arms: Sequence[Arm], num_parts: int) -> list[Finding]:
        first, second = find(arms, self.first), find(arms, self.second)
        values = paired_values(self.measure, first, second)
        words = f"the ratio of {self.measure.words}, {first.case.words} to {second.case.words}, is "
        if min(map(len, values)) < 2 or min(map(min, values)) <= 0:
            return [undecided(words + "undefined: too few seeds or a value of 0", min(map(len, values)))]
        logs = [np.log(each) for each in values]

        def interval(level: float) -> Interval:
            return Interval(
                *np.exp(difference_interval(logs[0], logs[1], level, paired=is_paired(first, second)))
            )

        return [decide_within(words, interval, *self.bounds, min(map(len, values)), num_parts)]


@dataclass(frozen=True)
class Within(Comparison):
    """The measure's means in two trials differ by at most a margin, at 90 %."""

    measure: Measure
    first: Settings
    second: Settings
    margin: float

    def selections(self) -> Sequence[Settings]:
        return (self.first, self.second)

    def examine(self, arms: Sequence[Arm], num_parts: int) -> list[Finding]:
        first, second = find(arms, self.first), find(arms, self.second)
        values = paired_values(self.measure, first, second)
        words = f"{self.measure.words} of {first.case.words} minus that of {second.case.words} is "
        if min(map(len, values)) < 2:
            return [undecided(words + "unknown", min(map(len, values)))]

        def interval(level: float) -> Interval:
            return difference_interval(values[0], values[1], level, paired=is_paired(first, second))

        return [decide_within(words, interval, -self.margin, self.margin, min(map(len, values)), num_parts)]


@dataclass(frozen=True)
class Mostly(Comparison):
    """More than half of all seeds have a property."""

    property: Property
    settings: Settings

    def selections(self) -> Sequence[Settings]:
        return (self.settings,)

    def examine(self, arms: Sequence[Arm], num_parts: int) -> list[Finding]:
        arm = find(arms, self.settings)
        return [_mostly(self.property, f"with {arm.case.words}", "seeds", arm.runs, num_parts)]


@dataclass(frozen=True)
class MostOf(Comparison):
    """More than half of all runs have a property, or of the runs of all trials with these settings."""

    property: Property
    settings: Settings = field(default_factory=dict)

    def check(self, arms: Sequence[Arm]) -> None:
        if not self._chosen(arms):
            raise ConfigurationError(f"no trials have {setting_words(self.settings)}; a claim needs some")

    def examine(self, arms: Sequence[Arm], num_parts: int) -> list[Finding]:
        runs = [run for arm in self._chosen(arms) for run in arm.runs]
        where = f"with {setting_words(self.settings)}" if self.settings else "of all trials"
        return [_mostly(self.property, where, "runs", runs, num_parts)]

    def _chosen(self, arms: Sequence[Arm]) -> list[Arm]:
        return [arm for arm in arms if not arm.case.is_control and arm.has(self.settings)]


@dataclass(frozen=True)
class Grows(Comparison):
    """A measure of one trial's runs is larger than another measure of the same runs."""

    later: Measure
    earlier: Measure
    settings: Settings

    def selections(self) -> Sequence[Settings]:
        return (self.settings,)

    def examine(self, arms: Sequence[Arm], num_parts: int) -> list[Finding]:
        arm = find(arms, self.settings)
        gains = np.array([self.later.of(run) - self.earlier.of(run) for run in arm.runs])
        words = f"{self.later.words} is above {self.earlier.words} by "
        if len(gains) < 2:
            return [undecided(words + "an unknown amount", len(gains))]
        words += f"{gains.mean():.3g} with {arm.case.words}"
        return [decide(words, lambda level: mean_interval(gains, level), 0, 0.05, len(gains), num_parts)]


@dataclass(frozen=True)
class Falls(Comparison):
    """A measure falls as a setting grows tenfold: the slope over its decimal logarithm is negative.

    With `against`, the slope over these trials is at most half of the slope over those: more than
    half of the effect has been removed.
    """

    measure: Measure
    setting: str
    trials: tuple[Settings, ...]
    against: tuple[Settings, ...] = ()

    def selections(self) -> Sequence[Settings]:
        return (*self.trials, *self.against)

    def examine(self, arms: Sequence[Arm], num_parts: int) -> list[Finding]:
        samples, weights = self._falls(arms, self.trials)
        words = f"{self.measure.words} falls by {{:.3g}} per tenfold {self.setting}"
        estimates = [_sum(samples, weights)]
        if self.against:
            theirs, their_weights = self._falls(arms, self.against)
            estimates.append(_sum(theirs, their_weights))
            samples += theirs
            weights = [*(-weight for weight in weights), *(weight / 2 for weight in their_weights)]
            words += " here and by {:.3g} in the controls; half of that, less the fall here, is {:.3g}"
            estimates.append(_sum(samples, weights))
        num_seeds = min(map(len, samples))
        if num_seeds < 2:
            return [undecided(f"{self.measure.words} has an unknown slope", num_seeds)]

        def interval(level: float) -> Interval:
            return contrast_interval(samples, weights, level)

        return [decide(words.format(*estimates), interval, 0, 0.05, num_seeds, num_parts)]

    def _falls(
        self, arms: Sequence[Arm], trials: Sequence[Settings]
    ) -> tuple[list[np.ndarray], list[float]]:
        """The trials' samples, and weights whose sum of means is minus the least-squares slope."""
        chosen = [find(arms, settings) for settings in trials]
        places = np.array([log10(getattr(arm.case.trial, self.setting)) for arm in chosen])
        centred = places - places.mean()
        weights = -centred / (centred**2).sum()
        return [np.array([self.measure.of(run) for run in arm.runs]) for arm in chosen], [*weights]


@dataclass(frozen=True)
class LessAtBest(Comparison):
    """The measure is smaller in the best of some trials than in the best of others.

    The best is the trial with the smallest mean of `chosen_by` over seeds below `split`; the other
    seeds judge, so that the choice does not bias the verdict.
    """

    measure: Measure
    smaller: tuple[Settings, ...]
    larger: tuple[Settings, ...]
    chosen_by: Measure
    split: int

    def selections(self) -> Sequence[Settings]:
        return (*self.smaller, *self.larger)

    def examine(self, arms: Sequence[Arm], num_parts: int) -> list[Finding]:
        best = []
        for candidates in (self.smaller, self.larger):
            found = [find(arms, settings) for settings in candidates]
            choosing = [[r for r in arm.runs if r.seed < self.split] for arm in found]
            if not all(choosing):
                return [undecided("no seeds to choose by", 0)]
            means = [np.mean([self.chosen_by.of(run) for run in runs]) for runs in choosing]
            arm = found[int(np.argmin(means))]
            judging = tuple(run for run in arm.runs if run.seed >= self.split)
            best.append(replace(arm, runs=judging))
        return [_less(self.measure, best[0], best[1], num_parts)]


class AllOf(Comparison):
    """Several tests at once."""

    def __init__(self, *parts: Comparison) -> None:
        self._parts = parts

    def check(self, arms: Sequence[Arm]) -> None:
        for part in self._parts:
            part.check(arms)

    def num_parts(self, arms: Sequence[Arm]) -> int:
        return sum(part.num_parts(arms) for part in self._parts)

    def examine(self, arms: Sequence[Arm], num_parts: int) -> list[Finding]:
        return [found for part in self._parts for found in part.examine(arms, num_parts)]


def fastest(measure: Measure, **settings: Any) -> Comparison:
    """One trial's measure is smaller than every other's."""
    return Extreme(measure, settings)


def slowest(measure: Measure, **settings: Any) -> Comparison:
    """One trial's measure is larger than every other's."""
    return Extreme(measure, settings, largest=True)


def _mostly(held: Property, where: str, what: str, runs: Sequence[Run], num_parts: int) -> Finding:
    count, total = sum(map(held.holds, runs)), len(runs)
    words = f"{where}, {count} of {total} {what} {held.words}"
    if total == 0:
        return undecided(words, 0)

    def interval(level: float) -> Interval:
        return Interval(count / total, *share_interval(count, total, level))

    return decide(words, interval, 0.5, 0.05, total, num_parts)


def _sum(samples: Sequence[np.ndarray], weights: Sequence[float]) -> float:
    return sum(w * float(s.mean()) if len(s) else 0.0 for w, s in zip(weights, samples, strict=True))


def _less(measure: Measure, smaller: Arm, larger: Arm, num_parts: int) -> Finding:
    values = paired_values(measure, larger, smaller)
    num_seeds = min(map(len, values))
    names = smaller.case.words, larger.case.words
    if num_seeds < 2:
        words = f"there are too few seeds to compare {measure.words} of {names[0]} and {names[1]}"
        return undecided(words, num_seeds)

    def interval(level: float) -> Interval:
        return difference_interval(values[0], values[1], level, paired=is_paired(smaller, larger))

    found = decide("", interval, 0, 0.05, num_seeds, num_parts)
    if found.low == found.high == 0:
        return replace(found, words=f"{measure.words} is the same for {names[0]} and {names[1]}")
    side = "below"
    if found.effect < 0:  # stated the other way round, so that words and numbers agree in sign
        side = "above"
        found = replace(found, effect=-found.effect, low=-found.high, high=-found.low)
    words = f"{measure.words} of {names[0]} lies {found.effect:.3g} {side} that of {names[1]}"
    return replace(found, words=words)
