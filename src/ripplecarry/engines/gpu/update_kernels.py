"""Kernels that reduce a gradient over all positions and the batch, and apply it in the same pass."""

# Triton's language is typed for its own compiler.
# pyrefly: ignore-errors

import triton
import triton.language as tl


@triton.jit
def update_squares(
    parameters, first, second, gradients, members, active, rates, corrections, tiles, hidden, saved,
    num_layers, positions, batch, size,
    SAVED: tl.constexpr, H: tl.constexpr, ROWS: tl.constexpr, OPTIMISER: tl.constexpr,
    MULTIPLY: tl.constexpr,
):  # fmt: skip
    """One matrix of units by units and its bias: a gate's, for its own layer's states or those below."""
    run, tile = tl.program_id(0).to(tl.int64), tl.program_id(1)
    if tl.load(active + run) != 0:
        layer, kind = tl.load(tiles + 5 * tile), tl.load(tiles + 5 * tile + 1)
        is_own = tl.load(tiles + 5 * tile + 2)
        units, span = tl.arange(0, H), tl.arange(0, ROWS)
        total, volume = positions * batch, tl.cast(positions, tl.int64) * batch * H
        left = saved + ((run * num_layers + layer) * SAVED + kind) * volume
        # its own layer's states are those one position before
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
    """The gradient of the table of the first layer's inputs; it overwrites the table."""
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
    """PyTorch's Adam, momentum or plain descent; "gradient" only stores the gradient."""
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
