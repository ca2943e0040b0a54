"""Numba: training by hand in one compiled function, matrix products by OpenBLAS.

As a good user would write it: the first layer's input products from a table of digit pairs, buffers
allocated once, products over several positions where nothing recurs, elementwise parts fused. Rows go in
blocks that stay in cache, and products stay below a million multiplications, up to which OpenBLAS has
kernels that copy nothing and run at nearly all of the peak.
"""

# Numba compiles most of this; the type checker knows nothing of it.
# pyrefly: ignore-errors

from math import prod
from typing import NamedTuple

import numpy as np

from benchmarks.numba_cells import CELLS, compiled, exp
from ripplecarry.arithmetic.batches import Batch
from ripplecarry.networks.architecture import CELL_SHAPES
from ripplecarry.networks.initial_values import Weights, initial_weights
from ripplecarry.runs.trial import Trial

_MOST_ROWS = 20
_SMALL_PRODUCT = 1_000_000


class _Parameters(NamedTuple):
    embedding: np.ndarray
    first: np.ndarray
    """The first layer's input weights."""
    inputs: np.ndarray
    """The other layers'."""
    hiddens: np.ndarray
    biases: np.ndarray
    """(layer, from below or from before, gates)"""
    dense: np.ndarray
    dense_bias: np.ndarray


class _Buffers(NamedTuple):
    """Of one block of rows, but for the tables and transposed weights of a step."""

    pairs: np.ndarray
    """What each pair of digits brings to the first layer."""
    d_pairs: np.ndarray
    inputs: np.ndarray
    hiddens: np.ndarray
    hidden: np.ndarray
    """(layer, position, row, unit)"""
    memory: np.ndarray
    saved: np.ndarray
    below: np.ndarray
    back: np.ndarray
    d_below: np.ndarray
    d_back: np.ndarray
    above: np.ndarray
    behind: np.ndarray
    passed: np.ndarray
    zeros: np.ndarray
    logits: np.ndarray
    d_weights: np.ndarray
    d_dense: np.ndarray
    places: np.ndarray
    """(position, row): a row's place in `below`"""


