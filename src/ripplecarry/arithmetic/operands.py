"""Drawing operands as a pure function of (seed, stream, step)."""

import numpy as np

from ripplecarry.arithmetic.philox import Stream, random_words
from ripplecarry.axes import UInt8


def uniform_operands(
    seed: int,
    stream: Stream,
    step: int,
    *,
    num_rows: int,
    digits: int,
    num_operands: int = 2,
    base: int = 10,
) -> UInt8[np.ndarray, "row position operand"]:
    """Operands uniform over the numbers of up to `digits` digits: every digit is uniform.

    Word `position * num_operands + operand` of a row gives the digit floor(word * base / 2**32),
    which misses uniformity by less than base / 2**32.

    Returns:
        Digits, least significant first.
    """
    words = random_words(seed, stream, step, num_rows, digits * num_operands)
    drawn = (words.astype(np.uint64) * np.uint64(base)) >> np.uint64(32)
    return drawn.astype(np.uint8).reshape(num_rows, digits, num_operands)
