"""A linear probe: how well a task's machine state can be read from a network's hidden state."""

from dataclasses import dataclass

import numpy as np
import torch

from ripplecarry.axes import Float, Float32, Int, UInt8
from ripplecarry.engines.reference import one_thread
from ripplecarry.networks.adder import Adder

RIDGE = 1e-4
"""Times the number of samples; large enough that correlated units cost no precision."""


@dataclass(frozen=True, eq=False)
class Probe:
    """A linear map from the hidden units of all layers to a score for each machine state.

    The state with the largest score is the one read.
    """

    weight: Float32[np.ndarray, "state unit"]
    bias: Float32[np.ndarray, " state"]

    def read(self, hidden: Float[np.ndarray, "sample unit"]) -> Int[np.ndarray, " sample"]:
        """The machine state read from each hidden state."""
        return (hidden @ self.weight.T + self.bias).argmax(axis=1)

    def accuracy(
        self, hidden: Float[np.ndarray, "sample unit"], states: Int[np.ndarray, " sample"]
    ) -> float:
        """The share of samples read correctly."""
        return float((self.read(hidden) == states).mean())


def fit_probe(
    hidden: Float[np.ndarray, "sample unit"], states: Int[np.ndarray, " sample"], num_states: int
) -> Probe:
    """The probe with the least squared error between scores and one-hot states, by ridge regression."""
    inputs = np.nan_to_num(hidden.astype(np.float64), posinf=1.0, neginf=-1.0)
    wanted = np.eye(num_states)[states]
    middle, level = inputs.mean(axis=0), wanted.mean(axis=0)
    centred = inputs - middle
    products = centred.T @ centred + RIDGE * len(inputs) * np.eye(inputs.shape[1])
    weight = np.linalg.solve(products, centred.T @ (wanted - level)).T
    return Probe(weight.astype(np.float32), (level - weight @ middle).astype(np.float32))


def hidden_states(
    network: Adder, operands: UInt8[np.ndarray, "batch position operand"]
) -> Float32[np.ndarray, "batch position unit"]:
    """The hidden units of all layers after each position, the lowest layer's first."""
    digits = torch.tensor(operands)
    behind, state = [], None
    with torch.inference_mode(), one_thread():
        for position in range(operands.shape[1]):
            _, state = network.step(digits[:, position], state)
            behind.append(state[0].transpose(0, 1).flatten(1))
    return torch.stack(behind, dim=1).numpy()
