"""tanh, sigmoid and silu in float64 with a proven error, beside which the engines' are set."""

from collections.abc import Callable

import numpy as np

REFERENCE_ERROR = 2.0**-45
"""Relative; see `exponential`."""

Function = Callable[[np.ndarray], np.ndarray]
_LN2_HIGH = float.fromhex(
    "0x1.62e42fee00000p-1"
)  # 32 bits, so that its products with whole numbers are exact
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_DEGREE = 16
_TINY = 2.0**-27


def exponential(x: np.ndarray) -> np.ndarray:
    """e^x of float64 numbers of at most 700, within a relative 2^-48, from + - * and rounding alone.

    x = n ln 2 + r with |r| < 0.35: the product with the first part of ln 2 is exact, so r is off by less
    than 2^-52 and by what ln 2 lacks; the Taylor series to degree 16 leaves 0.35^17 / 17! < 2^-73, and
    Horner's rule in 16 steps less than 2^-49, as every step adds two roundings to a term that the next one
    shrinks to a third.
    """
    n = np.rint(x * 1.4426950408889634)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    return np.ldexp(1 + _series(r), n.astype(np.int32))


def _series(r: np.ndarray) -> np.ndarray:
    """e^r - 1 for |r| < 0.35, within a relative 2^-48: no step subtracts what is nearly equal."""
    total = np.ones_like(r)
    for k in range(_DEGREE, 1, -1):
        total = 1 + total * r / k
    return total * r


def exact_tanh(x: np.ndarray) -> np.ndarray:
    """tanh of float32 numbers within REFERENCE_ERROR; 1 from 20 on, where 1 - tanh < 2^-56.

    x itself below 2^-27, where x - tanh x < x^3 / 3.
    """
    size = np.abs(x.astype(np.float64))
    if (size < _TINY).all():  # most of all floats, so this saves most of the time
        return x.astype(np.float64)
    if (size >= 20).all():
        return np.copysign(1.0, x.astype(np.float64))
    size = np.minimum(size, 20)
    small = _series(np.minimum(2 * size, 0.35))
    # From 0.175 on tanh is over 0.17, so that the difference magnifies errors sixfold at most.
    large = 1 - 2 / (exponential(2 * size) + 1)
    return np.copysign(np.where(2 * size < 0.35, small / (small + 2), large), x)


def exact_sigmoid(x: np.ndarray) -> np.ndarray:
    """The sigmoid of float32 numbers within REFERENCE_ERROR, or 2^-200 where it is below that.

    1/2 + x/4 below 2^-27, which misses it by less than x^3 / 48; 1 from 40 on, 0 up to -200.
    """
    if (np.abs(x) < _TINY).all():
        return 0.5 + x.astype(np.float64) / 4
    if (x >= 40).all() or (x <= -200).all():
        return (x > 0).astype(np.float64)
    return 1 / (1 + exponential(-np.clip(x.astype(np.float64), -200, 200)))


def exact_silu(x: np.ndarray) -> np.ndarray:
    """x sigmoid(x), whose product adds 2^-53; what is below 2^-200 there is so many times |x|."""
    return x.astype(np.float64) * exact_sigmoid(x)


EXACT: dict[str, Function] = {"tanh": exact_tanh, "sigmoid": exact_sigmoid, "silu": exact_silu}
