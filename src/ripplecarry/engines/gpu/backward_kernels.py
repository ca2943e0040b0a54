"""The kernel for a layer's backward pass."""

# Triton's language is typed for its own compiler.
# pyrefly: ignore-errors

import triton
import triton.language as tl

from ripplecarry.engines.gpu.products import back_through, tanh


@triton.jit
def backward_layer(
    parameters, members, hidden, saved, logits, layer, num_layers, positions, batch, size, at_own, at_above,
    CELL: tl.constexpr, GATES: tl.constexpr, SAVED: tl.constexpr, H: tl.constexpr, OUT: tl.constexpr,
    IS_LAST: tl.constexpr, ROWS: tl.constexpr, RESIDENT: tl.constexpr, MULTIPLY: tl.constexpr,
):  # fmt: skip
    """The gradient of the loss at a layer's gates; it overwrites what the forward pass stored there.

    `at_above` is the offset of the next layer's weights for this layer's states, or of the readout's.
    """
    run = tl.program_id(0).to(tl.int64)
    mine = parameters + tl.load(members + run) * size
    rows = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    units, outputs = tl.arange(0, H), tl.arange(0, OUT)
    is_row = rows < batch
    is_cell = is_row[:, None] & (units < H)[None, :]
    cells = rows[:, None] * H + units[None, :]
    square = units[:, None] * H + units[None, :]
    step, volume = batch * H, tl.cast(positions, tl.int64) * batch * H
    last = tl.cast(positions - 1, tl.int64)
    before = hidden + (run * num_layers + layer) * (volume + step) + last * step + cells
    at_saved = saved + (run * num_layers + layer) * SAVED * volume + last * step
    passed = at_saved + SAVED * volume
    w_own, w_above = mine + at_own, mine + at_above
    cell_of_logits = (
        logits + (run * positions + last) * batch * OUT + rows[:, None] * OUT + outputs[None, :]
    )
    if IS_LAST:
        w_readout = tl.load(w_above + outputs[:, None] * H + units[None, :])
    if RESIDENT:
        resident_own = tl.load(w_own + square)
        if not IS_LAST:
            resident_above = tl.load(w_above + square)
    later = tl.zeros((ROWS, H), tl.float32)
    d_c = tl.zeros((ROWS, H), tl.float32)
    for back in range(positions):
        d_h = later
        if IS_LAST:
            d_logits = tl.load(cell_of_logits, mask=is_row[:, None], other=0.0)
            d_h = tl.dot(d_logits, w_readout, d_h, input_precision=MULTIPLY)
        elif RESIDENT:
            d_above = tl.load(passed + cells, mask=is_cell, other=0.0)
            d_h = tl.dot(d_above, resident_above, d_h, input_precision=MULTIPLY)
        else:
            for gate in tl.static_range(GATES):
                d_h = back_through(d_h, passed + gate * volume, w_above, rows, is_row, gate, H, MULTIPLY)
        at = at_saved + cells
        if CELL == "rnn":
            h = tl.load(before + step, mask=is_cell, other=0.0)
            d_a = d_h * (1.0 - h * h)
            tl.store(at, d_a, mask=is_cell)
            if RESIDENT:
                later = tl.dot(d_a, resident_own, input_precision=MULTIPLY)
            else:
                tl.debug_barrier()
                later = back_through(tl.zeros_like(d_h), at_saved, w_own, rows, is_row, 0, H, MULTIPLY)
        if CELL == "gru":
            h = tl.load(before, mask=is_cell, other=0.0)
            r = tl.load(at, mask=is_cell, other=0.0)
            z = tl.load(at + volume, mask=is_cell, other=0.0)
            n = tl.load(at + 2 * volume, mask=is_cell, other=0.0)
            q = tl.load(at + 3 * volume, mask=is_cell, other=0.0)
            tl.debug_barrier()  # before any thread writes where another still reads
            d_n = d_h * (1.0 - z) * (1.0 - n * n)
            tl.store(at, d_n * q * r * (1.0 - r), mask=is_cell)
            tl.store(at + volume, d_h * (h - n) * z * (1.0 - z), mask=is_cell)
            tl.store(at + 2 * volume, d_n, mask=is_cell)
            tl.store(at + 3 * volume, d_n * r, mask=is_cell)
            tl.debug_barrier()
            later = back_through(d_h * z, at_saved, w_own, rows, is_row, 0, H, MULTIPLY)
            later = back_through(later, at_saved + volume, w_own, rows, is_row, 1, H, MULTIPLY)
            later = back_through(later, at_saved + 3 * volume, w_own, rows, is_row, 2, H, MULTIPLY)
        if CELL == "lstm":
            i = tl.load(at, mask=is_cell, other=0.0)
            f = tl.load(at + volume, mask=is_cell, other=0.0)
            g = tl.load(at + 2 * volume, mask=is_cell, other=0.0)
            o = tl.load(at + 3 * volume, mask=is_cell, other=0.0)
            t = tanh(tl.load(at + 4 * volume, mask=is_cell, other=0.0))
            has_before = is_cell & (back < positions - 1)
            c = tl.load(at + 4 * volume - step, mask=has_before, other=0.0)
            tl.debug_barrier()
            d_c += d_h * o * (1.0 - t * t)
            tl.store(at, d_c * g * i * (1.0 - i), mask=is_cell)
            tl.store(at + volume, d_c * c * f * (1.0 - f), mask=is_cell)
            tl.store(at + 2 * volume, d_c * i * (1.0 - g * g), mask=is_cell)
            tl.store(at + 3 * volume, d_h * t * o * (1.0 - o), mask=is_cell)
            d_c *= f
            tl.debug_barrier()
            later = back_through(tl.zeros_like(d_h), at_saved, w_own, rows, is_row, 0, H, MULTIPLY)
            for gate in tl.static_range(1, 4):
                later = back_through(
                    later, at_saved + gate * volume, w_own, rows, is_row, gate, H, MULTIPLY
                )
        before -= step
        at_saved -= step
        passed -= step
        cell_of_logits -= batch * OUT
