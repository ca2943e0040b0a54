"""Carry runs and idle runs of addition: where a carry travels, and where one could but none comes in."""

from typing import Literal, get_args

import numpy as np

from ripplecarry.axes import Int, UInt8

CarryKind = Literal["carry", "idle"]
"""A carry run begins at a digit sum of at least the base, which generates a carry, and continues through
positions with digit sum base - 1, which pass it on. An idle run is a stretch of positions with digit
sum base - 1 and no carry coming in."""

CARRY_KINDS: tuple[CarryKind, ...] = get_args(CarryKind)


def longest_runs(
    operands: UInt8[np.ndarray, "row position 2"], base: int, kind: CarryKind
) -> Int[np.ndarray, " row"]:
    """The length of each row's longest carry run or idle run; 0 where there is none."""
    sums = operands.sum(axis=2, dtype=np.int64).T
    generates, passes = sums >= base, sums == base - 1
    carry = np.zeros(len(operands), dtype=bool)
    current = np.zeros(len(operands), dtype=np.int64)
    longest = current.copy()
    for generated, passed in zip(generates, passes, strict=True):
        if kind == "carry":
            current = np.where(generated, 1, np.where(passed & carry, current + 1, 0))
        else:
            current = np.where(passed & ~carry, current + 1, 0)
        carry = generated | (passed & carry)
        np.maximum(longest, current, out=longest)
    return longest
