"""Numba: the whole RNN step by hand, matrix products by BLAS, elementwise parts fused by the compiler."""

from collections.abc import Callable

import numba
import numpy as np
from jaxtyping import Float32

from benchmarks.workload import Workload
from ripplecarry.arithmetic.tasks import addition
from ripplecarry.networks.initial_values import initial_weights

Parameters = tuple[np.ndarray, ...]


def by_hand(workload: Workload) -> Callable[[], object]:
    """One compiled function a step: operands, forward, backward, Adam."""
    trial = workload.trial
    weights = initial_weights(trial, addition(), 0)
    order = ["embed_layer.weight", "rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0"]
    order += ["rnn.weight_ih_l1", "rnn.weight_hh_l1", "rnn.bias_ih_l1", "dense.weight", "dense.bias"]
    parameters = tuple(weights[name] for name in order)
    first = tuple(np.zeros_like(value) for value in parameters)
    second = tuple(np.zeros_like(value) for value in parameters)
    count = [0]

    def advance() -> None:
        count[0] += 1
        loss, gradients = _gradients(parameters, trial.batch_size, trial.digits, trial.sequence_length)
        for p, g, m, v in zip(parameters, gradients, first, second, strict=True):
            _adam(p.ravel(), g.ravel(), m.ravel(), v.ravel(), count[0])
        assert np.isfinite(loss)

    return advance


@numba.njit(fastmath=True, cache=False)
def _adam(
    p: Float32[np.ndarray, " number"],
    g: Float32[np.ndarray, " number"],
    m: Float32[np.ndarray, " number"],
    v: Float32[np.ndarray, " number"],
    count: int,
) -> None:  # pragma: no cover - compiled
    one, two = 1 - 0.9**count, np.sqrt(1 - 0.999**count)
    for i in range(p.size):
        m[i] = np.float32(0.9) * m[i] + np.float32(0.1) * g[i]
        v[i] = np.float32(0.999) * v[i] + np.float32(0.001) * g[i] * g[i]
        p[i] -= np.float32(0.001 / one) * m[i] / (np.sqrt(v[i]) / np.float32(two) + np.float32(1e-8))


@numba.njit(fastmath=True, cache=False)
def _gradients(
    parameters: Parameters, batch: int, digits: int, positions: int
) -> tuple[np.floating, Parameters]:  # pragma: no cover - compiled
    embedding, input0, hidden0, bias0, input1, hidden1, bias1, dense, dense_bias = parameters
    units, size = hidden0.shape[0], embedding.shape[1]
    operands = np.zeros((positions, batch, 2), dtype=np.int64)
    answers = np.zeros((positions, batch), dtype=np.int64)
    for row in range(batch):
        carry = 0
        for t in range(positions):
            total = carry
            if t < digits:
                for o in range(2):
                    operands[t, row, o] = np.random.randint(0, 10)
                    total += operands[t, row, o]
            answers[t, row] = total % 10
            carry = total // 10
    tables = (
        np.dot(embedding, np.ascontiguousarray(input0[:, :size].T)) + bias0,
        np.dot(embedding, np.ascontiguousarray(input0[:, size:].T)),
    )
    hidden0_t, hidden1_t = np.ascontiguousarray(hidden0.T), np.ascontiguousarray(hidden1.T)
    input1_t, dense_t = np.ascontiguousarray(input1.T), np.ascontiguousarray(dense.T)
    h0 = np.zeros((positions + 1, batch, units), dtype=np.float32)
    h1 = np.zeros((positions + 1, batch, units), dtype=np.float32)
    for t in range(positions):
        preactivation = np.dot(h0[t], hidden0_t)
        for row in range(batch):
            first, second = tables[0][operands[t, row, 0]], tables[1][operands[t, row, 1]]
            for j in range(units):
                h0[t + 1, row, j] = np.tanh(preactivation[row, j] + first[j] + second[j])
        preactivation = np.dot(h0[t + 1], input1_t)
        preactivation += np.dot(h1[t], hidden1_t)
        for row in range(batch):
            for j in range(units):
                h1[t + 1, row, j] = np.tanh(preactivation[row, j] + bias1[j])

    d_tables = (np.zeros_like(tables[0]), np.zeros_like(tables[1]))
    d_hidden0, d_hidden1 = np.zeros_like(hidden0), np.zeros_like(hidden1)
    d_input1, d_bias1 = np.zeros_like(input1), np.zeros_like(bias1)
    d_dense, d_dense_bias = np.zeros_like(dense), np.zeros_like(dense_bias)
    carry0 = np.zeros((batch, units), dtype=np.float32)
    carry1 = np.zeros((batch, units), dtype=np.float32)
    loss, scale = 0.0, np.float32(1.0 / (batch * positions))
    for t in range(positions - 1, -1, -1):
        logits = np.dot(h1[t + 1], dense_t)
        for row in range(batch):
            most = logits[row, 0] + dense_bias[0]
            for k in range(dense.shape[0]):
                logits[row, k] += dense_bias[k]
                most = max(most, logits[row, k])
            right, total = logits[row, answers[t, row]], np.float32(0)
            for k in range(dense.shape[0]):
                logits[row, k] = np.exp(logits[row, k] - most)
                total += logits[row, k]
            loss += np.log(total) + most - right
            for k in range(dense.shape[0]):
                logits[row, k] *= scale / total
            logits[row, answers[t, row]] -= scale
            for k in range(dense.shape[0]):
                d_dense_bias[k] += logits[row, k]
        d_dense += np.dot(logits.T, h1[t + 1])
        carry1 += np.dot(logits, dense)
        for row in range(batch):
            for j in range(units):
                carry1[row, j] *= 1 - h1[t + 1, row, j] * h1[t + 1, row, j]
                d_bias1[j] += carry1[row, j]
        d_hidden1 += np.dot(carry1.T, h1[t])
        d_input1 += np.dot(carry1.T, h0[t + 1])
        carry0 += np.dot(carry1, input1)
        carry1 = np.dot(carry1, hidden1)
        for row in range(batch):
            first, second = d_tables[0][operands[t, row, 0]], d_tables[1][operands[t, row, 1]]
            for j in range(units):
                carry0[row, j] *= 1 - h0[t + 1, row, j] * h0[t + 1, row, j]
                first[j] += carry0[row, j]
                second[j] += carry0[row, j]
        d_hidden0 += np.dot(carry0.T, h0[t])
        carry0 = np.dot(carry0, hidden0)
    d_bias0 = d_tables[0].sum(axis=0)
    d_input0 = np.zeros_like(input0)
    d_input0[:, :size] = np.dot(d_tables[0].T, embedding)
    d_input0[:, size:] = np.dot(d_tables[1].T, embedding)
    d_embedding = np.dot(d_tables[0], np.ascontiguousarray(input0[:, :size]))
    d_embedding += np.dot(d_tables[1], np.ascontiguousarray(input0[:, size:]))
    return loss * scale, (d_embedding, d_input0, d_hidden0, d_bias0, d_input1, d_hidden1, d_bias1, d_dense,
                          d_dense_bias)  # fmt: skip
