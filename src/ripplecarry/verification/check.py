"""The checker: verifies a certificate against a network's weights by rigorous ball arithmetic.

It shares only the rounding model, which is its own, with the search that found the certificate. It trusts
nothing in the file: the machine follows from the task, the network's shape from the weights, and every
bound is computed here, in python-flint's balls, which always contain the exact value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite, nextafter
from typing import Any

import numpy as np
from flint import arb, arb_mat

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.errors import CertificateError, CertificateRefused, ConfigurationError
from ripplecarry.values import shown
from ripplecarry.verification.balls import CELLS, Balls, GateSum, largest, sum_error
from ripplecarry.verification.certificate_file import (
    SLOPED_BOXES,
    margin_tolerance,
    read_cell,
    read_sets,
    read_task,
)
from ripplecarry.verification.check_sloped_boxes import HIDDEN_BOUND, ExactLayer, SlopedBoxChecker
from ripplecarry.verification.proof import Proof, Weights, weights_hash

_INFINITY_BITS, _SMALLEST_NORMAL_BITS = np.uint32(0x7F800000), np.uint32(0x00800000)
_MOST_FEATURES = 2**22
"""Of all symbols together: half a gigabyte of balls."""


@dataclass(frozen=True)
class _Layer:
    """A layer's exact parameters, with the absolute values that bound rounding errors."""

    from_input: arb_mat
    from_hidden: arb_mat
    """Without rows where gates see the input alone."""
    input_sizes: arb_mat
    hidden_sizes: arb_mat
    input_bias: Balls
    hidden_bias: Balls
    weights_sizes: Balls
    """By row, the sum of the absolute values of both matrices."""

    @property
    def sees_hidden(self) -> bool:
        """Whether gates see the hidden state."""
        return self.from_hidden.nrows() > 0


def check(
    certificate: Mapping[str, Any], weights: Weights, *, task: Task | None = None, cell: str | None = None
) -> Proof:
    """The proof that the network with these weights is right at every length.

    Args:
        task, cell: the task and cell that the certificate must be about, if known.
    Raises:
        CertificateError: a part is missing or malformed.
        CertificateRefused: the certificate does not prove it; the message says where it fails.
    """
    try:
        proof = _check(certificate, weights)
    except (
        LookupError,
        TypeError,
        ValueError,
        ArithmeticError,
        AttributeError,
        ConfigurationError,
    ) as error:
        raise CertificateError(f"a part is missing or of the wrong form: {error!r}") from None
    if task is not None and not task.is_same(proof.task):
        raise CertificateRefused(
            f"it is about the task {proof.task.name!r} in base {proof.task.base}, "
            f"not {task.name!r} in base {task.base}"
        )
    if cell not in (None, proof.cell):
        raise CertificateRefused(f"it is about the cell {proof.cell}, not {shown(cell)}")
    return proof


def _check(certificate: Mapping[str, Any], weights: Weights) -> Proof:
    for name, array in weights.items():
        _check_numbers(shown(name), array)
    digest = weights_hash(weights)
    if certificate["weights_sha256"] != digest:
        raise CertificateRefused("it belongs to other weights: their hash differs")
    task = read_task(certificate)
    gates, layers = _layers(weights, task)
    cell = read_cell(certificate, gates, is_linear=not layers[0].sees_hidden)
    features = _symbol_features(weights["embed_layer.weight"], task)
    if certificate["format"] == SLOPED_BOXES:
        if cell != "rnn" or len(layers) != 1:
            raise CertificateRefused("its sets are for one layer of rnn")
        margin, slack = sloped_box_checker(certificate, weights, task).prove()
    else:
        hidden_size = len(layers[0].input_bias) // gates
        sets = read_sets(
            certificate, cell, len(layers), hidden_size, gates, task.machine.reachable_states()
        )
        margin, slack = _bounds_of_boxes(cell, layers, sets, features, weights, task.machine)
    claimed, proved = certificate["margin"], _at_most(margin)
    if type(claimed) is not float or not claimed <= proved * (1 + margin_tolerance(certificate)):
        raise CertificateRefused(f"it claims the margin {claimed!r:.40}; {proved} is proved")
    return Proof(task, cell, len(layers), digest, proved, max(0.0, _at_most(slack)))


def _bounds_of_boxes(
    cell: str,
    layers: list[_Layer],
    sets: dict[int, list[list[Balls]]],
    features: arb_mat,
    weights: Weights,
    machine: Machine,
) -> tuple[arb, arb]:
    """The smallest margin and the smallest slack, if a position leads every set into the next ones."""
    if not all(ball.contains(arb(0)) for boxes in sets[0] for box in boxes for ball in box):
        raise CertificateRefused("the zero state is not in the first machine state's set")
    margin, slack = arb(inf), arb(inf)
    for state in sets:
        inputs, images = features, []
        for layer, entering in zip(layers, sets[state], strict=True):
            inputs, memory = _step(cell, layer, inputs, entering)
            products = [(layer.from_hidden * inputs).tolist()] if layer.sees_hidden else []
            images.append(products + ([] if cell == "rnn" else [memory]))
        margin = margin.min(_smallest_margin(weights, inputs, machine.output[state]))
        if not margin > 0:
            raise CertificateRefused(
                f"in machine state {state} an answer may be wrong: margin {_shown(margin)}"
            )
        slack = slack.min(_smallest_slack(images, sets, state, machine.next_state[state]))
    return margin, slack


