"""The checker: verifies a certificate against a network's weights by rigorous ball arithmetic.

It shares nothing with the search that found the certificate but the rounding model, which is its own. It
believes nothing that the file says: the machine follows from the task, the network's shape from the
weights; every bound is computed here, in balls of python-flint, which contain the exact value always.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np
from flint import arb, arb_mat

from ripplecarry.arithmetic.tasks import Task, TaskChoice
from ripplecarry.errors import CertificateError, CertificateRefused, ConfigurationError
from ripplecarry.verification.balls import CELLS, Balls, largest
from ripplecarry.verification.rounding import ROUNDING, RoundingModel

FORMAT = "ripplecarry certificate 1"
GATES = {1: "rnn", 3: "gru", 4: "lstm"}
Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Proof:
    """What was proved: the task, and the smallest margin over all states in the invariant."""

    task: Task
    cell: str
    layers: int
    margin: float
    slack: float
    """The smallest distance from an image's end to its box's, as a share of the box's width."""


@dataclass(frozen=True)
class _Layer:
    """A layer's parameters, exactly, with the absolute values that rounding errors are bounded by."""

    from_input: arb_mat
    from_hidden: arb_mat
    input_sizes: arb_mat
    hidden_sizes: arb_mat
    input_bias: Balls
    hidden_bias: Balls


