"""The cells of the Numba peer: one position of a block of rows, forward and back.

`forward` takes what is below each row (`below[rows[r]]`, with its bias), the product with the hidden state
before, its bias, and the states before. `backward` takes the gradients that reach the hidden state from
above and from the next position's product; `passed` is what the states themselves hand back. Loops run over
one vector from zero on, which the compiler turns into vector instructions.
"""

# Every function is compiled by Numba, of which the type checker knows nothing.
# pyrefly: ignore-errors

from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np

compiled = numba.njit(fastmath=True, error_model="numpy")
_ONE = np.float32(1)


class Cell(NamedTuple):
    forward: Callable
    backward: Callable
    num_saved: int
    """Vectors of units that the way back needs besides the states."""
    has_memory: bool
    has_two_drives: bool
    """Whether the gradients of the drives from below and from before differ."""


@compiled
def tanh(x):
    """A ratio of polynomials (Eigen's), within 2e-7."""
    x = min(max(x, np.float32(-7.9)), np.float32(7.9))
    s = x * x
    top = np.float32(-2.76076847742355e-16) * s + np.float32(2.00018790482477e-13)
    top = top * s + np.float32(-8.60467152213735e-11)
    top = top * s + np.float32(5.12229709037114e-08)
    top = top * s + np.float32(1.48572235717979e-05)
    top = top * s + np.float32(6.37261928875436e-04)
    top = top * s + np.float32(4.89352455891786e-03)
    low = np.float32(1.19825839466702e-06) * s + np.float32(1.18534705686654e-04)
    low = low * s + np.float32(2.26843463243900e-03)
    low = low * s + np.float32(4.89352518554385e-03)
    return x * top / low


@compiled
def sigmoid(x):
    return np.float32(0.5) * tanh(np.float32(0.5) * x) + np.float32(0.5)


@compiled
def exp(x):
    """For x up to 0, by a polynomial (Cephes') and the exponent's bits."""
    x = max(x, np.float32(-87))
    power = np.rint(x * np.float32(1.44269504))
    r = x - power * np.float32(0.693147181)
    value = np.float32(1.9875691500e-4) * r + np.float32(1.3981999507e-3)
    value = value * r + np.float32(8.3334519073e-3)
    value = value * r + np.float32(4.1665795894e-2)
    value = value * r + np.float32(1.6666665459e-1)
    value = value * r + np.float32(5.0000001201e-1)
    value = value * r * r + r + _ONE
    return value * np.int32((np.int32(power) + np.int32(127)) << np.int32(23)).view(np.float32)


@compiled
def _rnn_forward(below, rows, back, bias, before, memory_before, hidden, memory, saved):
    for r in range(hidden.shape[0]):
        low = below[rows[r]]
        for j in range(hidden.shape[1]):
            hidden[r, j] = tanh(low[j] + back[r, j] + bias[j])


@compiled
def _rnn_backward(above, behind, passed, before, memory_before, hidden, saved, d_below, d_back):
    for r in range(hidden.shape[0]):
        for j in range(hidden.shape[1]):
            d_below[r, j] = (above[r, j] + behind[r, j]) * (_ONE - hidden[r, j] * hidden[r, j])


@compiled
def _gru_forward(below, rows, back, bias, before, memory_before, hidden, memory, saved):
    units = hidden.shape[1]
    for r in range(hidden.shape[0]):
        low, gates = below[rows[r]], saved[r]
        update, new, inner = gates[units : 2 * units], gates[2 * units : 3 * units], gates[3 * units :]
        low_new, back_new, bias_new = low[2 * units :], back[r, 2 * units :], bias[2 * units :]
        for j in range(2 * units):
            gates[j] = sigmoid(low[j] + back[r, j] + bias[j])
        for j in range(units):
            inner[j] = back_new[j] + bias_new[j]
        for j in range(units):
            new[j] = tanh(low_new[j] + gates[j] * inner[j])
        for j in range(units):
            hidden[r, j] = new[j] + update[j] * (before[r, j] - new[j])


