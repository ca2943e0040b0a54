"""A network's shape and the parameters that follow from it; does not import torch."""

from dataclasses import dataclass
from math import prod
from typing import Annotated, Literal

from pydantic import Field

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.configuration import Configuration
from ripplecarry.errors import ConfigurationError

_KNOWN_BY = {
    "native": "the native engine computes {cells}; this run's cell is {cell}; the torch engine computes it",
    "gpu": "the GPU engine computes {cells}; this run's cell is {cell}; the torch engine computes it",
    "proof": "proofs cover {cells}; this run's cell is {cell}",
    "onnx": "ONNX exports hold {cells}; this run's cell is {cell}",
    "page": "the page shows {cells}; this run's cell is {cell}",
}
"""What a cell needs code of its own for, besides its equations in PyTorch, which every cell has."""


@dataclass(frozen=True)
class CellShape:
    """How many blocks of rows a cell's matrices have, how many vectors it passes on, and what knows it."""

    num_gates: int
    num_states: int
    known_by: frozenset[str] = frozenset()


CELL_SHAPES = {
    "rnn": CellShape(1, 1, frozenset(_KNOWN_BY)),
    "gru": CellShape(3, 1, frozenset(_KNOWN_BY)),
    "lstm": CellShape(4, 2, frozenset(_KNOWN_BY)),
}


def check_known(cell: str, by: Literal["native", "gpu", "proof", "onnx", "page"]) -> None:
    """Raises ConfigurationError for a cell that this part of the package does not know."""
    if by not in CELL_SHAPES[cell].known_by:
        cells = ", ".join(name for name, shape in CELL_SHAPES.items() if by in shape.known_by)
        raise ConfigurationError(_KNOWN_BY[by].format(cells=cells, cell=cell))


Size = Annotated[int, Field(ge=1, le=4096)]


class Architecture(Configuration):
    """The sizes of a network."""

    cell: Literal["rnn", "gru", "lstm"] = "rnn"
    """The equations of one position."""
    layers: Annotated[int, Field(ge=1, le=64)] = 2
    """Number of stacked layers."""
    hidden_size: Size = 64
    """Units per layer."""
    embedding_size: Size = 32
    """Features per operand digit."""


def parameter_shapes(architecture: Architecture, task: Task) -> dict[str, tuple[int, ...]]:
    """Each parameter's shape by name, in PyTorch's layout and in a fixed order."""
    hidden = architecture.hidden_size
    rows = CELL_SHAPES[architecture.cell].num_gates * hidden
    shapes: dict[str, tuple[int, ...]] = {"embed_layer.weight": (task.base, architecture.embedding_size)}
    for layer in range(architecture.layers):
        features = hidden if layer else task.num_operands * architecture.embedding_size
        shapes[f"rnn.weight_ih_l{layer}"] = (rows, features)
        shapes[f"rnn.weight_hh_l{layer}"] = (rows, hidden)
        shapes[f"rnn.bias_ih_l{layer}"] = (rows,)
        shapes[f"rnn.bias_hh_l{layer}"] = (rows,)
    shapes["dense.weight"] = (task.num_outputs, hidden)
    shapes["dense.bias"] = (task.num_outputs,)
    return shapes


def num_parameters(architecture: Architecture, task: Task) -> int:
    """The number of trainable values."""
    return sum(prod(shape) for shape in parameter_shapes(architecture, task).values())
