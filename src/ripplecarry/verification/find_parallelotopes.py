"""Searching for parallelotopes that one position leads into one another, with all margins positive."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.reset_free_runs import ResetFreeRuns
from ripplecarry.axes import Float, Integer
from ripplecarry.verification.histories import Histories, histories_of
from ripplecarry.verification.parallelotopes import Parallelotopes, PositionBounds

NUM_WORDS, WORD_LENGTH = 10_000, 30
INFLATION, INFLATION_CONSTANT = 0.01, 1e-4
SLACK, SLACK_CONSTANT = 1e-3, 1e-5
"""What is left between images and sets for the checkers, which round outwards."""
MAX_ROUNDS, LARGEST_GROWTH = 40, 4.0
FINENESS = 0.4
"""How much a unit's preactivation may change along a piece."""
MOST_TRANSITIONS = 400_000
"""Of pieces by symbols: both checkers take minutes for them."""


@dataclass(frozen=True)
class ClosedSets:
    """Sets closed under one position, by history, with all margins positive."""

    histories: Histories
    sets: Parallelotopes


@dataclass(frozen=True)
class Round:
    """How far a search has come."""

    num_histories: int
    num_pieces: int
    number: int
    num_open: int
    """Sets that do not hold all that is led into them."""
    margin: float

    @property
    def words(self) -> str:
        return (
            f"{self.num_histories} sets in {self.num_pieces} pieces, round {self.number}: {self.num_open} "
            f"not closed, margin {self.margin:.3g}"
        )


def is_small_enough(machine: Machine) -> bool:
    """Whether sets by the last symbol are few enough to search and to check."""
    return len(machine.reachable_states()) * machine.num_symbols**2 <= MOST_TRANSITIONS


def find_parallelotopes(
    bounds: PositionBounds, seed: int, *, report: Callable[[Round], None] = lambda last: None
) -> ClosedSets | None:
    """Closed sets with all margins positive, if the search finds any.

    It starts from the smallest sets around what random words reach. Each round replaces the sets by what
    one position makes of them, slightly widened, as the search for boxes does. Histories are the last
    symbol first; then two symbols where the last one does not reset the machine.

    Args:
        seed: of the words.
    """
    keeping = ResetFreeRuns.of(bounds.machine).keeping
    for kept_longer in (keeping[:0], keeping):
        histories = histories_of(bounds.machine, kept_longer)
        sets = _close(bounds, histories, np.random.default_rng(seed), report)
        if sets is not None:
            return ClosedSets(histories, sets)
    return None


def _close(
    bounds: PositionBounds,
    histories: Histories,
    random: np.random.Generator,
    report: Callable[[Round], None],
) -> Parallelotopes | None:
    most_pieces = MOST_TRANSITIONS // bounds.machine.num_symbols
    if histories.num > most_pieces:
        return None
    sets = around_reached(bounds, histories, random)
    largest_width = LARGEST_GROWTH * _width(sets)
    for number in range(1, MAX_ROUNDS + 1):
        sets = _cut(bounds, _inflated(sets))
        num_pieces = int(sets.num_pieces.sum())
        if num_pieces > most_pieces or _width(sets) > largest_width:
            return None
        following, margin = bounds.advance(sets, histories)
        room = _half_widths(sets) * SLACK + SLACK_CONSTANT
        is_open = (following.low < sets.low + room) | (following.high > sets.high - room)
        is_open[0] = False  # nothing leads into history 0
        num_open = int(is_open.any(1).sum())
        report(Round(histories.num, num_pieces, number, num_open, margin))
        if not num_open and margin > 0:
            return sets
        if margin < 0:
            return None
        sets = following
    return None


