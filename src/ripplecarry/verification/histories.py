"""Histories: a finer machine, whose states tell what was read last as far as sets keep it apart."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.axes import Integer

Reading = tuple[int, int]
"""A machine state, and the symbol that is read in it."""


@dataclass(frozen=True)
class Histories:
    """History 0 is that of nothing read."""

    state: Integer[np.ndarray, " history"]
    """The task's machine's state after each."""
    following: Integer[np.ndarray, "history symbol"]
    last: tuple[Reading | None, ...]
    """The last reading of each; None for history 0."""

    @property
    def num(self) -> int:
        return len(self.state)

    @classmethod
    def of(
        cls,
        machine: Machine,
        kept_longer: Integer[np.ndarray, " symbol"],
        groups: Mapping[Reading, int],
    ) -> "Histories":
        """Histories of the last reading; after some symbols also of the group of the reading before.

        Args:
            kept_longer: the symbols after which the reading before is remembered.
        """
        longer = set(kept_longer.tolist())
        found: dict[tuple[Reading, int | None] | None, int] = {None: 0}
        states, following = [0], []
        readings: list[Reading | None] = [None]
        for number in (waiting := [0]):
            before, row = readings[number], []
            group = -1 if before is None else groups.get(before, -1)
            for symbol in range(machine.num_symbols):
                reading = states[number], symbol
                after = reading, group if symbol in longer else None
                if after not in found:
                    found[after] = len(waiting)
                    waiting.append(len(waiting))
                    states.append(int(machine.next_state[reading]))
                    readings.append(reading)
                row.append(found[after])
            following.append(row)
        return cls(np.array(states), np.array(following), tuple(readings))
