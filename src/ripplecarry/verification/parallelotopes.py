"""Sets of states that lie along a direction: parallelotopes, one for each history.

For a network of one RNN layer. Ordinary training leaves its recurrent matrix W with few large singular
values. So W is split into G R + E, with the m largest in G (hidden, m) and R (m, hidden), and a state h has
the coordinates y = (R h, E h), of which W h = G y[:m] + y[m:]. In a parallelotope y[0] lies in an interval,
each of the next m - 1 coordinates in an interval around a multiple of y[0], its slope, and the others in
intervals. It may be cut into pieces along y[0]; of each piece the image under one symbol is bounded by
tanh's best line over the preactivations that it reaches.

All is float64 without outward rounding: good enough for searching, while proving is left to the checker.
"""

from dataclasses import dataclass, replace

import numpy as np

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.axes import Float, Integer
from ripplecarry.networks.initial_values import Weights
from ripplecarry.verification.histories import Histories
from ripplecarry.verification.rounding import ROUNDING

NUM_DIRECTIONS = 6
"""m: the coordinates whose effects on a unit are tracked together."""
HIDDEN_BOUND = 1 + 4 * ROUNDING.function_relative


@dataclass(frozen=True)
class Coordinates:
    """The split of the recurrent matrix; E follows from it exactly."""

    rows: Float[np.ndarray, "direction hidden"]
    """R."""
    columns: Float[np.ndarray, "hidden direction"]
    """G."""

    @classmethod
    def of(cls, recurrent: Float[np.ndarray, "hidden hidden"]) -> "Coordinates":
        """The directions of the largest singular values."""
        u, s, v = np.linalg.svd(recurrent)
        m = min(NUM_DIRECTIONS, len(s))
        return cls(s[:m, None] * v[:m], np.ascontiguousarray(u[:, :m]))

    @property
    def num(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Parallelotopes:
    """One set a row, in the order of the histories."""

    low: Float[np.ndarray, "row coordinate"]
    high: Float[np.ndarray, "row coordinate"]
    slopes: Float[np.ndarray, "row direction"]
    """The first one is 0."""
    num_pieces: Integer[np.ndarray, " row"]

    @property
    def are_met(self) -> np.ndarray:
        """Which rows hold a state; the others are empty."""
        return np.isfinite(self.low[:, 0])

    def pieces(self, rows: Integer[np.ndarray, " row"]) -> "Parallelotopes":
        """The pieces of these rows, each a row of its own."""
        counts = self.num_pieces[rows]
        own = np.repeat(rows, counts)
        number = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)
        low, high = self.low[own], self.high[own]
        start, width = low[:, 0].copy(), (high[:, 0] - low[:, 0]) / self.num_pieces[own]
        low[:, 0], high[:, 0] = start + number * width, start + (number + 1) * width
        return Parallelotopes(low, high, self.slopes[own], np.ones_like(own))


class Relaxation:
    """tanh over intervals of preactivations: between two parallel lines, and between its ends."""

    def __init__(self, low: np.ndarray, high: np.ndarray) -> None:
        ends = np.tanh(low), np.tanh(high)
        width = high - low
        chord = (ends[1] - ends[0]) / np.maximum(width, 1e-9)
        self.slope = np.clip(np.where(width > 1e-9, chord, 1 - ends[0] ** 2), 1e-14, 1)
        # tanh t - slope t has its extremes at the ends and where tanh' is the slope.
        root = np.sqrt(1 - self.slope)
        turn = 0.5 * np.log((1 + root) ** 2 / self.slope)
        peak = root - self.slope * turn
        offsets = ends[0] - self.slope * low, ends[1] - self.slope * high
        top, bottom = np.maximum(*offsets), np.minimum(*offsets)
        top = np.where((low < turn) & (turn < high), np.maximum(top, peak), top)
        bottom = np.where((low < -turn) & (-turn < high), np.minimum(bottom, -peak), bottom)
        self.offset, self.error = (top + bottom) / 2, (top - bottom) / 2
        self.centre, self.radius = (ends[1] + ends[0]) / 2, (ends[1] - ends[0]) / 2
        rounding = ROUNDING.function_relative * np.maximum(*map(np.abs, ends)) + ROUNDING.function_absolute
        self.error += rounding
        self.radius += rounding


