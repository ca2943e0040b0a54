"""The network: a shared digit embedding, a recurrent stack, a readout at each position."""

import torch
from torch import Tensor, nn

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Float, Integer
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import Architecture
from ripplecarry.networks.cells import CELLS, Cell, cell_of
from ripplecarry.networks.initial_values import Weights
from ripplecarry.networks.unrolled import State, layer_weights

_FEW_POSITIONS = 3
"""A parameter may act on the next position alone, or on the one after it."""


class Adder(nn.Module):
    """Reads operand digits position by position, least significant first, and answers at each one.

    Source: the report's `myPTRNNModel`, with its module names and parameter layout.
    """

    def __init__(
        self,
        *,
        cell: str | Cell = "rnn",
        layers: int = 2,
        hidden_size: int = 64,
        embedding_size: int = 32,
        base: int = 10,
        num_operands: int = 2,
        num_outputs: int | None = None,
    ) -> None:
        super().__init__()
        self.cell = CELLS[cell] if isinstance(cell, str) else cell
        self._shape = self.cell.shape
        self._num_operands = num_operands
        self.embed_layer = nn.Embedding(base, embedding_size)
        self.rnn = self.cell.stack(
            input_size=num_operands * embedding_size, hidden_size=hidden_size, num_layers=layers
        )
        self.dense = nn.Linear(hidden_size, num_outputs or base)

    @classmethod
    def build(cls, architecture: Architecture, task: Task, weights: Weights | None = None) -> "Adder":
        """The network of this shape for this task, with `weights` or PyTorch's initial values."""
        network = cls(
            cell=cell_of(architecture),
            layers=architecture.layers,
            hidden_size=architecture.hidden_size,
            embedding_size=architecture.embedding_size,
            base=task.base,
            num_operands=task.num_operands,
            num_outputs=task.num_outputs,
        )
        if weights is not None:
            shapes = {name: tuple(p.shape) for name, p in network.named_parameters()}
            if shapes != {name: w.shape for name, w in weights.items()}:
                raise ConfigurationError("the weights have other shapes than this network's cell declares")
            network.load_state_dict({name: torch.tensor(w) for name, w in weights.items()})
        return network

    def weights(self) -> Weights:
        """A copy of all parameters."""
        return {name: p.detach().cpu().numpy().copy() for name, p in self.named_parameters()}

    def parameters_without_gradient(self) -> list[str]:
        """The names of the parameters on which no logit depends in a way that gradients follow."""
        digits = torch.zeros((1, _FEW_POSITIONS, self._num_operands), dtype=torch.int64)
        logits, _ = self.run(digits)
        names, parameters = zip(*self.named_parameters(), strict=True)
        gradients = torch.autograd.grad(logits.sum(), parameters, allow_unused=True)
        return [name for name, gradient in zip(names, gradients, strict=True) if gradient is None]

    def forward(
        self, digits: Integer[Tensor, "batch position operand"], state: State | None = None
    ) -> Float[Tensor, "batch position output"]:
        """Logits of the answer digit at each position, starting from the zero state by default."""
        return self.run(digits, state)[0]

    def run(
        self, digits: Integer[Tensor, "batch position operand"], state: State | None = None
    ) -> tuple[Float[Tensor, "batch position output"], State]:
        """The logits, and the state after the last position, whose parts have axes (layer, batch, …)."""
        # Position-major inside: nn.RNN is a few per cent faster without batch_first.
        features = self.embed_layer(digits.transpose(0, 1).int()).flatten(start_dim=2)
        is_single = len(self._shape.states(1)) == 1
        given = state[0] if state is not None and is_single else state
        hidden, last = self.rnn(features, given)
        return self.dense(hidden).transpose(0, 1), ((last,) if is_single else last)

    def step(
        self, digits: Integer[Tensor, "batch operand"], state: State | None = None
    ) -> tuple[Float[Tensor, "batch output"], State]:
        """One position by the cell's equations: its logits and the next state."""
        x = self.embed_layer(digits.int()).flatten(start_dim=1)
        state = self.zero_state(len(digits)) if state is None else state
        by_layer = []
        for layer in range(self.rnn.num_layers):
            next_state = self.cell.step(
                layer_weights(self.rnn, self._shape, layer), x, tuple(part[layer] for part in state)
            )
            by_layer.append(next_state)
            x = next_state[0]
        return self.dense(x), tuple(torch.stack(parts) for parts in zip(*by_layer, strict=True))

    def zero_state(self, batch_size: int) -> State:
        """The state before the first position."""
        shapes = self._shape.states(self.rnn.hidden_size)
        return tuple(
            self.dense.weight.new_zeros(self.rnn.num_layers, batch_size, *sizes) for sizes in shapes
        )
