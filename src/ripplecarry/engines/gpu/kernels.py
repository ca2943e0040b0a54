"""Triton kernels: one training step of many runs of one shape, each run with its own weights and operands.

A program works for one run: on a block of its batch through all positions (`forward_layer`,
`backward_layer`), on a block of positions and batch together (`readout`), or on one matrix of its weights,
which it reduces over all positions and the batch and updates at once (`update_*`). No sum crosses programs,
so a run's bits depend on nothing around it. `memory` says how the arrays lie.

Every product has float32 operands; MULTIPLY says how Triton multiplies them: "ieee" for full float32.
"""

# Triton's language is typed for its own compiler.
# pyrefly: ignore-errors

import triton
import triton.language as tl
from triton.language.random import philox_impl

_DEPTH = tl.constexpr(32)


@triton.jit
def draw(
    seeds, steps, next_state, output, digits, answers,
    stream, batch, num_digits, positions, num_symbols, base,
    OPERANDS: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """Uniform operands and the machine's answers, for each run those of its seed and step."""
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
    parameters, members, table, size, features, at_embedding, at_weights, at_biases,
    H: tl.constexpr, E: tl.constexpr, BASE: tl.constexpr, GATES: tl.constexpr, MULTIPLY: tl.constexpr,
):  # fmt: skip
    """What each digit of each operand brings to a gate of the first layer; the bias goes with operand 0."""
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


