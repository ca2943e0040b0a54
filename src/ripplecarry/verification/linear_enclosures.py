"""Bounds on one position of linear recurrences, whose gates see the input alone."""

from functools import partial

import torch
from torch import Tensor

from ripplecarry.verification.intervals import Box, Ends, function_ends, largest, mixture, times, with_error
from ripplecarry.verification.rounding import RoundingModel

_KEEPING_SHARE = 2.0**-26 * (1 - 1e-6)
"""What the checkers allow, less what their intervals are wider."""
_INSIDE = 1 - 1e-9


def enclose_mingru(
    below: Box, before: Box, memory: Box | None, error: Tensor | None, rounding: RoundingModel | None
) -> tuple[Box, Box]:
    """The hidden state (1 - z) h + z c, which is also the memory."""
    assert memory is not None
    update, new = _sums(below, error, 2)
    share = function_ends(torch.sigmoid, *update, 0.0, rounding)
    old, most = (memory.low, memory.high), 2 * memory.largest + largest(new)
    hidden = Box.between(*mixture(share, old, new, most, rounding))
    if rounding is not None:
        # An update gate that is nearly shut changes no float32 number; see R7 of docs/proof.md.
        smallest = torch.minimum(memory.low.abs(), memory.high.abs())
        is_kept = largest(share) <= _KEEPING_SHARE
        is_kept &= largest(share) * (memory.largest + largest(new)) <= _KEEPING_SHARE * smallest
        hidden = Box(
            torch.where(is_kept, memory.centre, hidden.centre),
            torch.where(is_kept, _INSIDE * memory.radius, hidden.radius),
        )
    return hidden, hidden


def _enclose_diagonal(
    below: Box,
    before: Box,
    memory: Box | None,
    error: Tensor | None,
    rounding: RoundingModel | None,
    *,
    is_signed: bool,
) -> tuple[Box, Box]:
    """The hidden state, and the vector m' = a m + b as the memory."""
    assert memory is not None
    keep, new, shown = _sums(below, error, 3)
    eigenvalue = function_ends(torch.sigmoid, *keep, 0.0, rounding)
    if is_signed:
        size = 2 * largest(eigenvalue) + 1
        eigenvalue = with_error((2 * eigenvalue[0] - 1, 2 * eigenvalue[1] - 1), size, 0, rounding)
    old = times(eigenvalue, (memory.low, memory.high))
    ends = with_error((old[0] + new[0], old[1] + new[1]), largest(old) + largest(new), 0, rounding)
    gate = times(shown, function_ends(torch.sigmoid, *shown, 0.0, rounding))
    hidden = times(ends, gate)
    return Box.between(*with_error(hidden, largest(hidden), 0, rounding)), Box.between(*ends)


enclose_diagonal = partial(_enclose_diagonal, is_signed=False)
enclose_diagonal_signed = partial(_enclose_diagonal, is_signed=True)


def _sums(below: Box, error: Tensor | None, num_gates: int) -> tuple[Ends, ...]:
    """The ends of each gate's sum."""
    slack = 0.0 if error is None else error
    lows, highs = (below.low - slack).chunk(num_gates, 1), (below.high + slack).chunk(num_gates, 1)
    return tuple(zip(lows, highs, strict=True))