def around_reached(
    bounds: PositionBounds, histories: Histories, random: np.random.Generator
) -> Parallelotopes:
    """The smallest sets around what random words reach, sloped as the states of each set lie."""
    label, hidden = _reached(bounds, histories, random)
    num_directions = bounds.coordinates.num
    matrix = np.vstack([bounds.coordinates.rows, bounds.rest])
    low, high = np.full((2, histories.num, len(matrix)), np.inf)
    high, slopes = -high, np.zeros((histories.num, num_directions))
    low[0] = high[0] = 0
    for family in np.unique(histories.family[1:]):
        members = np.flatnonzero(histories.family == family)
        met = np.isin(label, members)
        own, coordinates = label[met], hidden[met] @ matrix.T
        if not len(own):
            continue
        variance, covariance = _moments(coordinates[:, :num_directions])
        slopes[members] = shared = covariance / max(variance, 1e-30)
        for history in members:
            states = coordinates[own == history]
            if not len(states):
                continue
            # A set of few or close states leans on its family: the mean of both, weighed by variance.
            its_variance, its_covariance = _moments(states[:, :num_directions])
            weight = max(its_variance + variance / 2, 1e-30)
            slopes[history] = (its_covariance + shared * variance / 2) / weight
            slopes[history, 0] = 0
            states[:, :num_directions] -= states[:, :1] * slopes[history]
            low[history], high[history] = states.min(0), states.max(0)
    slopes[:, 0] = 0
    return Parallelotopes(low, high, slopes, np.ones(histories.num, dtype=np.int64))


def _moments(
    values: Float[np.ndarray, "state direction"],
) -> tuple[float, Float[np.ndarray, " direction"]]:
    """The variance of the first coordinate, and its covariance with each."""
    from_mean = values - values.mean(0)
    covariance = from_mean[:, 0] @ from_mean / len(values)
    return float(covariance[0]), covariance


def _reached(
    bounds: PositionBounds, histories: Histories, random: np.random.Generator
) -> tuple[Integer[np.ndarray, " reached"], Float[np.ndarray, "reached hidden"]]:
    """The histories and states after each position of random words."""
    hidden = np.zeros((NUM_WORDS, len(bounds.recurrent)))
    label = np.zeros(NUM_WORDS, dtype=np.int64)
    labels, states = [], []
    for symbols in _words(bounds.machine, random):
        hidden = np.tanh(bounds.inputs[symbols] + hidden @ bounds.recurrent.T)
        label = histories.following[label, symbols]
        labels.append(label)
        states.append(hidden)
    return np.concatenate(labels), np.concatenate(states)


def _words(machine: Machine, random: np.random.Generator) -> Integer[np.ndarray, "position word"]:
    """Words with a share, other from word to word, of symbols that do not reset the machine."""
    symbols = random.integers(0, machine.num_symbols, (WORD_LENGTH, NUM_WORDS))
    keeping = ResetFreeRuns.of(machine).keeping
    if not len(keeping):
        return symbols
    share = 1.3 * random.random(NUM_WORDS)
    return np.where(random.random(symbols.shape) < share, random.choice(keeping, symbols.shape), symbols)


def _half_widths(sets: Parallelotopes) -> Float[np.ndarray, "row coordinate"]:
    """0 where no state was met."""
    met = sets.are_met[:, None]
    return np.where(met, sets.high, 0) / 2 - np.where(met, sets.low, 0) / 2


def _inflated(sets: Parallelotopes) -> Parallelotopes:
    by = _half_widths(sets) * INFLATION + INFLATION_CONSTANT
    by[0] = 0  # the zero state is known
    return replace(sets, low=sets.low - by, high=sets.high + by)


def _cut(bounds: PositionBounds, sets: Parallelotopes) -> Parallelotopes:
    steepest = np.abs(bounds.coordinates.columns[:, 0]).max()
    num_pieces = np.ceil(2 * _half_widths(sets)[:, 0] * steepest / FINENESS)
    return replace(sets, num_pieces=np.maximum(1, num_pieces).astype(np.int64))


def _width(sets: Parallelotopes) -> float:
    return float(2 * _half_widths(sets)[sets.are_met, 0].mean())
