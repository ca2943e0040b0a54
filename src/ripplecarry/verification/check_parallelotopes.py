"""The checker of certificates whose sets are parallelotopes, in ball arithmetic; docs/proof.md derives it.

Nothing in the file is trusted: R and G are any numbers, and E = W - G R is computed here, so that
W h = G (R h) + E h whatever they are. A history's claims, which one follows it and which state of the
machine it stands for, are compared with the task's machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from flint import arb, arb_mat

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.errors import CertificateRefused
from ripplecarry.verification.balls import Balls, around, sum_error
from ripplecarry.verification.rounding import ROUNDING

HIDDEN_BOUND = arb(1 + 4 * ROUNDING.function_relative)
"""RNN and LSTM: a bound on |h|, which is tanh, or sigmoid times tanh with one rounding."""
MOST_PIECES, MOST_NUMBERS, MOST_TRANSITIONS = 1000, 4_000_000, 5_000_000
"""Of one set, of all sets together, and of pieces by symbols: half a gigabyte, and hours."""
_FLAT = arb(2.0**-20)
"""Where tanh rises by less, it is enclosed by its ends alone."""
_ZERO, _ONE, _HALF = arb(0), arb(1), arb(0.5)


@dataclass(frozen=True)
class ExactLayer:
    """A network's exact parameters; `inputs` is the sum of W_ih x and both biases, `errors` R2's bound."""

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
    high: Balls
    slopes: Balls
    """With 0 for the first coordinate."""
    num_pieces: int


@dataclass(frozen=True)
class _Target:
    """The functionals of h' whose values a history's set bounds; E's rows are the same for all."""

    rows: arb_mat
    sizes: arb_mat


class _Line:
    """tanh over [low, high] as computed, less slope times t: within `offset`; and between `ends`."""

    def __init__(self, low: arb, high: arb) -> None:
        first, last = low.tanh(), high.tanh()
        largest = first.abs_upper().max(last.abs_upper())
        self.rounding = arb(ROUNDING.function_relative) * largest + arb(ROUNDING.function_absolute)
        self.ends = first.union(last) + around(self.rounding)
        rise = last - first
        if not rise > _FLAT:
            self.slope, self.offset = _ZERO, first.union(last)
            return
        # Any slope would do; exact, so that it is the same number wherever it stands.
        self.slope = arb(min(max(float((rise / (high - low)).mid()), 2.0**-40), 1.0))
        offset = (first - self.slope * low).union(last - self.slope * high)
        root = (_ONE - self.slope).sqrt()
        turn = root.atanh() if self.slope < 1 else _ZERO
        peak = root - self.slope * turn
        # tanh t - slope t rises between -turn and turn and falls elsewhere.
        if not (high < turn or low > turn):
            offset = offset.union(peak)
        if not (high < -turn or low > -turn):
            offset = offset.union(-peak)
        self.offset = offset


