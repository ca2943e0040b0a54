"""What the kernels share: products with rows in memory, table entries, sigmoid and tanh."""

# Triton's language is typed for its own compiler.
# pyrefly: ignore-errors

import triton
import triton.language as tl

_DEPTH = tl.constexpr(32)
"""Columns of a matrix that a program holds at a time."""


@triton.jit
def entry(
    entries, digit_at, is_row, batch, gate,
    GATES: tl.constexpr, H: tl.constexpr, BASE: tl.constexpr, OPERANDS: tl.constexpr,
):  # fmt: skip
    """What the digits at a position add to a gate of the first layer."""
    digit = tl.load(digit_at, mask=is_row, other=0).to(tl.int32)
    total = tl.load(entries + (gate * BASE + digit)[:, None] * H)
    for operand in tl.static_range(1, OPERANDS):
        digit = tl.load(digit_at + operand * batch, mask=is_row, other=0).to(tl.int32)
        total += tl.load(entries + ((operand * GATES + gate) * BASE + digit)[:, None] * H)
    return total


@triton.jit
def preactivation(left, weights, biases, rows, is_row, gate, H: tl.constexpr, MULTIPLY: tl.constexpr):
    """A gate's preactivation: states in memory times the gate's weights, plus its bias."""
    total = tl.zeros((rows.shape[0], H), tl.float32) + tl.load(biases + gate * H)[None, :]
    return _product(total, left, weights + gate * H * H, 1, H, rows, is_row, H, MULTIPLY)


@triton.jit
def back_through(total, left, weights, rows, is_row, gate, H: tl.constexpr, MULTIPLY: tl.constexpr):
    """Adds a gate's gradients, in memory, times its transposed weights."""
    return _product(total, left, weights + gate * H * H, H, 1, rows, is_row, H, MULTIPLY)


@triton.jit
def _product(
    total, left, weights, along, across, rows, is_row, H: tl.constexpr, MULTIPLY: tl.constexpr
):  # fmt: skip
    """Adds rows in memory times a matrix, held a few rows and columns at a time."""
    units, depth = tl.arange(0, H), tl.arange(0, _DEPTH if H > _DEPTH else H)
    for begin in range(0, H, depth.shape[0]):
        inner = begin + depth
        a = tl.load(left + rows[:, None] * H + inner[None, :], mask=is_row[:, None], other=0.0)
        b = tl.load(weights + inner[:, None] * along + units[None, :] * across)
        total = tl.dot(a, b, total, input_precision=MULTIPLY)
    return total


@triton.jit
def sigmoid(x):
    return 1.0 / (1.0 + tl.exp(-x))


@triton.jit
def tanh(x):
    """Below 0.625 a polynomial, since the quotient cancels there (Cephes' `tanhf`, Moshier 1989)."""
    s = x * x
    p = -5.70498872745e-3 * s + 2.06390887954e-2
    p = p * s - 5.37397155531e-2
    p = p * s + 1.33314422036e-1
    p = p * s - 3.33332819422e-1
    power = tl.exp(-2.0 * tl.abs(x))
    far = (1.0 - power) / (1.0 + power)
    return tl.where(tl.abs(x) < 0.625, p * s * x + x, tl.where(x < 0, -far, far))
