"""A network's shape and the parameters that follow from it; does not import torch."""

from collections.abc import Callable, Iterable
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.configuration import Configuration
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.cell_file import class_name, load_cell, read_cell_file
from ripplecarry.networks.cell_shape import CellShape, Sizes

_KNOWN_BY = {
    "native": "the native engine computes {cells}; this run's cell is {cell}; the torch engine computes it",
    "gpu": "the GPU engine computes {cells}; this run's cell is {cell}; the torch engine computes it",
    "proof": "proofs cover {cells}; this run's cell is {cell}",
    "onnx": "ONNX exports hold {cells}; this run's cell is {cell}",
    "page": "the page shows {cells}; this run's cell is {cell}",
}
"""What a cell needs code of its own for, besides its equations in PyTorch, which every cell has."""


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
    "mingru": input_gated(2, known_by=("native", "proof", "page")),
    "minlstm": input_gated(3, known_by=("native", "page")),
    "diagonal": input_gated(3, _hidden_and_vector, known_by=("native", "proof", "page")),
    "diagonal_signed": input_gated(3, _hidden_and_vector, known_by=("native", "proof", "page")),
    "deltanet": input_gated(3, _hidden_and_matrix, more_rows=1),
    "deltanet_signed": input_gated(3, _hidden_and_matrix, more_rows=1),
}


Part = Literal["native", "gpu", "proof", "onnx", "page"]


def is_known(cell: str, by: Part) -> bool:
    """Whether this part of the package knows a cell."""
    return cell in CELL_SHAPES and by in CELL_SHAPES[cell].known_by


def check_known(cell: str, by: Part) -> None:
    """Raises ConfigurationError for a cell that this part of the package does not know."""
    if not is_known(cell, by):
        cells = ", ".join(name for name in CELL_SHAPES if is_known(name, by))
        raise ConfigurationError(
            _KNOWN_BY[by].format(cells=cells, cell="from a file" if cell == "file" else cell)
        )


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
        "file",
    ] = "rnn"
    """The equations of one position; a file, such as my_cell.py, brings a cell of your own."""
    cell_code: str | None = None
    """The code of a cell from a file; `cell` names the file."""
    layers: Annotated[int, Field(ge=1, le=64)] = 2
    """Number of stacked layers."""
    hidden_size: Size = 64
    """Units per layer."""
    embedding_size: Size = 32
    """Features per operand digit."""

    @model_validator(mode="before")
    @classmethod
    def _code_of_a_file(cls, settings: Any) -> Any:
        if not isinstance(settings, dict) or "cell" not in settings:
            return settings
        cell = settings["cell"]
        if not isinstance(cell, str | Path) or Path(cell).suffix != ".py":
            # a grid of cells replaces a cell from a file
            return settings if cell == "file" else {n: settings[n] for n in settings if n != "cell_code"}
        try:
            return settings | {"cell": "file", "cell_code": read_cell_file(Path(cell))}
        except ConfigurationError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _code_is_a_cell(self) -> Self:
        if (self.cell == "file") != (self.cell_code is not None):
            raise ValueError("a cell from a file is named by its file, as in cell=my_cell.py")
        if self.cell_code is not None:
            try:
                class_name(self.cell_code)
            except ConfigurationError as error:
                raise ValueError(str(error)) from None
        return self

    @property
    def cell_shape(self) -> CellShape:
        """What the cell declares; runs the code of a cell from a file."""
        return CELL_SHAPES[self.cell] if self.cell_code is None else load_cell(self.cell_code).shape


def parameter_shapes(architecture: Architecture, task: Task) -> dict[str, Sizes]:
    """Each parameter's shape by name, in PyTorch's layout and in a fixed order."""
    hidden, cell = architecture.hidden_size, architecture.cell_shape
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
