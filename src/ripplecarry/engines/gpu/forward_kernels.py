"""Kernels for the forward pass: layers, the readout with the loss, and which runs continue."""

# Triton's language is typed for its own compiler.
# pyrefly: ignore-errors

import triton
import triton.language as tl

from ripplecarry.engines.gpu.products import entry, preactivation, sigmoid, tanh


@triton.jit
def forward_layer(
    parameters, members, table, digits, hidden, saved, states,
    layer, num_layers, positions, batch, size, at_below, at_own, at_biases_below, at_biases,
    CELL: tl.constexpr, GATES: tl.constexpr, SAVED: tl.constexpr, H: tl.constexpr, BASE: tl.constexpr,
    OPERANDS: tl.constexpr, IS_FIRST: tl.constexpr, IS_TRAINING: tl.constexpr, IS_STREAM: tl.constexpr,
    ROWS: tl.constexpr, RESIDENT: tl.constexpr, MULTIPLY: tl.constexpr,
):  # fmt: skip
    """A layer's hidden states at all positions; in training also what the backward pass needs."""
    run = tl.program_id(0).to(tl.int64)
    mine = parameters + tl.load(members + run) * size
    rows = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    units = tl.arange(0, H)
    is_row = rows < batch
    is_cell = is_row[:, None] & (units < H)[None, :]
    cells = rows[:, None] * H + units[None, :]
    step, volume = batch * H, tl.cast(positions, tl.int64) * batch * H
    own = hidden + (run * num_layers + layer) * (volume + step)  # of the position before
    below = own - volume
    at_saved = saved + (run * num_layers + layer) * SAVED * volume + cells
    entries = table + run * OPERANDS * GATES * BASE * H + units[None, :]
    digit_at = digits + run * positions * OPERANDS * batch + rows
    w_below, w_own = mine + at_below, mine + at_own
    b_below, b_own = mine + at_biases_below + units, mine + at_biases + units
    state = states + (run * num_layers + layer) * 2 * step + cells
    h = tl.zeros((ROWS, H), tl.float32)
    c = tl.zeros((ROWS, H), tl.float32)
    if IS_STREAM:
        h = tl.load(state, mask=is_cell, other=0.0)
        c = tl.load(state + step, mask=is_cell, other=0.0)
        tl.store(own + cells, h, mask=is_cell)
        tl.debug_barrier()
    if RESIDENT:
        transposed = units[None, :] * H + units[:, None]
        resident_own = tl.load(w_own + transposed)
        if not IS_FIRST:
            resident_below = tl.load(w_below + transposed)
    for _position in range(positions):
        if RESIDENT:
            if IS_FIRST:
                total = entry(entries, digit_at, is_row, batch, 0, GATES, H, BASE, OPERANDS)
            else:
                x = tl.load(below + cells, mask=is_cell, other=0.0)
                total = tl.dot(x, resident_below, input_precision=MULTIPLY) + tl.load(b_below)[None, :]
            h = tanh(tl.dot(h, resident_own, total, input_precision=MULTIPLY) + tl.load(b_own)[None, :])
        elif CELL == "rnn":
            if IS_FIRST:
                a = entry(entries, digit_at, is_row, batch, 0, GATES, H, BASE, OPERANDS)
            else:
                a = preactivation(below, w_below, b_below, rows, is_row, 0, H, MULTIPLY)
            h = tanh(a + preactivation(own, w_own, b_own, rows, is_row, 0, H, MULTIPLY))
        elif CELL == "gru":
            if IS_FIRST:
                a_r = entry(entries, digit_at, is_row, batch, 0, GATES, H, BASE, OPERANDS)
                a_z = entry(entries, digit_at, is_row, batch, 1, GATES, H, BASE, OPERANDS)
                a_n = entry(entries, digit_at, is_row, batch, 2, GATES, H, BASE, OPERANDS)
            else:
                a_r = preactivation(below, w_below, b_below, rows, is_row, 0, H, MULTIPLY)
                a_z = preactivation(below, w_below, b_below, rows, is_row, 1, H, MULTIPLY)
                a_n = preactivation(below, w_below, b_below, rows, is_row, 2, H, MULTIPLY)
            r = sigmoid(a_r + preactivation(own, w_own, b_own, rows, is_row, 0, H, MULTIPLY))
            z = sigmoid(a_z + preactivation(own, w_own, b_own, rows, is_row, 1, H, MULTIPLY))
            q = preactivation(own, w_own, b_own, rows, is_row, 2, H, MULTIPLY)
            n = tanh(a_n + r * q)
            h = n + z * (h - n)
            if IS_TRAINING:
                tl.store(at_saved, r, mask=is_cell)
                tl.store(at_saved + volume, z, mask=is_cell)
                tl.store(at_saved + 2 * volume, n, mask=is_cell)
                tl.store(at_saved + 3 * volume, q, mask=is_cell)
        elif CELL == "lstm":
            if IS_FIRST:
                a_i = entry(entries, digit_at, is_row, batch, 0, GATES, H, BASE, OPERANDS)
                a_f = entry(entries, digit_at, is_row, batch, 1, GATES, H, BASE, OPERANDS)
                a_g = entry(entries, digit_at, is_row, batch, 2, GATES, H, BASE, OPERANDS)
                a_o = entry(entries, digit_at, is_row, batch, 3, GATES, H, BASE, OPERANDS)
            else:
                a_i = preactivation(below, w_below, b_below, rows, is_row, 0, H, MULTIPLY)
                a_f = preactivation(below, w_below, b_below, rows, is_row, 1, H, MULTIPLY)
                a_g = preactivation(below, w_below, b_below, rows, is_row, 2, H, MULTIPLY)
                a_o = preactivation(below, w_below, b_below, rows, is_row, 3, H, MULTIPLY)
            i = sigmoid(a_i + preactivation(own, w_own, b_own, rows, is_row, 0, H, MULTIPLY))
            f = sigmoid(a_f + preactivation(own, w_own, b_own, rows, is_row, 1, H, MULTIPLY))
            g = tanh(a_g + preactivation(own, w_own, b_own, rows, is_row, 2, H, MULTIPLY))
            o = sigmoid(a_o + preactivation(own, w_own, b_own, rows, is_row, 3, H, MULTIPLY))
            c = f * c + i * g
            h = o * tanh(c)
            if IS_TRAINING:
                tl.store(at_saved, i, mask=is_cell)
                tl.store(at_saved + volume, f, mask=is_cell)
                tl.store(at_saved + 2 * volume, g, mask=is_cell)
                tl.store(at_saved + 3 * volume, o, mask=is_cell)
                tl.store(at_saved + 4 * volume, c, mask=is_cell)
        own += step
        below += step
        at_saved += step
        digit_at += OPERANDS * batch
        tl.store(own + cells, h, mask=is_cell)
        if not RESIDENT:
            tl.debug_barrier()  # the next position's products read it from there
    if IS_STREAM:
        tl.store(state, h, mask=is_cell)
        tl.store(state + step, c, mask=is_cell)


