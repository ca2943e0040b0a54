"""Training operands in which long carry runs, idle runs and short numbers are as frequent as others."""

import numpy as np

from ripplecarry.arithmetic.operands_by_run import WORDS_BEFORE, RunPlan, operands_from_words, words_per_row
from ripplecarry.arithmetic.philox import below
from ripplecarry.axes import Int, UInt8, UInt32


def balanced_words(digits: int, num_operands: int) -> int:
    """Number of random words per row."""
    return max(words_per_row(digits), WORDS_BEFORE + digits * num_operands)


def mixed_lengths(words: UInt32[np.ndarray, "row word"], digits: int) -> Int[np.ndarray, " row"]:
    """A length for each row, uniform from 1 to `digits`."""
    return 1 + below(words[:, 0], digits).astype(np.int64)


def carry_balanced(
    words: UInt32[np.ndarray, "row word"], lengths: Int[np.ndarray, " row"], base: int
) -> UInt8[np.ndarray, "row position 2"]:
    """Pairs of the given lengths. Half are drawn by longest carry run, half by longest idle run, each run
    uniform from 0 to the length; pairs with that longest run are equally likely.

    Args:
        words: `balanced_words` per row; the second picks carry or idle run, the third its length.
    """
    runs, is_idle = (below(words[:, at], bound) for at, bound in ((2, lengths + 1), (1, 2)))
    plan = RunPlan(lengths, runs.astype(np.int64), is_idle.astype(np.int64))
    return operands_from_words(words, plan, base=base)


def of_lengths(
    words: UInt32[np.ndarray, "row word"], lengths: Int[np.ndarray, " row"], num_operands: int, base: int
) -> UInt8[np.ndarray, "row position operand"]:
    """Operands uniform over the numbers of at most each row's length."""
    length = int(lengths.max())
    drawn = below(words[:, WORDS_BEFORE : WORDS_BEFORE + length * num_operands], base)
    operands = drawn.astype(np.uint8).reshape(len(words), length, num_operands)
    operands[np.arange(length) >= lengths[:, None]] = 0
    return operands
