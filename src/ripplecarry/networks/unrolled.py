"""Layers of any cell, computed from its equations."""

from collections.abc import Callable, Mapping
from math import sqrt

import torch
from torch import Tensor, nn

from ripplecarry.axes import Float
from ripplecarry.networks.cell_shape import CellShape

State = tuple[Tensor, ...]
"""What a cell passes on: the hidden state, then whatever else, each with the batch as its first axis."""

LayerWeights = Mapping[str, Tensor]
"""One layer's parameters by name."""

Step = Callable[[LayerWeights, Tensor, State], State]
"""One position: the next state from the layer's parameters, its input and the state."""

Scan = Callable[[LayerWeights, Tensor, State], tuple[Tensor, State]]
"""All positions: the hidden states and the last state, from the parameters, the inputs and the state."""


def layer_weights(stack: nn.Module, shape: CellShape, layer: int) -> LayerWeights:
    """The parameters of one layer of a stack."""
    return {name: getattr(stack, f"{name}_l{layer}") for name in shape.parameters(1, 1)}


def scan_by(step: Step) -> Scan:
    """Goes through the positions one by one."""

    def scan(weights: LayerWeights, x: Tensor, state: State) -> tuple[Tensor, State]:
        hidden = []
        for here in x:
            state = step(weights, here, state)
            hidden.append(state[0])
        return torch.stack(hidden), state

    return scan


class Unrolled(nn.Module):
    """Layers of any cell; called as `torch.nn.RNNBase` is."""

    def __init__(
        self, shape: CellShape, scan: Scan, *, input_size: int, hidden_size: int, num_layers: int
    ) -> None:
        super().__init__()
        self._shape, self._scan = shape, scan
        self.hidden_size, self.num_layers = hidden_size, num_layers
        for layer in range(num_layers):
            features = hidden_size if layer else input_size
            for name, size in shape.parameters(features, hidden_size).items():
                values = torch.empty(size).uniform_(-1, 1) / sqrt(hidden_size)  # as in torch.nn
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(values))

    def forward(
        self, x: Float[Tensor, "position batch features"], state: Tensor | State | None = None
    ) -> tuple[Float[Tensor, "position batch hidden"], Tensor | State]:
        """The last layer's hidden states, and each layer's state after the last position."""
        if state is None:
            shapes = self._shape.states(self.hidden_size)
            state = tuple(x.new_zeros(self.num_layers, x.shape[1], *sizes) for sizes in shapes)
        parts = (state,) if isinstance(state, Tensor) else state
        by_layer = []
        for layer in range(self.num_layers):
            weights = layer_weights(self, self._shape, layer)
            x, last = self._scan(weights, x, tuple(part[layer] for part in parts))
            by_layer.append(last)
        last = tuple(torch.stack(part) for part in zip(*by_layer, strict=True))
        return x, (last[0] if len(last) == 1 else last)
