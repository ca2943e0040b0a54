"""Searching for sloped boxes that one position leads into one another, with all margins positive."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from warnings import catch_warnings

import numpy as np
from scipy.cluster.vq import kmeans2

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.reset_free_runs import ResetFreeRuns
from ripplecarry.axes import Float, Integer
from ripplecarry.verification.histories import Histories, Reading
from ripplecarry.verification.sloped_boxes import PositionBounds, SlopedBoxes

NUM_WORDS, WORD_LENGTH = 10_000, 30
NUM_GROUPS = 20
"""Of the readings that lead to a machine state."""
INFLATION, INFLATION_CONSTANT = 0.01, 1e-4
SLACK, SLACK_CONSTANT = 1e-3, 1e-5
"""What is left between images and sets for the checkers, which round outwards."""
MAX_ROUNDS, LARGEST_GROWTH = 40, 4.0
FINENESS = 0.4
"""How much a unit's preactivation may change along a piece."""
MOST_TRANSITIONS = 400_000
"""Of pieces by symbols: both checkers take minutes for them."""
MOST_NUMBERS = 10_000_000
"""Of the sets' matrices together, which the checker keeps."""
MOST_UNITS = 256
"""With more the states that words reach take over half a gigabyte."""


@dataclass(frozen=True)
class ClosedSets:
    """Sets closed under one position, by history, with all margins positive."""

    direction: Float[np.ndarray, " hidden"]
    histories: Histories
    sets: SlopedBoxes


@dataclass(frozen=True)
class Round:
    """How far a search has come."""

    num_sets: int
    num_pieces: int
    number: int
    num_open: int
    """Sets that do not hold all that is led into them."""
    margin: float

    @property
    def words(self) -> str:
        return (
            f"{self.num_open} of {self.num_sets} sets not closed in round {self.number}, "
            f"margin {self.margin:.3g}"
        )


def is_small_enough(machine: Machine, num_units: int) -> bool:
    """Whether sets by the last symbol are few enough to search and to check."""
    num_sets = len(machine.reachable_states()) * machine.num_symbols + 1
    num_numbers = num_sets * (num_units**2 + machine.num_symbols)
    num_transitions = num_sets * machine.num_symbols
    return num_transitions <= MOST_TRANSITIONS and num_numbers <= MOST_NUMBERS and num_units <= MOST_UNITS


def find_sloped_boxes(
    bounds: PositionBounds,
    seed: int,
    *,
    is_quick: bool = False,
    report: Callable[[Round], None] = lambda last: None,
) -> ClosedSets | None:
    """Closed sets with all margins positive, if the search finds any.

    It starts from the smallest sets around what random words reach. Each round replaces the sets by what
    one position makes of them, slightly widened, as the search for boxes does. Histories are the last
    reading first; then, where the last symbol does not reset the machine, also the group of the one before:
    groups hold readings that lead to nearly the same states.

    Args:
        seed: of the words.
        is_quick: whether histories of the last reading are all that is tried.
    """
    machine, keeping = bounds.machine, ResetFreeRuns.of(bounds.machine).keeping
    histories = Histories.of(machine, keeping[:0], {})
    reached = _reached(bounds, histories, np.random.default_rng(seed))
    sets = _close(bounds, histories, reached, report)
    if sets is None and len(keeping) and not is_quick:
        histories = Histories.of(machine, keeping, _groups(bounds, histories, reached))
        reached = _reached(bounds, histories, np.random.default_rng(seed))
        sets = _close(bounds, histories, reached, report)
    return None if sets is None else ClosedSets(bounds.direction, histories, sets)


@dataclass(frozen=True)
class _Reached:
    """The history after each position of random words, and the coordinates of the state."""

    history: Integer[np.ndarray, " row"]
    coordinates: Float[np.ndarray, "row coordinate"]


def _close(
    bounds: PositionBounds, histories: Histories, reached: _Reached, report: Callable[[Round], None]
) -> SlopedBoxes | None:
    most_pieces = MOST_TRANSITIONS // bounds.machine.num_symbols
    num_numbers = histories.num * (len(bounds.recurrent) ** 2 + bounds.machine.num_symbols)
    if histories.num > most_pieces or num_numbers > MOST_NUMBERS:
        return None
    sets = _around(histories, reached)
    largest_width = LARGEST_GROWTH * sets.width
    for number in range(1, MAX_ROUNDS + 1):
        sets = _cut(_inflated(sets))
        num_pieces = int(sets.num_pieces.sum())
        has_grown = number > 1 and sets.width > largest_width
        if num_pieces > most_pieces or has_grown:
            return None
        following, margin = bounds.advance(sets, histories)
        room = sets.radii * SLACK + SLACK_CONSTANT
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


