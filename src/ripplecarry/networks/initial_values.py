"""Initial weights with PyTorch's own distributions, drawn by the counter-based generator."""

import re
from math import prod, sqrt
from typing import TYPE_CHECKING

import numpy as np

from ripplecarry.arithmetic.philox import Stream, random_words
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.axes import Float
from ripplecarry.networks.architecture import Architecture, parameter_shapes
from ripplecarry.networks.cell_file import load_cell

if TYPE_CHECKING:
    from flint import arb

_OF_LAYER = re.compile(r"rnn\.(\w+)_l\d+")
LIBRARY_ERROR = 2.0**-48
"""32 units in the last place of a float64: more than any library's logarithm, sine and cosine are off."""

Weights = dict[str, np.ndarray]
"""float32 arrays by parameter name."""


def initial_weights(architecture: Architecture, task: Task, seed: int) -> Weights:
    """Weights as a function of shape and seed.

    The embedding is N(0, 1); recurrent weights, biases and the readout are U(±1/sqrt(hidden size)),
    the hidden size being the readout's fan-in. Each parameter takes its random words from a step of its
    own in the stream for initial values.
    """
    bound = 1 / sqrt(architecture.hidden_size)
    weights = {}
    for number, (name, shape) in enumerate(parameter_shapes(architecture, task).items()):
        if name == "embed_layer.weight":
            values = _normal(seed, number, prod(shape))
        else:
            values = (2 * _unit_interval(seed, number, prod(shape)) - 1) * bound
        if architecture.cell_code is not None and (own := _OF_LAYER.fullmatch(name)):
            values = load_cell(architecture.cell_code).initial_values(own[1], values.reshape(shape))
        weights[name] = values.reshape(shape).astype(np.float32)
    return weights


def _unit_interval(seed: int, number: int, count: int) -> np.ndarray:
    words = random_words(seed, Stream.INITIAL_VALUES, number, 1, count)[0]
    return (words + 0.5) / 2**32  # never 0, so the logarithm is finite


def _normal(seed: int, number: int, count: int) -> np.ndarray:
    uniform = _unit_interval(seed, number, count + count % 2).reshape(-1, 2)
    return box_muller(uniform[:, 0], 2 * np.pi * uniform[:, 1]).ravel()[:count]


def box_muller(
    uniform: Float[np.ndarray, " pair"],
    angle: Float[np.ndarray, " pair"],
    library_error: float = LIBRARY_ERROR,
) -> Float[np.ndarray, "pair 2"]:
    """Pairs of normal values, rounded to float32 from the exact ones.

    Mathematics libraries differ in a float64's last bits. Where those could decide how it is rounded, exact
    arithmetic does, so that every machine starts from the same bits.
    """
    radius = np.sqrt(-2 * np.log(uniform))
    values = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    low, high = ((values * (1 + sign * library_error)).astype(np.float32) for sign in (-1, 1))
    rounded = values.astype(np.float32)
    for row, column in np.argwhere(low != high):
        ends = sorted(map(float, (low[row, column], high[row, column])))
        is_above = _exact(uniform[row], angle[row], column) > sum(ends) / 2
        rounded[row, column] = ends[int(is_above)]
    return rounded


def _exact(uniform: float, angle: float, column: int) -> "arb":
    from flint import arb, ctx

    with ctx.workprec(200):
        radius = (-2 * arb(uniform).log()).sqrt()
        return radius * (arb(angle).cos() if column == 0 else arb(angle).sin())
