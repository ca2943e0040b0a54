"""Kernels for a network's inputs: operands, right answers, and the first layer's table."""

# Triton's language is typed for its own compiler.
# pyrefly: ignore-errors

import triton
import triton.language as tl
from triton.language.random import philox_impl


@triton.jit
def draw(
    seeds, steps, next_state, output, digits, answers,
    stream, batch, num_digits, positions, num_symbols, base,
    OPERANDS: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """Uniform operands and the machine's answers, by each run's seed and step."""
    run = tl.program_id(0).to(tl.int64)
    rows = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    is_row = rows < batch
    low = tl.load(seeds + 2 * run).to(tl.uint32, bitcast=True)
    high = tl.load(seeds + 2 * run + 1).to(tl.uint32, bitcast=True)
    zeros = tl.zeros((ROWS,), tl.uint32)
    c1 = rows.to(tl.uint32)
    c2 = zeros + tl.load(steps + run).to(tl.uint32, bitcast=True)
    c3 = zeros + stream
    state = tl.zeros((ROWS,), tl.int32)
    for position in range(positions):
        symbol, place = state * num_symbols, 1
        for operand in tl.static_range(OPERANDS):
            word = position * OPERANDS + operand
            w0, w1, w2, w3 = philox_impl(zeros + (word // 4).to(tl.uint32), c1, c2, c3, low, high)
            quarter = word % 4
            lower = tl.where(quarter == 0, w0, w1)
            drawn = tl.where(quarter < 2, lower, tl.where(quarter == 2, w2, w3))
            digit = tl.umulhi(drawn, zeros + base).to(tl.int32)
            digit = tl.where(position < num_digits, digit, 0)
            at = ((run * positions + position) * OPERANDS + operand) * batch + rows
            tl.store(digits + at, digit.to(tl.uint8), mask=is_row)
            symbol += digit * place
            place *= base
        answer = tl.load(output + symbol)
        tl.store(answers + (run * positions + position) * batch + rows, answer, mask=is_row)
        state = tl.load(next_state + symbol)


@triton.jit
def tabulate(
    parameters, members, table, size, at_embedding, at_weights, at_biases,
    H: tl.constexpr, E: tl.constexpr, BASE: tl.constexpr, GATES: tl.constexpr, MULTIPLY: tl.constexpr,
):  # fmt: skip
    """What each digit of each operand adds to a gate of the first layer; operand 0's includes the bias."""
    run, part = tl.program_id(0), tl.program_id(1)
    mine = parameters + tl.load(members + run) * size
    units, values, digits = tl.arange(0, H), tl.arange(0, E), tl.arange(0, BASE)
    embedding = tl.load(mine + at_embedding + digits[:, None] * E + values[None, :])
    weights = tl.load(mine + at_weights + part * H * E + units[None, :] * E + values[:, None])
    entry = tl.dot(embedding, weights, input_precision=MULTIPLY)
    if part < GATES:
        entry += tl.load(mine + at_biases + part * H + units)[None, :]
    at = (run.to(tl.int64) * tl.num_programs(1) + part) * BASE * H
    tl.store(table + at + digits[:, None] * H + units[None, :], entry)
