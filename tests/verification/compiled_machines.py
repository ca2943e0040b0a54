"""Networks that do a machine's work by construction, so that what they answer is known beforehand.

Every pair of a machine state and a symbol has a unit. It is on, +1, at a position where the machine is in
that state and reads that symbol, and off, -1, at all others. One more unit, `started`, is on from the first
position on. So (unit + started) / 2 is an indicator: 0 in the zero state, and 0 or 1 after any position.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.networks.initial_values import Weights

SHARPNESS = 8.0
"""The size of every preactivation: tanh(8) is 1 - 2.3e-7."""
READOUT = 8.0
"""The right logit minus each other."""
SHUT = 25.0
"""A gate's preactivation where it is open, and minus it where it is shut."""
TOLERANCE = 0.05
"""How far boxes reach beyond the construction's own states; positions bring back all but a thousandth."""
CELL_TOLERANCE = 0.01

Invariant = dict[str, list[dict[str, dict[str, list[float]]]]]
"""The sets of a certificate: a list of layers by machine state, each with its boxes."""


@dataclass(frozen=True)
class Compiled:
    """A one-layer network that does the machine's work, and the size of its units when they are on."""

    task: Task
    cell: str
    weights: Weights
    unit_size: float


def compile_machine(task: Task, cell: str = "rnn") -> Compiled:
    """The network of the task's machine.

    GRU and LSTM do as the plain cell does: their gates stand open or shut by their biases.
    """
    machine, unit_size = task.machine, float(np.tanh(SHARPNESS))
    if cell == "lstm":  # sigmoid(25) tanh(sigmoid(25) tanh(8))
        unit_size = float(np.tanh(unit_size))
    num_pairs = machine.num_states * machine.num_symbols
    states, symbols = np.divmod(np.arange(num_pairs), machine.num_symbols)
    reached, answered = machine.next_state.ravel(), machine.output.ravel()
    hidden = num_pairs + 1

    from_input = np.zeros((hidden, task.num_operands, task.base))
    for operand, digits in enumerate(task.digits_of(symbols).T):
        from_input[np.arange(num_pairs), operand, digits] = 2 * SHARPNESS
    from_hidden = np.zeros((hidden, hidden))
    from_hidden[:num_pairs, :num_pairs] = SHARPNESS * (reached == states[:, None])
    from_hidden[:, -1] = from_hidden.sum(axis=1)
    from_hidden[:num_pairs, -1] -= 2 * SHARPNESS * (states == 0)  # state 0 until something has started
    bias = np.append(2 * SHARPNESS * ((states == 0) - task.num_operands - 0.5), SHARPNESS)
    readout = np.zeros((task.num_outputs, hidden))
    readout[answered, np.arange(num_pairs)] = READOUT / 2
    readout[:, -1] = readout.sum(axis=1)

    weights = {
        "embed_layer.weight": np.eye(task.base),
        "rnn.weight_ih_l0": from_input.reshape(hidden, -1),
        "rnn.weight_hh_l0": from_hidden / unit_size,
        "rnn.bias_ih_l0": bias,
        "rnn.bias_hh_l0": np.zeros(hidden),
        "dense.weight": readout / unit_size,
        "dense.bias": np.zeros(task.num_outputs),
    }
    return Compiled(task, cell, in_float32(_gated(weights, cell)), unit_size)


def in_float32(weights: Mapping[str, np.ndarray]) -> Weights:
    """The parameters as engines take them."""
    return {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in weights.items()}


def _gated(weights: dict[str, np.ndarray], cell: str) -> dict[str, np.ndarray]:
    """The same for a cell with gates, whose biases alone set them."""
    gates = {"rnn": [None], "gru": [SHUT, -SHUT, None], "lstm": [SHUT, -SHUT, None, SHUT]}[cell]
    wide = dict(weights)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        own = weights[f"rnn.{name}_l0"]
        blocks = [own if gate is None else np.full_like(own, gate * (name == "bias_ih")) for gate in gates]
        wide[f"rnn.{name}_l0"] = np.concatenate(blocks)
    return wide


def invariant_of(compiled: Compiled, machine: Machine | None = None) -> Invariant:
    """The sets that the construction gives: around the states that each machine state can be entered in.

    Args:
        machine: what to sort the states by; the compiled one unless given. It must follow from it.
    """
    own = compiled.task.machine
    entered = pairs_by_state(own, machine or own)
    num_pairs = own.num_states * own.num_symbols
    from_hidden = compiled.weights["rnn.weight_hh_l0"].astype(np.float64)
    invariant = {}
    for state, pairs in entered.items():
        hidden = -np.ones((len(pairs), num_pairs + 1))
        hidden[np.arange(len(pairs)), pairs] = 1
        hidden[:, -1] = 1
        if state == 0:
            hidden = np.concatenate([hidden, np.zeros((1, num_pairs + 1))])
        boxes = {"preactivation": _around(compiled.unit_size * hidden @ from_hidden.T, TOLERANCE)}
        if compiled.cell == "gru":
            boxes["hidden"] = _around(compiled.unit_size * hidden, CELL_TOLERANCE)
        if compiled.cell == "lstm":
            boxes["memory"] = _around(hidden, CELL_TOLERANCE)
        invariant[str(state)] = [boxes]
    return invariant


def pairs_by_state(own: Machine, other: Machine) -> dict[int, list[int]]:
    """For each state of `other` the pairs of `own` on the way into it, numbered as the units are."""
    entered: dict[int, set[int]] = {0: set()}
    met = [(0, 0)]
    for here, there in met:
        for symbol in range(own.num_symbols):
            after = (int(own.next_state[here, symbol]), int(other.next_state[there, symbol]))
            entered.setdefault(after[1], set()).add(here * own.num_symbols + symbol)
            if after not in met:
                met.append(after)
    return {state: sorted(pairs) for state, pairs in entered.items()}


def _around(points: np.ndarray, distance: float) -> dict[str, list[float]]:
    return {
        "low": (points.min(axis=0) - distance).tolist(),
        "high": (points.max(axis=0) + distance).tolist(),
    }
