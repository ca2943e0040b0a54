"""Initial weights with PyTorch's own distributions, drawn by the counter-based generator."""

from math import prod, sqrt

import numpy as np

from ripplecarry.arithmetic.philox import Stream, random_words
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.networks.architecture import Architecture, parameter_shapes

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
        weights[name] = values.reshape(shape).astype(np.float32)
    return weights


def _unit_interval(seed: int, number: int, count: int) -> np.ndarray:
    words = random_words(seed, Stream.INITIAL_VALUES, number, 1, count)[0]
    return (words + 0.5) / 2**32  # never 0, so the logarithm is finite


def _normal(seed: int, number: int, count: int) -> np.ndarray:
    """The Box-Muller transform of pairs of uniform values."""
    uniform = _unit_interval(seed, number, count + count % 2).reshape(-1, 2)
    radius = np.sqrt(-2 * np.log(uniform[:, 0]))
    angle = 2 * np.pi * uniform[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()[:count]
