"""The layout of a run's parameters in GPU memory: one row of numbers, every side padded to a power of two.

Padding is zero and stays zero, as its gradient is zero.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.networks.architecture import CELL_SHAPES, Architecture, parameter_shapes
from ripplecarry.networks.initial_values import Weights

_SMALLEST_SIDE = 16
"""Of a matrix that Triton multiplies."""

_NUM_SAVED = {"rnn": 1, "gru": 4, "lstm": 5}
"""Vectors per position for the backward pass. RNN: only the gradient at its one gate. GRU: r, z, n and
what r multiplies; LSTM: i, f, g, o and the cell state; each followed by its gradient."""

_OWN_GRADIENTS = {"rnn": (0,), "gru": (0, 1, 3), "lstm": (0, 1, 2, 3)}
"""By gate, which of them is the gradient at the product with the layer's previous states."""


@dataclass(frozen=True)
class Layout:
    """Where each parameter of a network begins."""

    architecture: Architecture
    task: Task

    @cached_property
    def padded(self) -> dict[str, tuple[int, ...]]:
        """Shapes in memory: gates and operands have axes of their own, and every other side is padded."""
        return self._shapes(self.base, self.num_outputs, self.hidden_size, self.embedding_size)

    def _shapes(
        self, base: int, num_outputs: int, hidden: int, embedding: int
    ) -> dict[str, tuple[int, ...]]:
        gates = self.num_gates
        shapes: dict[str, tuple[int, ...]] = {"embed_layer.weight": (base, embedding)}
        for layer in range(self.architecture.layers):
            below = (self.task.num_operands, gates, hidden, embedding)
            shapes[f"rnn.weight_ih_l{layer}"] = (gates, hidden, hidden) if layer else below
            shapes[f"rnn.weight_hh_l{layer}"] = (gates, hidden, hidden)
            shapes[f"rnn.bias_ih_l{layer}"] = shapes[f"rnn.bias_hh_l{layer}"] = (gates, hidden)
        return shapes | {"dense.weight": (num_outputs, hidden), "dense.bias": (num_outputs,)}

    @cached_property
    def begins(self) -> dict[str, int]:
        """The offset of each parameter's first number."""
        ends = np.cumsum([prod(shape) for shape in self.padded.values()]).tolist()
        return dict(zip(self.padded, [0, *ends[:-1]], strict=True))

    @cached_property
    def size(self) -> int:
        """Numbers per run."""
        return sum(prod(shape) for shape in self.padded.values())

    @property
    def num_gates(self) -> int:
        return CELL_SHAPES[self.architecture.cell].num_gates

    @property
    def num_saved(self) -> int:
        return _NUM_SAVED[self.architecture.cell]

    @cached_property
    def hidden_size(self) -> int:
        return _padded(self.architecture.hidden_size)

    @cached_property
    def embedding_size(self) -> int:
        return _padded(self.architecture.embedding_size)

    @cached_property
    def base(self) -> int:
        return _padded(self.task.base)

    @cached_property
    def num_outputs(self) -> int:
        return _padded(self.task.num_outputs)

    @cached_property
    def tiles(self) -> list[tuple[int, ...]]:
        """All matrices of units by units, as `update_squares` takes them.

        Each is its layer, which saved vector is the gradient at its product, whether it multiplies the
        layer's own states, and the offsets of its weights and of its biases.
        """
        hidden = self.hidden_size
        return [
            (
                layer,
                saved,
                is_own,
                self.begins[f"rnn.weight_{side}_l{layer}"] + gate * hidden**2,
                self.begins[f"rnn.bias_{side}_l{layer}"] + gate * hidden,
            )
            for layer in range(self.architecture.layers)
            for side, is_own in (("hh", True), ("ih", False))
            for gate, own in enumerate(_OWN_GRADIENTS[self.architecture.cell])
            for saved in (own if is_own else gate,)
            if is_own or layer
        ]

    def pack(self, weights: Weights) -> np.ndarray:
        """A run's row from its arrays."""
        row = np.zeros(self.size, dtype=np.float32)
        for name, part in self._parts(row).items():
            part[...] = weights[name].reshape(part.shape)
        return row

    def unpack(self, row: np.ndarray) -> Weights:
        """A run's arrays from its row."""
        shapes = parameter_shapes(self.architecture, self.task)
        return {
            name: np.ascontiguousarray(part).reshape(shapes[name])
            for name, part in self._parts(row).items()
        }

    def _parts(self, row: np.ndarray) -> dict[str, np.ndarray]:
        """Views of everything but the padding, in the order of the arrays' numbers."""
        a, parts = self.architecture, {}
        true = self._shapes(self.task.base, self.task.num_outputs, a.hidden_size, a.embedding_size)
        for name, shape in self.padded.items():
            whole = row[self.begins[name] :][: prod(shape)].reshape(shape)
            part = whole[tuple(map(slice, true[name]))]
            # memory has the operands' axis first, an array before the embedding's
            parts[name] = part.transpose(1, 2, 0, 3) if part.ndim == 4 else part
        return parts


def _padded(side: int) -> int:
    return max(_SMALLEST_SIDE, 1 << (side - 1).bit_length())
