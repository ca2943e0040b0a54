"""Recurrent cells: one call consumes one digit position.

Each is its equations, in PyTorch's parameter layout (gates stacked in rows). The equations are the
readable definition. Whole sequences go through `torch.nn`, which must agree with them, or through the
equations themselves if `torch.nn` lacks the cell or is less accurate than proofs assume.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ripplecarry.axes import Float
from ripplecarry.networks.architecture import CELL_SHAPES, CellShape
from ripplecarry.networks.onednn import is_lstm_accurate

State = tuple[Tensor, ...]
"""What a cell passes on: (hidden,) or (hidden, cell state), each with axes (batch, hidden)."""


@dataclass(frozen=True)
class CellWeights:
    """One layer's parameters."""

    from_input: Float[Tensor, "gates_hidden features"]
    from_hidden: Float[Tensor, "gates_hidden hidden"]
    input_bias: Float[Tensor, " gates_hidden"]
    hidden_bias: Float[Tensor, " gates_hidden"]

    @classmethod
    def of(cls, stack: nn.Module, layer: int) -> "CellWeights":
        """The parameters of one layer of a stack in PyTorch's layout."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return cls(*(getattr(stack, f"{name}_l{layer}") for name in names))


def rnn_step(weights: CellWeights, x: Float[Tensor, "batch features"], state: State) -> State:
    """Simple recurrent cell (Elman 1990)."""
    (hidden,) = state
    return (torch.tanh(_preactivation(weights, x, hidden)),)


def gru_step(weights: CellWeights, x: Float[Tensor, "batch features"], state: State) -> State:
    """Gated recurrent unit (Cho et al. 2014), with the reset gate applied after the recurrent product.

    Source: the form of cuDNN and `torch.nn.GRU`; Cho et al. apply the reset gate before the product.
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
    entry, forget, new, output = _preactivation(weights, x, hidden).chunk(4, dim=-1)
    memory = torch.sigmoid(forget) * memory + torch.sigmoid(entry) * torch.tanh(new)
    return torch.sigmoid(output) * torch.tanh(memory), memory


def _preactivation(weights: CellWeights, x: Tensor, hidden: Tensor) -> Tensor:
    from_input = linear(x, weights.from_input, weights.input_bias)
    return from_input + linear(hidden, weights.from_hidden, weights.hidden_bias)


class Unrolled(nn.Module):
    """Layers of any cell, position by position through its equations; called as `torch.nn.RNNBase` is.

    Slower than `torch.nn`'s own layers, which take one call per sequence.
    """

    def __init__(
        self,
        step: Callable[[CellWeights, Tensor, State], State],
        shape: CellShape,
        *,
        input_size: int,
        hidden_size: int,
        num_layers: int,
    ) -> None:
        super().__init__()
        self._step, self._num_states = step, shape.num_states
        self.hidden_size, self.num_layers = hidden_size, num_layers
        rows = shape.num_gates * hidden_size
        for layer in range(num_layers):
            features = hidden_size if layer else input_size
            axes = {"weight_ih": (rows, features), "weight_hh": (rows, hidden_size)}
            for name, size in (axes | {"bias_ih": (rows,), "bias_hh": (rows,)}).items():
                values = torch.empty(size).uniform_(-1, 1) / sqrt(hidden_size)  # as in torch.nn
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(values))

    def forward(
        self, x: Float[Tensor, "position batch features"], state: Tensor | State | None = None
    ) -> tuple[Float[Tensor, "position batch hidden"], Tensor | State]:
        """The last layer's hidden states, and each layer's state after the last position."""
        if state is None:
            zeros = x.new_zeros(self.num_layers, x.shape[1], self.hidden_size)
            state = (zeros,) * self._num_states
        parts = (state,) if isinstance(state, Tensor) else state
        by_layer = []
        for layer in range(self.num_layers):
            weights, at = CellWeights.of(self, layer), tuple(part[layer] for part in parts)
            hidden = []
            for here in x:
                at = self._step(weights, here, at)
                hidden.append(at[0])
            x = torch.stack(hidden)
            by_layer.append(at)
        last = tuple(torch.stack(part) for part in zip(*by_layer, strict=True))
        return x, (last[0] if self._num_states == 1 else last)


@dataclass(frozen=True)
class Cell:
    """A cell's equations, and the module that computes them for whole sequences."""

    step: Callable[[CellWeights, Tensor, State], State]
    stack: Callable[..., nn.RNNBase | Unrolled]


def lstm_stack(*, input_size: int, hidden_size: int, num_layers: int) -> nn.LSTM | Unrolled:
    """`nn.LSTM`, or the equations themselves where it is further off than proofs assume."""
    sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
    return nn.LSTM(**sizes) if is_lstm_accurate() else Unrolled(lstm_step, CELL_SHAPES["lstm"], **sizes)


CELLS = {
    "rnn": Cell(rnn_step, nn.RNN),
    "gru": Cell(gru_step, nn.GRU),
    "lstm": Cell(lstm_step, lstm_stack),
}
