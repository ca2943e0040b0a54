"""Histories: a finer machine, whose states tell what was read last as far as sets keep it apart."""

from dataclasses import dataclass

import numpy as np

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.axes import Integer


@dataclass(frozen=True)
class Histories:
    """History 0 is that of nothing read."""

    state: Integer[np.ndarray, " history"]
    """The task's machine's state after each."""
    following: Integer[np.ndarray, "history symbol"]
    family: Integer[np.ndarray, " history"]
    """Equal where the last symbol and the state before it are."""

    @property
    def num(self) -> int:
        return len(self.state)


def histories_of(machine: Machine, kept_longer: Integer[np.ndarray, " symbol"]) -> Histories:
    """The state before the last symbol and that symbol; after some symbols also the same of the one before.

    Args:
        kept_longer: the symbols after which two positions are remembered.
    """
    longer = set(kept_longer.tolist())
    start: tuple[int, ...] = ()
    found: dict[tuple[int, ...], int] = {start: 0}
    states, families, following = [0], [start], []
    for history in (waiting := [start]):
        state, row = states[found[history]], []
        for symbol in range(machine.num_symbols):
            family = (state, symbol)
            after = (*family, *families[found[history]]) if symbol in longer else family
            if after not in found:
                found[after] = len(waiting)
                waiting.append(after)
                states.append(int(machine.next_state[state, symbol]))
                families.append(family)
            row.append(found[after])
        following.append(row)
    number = {family: k for k, family in enumerate(dict.fromkeys(families))}
    return Histories(
        np.array(states), np.array(following), np.array([number[family] for family in families])
    )
