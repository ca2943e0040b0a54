"""The checker of certificates whose sets are sloped boxes, in ball arithmetic; docs/proof.md derives it.

Nothing in the file is trusted. A history's claims, which one follows it and which state of the machine it
stands for, are compared with the task's machine; direction and slopes may be any numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from flint import arb, arb_mat

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.errors import CertificateRefused
from ripplecarry.verification.balls import Balls, sum_error
from ripplecarry.verification.rounding import ROUNDING

HIDDEN_BOUND = arb(1 + 4 * ROUNDING.function_relative)
"""RNN and LSTM: a bound on |h|, which is tanh, or sigmoid times tanh with one rounding."""
MOST_PIECES, MOST_NUMBERS = 1000, 10_000_000
"""Of one set; of the functionals of all sets, and of all answers, a gigabyte each."""
MOST_TRANSITIONS, MOST_PRODUCTS = 5_000_000, 30_000_000_000
"""Of pieces by symbols, and of these by units squared: hours."""
_FLAT = arb(2.0**-20)
"""Where tanh rises by less, its line is level."""
_ZERO, _ONE, _HALF = arb(0), arb(1), arb(0.5)


@dataclass(frozen=True)
class ExactLayer:
    """A layer's exact parameters; `inputs` is the sum of W_ih x and both biases, `errors` R2's bound."""

    recurrent: np.ndarray
    inputs: list[Balls]
    """By symbol and unit."""
    errors: list[Balls]
    readout: np.ndarray
    readout_bias: np.ndarray


class Bounds(NamedTuple):
    """What is proved of all sets: the smallest margin, and the smallest slack as a share of a width."""

    margin: arb
    slack: arb


@dataclass(frozen=True)
class _History:
    state: int
    following: list[int]
    low: Balls
    """Of y first, then of the preactivations less slopes y."""
    high: Balls
    slopes: Balls
    num_pieces: int


class _Functionals:
    """Linear functionals of a hidden state, with the sizes of their coefficients."""

    def __init__(self, rows: list[Balls]) -> None:
        self.rows = arb_mat(rows)
        self.sizes = arb_mat([[abs(entry) for entry in row] for row in rows])

    def bounds(self, lines: arb_mat, spread: arb_mat) -> Balls:
        """Their values where tanh lies around lines.

        Args:
            lines: by unit, what does not depend on the place within a piece, and what is tracked with it.
            spread: by unit, how far it may be from them.
        """
        values, reach = (self.rows * lines).tolist(), (self.sizes * spread).entries()
        found = []
        for (constant, tracked), far in zip(values, reach, strict=True):
            away = (abs(tracked) + far).upper()
            found.append(constant + (-away).union(away))
        return found


class _Line:
    """A line around which tanh as computed lies over an interval: slope t + offset, give or take error."""

    def __init__(self, low: arb, high: arb) -> None:
        first, last = low.tanh(), high.tanh()
        largest = first.abs_upper().max(last.abs_upper())
        rounding = arb(ROUNDING.function_relative) * largest + arb(ROUNDING.function_absolute)
        self.slope, between = _ZERO, first.union(last)
        rise = last - first
        if rise > _FLAT:
            # Any slope would do; it is exact, and so the same number wherever it stands.
            self.slope = arb(min(max(float((rise / (high - low)).mid()), 2.0**-40), 1.0))
            between = (first - self.slope * low).union(last - self.slope * high)
            # tanh t - slope t rises between -turn and turn, and falls elsewhere.
            root = (_ONE - self.slope).sqrt()
            turn = root.atanh()
            peak = root - self.slope * turn
            if not (high < turn or low > turn):
                between = between.union(peak)
            if not (high < -turn or low > -turn):
                between = between.union(-peak)
        self.offset, self.error = between.mid(), between.rad() + rounding


class SlopedBoxChecker:
    """Bounds of all sets of a certificate."""

    def __init__(self, certificate: Mapping[str, Any], layer: ExactLayer, machine: Machine) -> None:
        self._layer, self._machine, self._units = layer, machine, range(len(layer.recurrent))
        self._recurrent = [[arb(w) for w in row] for row in layer.recurrent.astype(np.float64).tolist()]
        if (num_answers := len(layer.readout)) ** 2 * len(self._units) > MOST_NUMBERS:
            raise CertificateRefused(
                f"{num_answers} answers of {len(self._units)} units are too many to check"
            )
        self._direction = _numbers(certificate["direction"], len(self._units))
        self._histories = self._read(certificate["histories"])
        self._readouts = {int(right): self._readout(int(right)) for right in np.unique(machine.output)}
        self._goals: dict[int, _Functionals] = {}

    def prove(self) -> Bounds:
        """The bounds, if every position leads every reached set into the next ones.

        Raises:
            CertificateRefused: a set is left, or an answer may be wrong.
        """
        first = self._histories[0]
        starts_inside = all(low <= 0 <= high for low, high in zip(first.low, first.high, strict=True))
        if first.state != 0 or not starts_inside:
            raise CertificateRefused("the zero state is not in the first history's set")
        bounds = Bounds(arb("inf"), arb("inf"))
        for number in self._reachable():
            history = self._histories[number]
            for piece in range(history.num_pieces):
                bounds = self._step(number, piece, bounds)
        return bounds

    def _reachable(self) -> list[int]:
        """The histories that words lead to; each stands for the machine's state after them."""
        waiting, found, num_transitions = [0], {0}, 0
        for number in waiting:
            history = self._histories[number]
            num_transitions += history.num_pieces * len(history.following)
            num_products = num_transitions * len(self._units) ** 2
            if num_transitions > MOST_TRANSITIONS or num_products > MOST_PRODUCTS:
                raise CertificateRefused("it has too many transitions to check")
            for after, state in zip(
                history.following, self._machine.next_state[history.state].tolist(), strict=True
            ):
                if self._histories[after].state != state:
                    raise CertificateRefused(f"history {number} leads to one of another machine state")
                if after not in found:
                    found.add(after)
                    waiting.append(after)
        return waiting

    def _step(self, number: int, piece: int, before: Bounds) -> Bounds:
        """Bounds that hold of one piece's images too."""
        margin, slack = before
        following = self._histories[number].following
        for after, (leads, images) in zip(following, self.images(number, piece), strict=True):
            for lead in leads:
                margin = margin.min(lead.lower())
            if not margin > 0:
                raise CertificateRefused(
                    f"after history {number} an answer may be wrong: margin {float(margin.mid()):.3g}"
                )
            slack = slack.min(self._slack(number, after, images))
        return Bounds(margin, slack)

    def images(self, number: int, piece: int) -> Iterator[tuple[Balls, Balls]]:
        """What one position makes of a piece of a history's set, by symbol.

        Yields: by how much the right logit leads each other one, less rounding; and the values of what the
            next history's set bounds: y, and the preactivations less its slopes times y.
        """
        history, layer = self._histories[number], self._layer
        width = (history.high[0] - history.low[0]) / history.num_pieces
        start, end = history.low[0] + piece * width, history.low[0] + (piece + 1) * width
        low, high = [start, *history.low[1:]], [end, *history.high[1:]]
        centre = [_HALF * (a + b) for a, b in zip(low, high, strict=True)]
        radius = [(_HALF * (b - a)).abs_upper() for a, b in zip(low, high, strict=True)]
        middle = [d * centre[0] + c for d, c in zip(history.slopes, centre[1:], strict=True)]
        along = [d * radius[0] for d in history.slopes]
        for symbol, after in enumerate(history.following):
            lines, spread = [], []
            for i in self._units:
                at, apart = layer.inputs[symbol][i] + middle[i], radius[i + 1] + layer.errors[symbol][i]
                far = abs(along[i]) + apart
                line = _Line((at - far).lower(), (at + far).upper())
                lines.append([line.slope * at + line.offset, line.slope * along[i]])
                spread.append([line.slope * apart + line.error])
            values = arb_mat(lines), arb_mat(spread)
            readout, biases = self._readouts[int(self._machine.output[history.state, symbol])]
            leads = [lead + bias for lead, bias in zip(readout.bounds(*values), biases, strict=True)]
            yield leads, self._goal(after).bounds(*values)

    def _slack(self, number: int, after: int, images: Balls) -> arb:
        smallest, target = arb("inf"), self._histories[after]
        for image, low, high in zip(images, target.low, target.high, strict=True):
            if not (low <= image.lower() and image.upper() <= high):
                raise CertificateRefused(f"from history {number} a position leads out of the sets")
            distance = (image.lower() - low).min(high - image.upper())
            smallest = smallest.min(distance / (high - low + arb(2.0**-60)))
        return smallest

    def _goal(self, number: int) -> _Functionals:
        """What a history's set bounds: y, and the preactivations less its slopes times y."""
        if number not in self._goals:
            sloped = [
                [w - slope * r for w, r in zip(row, self._direction, strict=True)]
                for row, slope in zip(self._recurrent, self._histories[number].slopes, strict=True)
            ]
            self._goals[number] = _Functionals([self._direction, *sloped])
        return self._goals[number]

    def _readout(self, right: int) -> tuple[_Functionals, Balls]:
        """The right logit less each other one, without biases; the biases less both logits' errors."""
        weights = self._layer.readout.astype(np.float64).tolist()
        biases = list(map(arb, self._layer.readout_bias.astype(np.float64).tolist()))
        errors = []
        for row, bias in zip(weights, biases, strict=True):
            size = sum((abs(arb(w)) for w in row), _ZERO)
            errors.append(sum_error(size * HIDDEN_BOUND + abs(bias), size, len(row) + 1))
        others = [j for j in range(len(weights)) if j != right]
        rows = [[arb(a) - arb(b) for a, b in zip(weights[right], weights[j], strict=True)] for j in others]
        return _Functionals(rows), [biases[right] - biases[j] - errors[right] - errors[j] for j in others]

    def _read(self, stated: Any) -> list[_History]:
        most = MOST_NUMBERS // (len(self._units) ** 2 + self._machine.num_symbols)
        if type(stated) is not list or not 1 <= len(stated) <= most:
            raise CertificateRefused(f"it has no histories, or more than {most}")
        return [self._read_history(each, len(stated)) for each in stated]

    def _read_history(self, stated: Any, num_histories: int) -> _History:
        parts = {"state", "next", "along", "low", "high", "slopes", "pieces"}
        if type(stated) is not dict or set(stated) != parts:
            raise CertificateRefused(f"a history has other parts than {', '.join(sorted(parts))}")
        state, pieces, following = stated["state"], stated["pieces"], stated["next"]
        if type(state) is not int or not 0 <= state < self._machine.num_states:
            raise CertificateRefused(f"a history has the machine state {state!r:.40}")
        if type(pieces) is not int or not 1 <= pieces <= MOST_PIECES:
            raise CertificateRefused(f"a set is cut into {pieces!r:.40} pieces; from 1 to {MOST_PIECES}")
        is_table = type(following) is list and len(following) == self._machine.num_symbols
        if not is_table or not all(type(n) is int and 0 <= n < num_histories for n in following):
            raise CertificateRefused("a history's next ones are not a known history for each symbol")
        (first, last), size = _numbers(stated["along"], 2), len(self._units)
        low, high = ([end, *_numbers(stated[name], size)] for end, name in ((first, "low"), (last, "high")))
        if not all(a <= b for a, b in zip(low, high, strict=True)):
            raise CertificateRefused("a set is empty: a low end lies above the high one")
        return _History(state, following, low, high, _numbers(stated["slopes"], size), pieces)


def _numbers(values: Any, size: int) -> Balls:
    if type(values) is not list or len(values) != size:
        raise CertificateRefused(f"where {size} numbers belong there is another list, or none")
    if not all(type(value) is float and isfinite(value) for value in values):
        raise CertificateRefused("a number of a set is not a finite one with a point")
    return [arb(value) for value in values]
