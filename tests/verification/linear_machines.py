"""Linear recurrences built by hand: what has a proof, what is wrong, and what is right without one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from checkers import certificate_of
from compiled_machines import in_float32

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.networks.initial_values import Weights

FLIP_FLOP, PARITY = {"task": "flip_flop"}, {"task": "parity"}
SYMBOLS = {"flip_flop": 5, "parity": 2}
KEEPING, SET_0, SET_1, READ = (0, 1, 4), 2, 3, 4
OPEN = 25.0
Gate = Mapping[int, float]
"""The sum of a gate by symbol."""


@dataclass(frozen=True)
class Built:
    """A network of two units: the first keeps a bit, the second says how to answer."""

    cell: str
    settings: dict[str, str]
    gates: tuple[Gate, ...]
    """Of the first unit, which is 1 for a bit of 1 and at most 0 for one of 0."""
    witness: tuple[int, ...] = ()
    """Symbols of which the last is answered wrongly; none where none is known."""
    boxes: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: {"0": (-1.1, 0.1), "1": (0.9, 1.1)}
    )
    """The bit's intervals by machine state."""

    @property
    def weights(self) -> Weights:
        num_symbols, num_gates = SYMBOLS[self.settings["task"]], len(self.gates)
        from_input = np.zeros((num_gates, 2, num_symbols))
        for gate, sums in enumerate(self.gates):
            from_input[gate, 0, list(sums)] = list(sums.values())
        asked = [float(num_symbols == 2 or s == READ) for s in range(num_symbols)]
        from_input[:, 1] = [[OPEN] * num_symbols, asked] if num_gates == 2 else 0
        if num_gates == 3:  # no eigenvalue, the answer's kind, and a gate of 1 where silu is 2
            from_input[0, 1] = 0 if self.cell == "diagonal_signed" else -2 * OPEN
            from_input[1, 1], from_input[2, 1] = asked, 1.0
        num_outputs = TaskChoice.build(self.settings).build_task().num_outputs
        readout, bias = np.zeros((num_outputs, 2)), np.full(num_outputs, -50.0)
        size = 4 if num_gates == 2 else 4 / (1 / (1 + np.exp(-1.0)))
        readout[0, 0], readout[1, 0], bias[0], bias[1] = -size, size, 2, -2
        if num_symbols > 2:
            readout[2, 1], bias[2] = -5 * size, 10
        return in_float32(
            {
                "embed_layer.weight": np.eye(num_symbols),
                "rnn.weight_ih_l0": from_input.reshape(2 * num_gates, num_symbols),
                "rnn.bias_ih_l0": np.zeros(2 * num_gates),
                "dense.weight": readout,
                "dense.bias": bias,
            }
        )

    def certificate(self, boxes: Mapping[str, tuple[float, float]] | None = None) -> dict[str, Any]:
        """What claims that the bit stays in these intervals, by default its own."""
        name = "hidden" if self.cell == "mingru" else "memory"
        invariant = {
            state: [{name: {"low": [low, -0.1], "high": [high, 1.1]}}]
            for state, (low, high) in (boxes or self.boxes).items()
        }
        return certificate_of(self.settings, self.cell, self.weights, invariant, margin=-1e300)


def mingru(keep: float, new: float = 0.0, **changes: Any) -> Built:
    """Flip-flop; what is kept has an update gate of this sum, and this new value."""
    gates = (dict.fromkeys(KEEPING, keep) | {SET_0: OPEN, SET_1: OPEN}, dict.fromkeys(KEEPING, new))
    gates[1].update({SET_0: -1.0, SET_1: 1.0})
    return Built("mingru", FLIP_FLOP, gates, **changes)


def diagonal(cell: str, keep: float, **changes: Any) -> Built:
    """Flip-flop; what is kept has an eigenvalue of this sum."""
    forget = 0.0 if cell == "diagonal_signed" else -2 * OPEN
    gates = (
        dict.fromkeys(KEEPING, keep) | {SET_0: forget, SET_1: forget},
        {SET_0: -1.0, SET_1: 1.0},
        dict.fromkeys(range(5), 1.0),
    )
    return Built(cell, FLIP_FLOP, gates, **changes)


PROVED = {
    "latch": mingru(-OPEN),
    "latch, a new value of 50": mingru(-OPEN, 50.0),
    "latch, as far open as may be": mingru(-20.5),
}
SETTING = (SET_1, *(0,) * 600, READ)
WRONG = {
    "leaking minGRU": mingru(-5.0, witness=SETTING),
    "minGRU that takes in what is large": mingru(-OPEN, -1e9, witness=SETTING),
    "leaking diagonal": diagonal("diagonal", 6.0, witness=SETTING),
    "leaking signed diagonal": diagonal("diagonal_signed", 6.0, witness=SETTING),
    "growing diagonal": Built(
        "diagonal",
        FLIP_FLOP,
        (
            dict.fromkeys(KEEPING, 40.0) | {SET_0: -50.0, SET_1: -50.0},
            dict.fromkeys(KEEPING, 0.01) | {SET_0: -1.0, SET_1: 1.0},
            dict.fromkeys(range(5), 1.0),
        ),
        witness=(SET_0, *(0,) * 600, READ),
    ),
}
UNPROVED = {
    "minGRU that nearly latches": mingru(-17.0),
    "minGRU with an end at zero": mingru(-OPEN, boxes={"0": (-1.1, 0.0), "1": (0.9, 1.1)}),
    "latched diagonal": diagonal("diagonal", 40.0),
    "latched signed diagonal": diagonal("diagonal_signed", 40.0),
    "parity": Built("diagonal_signed", PARITY, ({0: 40.0, 1: -80.0}, {1: 1.0}, {0: 1.0, 1: 1.0})),
}
"""Right in float32, where a gate is exactly 1; R3 leaves it 2^-20 of doubt, or an end is not safe."""


class TwoLayers(Built):
    """Minimal GRUs, one on the other: the upper one latches the bit that was last asked for.

    Its update gate is the lower layer's second unit, so that rounding below reaches the latch above.
    """

    @property
    def weights(self) -> Weights:
        upper = {
            "rnn.weight_ih_l1": np.array([[0, 2 * OPEN], [0, 0], [1, 0], [0, 1]]),
            "rnn.bias_ih_l1": np.array([-OPEN, OPEN, 0, 0]),
        }
        return super().weights | in_float32(upper)

    def certificate(self, boxes: Mapping[str, tuple[float, float]] | None = None) -> dict[str, Any]:
        """The upper layer's bit is any, whatever the machine's state."""
        content = super().certificate(boxes)
        for layers in content["invariant"].values():
            layers.append({"hidden": {"low": [-1.2, -0.2], "high": [1.2, 1.2]}})
        return content


PROVED["two layers"] = TwoLayers("mingru", FLIP_FLOP, PROVED["latch"].gates)
