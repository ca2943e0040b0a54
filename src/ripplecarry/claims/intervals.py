"""Confidence intervals of means, differences, ratios and contrasts."""

import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import scipy  # its parts load when first used


class Interval(NamedTuple):
    """An estimate with its bounds."""

    effect: float
    low: float
    high: float


def mean_interval(values: np.ndarray, level: float) -> Interval:
    """Student's t interval of a mean; a point if all values are equal."""
    effect = float(values.mean())
    if np.ptp(values) == 0:
        return Interval(effect, effect, effect)
    with _nearly_equal_values_are_fine():
        bounds = scipy.stats.ttest_1samp(values, 0).confidence_interval(level)
    return Interval(effect, float(bounds.low), float(bounds.high))


def difference_interval(first: np.ndarray, second: np.ndarray, level: float, *, paired: bool) -> Interval:
    """The t interval of mean(first) − mean(second): paired, or Welch's with unequal variances."""
    if paired:
        return mean_interval(first - second, level)
    effect = float(first.mean() - second.mean())
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return Interval(effect, effect, effect)
    with _nearly_equal_values_are_fine():
        bounds = scipy.stats.ttest_ind(first, second, equal_var=False).confidence_interval(level)
    return Interval(effect, float(bounds.low), float(bounds.high))


def median_interval(values: np.ndarray, level: float = 0.95) -> Interval:
    """The median with the interval between two order statistics that has at least this level.

    Values may be infinite. With too few values for the level the bounds are NaN: fewer than 6 at 95 %.
    """
    bounds = scipy.stats.quantile_test(values, p=0.5).confidence_interval(level)
    return Interval(float(np.median(values)), float(bounds.low), float(bounds.high))


def contrast_interval(samples: Sequence[np.ndarray], weights: Sequence[float], level: float) -> Interval:
    """The t interval of a weighted sum of means, each sample with its own variance.

    Source: Satterthwaite 1946 for the degrees of freedom; with weights 1 and −1 it is Welch's
    interval. SciPy has no contrasts.
    """
    effect = float(sum(w * s.mean() for w, s in zip(weights, samples, strict=True)))
    parts = np.array([w**2 * s.var(ddof=1) / len(s) for w, s in zip(weights, samples, strict=True)])
    if parts.sum() == 0:
        return Interval(effect, effect, effect)
    freedom = parts.sum() ** 2 / sum(p**2 / (len(s) - 1) for p, s in zip(parts, samples, strict=True))
    half = float(scipy.stats.t.ppf((1 + level) / 2, freedom) * np.sqrt(parts.sum()))
    return Interval(effect, effect - half, effect + half)


@contextmanager
def _nearly_equal_values_are_fine() -> Generator[None]:
    """SciPy warns of lost precision if values hardly differ, such as shares that are all near 1.

    The loss is far below the precision of the 32-bit floats from which the values come.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Precision loss", category=RuntimeWarning)
        yield
