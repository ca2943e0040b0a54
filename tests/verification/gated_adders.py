"""Two-layer networks that keep the carry in one gated unit, well or badly. Base 2.

The first layer has a unit for each pair of digits. In the second one a unit keeps the carry, and one unit
for each carry with each pair answers. Gates follow tables by pair, which only a second layer can do.
"""

from dataclasses import dataclass

import numpy as np
from compiled_machines import READOUT, SHARPNESS, SHUT, in_float32

from ripplecarry.networks.initial_values import Weights

PAIRS = ((0, 0), (1, 0), (0, 1), (1, 1))
HIDDEN = 2 * len(PAIRS) + 1
MEMORY = HIDDEN - 1
GATES = {"gru": ("reset", "update", "new"), "lstm": ("input", "forget", "new", "output")}


@dataclass(frozen=True)
class Memory:
    """How the carry is kept: each gate's preactivation where no carry arises, where it is passed on, and
    where it is generated."""

    gates: dict[str, tuple[float, float, float]]
    size: float = 1.0
    """The hidden state that stands for a carry; without one it is 0."""
    hidden_bias: float = 0.0
    """What the reset gate lets through into GRU's new value."""


def lstm_memory(keep: float) -> Memory:
    """Carries count up in the cell state, which passing on multiplies by sigmoid(keep)."""
    gates = {
        "input": (-SHUT, -SHUT, SHUT),
        "forget": (-SHUT, keep, SHUT),
        "new": (SHUT,) * 3,
        "output": (SHUT,) * 3,
    }
    return Memory(gates, float(np.tanh(1)))


def gru_memory(keep: float) -> Memory:
    """Passing on mixes the carry with 0, of which it takes 1 - sigmoid(keep)."""
    return Memory({"reset": (SHUT,) * 3, "update": (-SHUT, keep, -SHUT), "new": (0.0, 0.0, SHUT)})


def faint_gru_memory(size: float) -> Memory:
    """A carry of this size, passed on beside a new value of 0.46, of which real arithmetic takes 1e-17."""
    gates = {"reset": (-60.0, 60.0, -60.0), "update": (-SHUT, 40.0, -SHUT), "new": (0.0, 0.0, size)}
    return Memory(gates, size, hidden_bias=0.5)


def gated_adder(cell: str, memory: Memory) -> Weights:
    """The network of addition with this memory."""
    unit_size = float(np.tanh(SHARPNESS))
    if cell == "lstm":
        unit_size = float(np.tanh(unit_size))
    gates = GATES[cell]
    standing = {"reset": SHUT, "update": -SHUT, "input": SHUT, "forget": -SHUT, "output": SHUT, "new": 0.0}
    shape = (2, len(gates), HIDDEN)
    from_input = [np.zeros((len(gates), HIDDEN, width)) for width in (4, HIDDEN)]
    from_hidden, bias, hidden_bias = np.zeros((*shape, HIDDEN)), np.zeros(shape), np.zeros(shape)
    for gate, name in enumerate(gates):
        bias[:, gate] = standing[name]
        table = [memory.gates[name][a + b] for a, b in PAIRS]
        from_input[1][gate, MEMORY, : len(PAIRS)] = np.array(table) / (2 * unit_size)
        bias[1, gate, MEMORY] = sum(table) / 2
    new = gates.index("new")
    hidden_bias[1, new, MEMORY] = memory.hidden_bias
    for pair, (a, b) in enumerate(PAIRS):
        from_input[0][new, pair, [a, 2 + b]] = 2 * SHARPNESS
        bias[0, new, pair] = -3 * SHARPNESS
        for carry in range(2):
            unit, sign = len(PAIRS) * carry + pair, 2 * carry - 1
            from_input[1][new, unit, pair] = SHARPNESS / unit_size
            from_hidden[1, new, unit, MEMORY] = 2 * SHARPNESS * sign / memory.size
            bias[1, new, unit] = -SHARPNESS * (1 + sign)
    readout = np.zeros((2, HIDDEN))
    for carry in range(2):
        for pair, (a, b) in enumerate(PAIRS):
            readout[(a + b + carry) % 2, len(PAIRS) * carry + pair] = READOUT / 2 / unit_size
    weights = {"embed_layer.weight": np.eye(2), "dense.weight": readout, "dense.bias": np.zeros(2)}
    for layer in range(2):
        weights |= {
            f"rnn.weight_ih_l{layer}": from_input[layer].reshape(len(gates) * HIDDEN, -1),
            f"rnn.weight_hh_l{layer}": from_hidden[layer].reshape(len(gates) * HIDDEN, HIDDEN),
            f"rnn.bias_ih_l{layer}": bias[layer].ravel(),
            f"rnn.bias_hh_l{layer}": hidden_bias[layer].ravel(),
        }
    return in_float32(weights)
