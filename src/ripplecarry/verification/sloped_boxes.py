"""Sets of states whose preactivations lie around a line: sloped boxes, one for each history.

For a network of one RNN layer. What a trained network passes on lies nearly along one direction: W = W_hh
has one large singular value, and where a state lies in that direction, y = r h, says nearly all of its
preactivations u = W h. So in a sloped box y lies in an interval and u - d y in a box, where d, the slopes,
is the box's own. It may be cut into pieces along y; of each piece the image under one symbol is bounded by
the lines around which tanh lies over the preactivations that it reaches.

All is float64 without outward rounding: good enough for searching, while proving is left to the checker.
"""

from dataclasses import dataclass, replace

import numpy as np

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.axes import Float, Integer
from ripplecarry.networks.initial_values import Weights
from ripplecarry.verification.histories import Histories
from ripplecarry.verification.rounding import ROUNDING

HIDDEN_BOUND = 1 + 4 * ROUNDING.function_relative


@dataclass(frozen=True)
class SlopedBoxes:
    """One set a row, in the order of the histories; coordinate 0 is y, the others are u - slopes y."""

    low: Float[np.ndarray, "row coordinate"]
    high: Float[np.ndarray, "row coordinate"]
    slopes: Float[np.ndarray, "row hidden"]
    num_pieces: Integer[np.ndarray, " row"]

    @property
    def are_met(self) -> np.ndarray:
        """Which rows hold a state; the others are empty."""
        return np.isfinite(self.low[:, 0])

    @property
    def radii(self) -> Float[np.ndarray, "row coordinate"]:
        """Half the widths; 0 where no state was met."""
        met = self.are_met[:, None]
        return np.where(met, self.high, 0) / 2 - np.where(met, self.low, 0) / 2

    @property
    def width(self) -> float:
        """The mean width along y, of the rows that hold a state."""
        return float(2 * self.radii[self.are_met, 0].mean())

    def pieces(self, row: int) -> "SlopedBoxes":
        """The pieces of a row, each a row of its own."""
        count = int(self.num_pieces[row])
        low, high, slopes = (
            np.repeat(each[[row]], count, axis=0) for each in (self.low, self.high, self.slopes)
        )
        ends = np.linspace(self.low[row, 0], self.high[row, 0], count + 1)
        low[:, 0], high[:, 0] = ends[:-1], ends[1:]
        return SlopedBoxes(low, high, slopes, np.ones(count, dtype=np.int64))


class _Lines:
    """tanh over intervals of preactivations: slope t + offset, give or take error."""

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
        self.error += ROUNDING.function_relative * np.maximum(*map(np.abs, ends))
        self.error += ROUNDING.function_absolute


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
        _, sizes, directions = np.linalg.svd(self.recurrent)
        self.direction = sizes[0] * directions[0]
        """r."""

    def coordinates(self, hidden: Float[np.ndarray, "row hidden"]) -> Float[np.ndarray, "row coordinate"]:
        """y and u."""
        return hidden @ np.vstack([self.direction, self.recurrent]).T

    def images(
        self, pieces: SlopedBoxes, state: int, slopes: Float[np.ndarray, "symbol hidden"]
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
        centre, radius = (pieces.high + pieces.low) / 2, (pieces.high - pieces.low) / 2
        along = pieces.slopes * radius[:, :1]
        at = self.inputs + (pieces.slopes * centre[:, :1] + centre[:, 1:])[:, None]
        apart = self.errors + radius[:, None, 1:]
        line = _Lines(at - np.abs(along)[:, None] - apart, at + np.abs(along)[:, None] + apart)
        constant, tracked = line.slope * at + line.offset, line.slope * along[:, None]
        error = line.error + line.slope * apart

        def functionals(matrix: np.ndarray, which: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
            """The ends of matrix h', a row of it or a matrix for each symbol of `which`."""
            sizes = np.abs(matrix)
            reach = _apply(error[:, which], sizes) + np.abs(_apply(tracked[:, which], matrix))
            by_lines = _apply(constant[:, which], matrix)
            return by_lines - reach, by_lines + reach

        sloped = self.recurrent - slopes[:, :, None] * self.direction
        rows = np.concatenate([np.broadcast_to(self.direction, (len(slopes), 1, len(at[0, 0]))), sloped], 1)
        low, high = functionals(rows, slice(None))
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

    def advance(self, sets: SlopedBoxes, histories: Histories) -> tuple[SlopedBoxes, float]:
        """The smallest sets of the same slopes that hold the images of all, and the smallest margin."""
        low, high = np.full_like(sets.low, np.inf), np.full_like(sets.high, -np.inf)
        low[0] = high[0] = 0
        margin = np.inf
        for history in np.flatnonzero(sets.are_met).tolist():
            into = histories.following[history]
            ends = self.images(sets.pieces(history), int(histories.state[history]), sets.slopes[into])
            low[into] = np.minimum(low[into], ends[0].min(0))
            high[into] = np.maximum(high[into], ends[1].max(0))
            margin = min(margin, float(ends[2].min()))
        return replace(sets, low=low, high=high), margin


def _apply(values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """A matrix, or one for each symbol, times values (piece, symbol, hidden)."""
    if matrix.ndim == 2:
        return values @ matrix.T
    return np.matmul(values.swapaxes(0, 1), matrix.swapaxes(1, 2)).swapaxes(0, 1)
