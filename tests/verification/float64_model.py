"""A network's equations in float64, apart from the package's: what a position makes of given states."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from every_engine import cell_of


class Entering(NamedTuple):
    """What a position sees of a layer's state, a row each."""

    product: np.ndarray
    """W_hh h."""
    memory: np.ndarray
    """GRU's h, LSTM's c, a linear recurrence's own; for the plain cell h, which it does not look at."""


class Layer(NamedTuple):
    """A layer's parameters."""

    from_input: np.ndarray
    from_hidden: np.ndarray
    input_bias: np.ndarray
    hidden_bias: np.ndarray


class Model:
    """A network in float64."""

    def __init__(self, weights: Mapping[str, np.ndarray], cell: str | None = None) -> None:
        self.cell = cell or cell_of(weights)
        wide = {name: array.astype(np.float64) for name, array in weights.items()}
        self.readout, self.readout_bias = wide["dense.weight"], wide["dense.bias"]
        self.hidden_size = self.readout.shape[1]
        nothing = {"weight_hh": np.zeros((0, self.hidden_size)), "bias_hh": np.zeros(0)}
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        self.layers = [
            Layer(*(wide.get(f"rnn.{name}_l{k}", nothing.get(name)) for name in names))
            for k in range(sum(name.startswith("rnn.weight_ih") for name in wide))
        ]
        embedding = wide["embed_layer.weight"]
        base, width = embedding.shape
        operands = self.layers[0].from_input.shape[1] // width
        symbols = np.arange(base**operands)
        self.features = np.concatenate(
            [embedding[symbols // base**k % base] for k in range(operands)], axis=1
        )

    def start(self, rows: int) -> list[Entering]:
        """The zero state."""
        return [
            Entering(np.zeros((rows, len(layer.from_hidden))), np.zeros((rows, self.hidden_size)))
            for layer in self.layers
        ]

    def step(self, symbols: np.ndarray, entering: list[Entering]) -> tuple[np.ndarray, list[Entering]]:
        """The logits and what enters the next position, a row a symbol."""
        x, after = self.features[symbols], []
        for layer, (product, memory) in zip(self.layers, entering, strict=True):
            below, before = x @ layer.from_input.T + layer.input_bias, product + layer.hidden_bias
            x, memory = _CELLS[self.cell](below, before, memory)
            after.append(Entering(x @ layer.from_hidden.T, memory))
        return x @ self.readout.T + self.readout_bias, after

    def successors(self, entering: list[Entering]) -> tuple[np.ndarray, list[Entering]]:
        """The same for every symbol after every row: rows times symbols, the symbols innermost."""
        count, rows = len(self.features), len(entering[0].product)
        repeated = [Entering(*(part.repeat(count, axis=0) for part in each)) for each in entering]
        return self.step(np.tile(np.arange(count), rows), repeated)


def margins(logits: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The right logit minus the largest of the others."""
    rows = np.arange(len(right))
    others = logits.copy()
    others[rows, right] = -np.inf
    return logits[rows, right] - others.max(axis=1)


def _rnn(below: np.ndarray, before: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hidden = np.tanh(below + before)
    return hidden, hidden


def _gru(below: np.ndarray, before: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (in_reset, in_update, in_new), (reset, update, new) = (
        np.split(each, 3, axis=1) for each in (below, before)
    )
    update = _sigmoid(in_update + update)
    new = np.tanh(in_new + _sigmoid(in_reset + reset) * new)
    hidden = (1 - update) * new + update * memory
    return hidden, hidden


def _lstm(below: np.ndarray, before: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    entry, forget, new, output = np.split(below + before, 4, axis=1)
    memory = _sigmoid(forget) * memory + _sigmoid(entry) * np.tanh(new)
    return _sigmoid(output) * np.tanh(memory), memory


def _mingru(below: np.ndarray, before: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    update, new = np.split(below, 2, axis=1)
    share = _sigmoid(update)
    hidden = (1 - share) * memory + share * new
    return hidden, hidden


def _diagonal(
    below: np.ndarray, before: np.ndarray, memory: np.ndarray, *, low: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    keep, new, shown = np.split(below, 3, axis=1)
    memory = (low + (1 - low) * _sigmoid(keep)) * memory + new
    return memory * shown * _sigmoid(shown), memory


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


_CELLS = {
    "rnn": _rnn,
    "gru": _gru,
    "lstm": _lstm,
    "mingru": _mingru,
    "diagonal": _diagonal,
    "diagonal_signed": partial(_diagonal, low=-1.0),
}