class Training:
    """The training of a trial's network."""

    def __init__(self, trial: Trial) -> None:
        shapes = _shapes(trial)
        ends = np.cumsum([prod(shape) for shape in shapes])
        numbers = np.zeros((4, ends[-1]), dtype=np.float32)  # parameters, gradients and both moments
        parameters, gradients = (
            _Parameters(*map(np.reshape, np.split(row, ends[:-1]), shapes)) for row in numbers[:2]
        )
        self._layers = trial.layers
        self._parameters = parameters
        for name, value in initial_weights(trial, trial.build_task(), 0).items():
            self.weights()[name][...] = value
        rows = max(n for n in range(1, _MOST_ROWS + 1) if trial.batch_size % n == 0)
        self._operands = np.zeros((trial.batch_size // rows, trial.sequence_length, rows), dtype=np.int64)
        self._answers = np.zeros_like(self._operands)
        self._digits = trial.digits
        cell = CELLS[trial.cell]
        self._held = (cell.forward, cell.backward, cell.has_two_drives, numbers, parameters, gradients)
        self._held += (_buffers(trial, rows), self._operands, self._answers)
        self._step = 0

    def weights(self) -> Weights:
        """The parameters themselves by their names in the package."""
        p = self._parameters
        named = {"embed_layer.weight": p.embedding, "dense.weight": p.dense, "dense.bias": p.dense_bias}
        for layer in range(self._layers):
            named[f"rnn.weight_ih_l{layer}"] = p.inputs[layer - 1] if layer else p.first
            named[f"rnn.weight_hh_l{layer}"] = p.hiddens[layer]
            named[f"rnn.bias_ih_l{layer}"], named[f"rnn.bias_hh_l{layer}"] = p.biases[layer]
        return named

    def advance(self, num_steps: int) -> float:
        """Draws and learns in one compiled function; returns the last loss."""
        loss = _advance(self._digits, self._step, num_steps, *self._held)
        assert np.isfinite(loss)
        self._step += num_steps
        return loss

    def draw(self) -> Batch:
        """Random operands and their sums."""
        _draw(self._operands, self._answers, self._digits)
        pairs, answers = (
            part.swapaxes(1, 2).reshape(-1, part.shape[1]) for part in (self._operands, self._answers)
        )
        return Batch(
            np.stack([pairs // 10, pairs % 10], axis=-1).astype(np.uint8), answers.astype(np.uint8)
        )

    def learn(self) -> float:
        """A step on what was drawn last."""
        self._step += 1
        return _learn(self._step, *self._held)


def _shapes(trial: Trial) -> list[tuple[int, ...]]:
    """Of the parameters."""
    layers, units, base = trial.layers, trial.hidden_size, trial.base
    gates = CELL_SHAPES[trial.cell].num_gates * units
    return [
        (base, trial.embedding_size),
        (gates, 2 * trial.embedding_size),
        (layers - 1, gates, units),
        (layers, gates, units),
        (layers, 2, gates),
        (base, units),
        (base,),
    ]


def _buffers(trial: Trial, rows: int) -> _Buffers:
    layers, positions, units, base = trial.layers, trial.sequence_length, trial.hidden_size, trial.base
    cell = CELLS[trial.cell]
    gates = CELL_SHAPES[trial.cell].num_gates * units
    num = positions * rows
    shapes = {
        "pairs": (base * base, gates),
        "d_pairs": (base * base, gates),
        "inputs": (layers - 1, units, gates),
        "hiddens": (layers, units, gates),
        "hidden": (layers, positions, rows, units),
        "memory": (layers, positions, rows, units if cell.has_memory else 0),
        "saved": (layers, positions, rows, cell.num_saved * units),
        "below": (num, gates),
        "back": (rows, gates),
        "d_below": (num, gates),
        "d_back": (num if cell.has_two_drives else 0, gates),
        "above": (num, units),
        "behind": (rows, units),
        "passed": (rows, units),
        "zeros": (rows, gates),
        "logits": (base, num),
        "d_weights": (gates, units),
        "d_dense": (base, units),
    }
    arrays = {name: np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()}
    return _Buffers(**arrays, places=np.arange(num).reshape(positions, rows))


@compiled
def _advance(digits, step, num_steps, forward, backward, has_two, numbers, p, d, b, operands, answers):
    loss = 0.0
    for done in range(num_steps):
        _draw(operands, answers, digits)
        loss = _learn(step + done + 1, forward, backward, has_two, numbers, p, d, b, operands, answers)
    return loss


@compiled
def _draw(operands, answers, digits):
    """operands (block, position, row): two digits as one number."""
    for block in range(operands.shape[0]):
        for row in range(operands.shape[2]):
            carry = 0
            for t in range(operands.shape[1]):
                first = second = 0
                if t < digits:
                    first, second = np.random.randint(0, 10), np.random.randint(0, 10)
                total = first + second + carry
                operands[block, t, row] = 10 * first + second
                answers[block, t, row] = total % 10
                carry = total // 10


@compiled
def _learn(step, forward, backward, has_two, numbers, p, d, b, operands, answers):
    numbers[1] = 0
    b.d_pairs[:] = 0
    _transpose(p.hiddens, b.hiddens)
    _transpose(p.inputs, b.inputs)
    base, size = p.embedding.shape
    first, second = np.ascontiguousarray(p.first[:, :size]), np.ascontiguousarray(p.first[:, size:])
    from_first, from_second = np.dot(p.embedding, first.T), np.dot(p.embedding, second.T)
    for i in range(base):
        for j in range(base):
            b.pairs[base * i + j] = from_first[i] + from_second[j] + p.biases[0, 0]
    loss = 0.0
    for block in range(operands.shape[0]):
        _go_forward(forward, p, b, operands[block])
        loss += _cross_entropy(p, d, b, answers[block].ravel(), np.float32(1 / operands.size))
        _go_back(backward, has_two, p, d, b, operands[block])
    by_pair = b.d_pairs.reshape(base, base, -1)
    by_first, by_second = by_pair.sum(axis=1), by_pair.sum(axis=0)
    d.first[:, :size], d.first[:, size:] = np.dot(by_first.T, p.embedding), np.dot(by_second.T, p.embedding)
    d.embedding[:] = np.dot(by_first, first) + np.dot(by_second, second)
    if not has_two:
        d.biases[:, 0] = d.biases[:, 1]
    _adam(numbers[0], numbers[1], numbers[2], numbers[3], step)
    return loss


@compiled
def _go_forward(forward, p, b, operands):
    layers, positions, rows, units = b.hidden.shape
    num, gates = b.below.shape
    chunk = max(1, _SMALL_PRODUCT // (rows * units * gates)) * rows
    for layer in range(layers):
        if layer:
            lower = b.hidden[layer - 1].reshape(num, units)
            for n in range(0, num, chunk):
                below = b.below[n : n + chunk]
                np.dot(lower[n : n + chunk], b.inputs[layer - 1], below)
                _add_to_each(p.biases[layer, 0], below)
        hidden, memory, saved, bias = b.hidden[layer], b.memory[layer], b.saved[layer], p.biases[layer, 1]
        for t in range(positions):
            back, before, memory_before = b.zeros, b.zeros, b.zeros
            if t:
                back, before, memory_before = b.back, hidden[t - 1], memory[t - 1]
                np.dot(before, b.hiddens[layer], back)
            below, places = (b.below, b.places[t]) if layer else (b.pairs, operands[t])
            forward(below, places, back, bias, before, memory_before, hidden[t], memory[t], saved[t])


@compiled
def _cross_entropy(p, d, b, answers, scale):
    """The block's part of the mean; gradients of the last hidden states go to `above`.

    The logits are (digit, row), so that loops over rows become vector instructions.
    """
    hidden, logits = b.hidden[-1].reshape(b.above.shape), b.logits
    base, num = logits.shape
    np.dot(p.dense, hidden.T, logits)
    most, total = np.full(num, np.float32(-np.inf)), np.zeros(num, dtype=np.float32)
    for k in range(base):
        row = logits[k]
        for n in range(num):
            row[n] += p.dense_bias[k]
            most[n] = max(most[n], row[n])
    loss = 0.0
    for n in range(num):
        loss += most[n] - logits[answers[n], n]
    for k in range(base):
        row = logits[k]
        for n in range(num):
            row[n] = exp(row[n] - most[n])
            total[n] += row[n]
    for n in range(num):
        loss += np.log(total[n])
        total[n] = scale / total[n]
    for k in range(base):
        logits[k] *= total
    for n in range(num):
        logits[answers[n], n] -= scale
    d.dense_bias[:] += logits.sum(axis=1)
    np.dot(logits, hidden, b.d_dense)
    _add(b.d_dense, d.dense)
    np.dot(logits.T, p.dense, b.above)
    return loss * scale


@compiled
def _go_back(backward, has_two, p, d, b, operands):
    layers, positions, rows, units = b.hidden.shape
    num, gates = b.below.shape
    chunk = max(1, _SMALL_PRODUCT // (rows * units * gates)) * rows
    flat_back = b.d_back if has_two else b.d_below
    above = b.above.reshape(positions, rows, units)
    d_below, d_back = b.d_below.reshape(positions, rows, gates), flat_back.reshape(positions, rows, gates)
    for layer in range(layers - 1, -1, -1):
        hidden, memory, saved = b.hidden[layer], b.memory[layer], b.saved[layer]
        b.behind[:] = 0
        b.passed[:] = 0
        for t in range(positions - 1, -1, -1):
            before, memory_before = (hidden[t - 1], memory[t - 1]) if t else (b.zeros, b.zeros)
            reach = above[t], b.behind, b.passed
            backward(*reach, before, memory_before, hidden[t], saved[t], d_below[t], d_back[t])
            if t:
                np.dot(d_back[t], p.hiddens[layer], b.behind)
        flat = hidden.reshape(num, units)
        for n in range(rows, num, chunk):
            end = min(n + chunk, num)
            np.dot(flat_back[n:end].T, flat[n - rows : end - rows], b.d_weights)
            _add(b.d_weights, d.hiddens[layer])
        _sum_of_each(flat_back, d.biases[layer, 1])
        if has_two:
            _sum_of_each(b.d_below, d.biases[layer, 0])
        if layer:
            lower = b.hidden[layer - 1].reshape(num, units)
            for n in range(0, num, chunk):
                gradient = b.d_below[n : n + chunk]
                np.dot(gradient.T, lower[n : n + chunk], b.d_weights)
                _add(b.d_weights, d.inputs[layer - 1])
                np.dot(gradient, p.inputs[layer - 1], b.above[n : n + chunk])
    for n, pair in enumerate(operands.ravel()):
        gradient, total = b.d_below[n], b.d_pairs[pair]
        for j in range(gates):
            total[j] += gradient[j]


@compiled
def _adam(p, d, first, second, step):
    rate = np.float32(0.001 / (1 - 0.9**step))
    scale = np.float32(1 / np.sqrt(1 - 0.999**step))
    for i in range(p.size):
        first[i] = np.float32(0.9) * first[i] + np.float32(0.1) * d[i]
        second[i] = np.float32(0.999) * second[i] + np.float32(0.001) * d[i] * d[i]
        p[i] -= rate * first[i] / (np.sqrt(second[i]) * scale + np.float32(1e-8))


@compiled
def _transpose(matrices, result):
    for n in range(matrices.shape[0]):
        for i in range(matrices.shape[1]):
            for j in range(matrices.shape[2]):
                result[n, j, i] = matrices[n, i, j]


@compiled
def _add(matrix, total):
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            total[i, j] += matrix[i, j]


@compiled
def _add_to_each(vector, rows):
    for i in range(rows.shape[0]):
        for j in range(vector.size):
            rows[i, j] += vector[j]


@compiled
def _sum_of_each(rows, total):
    for i in range(rows.shape[0]):
        for j in range(total.size):
            total[j] += rows[i, j]
