"""Recurrent cells: one call consumes one digit position.

Each is its equations, in PyTorch's parameter layout (gates stacked in rows). They are the readable
definition; whole sequences go through `torch.nn`, which must agree.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

State = tuple[Tensor, ...]
"""What a cell passes on: (hidden,) or (hidden, cell state), each of axes (batch, hidden)."""


@dataclass(frozen=True)
class CellWeights:
    """One layer's parameters."""

    from_input: Float[Tensor, "gates_hidden features"]
    from_hidden: Float[Tensor, "gates_hidden hidden"]
    input_bias: Float[Tensor, " gates_hidden"]
    hidden_bias: Float[Tensor, " gates_hidden"]


def rnn_step(weights: CellWeights, x: Float[Tensor, "batch features"], state: State) -> State:
    """Simple recurrent cell (Elman 1990)."""
    (hidden,) = state
    return (torch.tanh(_drive(weights, x, hidden)),)


def gru_step(weights: CellWeights, x: Float[Tensor, "batch features"], state: State) -> State:
    """Gated recurrent unit (Cho et al. 2014), the reset gate behind the recurrent product.

    Source: the form of cuDNN and `torch.nn.GRU`; Cho et al. apply the reset gate in front of it.
    """
    (hidden,) = state
    x_reset, x_update, x_new = linear(x, weights.from_input, weights.input_bias).chunk(3, dim=-1)
    h_reset, h_update, h_new = linear(hidden, weights.from_hidden, weights.hidden_bias).chunk(3, -1)
    reset, update = torch.sigmoid(x_reset + h_reset), torch.sigmoid(x_update + h_update)
    new = torch.tanh(x_new + reset * h_new)
    return ((1 - update) * new + update * hidden,)


def lstm_step(weights: CellWeights, x: Float[Tensor, "batch features"], state: State) -> State:
    """Long short-term memory (Hochreiter and Schmidhuber 1997) with a forget gate (Gers 2000)."""
    hidden, memory = state
    entry, forget, new, output = _drive(weights, x, hidden).chunk(4, dim=-1)
    memory = torch.sigmoid(forget) * memory + torch.sigmoid(entry) * torch.tanh(new)
    return torch.sigmoid(output) * torch.tanh(memory), memory


def _drive(weights: CellWeights, x: Tensor, hidden: Tensor) -> Tensor:
    from_input = linear(x, weights.from_input, weights.input_bias)
    return from_input + linear(hidden, weights.from_hidden, weights.hidden_bias)


@dataclass(frozen=True)
class Cell:
    """A cell's equations, and the module that computes them for whole sequences."""

    step: Callable[[CellWeights, Tensor, State], State]
    stack: Callable[..., nn.RNNBase]


CELLS = {
    "rnn": Cell(rnn_step, nn.RNN),
    "gru": Cell(gru_step, nn.GRU),
    "lstm": Cell(lstm_step, nn.LSTM),
}