def weights_hash(weights: Weights) -> str:
    """A hash of all parameters: names, shapes and float32 bits."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        array = np.ascontiguousarray(weights[name], dtype="<f4")
        digest.update(f"{name} {list(array.shape)} ".encode() + array.tobytes())
    return digest.hexdigest()


def read_certificate(content: bytes) -> dict[str, Any]:
    """The certificate in these bytes, not yet checked.

    Raises:
        CertificateError: this is no certificate, or one that is cut short.
    """

    def refuse(constant: str) -> None:
        raise CertificateError(f"the certificate holds {constant}; every number must be finite")

    try:
        read = json.loads(content, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        words = "it is empty" if not content else f"it is no JSON ({type(error).__name__})"
        raise CertificateError(f"this is no certificate, or one cut short: {words}") from None
    if not isinstance(read, dict) or read.get("format") != FORMAT:
        raise CertificateError(f"this is no certificate: its format is not {FORMAT!r}")
    return read


def check(certificate: Mapping[str, Any], weights: Weights) -> Proof:
    """The proof that the network with these weights does its task at every length.

    Raises:
        CertificateError: parts that are missing or of the wrong form.
        CertificateRefused: the certificate does not prove it; the message says where it fails.
    """
    try:
        return _check(certificate, weights)
    except (
        LookupError,
        TypeError,
        ValueError,
        ArithmeticError,
        AttributeError,
        ConfigurationError,
    ) as error:
        raise CertificateError(f"a part is missing or of the wrong form: {error!r}") from None


def _check(certificate: Mapping[str, Any], weights: Weights) -> Proof:
    choice = TaskChoice.build(certificate["task"])
    claimed = certificate["machine"]
    num_symbols = choice.base ** (choice.num_operands or 1)
    rows = [row for table in ("next_state", "output") for row in claimed[table]]
    if not rows or any(len(row) < num_symbols for row in rows):
        # Before the machine is built, which may be far larger than a file that lies.
        raise CertificateRefused(f"its machine has fewer than {num_symbols} symbols")
    task = choice.build_task()
    machine = task.machine
    if claimed != {"next_state": machine.next_state.tolist(), "output": machine.output.tolist()}:
        raise CertificateRefused(f"its machine is not that of the task {task.name}")
    if certificate["rounding"] != ROUNDING.as_dict():
        raise CertificateRefused("its rounding bounds are not this checker's")
    for name, array in weights.items():
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise CertificateRefused(f"the weights {name} are not all finite float32 numbers")
    if certificate["weights_sha256"] != weights_hash(weights):
        raise CertificateRefused("it belongs to other weights: their hash differs")
    cell, layers = _layers(weights, task)
    sets = _read_sets(certificate["invariant"], cell, layers, machine.reachable_states())
    features = _symbol_features(weights["embed_layer.weight"], task)
    margin, slack = inf, inf
    for state in machine.reachable_states():
        inputs, parts = features, []
        for layer, entering in zip(layers, sets[state], strict=True):
            inputs, kept = _step(cell, layer, inputs, entering)
            parts.append((layer.from_hidden * inputs, kept))
        margin = min(margin, _smallest_margin(weights, inputs, machine.output[state]))
        if not margin > 0:
            raise CertificateRefused(
                f"in machine state {state} an answer may be wrong: margin {margin:.3g}"
            )
        slack = min(slack, _smallest_slack(parts, sets, machine.next_state[state]))
        if not slack >= 0:
            raise CertificateRefused(f"from machine state {state} a position leads out of the invariant")
    if not certificate["margin"] <= margin:
        raise CertificateRefused(f"it claims the margin {certificate['margin']}; {margin} is proved")
    return Proof(task, cell, len(layers), margin, slack)


def _layers(weights: Weights, task: Task) -> tuple[str, list[_Layer]]:
    """The cell and the layers, from the shapes of the parameters alone."""
    num_layers = sum(name.startswith("rnn.weight_hh_l") for name in weights)
    rows, hidden = weights["rnn.weight_hh_l0"].shape
    cell = GATES[rows // hidden]
    _, embedding = weights["embed_layer.weight"].shape
    shapes = {"embed_layer.weight": (task.base, embedding)}
    for layer in range(num_layers):
        below = hidden if layer else task.num_operands * embedding
        shapes |= {f"rnn.weight_ih_l{layer}": (rows, below), f"rnn.weight_hh_l{layer}": (rows, hidden)}
        shapes |= {f"rnn.bias_{side}_l{layer}": (rows,) for side in ("ih", "hh")}
    shapes |= {"dense.weight": (task.num_outputs, hidden), "dense.bias": (task.num_outputs,)}
    if shapes != {name: array.shape for name, array in weights.items()} or rows % hidden:
        raise CertificateRefused(f"the weights' shapes are not those of a network for {task.name}")
    layers = []
    for number in range(num_layers):
        names = [f"rnn.{kind}_l{number}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        matrices = [weights[name].astype(np.float64) for name in names]
        products = [arb_mat(m.tolist()) for m in (*matrices[:2], *map(np.abs, matrices[:2]))]
        input_bias, hidden_bias = (list(map(arb, m.tolist())) for m in matrices[2:])
        layers.append(_Layer(*products, input_bias=input_bias, hidden_bias=hidden_bias))
    return cell, layers


def _read_sets(
    invariant: Mapping[str, Any], cell: str, layers: list[_Layer], states: list[int]
) -> dict[int, list[list[Balls]]]:
    """For each machine state and layer the balls of the drive and, but for RNN, of what is kept."""
    sets = {}
    for state in states:
        given = invariant[str(state)]
        if len(given) != len(layers):
            raise CertificateRefused(f"the set of machine state {state} has {len(given)} layers")
        sets[state] = []
        for layer, boxes in zip(layers, given, strict=True):
            rows, hidden = layer.from_hidden.nrows(), layer.from_hidden.ncols()
            sizes = {"drive": rows} | ({} if cell == "rnn" else {"kept": hidden})
            if set(boxes) != set(sizes):
                raise CertificateRefused(f"a set has the parts {sorted(boxes)}, not {sorted(sizes)}")
            sets[state].append([_read_box(boxes[part], size) for part, size in sizes.items()])
            if state == 0 and not all(ball.contains(arb(0)) for part in sets[0][-1] for ball in part):
                raise CertificateRefused("the zero state is not in the first machine state's set")
    return sets


def _read_box(box: Mapping[str, list[float]], size: int) -> Balls:
    low, high = box["low"], box["high"]
    if len(low) != size or len(high) != size:
        raise CertificateRefused(f"a box has {len(low)} and {len(high)} ends where {size} belong")
    for a, b in zip(low, high, strict=True):
        if type(a) is not float or type(b) is not float or not (isfinite(a) and isfinite(b) and a <= b):
            raise CertificateRefused(f"a box has the ends {a!r:.40} and {b!r:.40}")
    return [arb(a).union(arb(b)) for a, b in zip(low, high, strict=True)]


def _symbol_features(embedding: np.ndarray, task: Task) -> arb_mat:
    """The first layer's input, a column a symbol."""
    symbols = range(task.base**task.num_operands)
    rows = embedding.astype(np.float64).tolist()
    columns = [
        [value for k in range(task.num_operands) for value in rows[symbol // task.base**k % task.base]]
        for symbol in symbols
    ]
    return arb_mat(columns).transpose()


def _step(
    cell: str, layer: _Layer, inputs: arb_mat, entering: list[Balls]
) -> tuple[arb_mat, list[Balls] | None]:
    """The hidden states and what is kept, a column a symbol, from every state in a set."""
    hidden = layer.from_hidden.ncols()
    # |h| <= 1 up to the functions' own errors: tanh, or sigmoid times tanh with one rounding.
    most = arb(1 + 4 * ROUNDING.function_relative)
    hidden_sizes = [ball.abs_upper() for ball in entering[1]] if cell == "gru" else [most] * hidden
    below = (layer.from_input * inputs).tolist()
    below_sizes = (layer.input_sizes * largest(inputs)).tolist()
    before_sizes = (layer.hidden_sizes * arb_mat([[size] for size in hidden_sizes])).entries()
    num_terms = inputs.nrows() + hidden + 2
    gamma, absolute = arb(ROUNDING.gamma(num_terms)), arb(ROUNDING.sum_absolute(num_terms))
    new_hidden, new_kept = [], []
    for unit in range(hidden):
        rows = range(unit, layer.from_hidden.nrows(), hidden)
        drives = [[value + layer.input_bias[row] for value in below[row]] for row in rows]
        befores = [entering[0][row] + layer.hidden_bias[row] for row in rows]
        sizes = [[size + abs(layer.input_bias[row]) for size in below_sizes[row]] for row in rows]
        before = [before_sizes[row] + abs(layer.hidden_bias[row]) for row in rows]
        old = entering[1][unit] if cell != "rnn" else arb(0)
        results = []
        for column in range(inputs.ncols()):
            below_size = [size[column] for size in sizes]
            for size in map(sum, zip(below_size, before, strict=True)):
                if not size < ROUNDING.largest:
                    raise CertificateRefused("a sum may overflow float32")
            errors = [(gamma * a + absolute, gamma * b) for a, b in zip(below_size, before, strict=True)]
            results.append(CELLS[cell]([drive[column] for drive in drives], befores, errors, old))
        new_hidden.append([result[0] for result in results])
        new_kept.append([result[1] for result in results])
    return arb_mat(new_hidden), None if cell == "rnn" else new_kept


def _smallest_margin(weights: Weights, hidden: arb_mat, outputs: np.ndarray) -> float:
    """A lower bound on the right logit minus any other, rounding of both taken off."""
    rows = weights["dense.weight"].astype(np.float64).tolist()
    biases = list(map(arb, weights["dense.bias"].astype(np.float64).tolist()))
    gamma = arb(ROUNDING.gamma(len(rows[0]) + 1))
    sizes = (arb_mat([[abs(w) for w in row] for row in rows]) * largest(hidden)).tolist()
    errors = [
        [gamma * (size + abs(bias)) + arb(ROUNDING.sum_absolute(len(rows[0]) + 1)) for size in row]
        for row, bias in zip(sizes, biases, strict=True)
    ]
    if not all(size < ROUNDING.largest for row in sizes for size in row):
        raise CertificateRefused("a logit may overflow float32")
    smallest = inf
    for right in sorted(set(outputs.tolist())):
        others = [other for other in range(len(rows)) if other != right]
        if not others:
            continue
        differences = [
            [arb(a) - arb(b) for a, b in zip(rows[right], rows[other], strict=True)] for other in others
        ]
        margins = (arb_mat(differences) * hidden).tolist()
        for margin, other in zip(margins, others, strict=True):
            for column in np.flatnonzero(outputs == right).tolist():
                found = margin[column] + biases[right] - biases[other]
                found -= errors[right][column] + errors[other][column]
                smallest = min(smallest, float(found.lower()))
    return smallest


def _smallest_slack(
    parts: list[tuple[arb_mat, list[Balls] | None]], sets: dict[int, list[list[Balls]]], targets: np.ndarray
) -> float:
    """The smallest distance from an image's end to its box's, by the box's width; negative outside."""
    smallest = inf
    for number, (drives, kept) in enumerate(parts):
        for part, images in enumerate([drives.tolist()] + ([] if kept is None else [kept])):
            for unit, row in enumerate(images):
                for image, target in zip(row, targets.tolist(), strict=True):
                    box = sets[target][number][part][unit]
                    if not box.contains(image):
                        return -1.0
                    distance = min(image.lower() - box.lower(), box.upper() - image.upper())
                    smallest = min(smallest, float(distance / (2 * box.rad() + arb(2.0**-60))))
    return smallest


def statement(task: Task, model: RoundingModel = ROUNDING) -> str:
    """What a certificate proves, in words."""
    count = "operands" if task.num_operands > 1 else "operand"
    return (
        f"For {count} of any length in base {task.base}, zero-padded to any common length greater than "
        "each, read least significant digit first from the zero state, the network's largest logit at "
        f"every position is the right digit of the task {task.name!r}. "
        "Assumed: IEEE float32, rounding to nearest, any order of summation, with or without fused "
        "multiply-add; tanh and sigmoid within a relative error of "
        f"{model.function_relative:.3g} and an absolute one of {model.function_absolute:.3g}. "
        "Not covered: TF32, bfloat16, exports and anything else that computes elsewhere."
    )
