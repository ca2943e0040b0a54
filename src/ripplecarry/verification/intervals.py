"""Interval arithmetic in float64: boxes by centre and radius, functions and products by ends."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from ripplecarry.axes import Float
from ripplecarry.verification.rounding import RoundingModel

Ends = tuple[Tensor, Tensor]
"""Lower and upper ends."""


class Box(NamedTuple):
    """Intervals by centre and radius."""

    centre: Float[Tensor, "row unit"]
    radius: Float[Tensor, "row unit"]

    @classmethod
    def between(cls, low: Tensor, high: Tensor) -> "Box":
        return cls((high + low) / 2, (high - low) / 2)

    @property
    def low(self) -> Tensor:
        return self.centre - self.radius

    @property
    def high(self) -> Tensor:
        return self.centre + self.radius

    @property
    def largest(self) -> Tensor:
        """The largest absolute value."""
        return self.centre.abs() + self.radius

    def of(self, rows: Tensor) -> "Box":
        """The intervals of these rows."""
        return Box(self.centre[rows], self.radius[rows])

    def map(self, weight: Tensor, bias: Tensor | None = None) -> "Box":
        """The image of the box under a linear map."""
        return Box(linear(self.centre, weight, bias), linear(self.radius, weight.abs()))


def function_ends(
    function: Callable[[Tensor], Tensor],
    low: Tensor,
    high: Tensor,
    error: Tensor | float,
    rounding: RoundingModel | None,
) -> Ends:
    """The ends of an increasing function's values, including its rounding."""
    low, high = function(low - error), function(high + error)
    if rounding is not None:
        slack = rounding.function_relative * torch.maximum(low.abs(), high.abs())
        low, high = low - slack - rounding.function_absolute, high + slack + rounding.function_absolute
    return low, high


def times(a: Ends, b: Ends) -> Ends:
    """The products of two intervals."""
    corners = torch.stack([a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]])
    return corners.amin(0), corners.amax(0)


def mixture(share: Ends, first: Ends, second: Ends, size: Tensor, rounding: RoundingModel | None) -> Ends:
    """(1 - z) a + z b with a share z, whose terms add up to `size` at most.

    It increases in a and b and is linear in z: its extremes lie at the ends of z.
    """
    lows, highs = (
        torch.stack([a + z * (b - a) for z in share]) for a, b in zip(first, second, strict=True)
    )
    return with_error((lows.amin(0), highs.amax(0)), size, 0, rounding)


def with_error(ends: Ends, size: Tensor, num_terms: int, rounding: RoundingModel | None) -> Ends:
    """The same ends after rounding a sum of so many products, with the sizes of its terms."""
    if rounding is None:
        return ends
    slack = rounding.gamma(num_terms) * size + rounding.sum_absolute(num_terms)
    return ends[0] - slack, ends[1] + slack


def largest(ends: Ends) -> Tensor:
    """The largest absolute value."""
    return torch.maximum(ends[0].abs(), ends[1].abs())
