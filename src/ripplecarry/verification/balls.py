"""Cells in ball arithmetic: the result of one position, over all states in a set, with float32's errors.

Python-flint's balls always contain the exact value. Monotone functions are computed at a ball's ends, as
the function of a whole ball would widen it by its steepest slope.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from flint import arb, arb_mat

from ripplecarry.errors import CertificateRefused
from ripplecarry.verification.rounding import ROUNDING

Balls = list[arb]

_KEEPING, _LEAST_KEPT = arb(2.0**-26), arb(2.0**-90)
"""minGRU keeps its state under a share of that much at most, if its ends are no smaller than this."""


@dataclass(frozen=True)
class GateSum:
    """A gate's sum for one symbol, in two parts: from the layer's input, and from its hidden state."""

    below: arb
    before: arb
    below_size: arb
    """At least the sum of the absolute values of the part's products and bias."""
    before_size: arb
    weights_size: arb
    """The sum of the absolute values of both parts' weights."""
    num_terms: int

    def total(self) -> arb:
        """The whole sum as float32 may compute it."""
        error = sum_error(self.below_size + self.before_size, self.weights_size, self.num_terms)
        return self.below + self.before + around(error)

    def gated(self, gate: arb) -> arb:
        """The same with the second part multiplied by a gate between 0 and 1."""
        self.total()  # refuses parts that may overflow
        size = self.below_size + gate.abs_upper() * self.before_size
        # Twice, since the gate multiplies what reading a state as zero loses, and may exceed 1 by rounding.
        error = sum_error(size, 2 * self.weights_size, self.num_terms)
        return self.below + _times(gate, self.before) + around(error)


def sum_error(size: arb, weights_size: arb, num_terms: int) -> arb:
    """The error of a float32 sum of products: the one bound used for every sum of a network.

    Args:
        size: at least the sum of the absolute values of all products and other terms.
        weights_size: at least the sum of the absolute values of all weights; their other factors may be
            read as zero if subnormal.
        num_terms: the number of products and other terms.
    Raises:
        CertificateRefused: the sum may overflow.
    """
    if not size < ROUNDING.largest:
        raise CertificateRefused("a sum may overflow float32")
    relative = arb(ROUNDING.gamma(num_terms)) * size
    return relative + arb(ROUNDING.sum_absolute(num_terms)) + arb(ROUNDING.subnormal) * weights_size


def _rnn(gates: Sequence[GateSum], old: arb) -> tuple[arb, arb]:
    hidden = _rounded(arb.tanh, gates[0].total())
    return hidden, hidden


def _gru(gates: Sequence[GateSum], old: arb) -> tuple[arb, arb]:
    reset, update = (_rounded(_sigmoid, gate.total()) for gate in gates[:2])
    new = _rounded(arb.tanh, gates[2].gated(reset))
    # (1 - z) n + z h is linear in each of z, n, h: its extremes lie at the ends of all three.
    hidden = _hull([n + z * (h - n) for z, n, h in product(_ends(update), _ends(new), _ends(old))])
    # Covers (1 - z) n + z h as well as n + z (h - n), at most four roundings either way.
    size = 2 * new.abs_upper() + old.abs_upper() + 2 * update.abs_upper()
    hidden += around(sum_error(size, arb(0), 0))
    return hidden, hidden


def _lstm(gates: Sequence[GateSum], old: arb) -> tuple[arb, arb]:
    functions = (_sigmoid, _sigmoid, arb.tanh, _sigmoid)
    entry, forget, new, output = (
        _rounded(function, gate.total()) for function, gate in zip(functions, gates, strict=True)
    )
    first, second = _times(forget, old), _times(entry, new)
    memory = first + second + around(sum_error(first.abs_upper() + second.abs_upper(), arb(0), 0))
    hidden = _times(output, _rounded(arb.tanh, memory))
    return hidden + around(sum_error(hidden.abs_upper(), arb(0), 0)), memory


def _mingru(gates: Sequence[GateSum], old: arb) -> tuple[arb, arb]:
    share, new = _rounded(_sigmoid, gates[0].total()), gates[1].total()
    most, sizes = share.abs_upper(), old.abs_upper() + new.abs_upper()
    error = sum_error(sizes + old.abs_upper() + 2 * most, arb(0), 0)  # refuses what may overflow
    nearest = old.lower().abs_lower().min(old.upper().abs_lower())
    # A share that small leaves a float32 number in its interval: what is added to it is less than half the
    # distance of an end to the next number, and 1 - z is 1.
    if most <= _KEEPING and most * sizes <= _KEEPING * nearest and nearest >= _LEAST_KEPT:
        return old, old
    # (1 - z) h + z c is linear in each of z, h, c; as for GRU, four roundings cover every form.
    hidden = _hull([h + z * (c - h) for z, h, c in product(_ends(share), _ends(old), _ends(new))])
    hidden += around(error)
    return hidden, hidden


def _diagonal(gates: Sequence[GateSum], old: arb) -> tuple[arb, arb]:
    return _kept_and_shown(_rounded(_sigmoid, gates[0].total()), gates, old)


def _diagonal_signed(gates: Sequence[GateSum], old: arb) -> tuple[arb, arb]:
    share = _rounded(_sigmoid, gates[0].total())
    error = sum_error(2 * share.abs_upper() + 1, arb(0), 0)
    return _kept_and_shown(2 * share - 1 + around(error), gates, old)


def _kept_and_shown(eigenvalue: arb, gates: Sequence[GateSum], old: arb) -> tuple[arb, arb]:
    """m' = a m + b and h' = m' x sigmoid(x)."""
    kept, new, shown = _times(eigenvalue, old), gates[1].total(), gates[2].total()
    error = sum_error(kept.abs_upper() + new.abs_upper(), eigenvalue.abs_upper(), 0)
    memory = kept + new + around(error)
    gate = _times(shown, _rounded(_sigmoid, shown))
    hidden = _times(memory, gate)
    # Each product may be flushed, and is then off by a subnormal number times the other factors.
    others = memory.abs_upper() + gate.abs_upper()
    return hidden + around(sum_error(hidden.abs_upper(), 2 * others, 0)), memory


CELLS: dict[str, Callable[[Sequence[GateSum], arb], tuple[arb, arb]]] = {
    "rnn": _rnn,
    "gru": _gru,
    "lstm": _lstm,
    "mingru": _mingru,
    "diagonal": _diagonal,
    "diagonal_signed": _diagonal_signed,
}
"""From a unit's gates and memory to its hidden state and next memory."""


def _rounded(function: Callable[[arb], arb], x: arb) -> arb:
    """An increasing function of a ball as the engines compute it, within their stated error."""
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
