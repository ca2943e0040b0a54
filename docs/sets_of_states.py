"""What sets of states do over positions: their shadows on a plane, and how wide they become."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy.optimize import linprog

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.reset_free_runs import ResetFreeRuns
from ripplecarry.runs.run import Run
from ripplecarry.verification.certify import hulls
from ripplecarry.verification.enclosures import Box, LayerSet, Transitions, enclose_step, successors
from ripplecarry.verification.histories import Histories
from ripplecarry.verification.preactivations import EnteringStates, PreactivationNetwork
from ripplecarry.verification.rounding import ROUNDING
from ripplecarry.verification.sloped_boxes import PositionBounds, SlopedBoxes

NUM_WORDS, WORD_LENGTH = 1500, 30
NUM_PIECES = 4
"""Into which a sloped box is cut while a symbol is repeated."""


class WatchedBounds(PositionBounds):
    """Bounds that keep the sets of every round of a search."""

    def __init__(self, run: Run) -> None:
        task = run.task
        super().__init__(run.weights, task.machine, task.base, task.num_operands)
        self.tried: list[tuple[SlopedBoxes, Histories]] = []

    def advance(self, sets: SlopedBoxes, histories: Histories) -> tuple[SlopedBoxes, float]:
        """As it is, and remembered."""
        self.tried.append((sets, histories))
        return super().advance(sets, histories)


@dataclass(frozen=True)
class Visited:
    """What random words lead to, and the symbol read last; the axes are position, word and unit."""

    history: np.ndarray
    symbol: np.ndarray
    preactivations: np.ndarray


def visit(bounds: PositionBounds, following: np.ndarray) -> Visited:
    """The states of random words, in which a share that differs from word to word passes a carry on.

    Args:
        following: the next states of the machine, or of a finer one.
    """
    random, keeping = np.random.default_rng(0), ResetFreeRuns.of(bounds.machine).keeping
    symbols = random.integers(0, bounds.machine.num_symbols, (WORD_LENGTH, NUM_WORDS))
    passes_on = random.random(symbols.shape) < random.random(NUM_WORDS) ** 2
    symbols = np.where(passes_on, random.choice(keeping, symbols.shape), symbols)
    before, history = np.zeros((NUM_WORDS, len(bounds.recurrent))), np.zeros(NUM_WORDS, dtype=np.int64)
    histories, preactivations = [], []
    for each in symbols:
        before = np.tanh(bounds.inputs[each] + before) @ bounds.recurrent.T
        history = following[history, each]
        histories.append(history)
        preactivations.append(before)
    return Visited(np.array(histories), symbols, np.array(preactivations))


def plane(bounds: PositionBounds, direction: np.ndarray) -> np.ndarray:
    """The first two left singular vectors of W_hh; along the first, preactivations are y = direction h."""
    left, _, right = np.linalg.svd(bounds.recurrent)
    return left.T[:2] * [[np.sign(right[0] @ direction)], [1]]


def shadow(history: Mapping[str, Any], axes: np.ndarray) -> list[tuple[float, float]]:
    """The corners of a certificate's sloped box on this plane, without the condition |h| <= 1.

    The first axis gives y, and so it gives 0 of what is left of preactivations less slopes y. Hence the
    shadow is that of the line, moved up and down as far as the second axis reaches on what is left.
    """
    box = np.column_stack([history["low"], history["high"]])
    low, high = (
        sign * linprog(sign * axes[1], A_eq=axes[:1], b_eq=[0], bounds=box).fun for sign in (1, -1)
    )
    slope, (first, last) = float(axes[1] @ np.array(history["slopes"])), history["along"]
    corners = (first, low), (last, low), (last, high), (first, high)
    return [(y, slope * y + end) for y, end in corners]


def _torch_network(run: Run) -> PreactivationNetwork:
    parameters = {name: torch.from_numpy(array) for name, array in run.weights.items()}
    return PreactivationNetwork.of("rnn", parameters, torch.float64)


def mean_width(sets: SlopedBoxes) -> float:
    """The mean width of preactivations, over all sets but that of the zero state."""
    radii = np.abs(sets.slopes) * sets.radii[:, :1] + sets.radii[:, 1:]
    return 2 * float(radii[sets.radii[:, 0] > 0].mean())


def plain_widths(run: Run, bounds: PositionBounds, machine: Machine, num_rounds: int) -> list[float]:
    """The mean widths of a plain box for each state of a machine, each round replaced by their images."""
    visited, transitions = visit(bounds, machine.next_state), Transitions.of(machine)
    states = EnteringStates(torch.from_numpy(visited.preactivations), None)
    sets, widths = hulls([states], torch.from_numpy(visited.history), transitions), []
    for _ in range(num_rounds):
        radii = sets[0].preactivation.radius
        widths.append(2 * float(radii[radii.amax(1) > 0].mean()))
        enclosed = enclose_step(_torch_network(run), sets, transitions, ROUNDING)
        sets = successors(enclosed.next_sets, transitions)
    return widths


def repeated_widths(
    run: Run, bounds: PositionBounds, sets: SlopedBoxes, histories: Histories, symbol: int, num_repeats: int
) -> np.ndarray:
    """Mean widths as a symbol is repeated without a carry.

    Returns: a row each for a plain box, a sloped box and the states themselves.
    """
    visited = visit(bounds, histories.following)
    own = int(histories.following[histories.following[0, symbol], symbol])
    states = visited.preactivations[visited.history == own]
    slopes, y = sets.slopes[own], states @ plane(bounds, bounds.direction)[0]
    around = np.column_stack([y, states - y[:, None] * slopes])
    box = SlopedBoxes(around.min(0)[None], around.max(0)[None], slopes[None], np.array([NUM_PIECES]))
    plain = [LayerSet(Box.between(*(torch.from_numpy(f(states, 0))[None] for f in (np.min, np.max))), None)]
    here = torch.zeros(1, dtype=torch.int64)
    loop, network, widths = Transitions(here, here + symbol, here, here, 1), _torch_network(run), []
    for _ in range(num_repeats + 1):
        plain_width = 2 * float(plain[0].preactivation.radius.mean())
        widths.append((plain_width, mean_width(box), float(np.ptp(states, axis=0).mean())))
        plain = enclose_step(network, plain, loop, ROUNDING).next_sets
        low, high, _ = bounds.images(box.pieces(0), 0, np.tile(slopes, (len(bounds.inputs), 1)))
        box = replace(box, low=low[:, symbol].min(0)[None], high=high[:, symbol].max(0)[None])
        states = np.tanh(bounds.inputs[symbol] + states) @ bounds.recurrent.T
    return np.array(widths).T