class ParallelotopeChecker:
    """Bounds of all sets of a certificate."""

    def __init__(self, certificate: Mapping[str, Any], layer: ExactLayer, machine: Machine) -> None:
        self.layer, self.machine = layer, machine
        self.num_units = len(layer.recurrent)
        rows, columns = certificate["coordinates"]["rows"], certificate["coordinates"]["columns"]
        self.num_directions = len(rows)
        if not 1 <= self.num_directions <= self.num_units:
            raise CertificateRefused(f"it has {self.num_directions} directions for {self.num_units} units")
        self.rows = _matrix(rows, self.num_directions, self.num_units)
        self.columns = _matrix(columns, self.num_units, self.num_directions)
        self.rest = arb_mat(layer.recurrent.astype(np.float64).tolist()) - self.columns * self.rows
        self.histories = self._read(certificate["histories"])
        self.readouts = {int(right): self._readout(int(right)) for right in np.unique(machine.output)}

    def prove(self) -> Bounds:
        """The bounds, if every position leads every reached set into the next ones.

        Raises:
            CertificateRefused: a set is left, or an answer may be wrong.
        """
        first = self.histories[0]
        if first.state != 0 or not all(
            low <= 0 and high >= 0 for low, high in zip(first.low, first.high, strict=True)
        ):
            raise CertificateRefused("the zero state is not in the first history's set")
        bounds = Bounds(arb("inf"), arb("inf"))
        waiting, found = [0], {0}
        total = 0
        for number in waiting:
            history = self.histories[number]
            total += history.num_pieces * self.machine.num_symbols
            if total > MOST_TRANSITIONS:
                raise CertificateRefused(f"it has more than {MOST_TRANSITIONS} transitions to check")
            for symbol, after in enumerate(history.following):
                if self.histories[after].state != self.machine.next_state[history.state, symbol]:
                    raise CertificateRefused(f"history {number} leads to one of another machine state")
                if after not in found:
                    found.add(after)
                    waiting.append(after)
        for number in waiting:
            for piece in range(self.histories[number].num_pieces):
                bounds = self._step(number, piece, bounds)
        return bounds

    def _step(self, number: int, piece: int, before: Bounds) -> Bounds:
        """Bounds that hold of one piece's images too."""
        history, units, m = self.histories[number], range(self.num_units), self.num_directions
        low, high = list(history.low), list(history.high)
        width = (high[0] - low[0]) / history.num_pieces
        low[0], high[0] = low[0] + piece * width, low[0] + (piece + 1) * width
        centre = [_HALF * (a + b) for a, b in zip(low, high, strict=True)]
        radius = [((b - a) * _HALF).abs_upper() for a, b in zip(low, high, strict=True)]
        # What the balls of the centres leave out is added to them; no end is lost.
        along = (self.columns * arb_mat([[_ONE]] + [[a] for a in history.slopes[1:]])).entries()
        generators = [
            [along[i] * radius[0]] + [self.columns[i, k] * radius[k] for k in range(1, m)] for i in units
        ]
        across = (self.columns * arb_mat([[_ZERO]] + [[c] for c in centre[1:m]])).entries()
        middle = [along[i] * centre[0] + across[i] + centre[m + i] for i in units]
        reach = [sum((abs(g).upper() for g in generators[i]), radius[m + i]) for i in units]
        margin, slack = before.margin, before.slack
        all_ends = []
        for symbol, after in enumerate(history.following):
            vectors, errors, ends = [], [], []
            inputs, rounding = self.layer.inputs[symbol], self.layer.errors[symbol]
            for i in units:
                at, far = inputs[i] + middle[i], reach[i] + rounding[i]
                line = _Line((at - far).lower(), (at + far).upper())
                constant = line.slope * at + line.offset.mid()
                vectors.append([line.slope * g for g in generators[i]] + [constant, line.ends])
                errors.append(
                    [line.slope * (radius[m + i] + rounding[i]) + line.offset.rad() + line.rounding]
                )
                ends.append(line.ends)
            all_ends.append(ends)
            states, spread = arb_mat(vectors), arb_mat(errors)
            right = int(self.machine.output[history.state, symbol])
            readout, biases = self.readouts[right]
            for ball, bias in zip(_functionals(readout, states, spread), biases, strict=True):
                margin = margin.min((ball + bias).lower())
            if not margin > 0:
                raise CertificateRefused(
                    f"after history {number} an answer may be wrong: margin {float(margin.mid()):.3g}"
                )
            balls = _functionals(self._target(after), states, spread)
            slack = self._slack(slack, number, after, 0, balls)
        rest = (self.rest * arb_mat(all_ends).transpose()).transpose().tolist()
        for after, balls in zip(history.following, rest, strict=True):
            slack = self._slack(slack, number, after, m, balls)
        return Bounds(margin, slack)

    def _slack(self, smallest: arb, number: int, after: int, first: int, balls: Balls) -> arb:
        target = self.histories[after]
        for k, ball in enumerate(balls, first):
            low, high = target.low[k], target.high[k]
            if not (low <= ball.lower() and ball.upper() <= high):
                raise CertificateRefused(f"from history {number} a position leads out of the sets")
            distance = (ball.lower() - low).min(high - ball.upper())
            smallest = smallest.min(distance / (high - low + arb(2.0**-60)))
        return smallest

    def _target(self, number: int) -> _Target:
        if number not in self._targets:
            rows, slopes = self.rows.tolist(), self.histories[number].slopes
            sloped = [
                [a - slope * b for a, b in zip(row, rows[0], strict=True)]
                for row, slope in zip(rows, slopes, strict=True)
            ]
            self._targets[number] = _with_sizes(sloped)
        return self._targets[number]

    @cached_property
    def _targets(self) -> dict[int, _Target]:
        return {}

    def _readout(self, right: int) -> tuple[_Target, Balls]:
        """The right logit less each other one, without their biases; and those less both logits' errors."""
        weights, bias = self.layer.readout.astype(np.float64), self.layer.readout_bias.astype(np.float64)
        errors = []
        for row, offset in zip(weights.tolist(), bias.tolist(), strict=True):
            size = sum((abs(arb(w)) for w in row), _ZERO)
            errors.append(sum_error(size * HIDDEN_BOUND + abs(arb(offset)), size, self.num_units + 1))
        others = [j for j in range(len(weights)) if j != right]
        rows = [[arb(a) - arb(b) for a, b in zip(weights[right], weights[j], strict=True)] for j in others]
        biases = [arb(bias[right]) - arb(bias[j]) - errors[right] - errors[j] for j in others]
        return _with_sizes(rows), biases

    def _read(self, stated: Any) -> list[_History]:
        size = 2 * (self.num_directions + self.num_units) + self.machine.num_symbols
        if type(stated) is not list or not 1 <= len(stated) <= MOST_NUMBERS // size:
            raise CertificateRefused(f"it has no histories, or more than {MOST_NUMBERS // size}")
        return [self._read_history(each, len(stated)) for each in stated]

    def _read_history(self, stated: Any, num_histories: int) -> _History:
        parts = {"state", "next", "low", "high", "slopes", "pieces"}
        if type(stated) is not dict or set(stated) != parts:
            raise CertificateRefused(f"a history has other parts than {sorted(parts)}")
        state, pieces, following = stated["state"], stated["pieces"], stated["next"]
        if type(state) is not int or not 0 <= state < self.machine.num_states:
            raise CertificateRefused(f"a history has the machine state {state!r:.40}")
        if type(pieces) is not int or not 1 <= pieces <= MOST_PIECES:
            raise CertificateRefused(f"a set is cut into {pieces!r:.40} pieces; from 1 to {MOST_PIECES}")
        is_table = type(following) is list and len(following) == self.machine.num_symbols
        if not is_table or not all(type(n) is int and 0 <= n < num_histories for n in following):
            raise CertificateRefused("a history's next ones are not a known history for each symbol")
        size = self.num_directions + self.num_units
        low, high = (_numbers(stated[end], size) for end in ("low", "high"))
        if not all(a <= b for a, b in zip(low, high, strict=True)):
            raise CertificateRefused("a set is empty: a low end lies above the high one")
        slopes = [_ZERO, *_numbers(stated["slopes"], self.num_directions - 1)]
        return _History(state, following, low, high, slopes, pieces)