def sloped_box_checker(certificate: Mapping[str, Any], weights: Weights, task: Task) -> SlopedBoxChecker:
    """The checker of these sloped boxes; the network must be one layer of rnn for the task."""
    _, (layer,) = _layers(weights, task)
    features = _symbol_features(weights["embed_layer.weight"], task)
    below = (layer.from_input * features).transpose().tolist()
    most = arb_mat([[HIDDEN_BOUND]] * layer.from_hidden.ncols())
    before_sizes = (layer.hidden_sizes * most).entries()
    below_sizes = (layer.input_sizes * largest(features)).transpose().tolist()
    biases = list(zip(layer.input_bias, layer.hidden_bias, strict=True))
    num_terms = features.nrows() + layer.from_hidden.ncols() + 2
    fixed = [(a + b, before + abs(a) + abs(b)) for (a, b), before in zip(biases, before_sizes, strict=True)]
    exact = ExactLayer(
        weights["rnn.weight_hh_l0"],
        [[x + bias for x, (bias, _) in zip(row, fixed, strict=True)] for row in below],
        [
            [
                sum_error(size + rest, norm, num_terms)
                for size, (_, rest), norm in zip(row, fixed, layer.weights_sizes, strict=True)
            ]
            for row in below_sizes
        ],
        weights["dense.weight"],
        weights["dense.bias"],
    )
    return SlopedBoxChecker(certificate, exact, task.machine)


def _check_numbers(name: str, array: np.ndarray) -> None:
    """Refuses weights that the rounding model does not cover."""
    if array.dtype != np.float32:
        raise CertificateRefused(f"the weights {name} are not float32 numbers")
    if not array.size:
        raise CertificateRefused(f"the weights {name} are empty; their shape is {list(array.shape)}")
    # By their bits: where this process flushes subnormal numbers, comparisons do not see them.
    sizes = np.ascontiguousarray(array).view(np.uint32) & np.uint32(0x7FFFFFFF)
    if (sizes >= _INFINITY_BITS).any():
        raise CertificateRefused(f"the weights {name} are not all finite float32 numbers")
    if ((sizes != 0) & (sizes < _SMALLEST_NORMAL_BITS)).any():
        raise CertificateRefused(f"the weights {name} hold subnormal numbers, which may be read as zero")


def _layers(weights: Weights, task: Task) -> tuple[int, list[_Layer]]:
    """The number of gates and the layers, from the parameters' shapes alone."""
    num_layers = sum(name.startswith("rnn.weight_ih_l") for name in weights)
    sees_hidden = "rnn.weight_hh_l0" in weights
    (rows,), (_, hidden) = weights["rnn.bias_ih_l0"].shape, weights["dense.weight"].shape
    _, embedding = weights["embed_layer.weight"].shape
    shapes = {"embed_layer.weight": (task.base, embedding)}
    for layer in range(num_layers):
        below = hidden if layer else task.num_operands * embedding
        shapes |= {f"rnn.weight_ih_l{layer}": (rows, below), f"rnn.bias_ih_l{layer}": (rows,)}
        if sees_hidden:
            shapes |= {f"rnn.weight_hh_l{layer}": (rows, hidden), f"rnn.bias_hh_l{layer}": (rows,)}
    shapes |= {"dense.weight": (task.num_outputs, hidden), "dense.bias": (task.num_outputs,)}
    if shapes != {name: array.shape for name, array in weights.items()} or rows % hidden:
        raise CertificateRefused(f"the weights' shapes are not those of a network for {task.name}")
    return rows // hidden, [_layer(weights, number, hidden) for number in range(num_layers)]


def _layer(weights: Weights, number: int, hidden: int) -> _Layer:
    def read(side: str) -> tuple[arb_mat, arb_mat, Balls]:
        """A matrix, its entries' sizes, and its bias; without rows where gates see the input alone."""
        name = f"{side}_l{number}"
        if f"rnn.weight_{name}" not in weights:
            return arb_mat(0, hidden), arb_mat(0, hidden), []
        matrix = weights[f"rnn.weight_{name}"].astype(np.float64)
        bias = list(map(arb, weights[f"rnn.bias_{name}"].astype(np.float64).tolist()))
        return arb_mat(matrix.tolist()), arb_mat(np.abs(matrix).tolist()), bias

    (from_input, input_sizes, input_bias), (from_hidden, hidden_sizes, hidden_bias) = map(
        read, ("ih", "hh")
    )
    own = _row_sizes(input_sizes)
    others = _row_sizes(hidden_sizes) or [arb(0)] * len(own)
    weights_sizes = [a + b for a, b in zip(own, others, strict=True)]
    return _Layer(
        from_input, from_hidden, input_sizes, hidden_sizes, input_bias, hidden_bias, weights_sizes
    )