@triton.jit
def forward_layer(
    parameters, members, table, digits, hidden, saved, states,
    layer, num_layers, positions, batch, size, at_below, at_own, at_biases_below, at_biases,
    CELL: tl.constexpr, GATES: tl.constexpr, SAVED: tl.constexpr, H: tl.constexpr, BASE: tl.constexpr,
    OPERANDS: tl.constexpr, IS_FIRST: tl.constexpr, IS_TRAINING: tl.constexpr, IS_STREAM: tl.constexpr,
    ROWS: tl.constexpr, RESIDENT: tl.constexpr, MULTIPLY: tl.constexpr,
):  # fmt: skip
    """A layer's hidden states at all positions; in training also what the way back needs of its gates."""
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
    kept = saved + (run * num_layers + layer) * SAVED * volume + cells
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
                total = _entry(entries, digit_at, is_row, batch, 0, GATES, H, BASE, OPERANDS)
            else:
                x = tl.load(below + cells, mask=is_cell, other=0.0)
                total = tl.dot(x, resident_below, input_precision=MULTIPLY) + tl.load(b_below)[None, :]
            h = _tanh(tl.dot(h, resident_own, total, input_precision=MULTIPLY) + tl.load(b_own)[None, :])
        elif CELL == "rnn":
            if IS_FIRST:
                a = _entry(entries, digit_at, is_row, batch, 0, GATES, H, BASE, OPERANDS)
            else:
                a = _drive(below, w_below, b_below, rows, is_row, 0, H, MULTIPLY)
            h = _tanh(a + _drive(own, w_own, b_own, rows, is_row, 0, H, MULTIPLY))
        elif CELL == "gru":
            if IS_FIRST:
                a_r = _entry(entries, digit_at, is_row, batch, 0, GATES, H, BASE, OPERANDS)
                a_z = _entry(entries, digit_at, is_row, batch, 1, GATES, H, BASE, OPERANDS)
                a_n = _entry(entries, digit_at, is_row, batch, 2, GATES, H, BASE, OPERANDS)
            else:
                a_r = _drive(below, w_below, b_below, rows, is_row, 0, H, MULTIPLY)
                a_z = _drive(below, w_below, b_below, rows, is_row, 1, H, MULTIPLY)
                a_n = _drive(below, w_below, b_below, rows, is_row, 2, H, MULTIPLY)
            r = _sigmoid(a_r + _drive(own, w_own, b_own, rows, is_row, 0, H, MULTIPLY))
            z = _sigmoid(a_z + _drive(own, w_own, b_own, rows, is_row, 1, H, MULTIPLY))
            q = _drive(own, w_own, b_own, rows, is_row, 2, H, MULTIPLY)
            n = _tanh(a_n + r * q)
            h = n + z * (h - n)
            if IS_TRAINING:
                tl.store(kept, r, mask=is_cell)
                tl.store(kept + volume, z, mask=is_cell)
                tl.store(kept + 2 * volume, n, mask=is_cell)
                tl.store(kept + 3 * volume, q, mask=is_cell)
        elif CELL == "lstm":
            if IS_FIRST:
                a_i = _entry(entries, digit_at, is_row, batch, 0, GATES, H, BASE, OPERANDS)
                a_f = _entry(entries, digit_at, is_row, batch, 1, GATES, H, BASE, OPERANDS)
                a_g = _entry(entries, digit_at, is_row, batch, 2, GATES, H, BASE, OPERANDS)
                a_o = _entry(entries, digit_at, is_row, batch, 3, GATES, H, BASE, OPERANDS)
            else:
                a_i = _drive(below, w_below, b_below, rows, is_row, 0, H, MULTIPLY)
                a_f = _drive(below, w_below, b_below, rows, is_row, 1, H, MULTIPLY)
                a_g = _drive(below, w_below, b_below, rows, is_row, 2, H, MULTIPLY)
                a_o = _drive(below, w_below, b_below, rows, is_row, 3, H, MULTIPLY)
            i = _sigmoid(a_i + _drive(own, w_own, b_own, rows, is_row, 0, H, MULTIPLY))
            f = _sigmoid(a_f + _drive(own, w_own, b_own, rows, is_row, 1, H, MULTIPLY))
            g = _tanh(a_g + _drive(own, w_own, b_own, rows, is_row, 2, H, MULTIPLY))
            o = _sigmoid(a_o + _drive(own, w_own, b_own, rows, is_row, 3, H, MULTIPLY))
            c = f * c + i * g
            h = o * _tanh(c)
            if IS_TRAINING:
                tl.store(kept, i, mask=is_cell)
                tl.store(kept + volume, f, mask=is_cell)
                tl.store(kept + 2 * volume, g, mask=is_cell)
                tl.store(kept + 3 * volume, o, mask=is_cell)
                tl.store(kept + 4 * volume, c, mask=is_cell)
        own += step
        below += step
        kept += step
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
    """The logits of a block of positions and batch, or what is WANTED of them.

    "gradient": the loss's gradient in `logits` and the block's share of the loss in `losses`; "logits":
    themselves; "answers": the place of the largest in `results`.
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
    """The mean loss; a run whose loss is not finite, or that has had all its steps, is updated no more."""
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


@triton.jit
def backward_layer(
    parameters, members, hidden, saved, logits, layer, num_layers, positions, batch, size, at_own, at_above,
    CELL: tl.constexpr, GATES: tl.constexpr, SAVED: tl.constexpr, H: tl.constexpr, OUT: tl.constexpr,
    IS_LAST: tl.constexpr, ROWS: tl.constexpr, RESIDENT: tl.constexpr, MULTIPLY: tl.constexpr,
):  # fmt: skip
    """The gradient of the loss at a layer's gates, in place of what the way forward kept of them.

    `at_above` is where the next layer's weights for this layer's states lie, or the readout's.
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
    kept = saved + (run * num_layers + layer) * SAVED * volume + last * step
    passed = kept + SAVED * volume
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
                d_h = _back(d_h, passed + gate * volume, w_above, rows, is_row, gate, H, MULTIPLY)
        at = kept + cells
        if CELL == "rnn":
            h = tl.load(before + step, mask=is_cell, other=0.0)
            d_a = d_h * (1.0 - h * h)
            tl.store(at, d_a, mask=is_cell)
            if RESIDENT:
                later = tl.dot(d_a, resident_own, input_precision=MULTIPLY)
            else:
                tl.debug_barrier()
                later = _back(tl.zeros_like(d_h), kept, w_own, rows, is_row, 0, H, MULTIPLY)
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
            later = _back(d_h * z, kept, w_own, rows, is_row, 0, H, MULTIPLY)
            later = _back(later, kept + volume, w_own, rows, is_row, 1, H, MULTIPLY)
            later = _back(later, kept + 3 * volume, w_own, rows, is_row, 2, H, MULTIPLY)
        if CELL == "lstm":
            i = tl.load(at, mask=is_cell, other=0.0)
            f = tl.load(at + volume, mask=is_cell, other=0.0)
            g = tl.load(at + 2 * volume, mask=is_cell, other=0.0)
            o = tl.load(at + 3 * volume, mask=is_cell, other=0.0)
            t = _tanh(tl.load(at + 4 * volume, mask=is_cell, other=0.0))
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
            later = _back(tl.zeros_like(d_h), kept, w_own, rows, is_row, 0, H, MULTIPLY)
            for gate in tl.static_range(1, 4):
                later = _back(later, kept + gate * volume, w_own, rows, is_row, gate, H, MULTIPLY)
        before -= step
        kept -= step
        passed -= step
        cell_of_logits -= batch * OUT