def _functionals(functionals: _Target, states: arb_mat, spread: arb_mat) -> Balls:
    """Enclosures of functionals of h': by tanh's lines and by its ends, the better of both at each end."""
    values = (functionals.rows * states).tolist()
    errors = (functionals.sizes * spread).entries()
    found = []
    for (*tracked, constant, ends), error in zip(values, errors, strict=True):
        lines = constant + around(sum((abs(g).upper() for g in tracked), error).upper())
        low, high = lines.lower().max(ends.lower()), lines.upper().min(ends.upper())
        found.append(low.union(high))
    return found


def _with_sizes(rows: list[Balls]) -> _Target:
    return _Target(arb_mat(rows), arb_mat([[abs(entry) for entry in row] for row in rows]))


def _numbers(values: Any, size: int) -> Balls:
    if type(values) is not list or len(values) != size:
        raise CertificateRefused(f"a list of {size} numbers is not one")
    if not all(type(value) is float and isfinite(value) for value in values):
        raise CertificateRefused("a number in it is not a finite one with a point")
    return [arb(value) for value in values]


def _matrix(values: Any, num_rows: int, num_columns: int) -> arb_mat:
    if type(values) is not list or len(values) != num_rows:
        raise CertificateRefused(f"a matrix of {num_rows} rows is not one")
    return arb_mat([_numbers(row, num_columns) for row in values])
