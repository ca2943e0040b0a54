"""Operands that lead a network towards the ends of its boxes, and to its smallest margins."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from float64_model import Entering, Model, margins

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.verification.certificate_file import BOXES

TURN = 8
"""Positions for which a row goes for the same end."""
SHARE_OF_MARGINS, SHARE_OF_CHANCE = 0.2, 0.2
"""How many rows go for small margins in a turn, and how many take symbols by chance."""


class Ends:
    """The boxes of a one-layer network's certificate by part, a row a machine state."""

    def __init__(self, invariant: Mapping[str, Any], cell: str) -> None:
        names = BOXES[cell]
        sets = [invariant[str(state)][0] for state in range(len(invariant))]
        self.low, self.high = (
            [np.array([each[name][end] for each in sets]) for name in names] for end in ("low", "high")
        )


def adversarial_symbols(
    model: Model, machine: Machine, ends: Ends, rows: int, positions: int
) -> np.ndarray:
    """Symbols by row and position.

    At each position a model in float64 tries every symbol in every row, and the one is taken whose next
    state lies nearest to an end of a box that the row goes for, or whose answer has the smallest margin.
    """
    generator = np.random.default_rng(0)
    low, high = (np.concatenate(each, axis=1) for each in (ends.low, ends.high))
    every = np.arange(rows)
    states, entering = np.zeros(rows, dtype=np.int64), model.start(rows)
    chosen = np.zeros((rows, positions), dtype=np.int64)
    for position in range(positions):
        if position % TURN == 0:
            aim, unit = generator.random(rows), generator.integers(0, low.shape[1], rows)
            is_high = generator.random(rows) < 0.5
        logits, after = model.successors(entering)
        smallest = margins(logits, machine.output[states].ravel()).reshape(rows, -1)
        reached = machine.next_state[states]
        parts = [part for part in after[0] if part.shape[1]]
        values = np.concatenate(parts[: len(ends.low)], axis=1).reshape(rows, machine.num_symbols, -1)
        values = np.take_along_axis(values, unit[:, None, None], axis=2)[:, :, 0]
        bottom, top = low[reached, unit[:, None]], high[reached, unit[:, None]]
        distance = np.where(is_high[:, None], top - values, values - bottom) / (top - bottom)
        symbols = np.where(aim[:, None] < SHARE_OF_MARGINS, smallest, distance).argmin(axis=1)
        by_chance = aim > 1 - SHARE_OF_CHANCE
        symbols[by_chance] = generator.integers(0, machine.num_symbols, int(by_chance.sum()))
        chosen[:, position] = symbols
        taken = every * machine.num_symbols + symbols
        entering = [Entering(*(part[taken] for part in each)) for each in after]
        states = reached[every, symbols]
    return chosen
