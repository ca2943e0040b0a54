"""A network's shape and the parameters that follow from it; does not import torch."""

from collections.abc import Callable, Iterable, Mapping
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


Sizes = tuple[int, ...]


@dataclass(frozen=True)
class CellShape:
    """The parameters of a cell's layer, what it passes on, and what knows the cell."""

    parameters: Callable[[int, int], Mapping[str, Sizes]]
    """Each parameter's shape by name, from the numbers of features and of units."""
    states: Callable[[int], tuple[Sizes, ...]]
    """The shapes of what a row of the batch passes on, from the number of units; the hidden state first."""
    known_by: frozenset[str] = frozenset()

    @property
    def num_gates(self) -> int:
        """Blocks of rows of a cell in PyTorch's layout."""
        return self.parameters(1, 1)["weight_ih"][0]


def gated(num_gates: int, num_states: int = 1, known_by: Iterable[str] = ()) -> CellShape:
    """A cell whose gates see the input and the hidden state, in PyTorch's layout: gates stacked in rows."""

    def parameters(features: int, hidden: int) -> dict[str, Sizes]:
        rows = num_gates * hidden
        return {
            "weight_ih": (rows, features),
            "weight_hh": (rows, hidden),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
        }

    return CellShape(parameters, lambda hidden: ((hidden,),) * num_states, frozenset(known_by))


def input_gated(
    num_gates: int,
    states: Callable[[int], tuple[Sizes, ...]] = lambda hidden: ((hidden,),),
    *,
    more_rows: int = 0,
    known_by: Iterable[str] = (),
) -> CellShape:
    """A cell whose gates see the input alone."""

    def parameters(features: int, hidden: int) -> dict[str, Sizes]:
        rows = num_gates * hidden + more_rows
        return {"weight_ih": (rows, features), "bias_ih": (rows,)}

    return CellShape(parameters, states, frozenset(known_by))


def _hidden_and_vector(hidden: int) -> tuple[Sizes, ...]:
    return (hidden,), (hidden,)


def _hidden_and_matrix(hidden: int) -> tuple[Sizes, ...]:
    return (hidden,), (hidden, hidden)


CELL_SHAPES = {
    "rnn": gated(1, known_by=_KNOWN_BY),
    "gru": gated(3, known_by=_KNOWN_BY),
    "lstm": gated(4, 2, known_by=_KNOWN_BY),
    "mingru": input_gated(2, known_by=("native",)),
    "minlstm": input_gated(3, known_by=("native",)),
    "diagonal": input_gated(3, _hidden_and_vector, known_by=("native",)),
    "diagonal_signed": input_gated(3, _hidden_and_vector, known_by=("native",)),
    "deltanet": input_gated(3, _hidden_and_matrix, more_rows=1),
    "deltanet_signed": input_gated(3, _hidden_and_matrix, more_rows=1),
}


def check_known(cell: str, by: Literal["native", "gpu", "proof", "onnx", "page"]) -> None:
    """Raises ConfigurationError for a cell that this part of the package does not know."""
    if by not in CELL_SHAPES[cell].known_by:
        cells = ", ".join(name for name, shape in CELL_SHAPES.items() if by in shape.known_by)
        raise ConfigurationError(_KNOWN_BY[by].format(cells=cells, cell=cell))


Size = Annotated[int, Field(ge=1, le=4096)]


class Architecture(Configuration):
    """The sizes of a network."""

    cell: Literal[
        "rnn",
        "gru",
        "lstm",
        "mingru",
        "minlstm",
        "diagonal",
        "diagonal_signed",
        "deltanet",
        "deltanet_signed",
    ] = "rnn"
    """The equations of one position."""
    layers: Annotated[int, Field(ge=1, le=64)] = 2
    """Number of stacked layers."""
    hidden_size: Size = 64
    """Units per layer."""
    embedding_size: Size = 32
    """Features per operand digit."""


def parameter_shapes(architecture: Architecture, task: Task) -> dict[str, Sizes]:
    """Each parameter's shape by name, in PyTorch's layout and in a fixed order."""
    hidden, cell = architecture.hidden_size, CELL_SHAPES[architecture.cell]
    shapes: dict[str, Sizes] = {"embed_layer.weight": (task.base, architecture.embedding_size)}
    for layer in range(architecture.layers):
        features = hidden if layer else task.num_operands * architecture.embedding_size
        for name, sizes in cell.parameters(features, hidden).items():
            shapes[f"rnn.{name}_l{layer}"] = sizes
    shapes["dense.weight"] = (task.num_outputs, hidden)
    shapes["dense.bias"] = (task.num_outputs,)
    return shapes


def num_parameters(architecture: Architecture, task: Task) -> int:
    """The number of trainable values."""
    return sum(prod(shape) for shape in parameter_shapes(architecture, task).values())