@triton.jit
def update_squares(
    parameters, first, second, gradients, members, active, rates, corrections, tiles, hidden, saved,
    num_layers, positions, batch, size,
    SAVED: tl.constexpr, H: tl.constexpr, ROWS: tl.constexpr, OPTIMISER: tl.constexpr,
    MULTIPLY: tl.constexpr,
):  # fmt: skip
    """One matrix of units by units and its bias: a gate's, for its own layer's states or the ones below."""
    run, tile = tl.program_id(0).to(tl.int64), tl.program_id(1)
    if tl.load(active + run) != 0:
        layer, kind = tl.load(tiles + 5 * tile), tl.load(tiles + 5 * tile + 1)
        is_own = tl.load(tiles + 5 * tile + 2)
        units, span = tl.arange(0, H), tl.arange(0, ROWS)
        total, volume = positions * batch, tl.cast(positions, tl.int64) * batch * H
        left = saved + ((run * num_layers + layer) * SAVED + kind) * volume
        # of its own layer the states one position before
        right = hidden + (run * num_layers + layer - 1 + is_own) * (volume + batch * H)
        right += (1 - is_own) * batch * H
        weights = tl.zeros((H, H), tl.float32)
        biases = tl.zeros((H,), tl.float32)
        for begin in range(0, total, ROWS):
            rows = begin + span
            is_row = (rows < total)[:, None]
            d_a = tl.load(left + rows[:, None] * H + units[None, :], mask=is_row, other=0.0)
            h = tl.load(right + rows[:, None] * H + units[None, :], mask=is_row, other=0.0)
            weights = tl.dot(tl.trans(d_a), h, weights, input_precision=MULTIPLY)
            biases += tl.sum(d_a, axis=0)
        at = tl.load(members + run) * size
        places = at + tl.load(tiles + 5 * tile + 3) + units[:, None] * H + units[None, :]
        _update(parameters, first, second, gradients, rates, corrections, run, places, weights, OPTIMISER)
        places = at + tl.load(tiles + 5 * tile + 4) + units
        _update(parameters, first, second, gradients, rates, corrections, run, places, biases, OPTIMISER)


@triton.jit
def update_readout(
    parameters, first, second, gradients, members, active, rates, corrections, hidden, logits,
    num_layers, positions, batch, size, at_weights, at_biases,
    H: tl.constexpr, OUT: tl.constexpr, ROWS: tl.constexpr, OPTIMISER: tl.constexpr,
    MULTIPLY: tl.constexpr,
):  # fmt: skip
    """The readout's matrix and bias."""
    run = tl.program_id(0).to(tl.int64)
    if tl.load(active + run) != 0:
        units, outputs, span = tl.arange(0, H), tl.arange(0, OUT), tl.arange(0, ROWS)
        total = positions * batch
        left = logits + run * total * OUT
        right = hidden + ((run + 1) * num_layers - 1) * (total + batch) * H + batch * H
        weights = tl.zeros((OUT, H), tl.float32)
        biases = tl.zeros((OUT,), tl.float32)
        for begin in range(0, total, ROWS):
            rows = begin + span
            is_row = (rows < total)[:, None]
            d_y = tl.load(left + rows[:, None] * OUT + outputs[None, :], mask=is_row, other=0.0)
            h = tl.load(right + rows[:, None] * H + units[None, :], mask=is_row, other=0.0)
            weights = tl.dot(tl.trans(d_y), h, weights, input_precision=MULTIPLY)
            biases += tl.sum(d_y, axis=0)
        at = tl.load(members + run) * size
        places = at + at_weights + outputs[:, None] * H + units[None, :]
        _update(parameters, first, second, gradients, rates, corrections, run, places, weights, OPTIMISER)
        places = at + at_biases + outputs
        _update(parameters, first, second, gradients, rates, corrections, run, places, biases, OPTIMISER)