@triton.jit
def readout(
    parameters, members, hidden, answers, logits, losses, results,
    num_layers, positions, batch, size, at_weights, at_biases, num_outputs,
    H: tl.constexpr, OUT: tl.constexpr, WANTED: tl.constexpr, ROWS: tl.constexpr, MULTIPLY: tl.constexpr,
):  # fmt: skip
    """The logits of a block of positions and batch, or the result WANTED from them.

    "gradient": the loss's gradient in `logits` and the block's share of the loss in `losses`; "logits":
    the logits; "answers": the index of the largest, in `results`.
    """
    run, block = tl.program_id(0).to(tl.int64), tl.program_id(1)
    mine = parameters + tl.load(members + run) * size
    total = positions * batch
    rows = block * ROWS + tl.arange(0, ROWS)
    units, outputs = tl.arange(0, H), tl.arange(0, OUT)
    is_row = rows < total
    top = hidden + ((run + 1) * num_layers - 1) * (total + batch) * H + batch * H
    h = tl.load(top + rows[:, None] * H + units[None, :], mask=is_row[:, None], other=0.0)
    w = tl.load(mine + at_weights + outputs[None, :] * H + units[:, None])
    values = tl.dot(h, w, input_precision=MULTIPLY) + tl.load(mine + at_biases + outputs)[None, :]
    values = tl.where(outputs[None, :] < num_outputs, values, float("-inf"))
    cells = logits + run * total * OUT + rows[:, None] * OUT + outputs[None, :]
    if WANTED == "logits":
        tl.store(cells, values, mask=is_row[:, None])
    if WANTED == "answers":
        best = tl.argmax(values, axis=1)
        tl.store(results + run * total + rows, best.to(tl.uint8), mask=is_row)
    if WANTED == "gradient":
        answer = tl.load(answers + run * total + rows, mask=is_row, other=0).to(tl.int32)
        is_answer = answer[:, None] == outputs[None, :]
        shifted = values - tl.max(values, axis=1)[:, None]
        powers = tl.exp(shifted)
        sums = tl.sum(powers, axis=1)
        lost = tl.log(sums) - tl.sum(tl.where(is_answer, shifted, 0.0), axis=1)
        tl.store(losses + run * tl.num_programs(1) + block, tl.sum(tl.where(is_row, lost, 0.0), axis=0))
        gradient = (powers / sums[:, None] - is_answer.to(tl.float32)) / total
        tl.store(cells, gradient, mask=is_row[:, None])


@triton.jit
def judge(losses, history, active, counts, step, num_blocks, total, BLOCKS: tl.constexpr):
    """The mean loss; a run with a non-finite loss, or with all its steps done, is not updated any more."""
    run = tl.program_id(0)
    parts = tl.zeros((BLOCKS,), tl.float32)
    for first in range(0, num_blocks, BLOCKS):
        at = first + tl.arange(0, BLOCKS)
        parts += tl.load(losses + run * num_blocks + at, mask=at < num_blocks, other=0.0)
    loss = tl.sum(parts, axis=0) / total
    tl.store(history + step * tl.num_programs(0) + run, loss)
    is_finite = tl.abs(loss) < float("inf")
    goes_on = (tl.load(active + run) != 0) & is_finite & (step < tl.load(counts + run))
    tl.store(active + run, goes_on.to(tl.int32))
