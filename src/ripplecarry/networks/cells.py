"""Recurrent cells: one call consumes one digit position.

Each is its equations, with gates stacked in rows. The equations are the readable definition. Whole
sequences go through `torch.nn`, which must agree with them, or through the equations themselves if
`torch.nn` lacks the cell or is less accurate than proofs assume.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ripplecarry.axes import Float
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import CELL_SHAPES, Architecture
from ripplecarry.networks.cell_file import OwnCell, load_cell
from ripplecarry.networks.cell_shape import CellShape
from ripplecarry.networks.linear_recurrences import RECURRENCES
from ripplecarry.networks.onednn import is_lstm_accurate
from ripplecarry.networks.unrolled import LayerWeights, Scan, State, Step, Unrolled, scan_by


def rnn_step(weights: LayerWeights, x: Float[Tensor, "batch features"], state: State) -> State:
    """Simple recurrent cell (Elman 1990)."""
    (hidden,) = state
    return (torch.tanh(_preactivation(weights, x, hidden)),)


def gru_step(weights: LayerWeights, x: Float[Tensor, "batch features"], state: State) -> State:
    """Gated recurrent unit (Cho et al. 2014), with the reset gate applied after the recurrent product.

    Source: the form of cuDNN and `torch.nn.GRU`; Cho et al. apply the reset gate before the product.
    """
    (hidden,) = state
    x_reset, x_update, x_new = linear(x, weights["weight_ih"], weights["bias_ih"]).chunk(3, dim=-1)
    h_reset, h_update, h_new = linear(hidden, weights["weight_hh"], weights["bias_hh"]).chunk(3, -1)
    reset, update = torch.sigmoid(x_reset + h_reset), torch.sigmoid(x_update + h_update)
    new = torch.tanh(x_new + reset * h_new)
    return ((1 - update) * new + update * hidden,)


def lstm_step(weights: LayerWeights, x: Float[Tensor, "batch features"], state: State) -> State:
    """Long short-term memory (Hochreiter and Schmidhuber 1997) with a forget gate (Gers 2000)."""
    hidden, memory = state
    entry, forget, new, output = _preactivation(weights, x, hidden).chunk(4, dim=-1)
    memory = torch.sigmoid(forget) * memory + torch.sigmoid(entry) * torch.tanh(new)
    return torch.sigmoid(output) * torch.tanh(memory), memory


def _preactivation(weights: LayerWeights, x: Tensor, hidden: Tensor) -> Tensor:
    from_input = linear(x, weights["weight_ih"], weights["bias_ih"])
    return from_input + linear(hidden, weights["weight_hh"], weights["bias_hh"])


@dataclass(frozen=True)
class Cell:
    """A cell's equations, and the module that computes them for whole sequences."""

    shape: CellShape
    step: Step
    stack: Callable[..., nn.RNNBase | Unrolled]


def unrolled(shape: CellShape, step: Step, scan: Scan | None = None) -> Cell:
    """A cell that goes through the positions one by one, or as `scan` does."""
    return Cell(shape, step, partial(Unrolled, shape, scan or scan_by(step)))


def lstm_stack(*, input_size: int, hidden_size: int, num_layers: int) -> nn.LSTM | Unrolled:
    """`nn.LSTM`, or the equations themselves where it is further off than proofs assume."""
    sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
    if is_lstm_accurate():
        return nn.LSTM(**sizes)
    return Unrolled(CELL_SHAPES["lstm"], scan_by(lstm_step), **sizes)


CELLS = {
    "rnn": Cell(CELL_SHAPES["rnn"], rnn_step, nn.RNN),
    "gru": Cell(CELL_SHAPES["gru"], gru_step, nn.GRU),
    "lstm": Cell(CELL_SHAPES["lstm"], lstm_step, lstm_stack),
    **{
        name: unrolled(CELL_SHAPES[name], equations.step, equations.scan)
        for name, equations in RECURRENCES.items()
    },
}


def cell_of(architecture: Architecture) -> Cell:
    """A network's cell; runs the code of one from a file."""
    if architecture.cell_code is None:
        return CELLS[architecture.cell]
    own = load_cell(architecture.cell_code)
    return Cell(own.shape, own.step, partial(_tried, own))


def _tried(own: OwnCell, *, input_size: int, hidden_size: int, num_layers: int) -> Unrolled:
    """Layers of a user's cell, after one position whose result must be finite."""
    sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
    stack = Unrolled(own.shape, scan_by(own.step), **sizes)
    with torch.no_grad():
        hidden, _ = stack(torch.ones(1, 2, input_size))
    if not torch.isfinite(hidden).all():
        raise ConfigurationError(
            f"the cell {own.name}: step returned NaN or infinity at the first position"
        )
    return stack