@triton.jit
def gather_entries(
    digits, saved, table, num_layers, positions, batch,
    GATES: tl.constexpr, SAVED: tl.constexpr, H: tl.constexpr, BASE: tl.constexpr,
    OPERANDS: tl.constexpr, ROWS: tl.constexpr, MULTIPLY: tl.constexpr,
):  # fmt: skip
    """The gradient of the table of the first layer's inputs, in the table's place."""
    run, part = tl.program_id(0).to(tl.int64), tl.program_id(1)
    operand, gate = part // GATES, part % GATES
    units, values, span = tl.arange(0, H), tl.arange(0, BASE), tl.arange(0, ROWS)
    volume = tl.cast(positions, tl.int64) * batch * H
    left = saved + (run * num_layers * SAVED + gate) * volume
    sums = tl.zeros((BASE, H), tl.float32)
    for position in range(positions):
        drawn = digits + ((run * positions + position) * OPERANDS + operand) * batch
        for begin in range(0, batch, ROWS):
            rows = begin + span
            digit = tl.load(drawn + rows, mask=rows < batch, other=0).to(tl.int32)
            is_row = (rows < batch)[:, None]
            d_a = tl.load(left + rows[:, None] * H + units[None, :], mask=is_row, other=0.0)
            chosen = (values[:, None] == digit[None, :]).to(tl.float32)
            sums = tl.dot(chosen, d_a, sums, input_precision=MULTIPLY)
        left += batch * H
    at = (run * OPERANDS * GATES + part) * BASE * H
    tl.store(table + at + values[:, None] * H + units[None, :], sums)


@triton.jit
def update_inputs(
    parameters, first, second, gradients, members, active, rates, corrections, table,
    size, at_embedding, at_weights, at_biases,
    GATES: tl.constexpr, H: tl.constexpr, E: tl.constexpr, BASE: tl.constexpr, OPERANDS: tl.constexpr,
    OPTIMISER: tl.constexpr, MULTIPLY: tl.constexpr,
):  # fmt: skip
    """The embedding and the first layer's weights for it, from the gradient of their table."""
    run = tl.program_id(0).to(tl.int64)
    if tl.load(active + run) != 0:
        units, features, values = tl.arange(0, H), tl.arange(0, E), tl.arange(0, BASE)
        at = tl.load(members + run) * size
        embedding_at = at + at_embedding + values[:, None] * E + features[None, :]
        embedding = tl.load(parameters + embedding_at)
        d_embedding = tl.zeros((BASE, E), tl.float32)
        for part in range(OPERANDS * GATES):
            entries = table + (run * OPERANDS * GATES + part) * BASE * H
            d_table = tl.load(entries + values[:, None] * H + units[None, :])
            places = at + at_weights + part * H * E + units[:, None] * E + features[None, :]
            weights = tl.load(parameters + places)
            d_embedding = tl.dot(d_table, weights, d_embedding, input_precision=MULTIPLY)
            d_weights = tl.dot(tl.trans(d_table), embedding, input_precision=MULTIPLY)
            tl.debug_barrier()
            _update(
                parameters, first, second, gradients, rates, corrections, run, places, d_weights, OPTIMISER
            )
            if part < GATES:
                biases_at = at + at_biases + part * H + units
                d_biases = tl.sum(d_table, axis=0)
                _update(
                    parameters, first, second, gradients, rates, corrections, run, biases_at, d_biases,
                    OPTIMISER,
                )  # fmt: skip
        tl.debug_barrier()
        _update(
            parameters,
            first,
            second,
            gradients,
            rates,
            corrections,
            run,
            embedding_at,
            d_embedding,
            OPTIMISER,
        )


