"""A task's reference: a finite-state machine; for addition its state is the carry."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ripplecarry.axes import Int, Integer, UInt8
from ripplecarry.errors import ConfigurationError
from ripplecarry.values import shown


@dataclass(frozen=True, eq=False)
class Machine:
    """A Mealy machine that reads one symbol per position; state 0 is the initial state.

    `next_state` and `output` have the axes (state, symbol).
    """

    next_state: Int[np.ndarray, "state symbol"]
    output: UInt8[np.ndarray, "state symbol"]

    @classmethod
    def from_tables(cls, next_state: Sequence[Sequence[int]], output: Sequence[Sequence[int]]) -> "Machine":
        """A validated machine from two tables: one row per state, one column per symbol.

        Raises:
            ConfigurationError: tables of different or ragged shape, an unknown state, or an output
                outside 0 to 255.
        """
        if len(next_state) != len(output):
            raise ConfigurationError(
                f"next_state has {len(next_state)} rows, output {len(output)}; each has one row per state"
            )
        width = max((len(row) for row in [*next_state, *output]), default=0)
        for name, table in (("next_state", next_state), ("output", output)):
            for number, row in enumerate(table):
                if len(row) != width:
                    entries = "1 entry" if len(row) == 1 else f"{len(row)} entries"
                    raise ConfigurationError(
                        f"{name} has {entries} in row {number}; the longest row has {width}, and each "
                        "needs one per symbol"
                    )
        states, outputs = np.array(next_state), np.array(output)
        if states.size == 0:
            raise ConfigurationError("a machine needs at least one state and one symbol")
        if not (states.min() >= 0 and states.max() < len(states)):
            bad = int(states.min() if states.min() < 0 else states.max())
            raise ConfigurationError(f"next state {shown(bad)} is not one of 0 to {len(states) - 1}")
        if not (outputs.min() >= 0 and outputs.max() <= 255):
            raise ConfigurationError("a machine's outputs must be from 0 to 255")
        return cls(states.astype(np.int64), outputs.astype(np.uint8))

    @property
    def num_states(self) -> int:
        return self.next_state.shape[0]

    @property
    def num_symbols(self) -> int:
        return self.next_state.shape[1]

    @property
    def num_outputs(self) -> int:
        return int(self.output.max()) + 1

    def reachable_states(self) -> list[int]:
        """The states that some input leads to from the initial one, which is the first."""
        found = {0: None}
        waiting = [0]
        for state in waiting:
            new = [n for n in dict.fromkeys(self.next_state[state].tolist()) if n not in found]
            found |= dict.fromkeys(new)
            waiting += new
        return waiting

    def state_pairs(self, other: "Machine") -> list[tuple[int, int]]:
        """The pairs of states to which one input takes this machine and another of the same symbols."""
        waiting, found = [(0, 0)], {(0, 0)}
        for mine, its in waiting:
            following = zip(self.next_state[mine].tolist(), other.next_state[its].tolist(), strict=True)
            new = [pair for pair in dict.fromkeys(following) if pair not in found]
            found.update(new)
            waiting += new
        return waiting

    def run(
        self, symbols: Integer[np.ndarray, "batch position"], first: Int[np.ndarray, " batch"] | int = 0
    ) -> tuple[UInt8[np.ndarray, "batch position"], Int[np.ndarray, "batch position_and_end"]]:
        """The outputs, and the state that enters each position, followed by the final state.

        Args:
            first: the state that enters the first position.
        """
        batch, num_positions = symbols.shape
        by_position = np.ascontiguousarray(symbols.T, dtype=np.int64)
        # Rows of both tables start at state * num_symbols; with the state stored in that form a
        # position takes two gathers and an addition.
        row_of_next = (self.next_state * self.num_symbols).ravel()
        output = self.output.ravel()
        rows = np.zeros((num_positions + 1, batch), dtype=np.int64)
        rows[0] = first * self.num_symbols
        outputs = np.empty((num_positions, batch), dtype=np.uint8)
        for position in range(num_positions):
            entry = rows[position] + by_position[position]
            outputs[position] = output[entry]
            rows[position + 1] = row_of_next[entry]
        return np.ascontiguousarray(outputs.T), (rows // self.num_symbols).T