class PositionBounds:
    """Bounds of one position of a one-layer RNN, for all symbols."""

    def __init__(self, weights: Weights, machine: Machine, base: int, num_operands: int) -> None:
        named = {name: array.astype(np.float64) for name, array in weights.items()}
        embedding, self.recurrent = named["embed_layer.weight"], named["rnn.weight_hh_l0"]
        symbols = np.arange(machine.num_symbols)
        x = np.hstack([embedding[symbols // base**k % base] for k in range(num_operands)])
        biases = named["rnn.bias_ih_l0"], named["rnn.bias_hh_l0"]
        from_input = named["rnn.weight_ih_l0"]
        self.inputs = x @ from_input.T + sum(biases)
        sizes = np.abs(x) @ np.abs(from_input).T + sum(map(np.abs, biases))
        sizes = sizes + HIDDEN_BOUND * np.abs(self.recurrent).sum(1)
        num_terms = x.shape[1] + len(self.recurrent) + 2
        self.errors = ROUNDING.gamma(num_terms) * sizes + ROUNDING.sum_absolute(num_terms)
        self.readout, self.readout_bias = named["dense.weight"], named["dense.bias"]
        logit_sizes = np.abs(self.readout).sum(1) * HIDDEN_BOUND + np.abs(self.readout_bias)
        num_terms = self.readout.shape[1] + 1
        self.logit_errors = ROUNDING.gamma(num_terms) * logit_sizes + ROUNDING.sum_absolute(num_terms)
        self.machine = machine
        self.coordinates = Coordinates.of(self.recurrent)
        self.rest = self.recurrent - self.coordinates.columns @ self.coordinates.rows

    def images(
        self, pieces: Parallelotopes, state: int, slopes: Float[np.ndarray, "symbol direction"]
    ) -> tuple[
        Float[np.ndarray, "piece symbol coordinate"],
        Float[np.ndarray, "piece symbol coordinate"],
        Float[np.ndarray, "piece symbol"],
    ]:
        """The low and high ends of the images' coordinates, and the margins.

        Args:
            state: the machine's, in all pieces.
            slopes: of the sets in which the images are to lie, by symbol.
        """
        m, rows, columns = self.coordinates.num, self.coordinates.rows, self.coordinates.columns
        centre, radius = (pieces.high + pieces.low) / 2, (pieces.high - pieces.low) / 2
        along = columns[:, 0] + pieces.slopes @ columns.T
        generators = np.concatenate(
            [along[..., None], np.broadcast_to(columns[:, 1:], (*along.shape, m - 1))], axis=2
        )
        middle = (generators @ centre[:, :m, None])[..., 0] + centre[:, m:]
        reach = (np.abs(generators) @ radius[:, :m, None])[..., 0] + radius[:, m:]
        at, around = self.inputs + middle[:, None], self.errors + reach[:, None]
        line = Relaxation(at - around, at + around)
        constant = line.slope * at + line.offset
        error = line.error + line.slope * (self.errors + radius[:, None, m:])

        def functionals(matrix: np.ndarray, which: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
            """The ends of matrix h', a row of it or a matrix for each symbol of `which`."""
            sizes, transposed = np.abs(matrix).swapaxes(-1, -2), matrix.swapaxes(-1, -2)
            slope = line.slope[:, which]
            tracked = np.matmul(slope[:, :, None] * matrix, generators[:, None])
            spread = (np.abs(tracked) * radius[:, None, None, :m]).sum(-1)
            lines = _apply(constant[:, which], transposed), _apply(error[:, which], sizes) + spread
            ends = _apply(line.centre[:, which], transposed), _apply(line.radius[:, which], sizes)
            return (
                np.maximum(lines[0] - lines[1], ends[0] - ends[1]),
                np.minimum(lines[0] + lines[1], ends[0] + ends[1]),
            )

        low, high = functionals(rows - slopes[:, :, None] * rows[0], slice(None))
        rest = line.centre @ self.rest.T, line.radius @ np.abs(self.rest).T
        low = np.concatenate([low, rest[0] - rest[1]], axis=2)
        high = np.concatenate([high, rest[0] + rest[1]], axis=2)
        margins = np.full(at.shape[:2], np.inf)
        right = self.machine.output[state]
        for answer in np.unique(right):
            where = np.flatnonzero(right == answer)
            others = np.delete(np.arange(len(self.readout_bias)), answer)
            ahead = functionals(self.readout[answer] - self.readout[others], where)[0]
            ahead += self.readout_bias[answer] - self.readout_bias[others]
            ahead -= self.logit_errors[answer] + self.logit_errors[others]
            margins[:, where] = ahead.min(-1)
        return low, high, margins

    def advance(self, sets: Parallelotopes, histories: Histories) -> tuple[Parallelotopes, float]:
        """The smallest sets of the same slopes that hold the images of all, and the smallest margin."""
        low, high = np.full_like(sets.low, np.inf), np.full_like(sets.high, -np.inf)
        low[0] = high[0] = 0
        margin = np.inf
        for history in np.flatnonzero(sets.are_met):
            into = histories.following[history]
            pieces = sets.pieces(np.array([history]))
            ends = self.images(pieces, int(histories.state[history]), sets.slopes[into])
            low[into] = np.minimum(low[into], ends[0].min(0))
            high[into] = np.maximum(high[into], ends[1].max(0))
            margin = min(margin, float(ends[2].min()))
        return replace(sets, low=low, high=high), margin


def _apply(values: np.ndarray, transposed: np.ndarray) -> np.ndarray:
    """Values (piece, symbol, hidden) times a matrix, or times one for each symbol."""
    if transposed.ndim == 2:
        return values @ transposed
    return np.matmul(values.swapaxes(0, 1), transposed).swapaxes(0, 1)