@triton.jit
def _update(
    parameters, first, second, gradients, rates, corrections, run, places, gradient,
    OPTIMISER: tl.constexpr,
):  # fmt: skip
    """PyTorch's Adam, momentum or plain descent; "gradient" only notes the gradient."""
    if OPTIMISER == "gradient":
        tl.store(gradients + places, gradient)
    else:
        rate = tl.load(rates + run)
        before = tl.load(parameters + places)
        if OPTIMISER == "adam":
            # rate is over 1 - beta1**t, correction is the root of 1 - beta2**t
            m = tl.load(first + places)
            m += (gradient - m) * 0.1
            v = tl.load(second + places) * 0.999 + gradient * gradient * 0.001
            tl.store(first + places, m)
            tl.store(second + places, v)
            change = rate * m / (tl.sqrt(v) / tl.load(corrections + run) + 1e-8)
        elif OPTIMISER == "momentum":
            m = tl.load(first + places) * 0.9 + gradient
            tl.store(first + places, m)
            change = rate * m
        else:
            change = rate * gradient
        tl.store(parameters + places, before - change)


@triton.jit
def _entry(
    entries, digit_at, is_row, batch, gate,
    GATES: tl.constexpr, H: tl.constexpr, BASE: tl.constexpr, OPERANDS: tl.constexpr,
):  # fmt: skip
    """What the digits at a position bring to a gate of the first layer."""
    digit = tl.load(digit_at, mask=is_row, other=0).to(tl.int32)
    total = tl.load(entries + (gate * BASE + digit)[:, None] * H)
    for operand in tl.static_range(1, OPERANDS):
        digit = tl.load(digit_at + operand * batch, mask=is_row, other=0).to(tl.int32)
        total += tl.load(entries + ((operand * GATES + gate) * BASE + digit)[:, None] * H)
    return total


@triton.jit
def _drive(left, weights, biases, rows, is_row, gate, H: tl.constexpr, MULTIPLY: tl.constexpr):
    """A gate's drive: states in memory times the gate's weights, and its bias."""
    total = tl.zeros((rows.shape[0], H), tl.float32) + tl.load(biases + gate * H)[None, :]
    return _product(total, left, weights + gate * H * H, 1, H, rows, is_row, H, MULTIPLY)


@triton.jit
def _back(total, left, weights, rows, is_row, gate, H: tl.constexpr, MULTIPLY: tl.constexpr):
    """Adds what a gate's gradients, in memory, bring back through its weights."""
    return _product(total, left, weights + gate * H * H, H, 1, rows, is_row, H, MULTIPLY)


@triton.jit
def _product(
    total, left, weights, along, across, rows, is_row, H: tl.constexpr, MULTIPLY: tl.constexpr
):  # fmt: skip
    """Adds rows in memory times a matrix, of which a few columns and rows are held at a time."""
    units, depth = tl.arange(0, H), tl.arange(0, _DEPTH if H > _DEPTH else H)
    for begin in range(0, H, depth.shape[0]):
        inner = begin + depth
        a = tl.load(left + rows[:, None] * H + inner[None, :], mask=is_row[:, None], other=0.0)
        b = tl.load(weights + inner[:, None] * along + units[None, :] * across)
        total = tl.dot(a, b, total, input_precision=MULTIPLY)
    return total


@triton.jit
def _sigmoid(x):
    return 1.0 / (1.0 + tl.exp(-x))


@triton.jit
def _tanh(x):
    """Below 0.625 a polynomial, since the quotient cancels there (Cephes' `tanhf`, Moshier 1989)."""
    s = x * x
    p = -5.70498872745e-3 * s + 2.06390887954e-2
    p = p * s - 5.37397155531e-2
    p = p * s + 1.33314422036e-1
    p = p * s - 3.33332819422e-1
    power = tl.exp(-2.0 * tl.abs(x))
    far = (1.0 - power) / (1.0 + power)
    return tl.where(tl.abs(x) < 0.625, p * s * x + x, tl.where(x < 0, -far, far))
