"""Cells in balls: what one position can do to a unit, over all states in a set, with float32's errors.

Balls of python-flint always contain the exact value. Monotone functions go by their ends, since a
function of a whole ball widens it by its steepest slope.
"""

from collections.abc import Callable
from itertools import product

from flint import arb, arb_mat

from ripplecarry.verification.rounding import ROUNDING

Balls = list[arb]
Errors = list[tuple[arb, arb]]


def _rnn(below: Balls, before: Balls, errors: Errors, old: arb) -> tuple[arb, arb]:
    hidden = _rounded(arb.tanh, below[0] + before[0] + around(errors[0][0] + errors[0][1]))
    return hidden, hidden


def _gru(below: Balls, before: Balls, errors: Errors, old: arb) -> tuple[arb, arb]:
    reset, update = (
        _rounded(_sigmoid, below[k] + before[k] + around(errors[k][0] + errors[k][1])) for k in range(2)
    )
    error = errors[2][0] + reset.abs_upper() * errors[2][1]
    new = _rounded(arb.tanh, below[2] + _times(reset, before[2]) + around(error))
    # (1 - z) n + z h is linear in each of z, n, h: its extremes lie at the ends of all three.
    hidden = _hull([n + z * (h - n) for z, n, h in product(_ends(update), _ends(new), _ends(old))])
    # Covers (1 - z) n + z h as well as n + z (h - n), four roundings at most on any way.
    size = 2 * new.abs_upper() + old.abs_upper() + 2 * update.abs_upper()
    hidden += around(arb(ROUNDING.gamma(0)) * size + arb(ROUNDING.sum_absolute(0)))
    return hidden, hidden


def _lstm(below: Balls, before: Balls, errors: Errors, old: arb) -> tuple[arb, arb]:
    functions = (_sigmoid, _sigmoid, arb.tanh, _sigmoid)
    entry, forget, new, output = (
        _rounded(function, below[k] + before[k] + around(errors[k][0] + errors[k][1]))
        for k, function in enumerate(functions)
    )
    gamma, absolute = arb(ROUNDING.gamma(0)), arb(ROUNDING.sum_absolute(0))
    first, second = _times(forget, old), _times(entry, new)
    memory = first + second + around(gamma * (first.abs_upper() + second.abs_upper()) + absolute)
    hidden = _times(output, _rounded(arb.tanh, memory))
    return hidden + around(gamma * hidden.abs_upper() + absolute), memory


CELLS: dict[str, Callable[[Balls, Balls, Errors, arb], tuple[arb, arb]]] = {
    "rnn": _rnn,
    "gru": _gru,
    "lstm": _lstm,
}


def _rounded(function: Callable[[arb], arb], x: arb) -> arb:
    """A rising function of a ball as the engines compute it, within their stated error."""
    value = _hull([function(end) for end in _ends(x)])
    error = arb(ROUNDING.function_relative) * value.abs_upper() + arb(ROUNDING.function_absolute)
    return value + around(error)


def _sigmoid(x: arb) -> arb:
    return 1 / (1 + (-x).exp())


def _ends(ball: arb) -> tuple[arb, arb]:
    return ball.lower(), ball.upper()


def _hull(values: Balls) -> arb:
    hull = values[0]
    for value in values[1:]:
        hull = hull.union(value)
    return hull


def _times(a: arb, b: arb) -> arb:
    return _hull([x * y for x, y in product(_ends(a), _ends(b))])


def around(error: arb) -> arb:
    return (-error).union(error)


def largest(matrix: arb_mat) -> arb_mat:
    return arb_mat([[ball.abs_upper() for ball in row] for row in matrix.tolist()])