def _row_sizes(sizes: arb_mat) -> Balls:
    return (sizes * arb_mat([[1]] * sizes.ncols())).entries()


def _symbol_features(embedding: np.ndarray, task: Task) -> arb_mat:
    """The first layer's input, one column per symbol."""
    symbols = range(task.base**task.num_operands)
    if len(symbols) * task.num_operands * embedding.shape[1] > _MOST_FEATURES:
        raise CertificateRefused(f"{len(symbols)} symbols of this embedding are too many to check")
    rows = embedding.astype(np.float64).tolist()
    columns = [
        [value for k in range(task.num_operands) for value in rows[symbol // task.base**k % task.base]]
        for symbol in symbols
    ]
    return arb_mat(columns).transpose()


def _step(
    cell: str, layer: _Layer, inputs: arb_mat, entering: list[Balls]
) -> tuple[arb_mat, list[list[arb]]]:
    """The hidden states and memories from every state in a set, one column per symbol."""
    hidden, num_rows = layer.from_hidden.ncols(), len(layer.input_bias)
    below = (layer.from_input * inputs).tolist()
    below_sizes = (layer.input_sizes * largest(inputs)).tolist()
    before, before_sizes, num_terms = [arb(0)] * num_rows, [arb(0)] * num_rows, inputs.nrows() + 1
    if layer.sees_hidden:
        before = [u + bias for u, bias in zip(entering[0], layer.hidden_bias, strict=True)]
        most = [b.abs_upper() for b in entering[1]] if cell == "gru" else [HIDDEN_BOUND] * hidden
        sizes = (layer.hidden_sizes * arb_mat([[size] for size in most])).entries()
        before_sizes = [size + abs(bias) for size, bias in zip(sizes, layer.hidden_bias, strict=True)]
        num_terms += hidden + 1

    def gate(row: int, column: int) -> GateSum:
        return GateSum(
            below=below[row][column] + layer.input_bias[row],
            before=before[row],
            below_size=below_sizes[row][column] + abs(layer.input_bias[row]),
            before_size=before_sizes[row],
            weights_size=layer.weights_sizes[row],
            num_terms=num_terms,
        )

    new_hidden, new_memories = [], []
    for unit in range(hidden):
        rows = range(unit, num_rows, hidden)
        old = arb(0) if cell == "rnn" else entering[-1][unit]
        results = [
            CELLS[cell]([gate(row, column) for row in rows], old) for column in range(inputs.ncols())
        ]
        new_hidden.append([result[0] for result in results])
        new_memories.append([result[1] for result in results])
    return arb_mat(new_hidden), new_memories


def _smallest_margin(weights: Weights, hidden: arb_mat, outputs: np.ndarray) -> arb:
    """A lower bound on the right logit minus any other, after subtracting the rounding of both."""
    rows = weights["dense.weight"].astype(np.float64).tolist()
    biases = list(map(arb, weights["dense.bias"].astype(np.float64).tolist()))
    magnitudes = arb_mat([[abs(w) for w in row] for row in rows])
    sizes, row_sizes = (magnitudes * largest(hidden)).tolist(), _row_sizes(magnitudes)
    errors = [
        [sum_error(size + abs(bias), row_size, hidden.nrows() + 1) for size in row]
        for row, bias, row_size in zip(sizes, biases, row_sizes, strict=True)
    ]
    smallest = arb(inf)
    for right in sorted(set(outputs.tolist())):
        for other in range(len(rows)):
            if other == right:
                continue
            difference = [arb(a) - arb(b) for a, b in zip(rows[right], rows[other], strict=True)]
            (margins,) = (arb_mat([difference]) * hidden).tolist()
            for column in np.flatnonzero(outputs == right).tolist():
                found = margins[column] + biases[right] - biases[other]
                found -= errors[right][column] + errors[other][column]
                smallest = smallest.min(found.lower())
    return smallest


def _smallest_slack(
    images: list[list[list[list[arb]]]],
    sets: dict[int, list[list[Balls]]],
    state: int,
    targets: np.ndarray,
) -> arb:
    """The smallest distance from an image's end to its box's, relative to the box's width.

    Raises:
        CertificateRefused: an image that its box does not contain.
    """
    smallest = arb(inf)
    for layer, parts in enumerate(images):
        for part, units in enumerate(parts):
            for unit, row in enumerate(units):
                for image, target in zip(row, targets.tolist(), strict=True):
                    box = sets[target][layer][part][unit]
                    if not box.contains(image):
                        raise CertificateRefused(
                            f"from machine state {state} a position leads out of the invariant"
                        )
                    distance = (image.lower() - box.lower()).min(box.upper() - image.upper())
                    smallest = smallest.min(distance / (2 * box.rad() + arb(2.0**-60)))
    return smallest


def _at_most(ball: arb) -> float:
    """A float at most as large as every number in the ball."""
    value = nextafter(float(ball.lower()), -inf)
    if not isfinite(value):
        raise CertificateRefused("a bound is not finite")
    return value


def _shown(ball: arb) -> str:
    return f"{float(ball.mid()):.3g}"