@compiled
def _gru_backward(above, behind, passed, before, memory_before, hidden, saved, d_below, d_back):
    units = hidden.shape[1]
    for r in range(hidden.shape[0]):
        gates, gradient, back, total = saved[r], d_below[r], d_back[r], passed[r]
        update, new, inner = gates[units : 2 * units], gates[2 * units : 3 * units], gates[3 * units :]
        d_update, d_new, d_inner = gradient[units : 2 * units], gradient[2 * units :], back[2 * units :]
        for j in range(units):
            total[j] += above[r, j] + behind[r, j]
        for j in range(units):
            d_update[j] = total[j] * (before[r, j] - new[j]) * update[j] * (_ONE - update[j])
        for j in range(units):
            d_new[j] = total[j] * (_ONE - update[j]) * (_ONE - new[j] * new[j])
        for j in range(units):
            d_inner[j] = d_new[j] * gates[j]
        for j in range(units):
            gradient[j] = d_new[j] * inner[j] * gates[j] * (_ONE - gates[j])
        for j in range(2 * units):
            back[j] = gradient[j]
        for j in range(units):
            total[j] *= update[j]


@compiled
def _lstm_forward(below, rows, back, bias, before, memory_before, hidden, memory, saved):
    units = hidden.shape[1]
    for r in range(hidden.shape[0]):
        low, gates, now, earlier = below[rows[r]], saved[r], memory[r], memory_before[r]
        forget, new = gates[units : 2 * units], gates[2 * units : 3 * units]
        output, shown = gates[3 * units : 4 * units], gates[4 * units :]
        for j in range(4 * units):
            gates[j] = low[j] + back[r, j] + bias[j]
        for j in range(2 * units):
            gates[j] = sigmoid(gates[j])
        for j in range(units):
            new[j] = tanh(new[j])
        for j in range(units):
            output[j] = sigmoid(output[j])
        for j in range(units):
            now[j] = forget[j] * earlier[j] + gates[j] * new[j]
        for j in range(units):
            shown[j] = tanh(now[j])
        for j in range(units):
            hidden[r, j] = output[j] * shown[j]


@compiled
def _lstm_backward(above, behind, passed, before, memory_before, hidden, saved, d_below, d_back):
    units = hidden.shape[1]
    for r in range(hidden.shape[0]):
        gates, gradient, total, earlier = saved[r], d_below[r], passed[r], memory_before[r]
        forget, new = gates[units : 2 * units], gates[2 * units : 3 * units]
        output, shown = gates[3 * units : 4 * units], gates[4 * units :]
        d_forget, d_new = gradient[units : 2 * units], gradient[2 * units : 3 * units]
        d_output = gradient[3 * units :]
        for j in range(units):
            d_output[j] = above[r, j] + behind[r, j]
        for j in range(units):
            total[j] += d_output[j] * output[j] * (_ONE - shown[j] * shown[j])
        for j in range(units):
            d_output[j] *= shown[j] * output[j] * (_ONE - output[j])
        for j in range(units):
            gradient[j] = total[j] * new[j] * gates[j] * (_ONE - gates[j])
        for j in range(units):
            d_forget[j] = total[j] * earlier[j] * forget[j] * (_ONE - forget[j])
        for j in range(units):
            d_new[j] = total[j] * gates[j] * (_ONE - new[j] * new[j])
        for j in range(units):
            total[j] *= forget[j]


CELLS = {
    "rnn": Cell(_rnn_forward, _rnn_backward, num_saved=0, has_memory=False, has_two_drives=False),
    "gru": Cell(_gru_forward, _gru_backward, num_saved=4, has_memory=False, has_two_drives=True),
    "lstm": Cell(_lstm_forward, _lstm_backward, num_saved=5, has_memory=True, has_two_drives=False),
}
