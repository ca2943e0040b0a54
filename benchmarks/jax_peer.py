"""JAX: training in one compiled function, with `scan` over positions and the first layer's products from a
table; also of many runs at once with `vmap`."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ripplecarry.arithmetic.batches import Batch
from ripplecarry.arithmetic.tasks import addition
from ripplecarry.networks.architecture import CELL_SHAPES
from ripplecarry.networks.initial_values import Weights, initial_weights
from ripplecarry.runs.trial import Trial

_BETA1, _BETA2, _EPSILON, _RATE = 0.9, 0.999, 1e-8, 0.001
_SHORT = 16
"""Scans of up to so many positions are unrolled."""
_ROWS = 40
"""Longer ones take so many rows at a time, which stay in cache."""


class Training:
    """The training of a trial's network on one core."""

    def __init__(self, trial: Trial) -> None:
        is_short = trial.sequence_length <= _SHORT
        rows = trial.batch_size if is_short or trial.batch_size % _ROWS else _ROWS
        draw, learn = partial(_draw, trial), partial(_learn, trial, rows, is_short)
        self._state, self._count = _start(trial), 0

        def advance(state, key, num_steps):
            def step(number, held):
                return learn(held[0], *draw(jax.random.fold_in(key, number)))

            return lax.fori_loop(0, num_steps, step, (state, jnp.zeros(())))

        self._draw = jax.jit(draw)
        self._learn = jax.jit(learn, donate_argnums=0)
        self._advance = jax.jit(advance, donate_argnums=0)

    def weights(self) -> Weights:
        """The parameters by their names in the package."""
        return {name: np.array(value) for name, value in self._state[0].items()}

    def advance(self, num_steps: int) -> float:
        """Draws and learns in one compiled function; returns the last loss."""
        self._count += 1
        self._state, loss = self._advance(self._state, jax.random.key(self._count), num_steps)
        return float(loss)

    def draw(self) -> Batch:
        """Random operands and their sums."""
        self._count += 1
        self._batch = self._draw(jax.random.key(self._count))
        return Batch(*(np.array(part, dtype=np.uint8).swapaxes(0, 1) for part in self._batch))

    def learn(self) -> float:
        """A step on what was drawn last."""
        self._state, loss = self._learn(self._state, *self._batch)
        return float(loss)


def stacked(trial: Trial, num_runs: int) -> Callable[[], object]:
    """One step of so many runs at once, each with its own operands."""

    def step(state, key):
        return _learn(trial, trial.batch_size, False, state, *_draw(trial, key))

    many = jax.tree.map(lambda part: jnp.broadcast_to(part, (num_runs, *part.shape)), _start(trial))
    compiled = jax.jit(jax.vmap(step))
    held = {"state": many, "count": 0}

    def advance() -> None:
        held["count"] += 1
        keys = jax.random.split(jax.random.key(held["count"]), num_runs)
        held["state"], loss = compiled(held["state"], keys)
        loss.block_until_ready()

    return advance


def _start(trial: Trial):
    """Weights, both moments and the number of steps."""
    weights = {k: jnp.asarray(v) for k, v in initial_weights(trial, addition(), 0).items()}
    return weights, *(jax.tree.map(jnp.zeros_like, weights) for _ in range(2)), jnp.zeros((), jnp.int32)


def _draw(trial: Trial, key):
    """Operands (position, row, operand) and answers (position, row)."""
    drawn = jax.random.randint(key, (trial.digits, trial.batch_size, 2), 0, 10)
    operands = jnp.pad(drawn, ((0, 2), (0, 0), (0, 0)))

    def add(carry, digits):
        total = digits.sum(axis=1) + carry
        return total // 10, total % 10

    return operands, lax.scan(add, jnp.zeros(trial.batch_size, jnp.int32), operands)[1]


def _learn(trial: Trial, num_rows: int, unrolls: bool, state, operands, answers):
    """The state after one step, and the loss."""
    weights, first, second, count = state
    num_blocks = trial.batch_size // num_rows
    of_block = jax.value_and_grad(partial(_loss, trial, unrolls))
    if num_blocks == 1:
        loss, gradient = of_block(weights, operands, answers)
    else:
        parts = [
            part.reshape(-1, num_blocks, num_rows, *part.shape[2:]).swapaxes(0, 1)
            for part in (operands, answers)
        ]

        def add(sums, part):
            return jax.tree.map(lambda s, new: s + new / num_blocks, sums, of_block(weights, *part)), None

        zeros = jnp.zeros(()), jax.tree.map(jnp.zeros_like, weights)
        (loss, gradient), _ = lax.scan(add, zeros, parts)
    count = count + 1
    first = jax.tree.map(lambda m, g: _BETA1 * m + (1 - _BETA1) * g, first, gradient)
    second = jax.tree.map(lambda v, g: _BETA2 * v + (1 - _BETA2) * g * g, second, gradient)
    one, two = 1 - _BETA1**count, jnp.sqrt(1 - _BETA2**count)
    weights = jax.tree.map(
        lambda w, m, v: w - _RATE / one * m / (jnp.sqrt(v) / two + _EPSILON), weights, first, second
    )
    return (weights, first, second, count), loss


def _loss(trial: Trial, unrolls: bool, weights, operands, answers):
    # (digit, digit, gates): what both embeddings bring to the first layer
    first, second = jnp.split(weights["rnn.weight_ih_l0"], 2, axis=1)
    embedding = weights["embed_layer.weight"]
    table = (embedding @ first.T)[:, None] + (embedding @ second.T)[None] + weights["rnn.bias_ih_l0"]
    cell = _CELLS[trial.cell]

    def position(states, digits):
        below = table[digits[:, 0], digits[:, 1]]
        passed = []
        for layer in range(trial.layers):
            if layer:
                from_below = weights[f"rnn.weight_ih_l{layer}"].T
                below = passed[-1][0] @ from_below + weights[f"rnn.bias_ih_l{layer}"]
            before = states[layer][0] @ weights[f"rnn.weight_hh_l{layer}"].T
            passed.append(cell(below, before + weights[f"rnn.bias_hh_l{layer}"], states[layer]))
        return tuple(passed), passed[-1][0]

    zeros = jnp.zeros((operands.shape[1], trial.hidden_size))
    start = tuple((zeros,) * len(CELL_SHAPES[trial.cell].states(1)) for _ in range(trial.layers))
    _, hidden = lax.scan(position, start, operands, unroll=unrolls)
    logits = hidden @ weights["dense.weight"].T + weights["dense.bias"]
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), answers[..., None], axis=-1)
    return -chosen.mean()


def _rnn(below, before, states):
    return (jnp.tanh(below + before),)


def _gru(below, before, states):
    below_reset, below_update, below_new = jnp.split(below, 3, axis=1)
    before_reset, before_update, before_new = jnp.split(before, 3, axis=1)
    reset, update = jax.nn.sigmoid(below_reset + before_reset), jax.nn.sigmoid(below_update + before_update)
    new = jnp.tanh(below_new + reset * before_new)
    return ((1 - update) * new + update * states[0],)


def _lstm(below, before, states):
    entry, forget, new, output = jnp.split(below + before, 4, axis=1)
    memory = jax.nn.sigmoid(forget) * states[1] + jax.nn.sigmoid(entry) * jnp.tanh(new)
    return jax.nn.sigmoid(output) * jnp.tanh(memory), memory


_CELLS = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}