def _reached(bounds: PositionBounds, histories: Histories, random: np.random.Generator) -> _Reached:
    hidden = np.zeros((NUM_WORDS, len(bounds.recurrent)))
    history = np.zeros(NUM_WORDS, dtype=np.int64)
    found = np.empty((WORD_LENGTH, NUM_WORDS), dtype=np.int64)
    coordinates = np.empty((*found.shape, 1 + hidden.shape[1]))
    for position, symbols in enumerate(_words(bounds.machine, random)):
        hidden = np.tanh(bounds.inputs[symbols] + hidden @ bounds.recurrent.T)
        history = histories.following[history, symbols]
        found[position], coordinates[position] = history, bounds.coordinates(hidden)
    return _Reached(found.ravel(), coordinates.reshape(found.size, -1))


def _words(machine: Machine, random: np.random.Generator) -> Integer[np.ndarray, "position word"]:
    """Words with a share, other from word to word, of symbols that do not reset the machine."""
    symbols = random.integers(0, machine.num_symbols, (WORD_LENGTH, NUM_WORDS))
    keeping = ResetFreeRuns.of(machine).keeping
    if not len(keeping):
        return symbols
    share = 1.3 * random.random(NUM_WORDS)
    return np.where(random.random(symbols.shape) < share, random.choice(keeping, symbols.shape), symbols)


def _groups(bounds: PositionBounds, histories: Histories, reached: _Reached) -> dict[Reading, int]:
    """A number for each reading, equal where they lead to one machine state and to near preactivations."""
    counts = np.bincount(reached.history, minlength=histories.num)
    sums = np.zeros((histories.num, reached.coordinates.shape[1]))
    np.add.at(sums, reached.history, reached.coordinates)
    met = np.flatnonzero(counts)
    means = sums[met] / counts[met, None]
    found: dict[Reading, int] = {}
    for state in bounds.machine.reachable_states():
        own = histories.state[met] == state
        num_groups = min(NUM_GROUPS, len(np.unique(means[own], axis=0)))
        if not num_groups:
            continue
        with catch_warnings(category=UserWarning, action="ignore"):  # of groups that are left empty
            labels = kmeans2(means[own], num_groups, minit="++", seed=0)[1]
        for history, label in zip(met[own], labels, strict=True):
            reading = histories.last[history]
            assert reading is not None  # no word leads to history 0
            found[reading] = int(label)
    return found


def _around(histories: Histories, reached: _Reached) -> SlopedBoxes:
    """The smallest sets around what is reached, sloped as the states of each set lie."""
    num_coordinates = reached.coordinates.shape[1]
    low, high = np.full((2, histories.num, num_coordinates), np.inf)
    high, slopes = -high, np.zeros((histories.num, num_coordinates - 1))
    low[0] = high[0] = 0
    order = np.argsort(reached.history, kind="stable")
    starts = np.searchsorted(reached.history[order], np.arange(histories.num + 1))
    families: dict[Reading | None, list[int]] = {}
    for history, reading in enumerate(histories.last):
        families.setdefault(reading, []).append(history)
    for family in (members for reading, members in families.items() if reading is not None):
        rows = {k: order[starts[k] : starts[k + 1]] for k in family}
        every = reached.coordinates[np.concatenate([*rows.values()])]
        if not len(every):
            continue
        variance, covariance = _moments(every)
        slopes[family] = shared = covariance / max(variance, 1e-30)
        for history, own in rows.items():
            if not len(own):
                continue
            states = reached.coordinates[own]
            # A set of few or close states leans on its family: the mean of both, weighed by variance.
            its_variance, its_covariance = _moments(states)
            weight = max(its_variance + variance / 2, 1e-30)
            slopes[history] = (its_covariance + shared * variance / 2) / weight
            states[:, 1:] -= states[:, :1] * slopes[history]
            low[history], high[history] = states.min(0), states.max(0)
    return SlopedBoxes(low, high, slopes, np.ones(histories.num, dtype=np.int64))


def _moments(
    values: Float[np.ndarray, "state coordinate"],
) -> tuple[float, Float[np.ndarray, " hidden"]]:
    """The variance of the first coordinate, and its covariance with each other."""
    from_mean = values - values.mean(0)
    covariance = from_mean[:, 0] @ from_mean / len(values)
    return float(covariance[0]), covariance[1:]


def _inflated(sets: SlopedBoxes) -> SlopedBoxes:
    by = sets.radii * INFLATION + INFLATION_CONSTANT
    by[0] = 0  # the zero state is known
    return replace(sets, low=sets.low - by, high=sets.high + by)


def _cut(sets: SlopedBoxes) -> SlopedBoxes:
    changes = 2 * sets.radii[:, 0] * np.abs(sets.slopes).max(1)
    return replace(sets, num_pieces=np.maximum(1, np.ceil(changes / FINENESS)).astype(np.int64))
