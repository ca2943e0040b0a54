"""JAX: one jitted step with `scan` over positions and the first layer's products from a table; also of many
runs at once with `vmap`."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float, Int

from benchmarks.workload import Workload
from ripplecarry.arithmetic.tasks import addition
from ripplecarry.networks.architecture import CELL_SHAPES
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial

_BETA1, _BETA2, _EPSILON, _RATE = 0.9, 0.999, 1e-8, 0.001

Weights = dict[str, Array]
State = tuple[Weights, Weights, Weights, Int[Array, "*run"]]
"""Weights, both of Adam's moments, and the number of updates."""
Step = Callable[[State, Array], tuple[State, Float[Array, "*run"]]]
Gates = Float[Array, "batch gate"]
Memory = tuple[Float[Array, "batch unit"], ...]
"""A layer's hidden state, and an LSTM's cell state after it."""


def scanned(workload: Workload) -> Callable[[], object]:
    """Operands, forward, backward and Adam in one compiled function."""
    state, step = _training(workload.trial)
    return _advancing(jax.jit(step), state, jax.random.key)


def stacked(trial: Trial, num_runs: int) -> Callable[[], object]:
    """The same step of so many runs at once, each with its own operands."""
    state, step = _training(trial)
    many = jax.tree.map(lambda part: jnp.broadcast_to(part, (num_runs, *part.shape)), state)
    return _advancing(
        jax.jit(jax.vmap(step)), many, lambda n: jax.random.split(jax.random.key(n), num_runs)
    )


def _advancing(step: Step, state: State, keys: Callable[[int], Array]) -> Callable[[], object]:
    held = {"state": state, "count": 0}

    def advance() -> None:
        held["count"] += 1
        held["state"], loss = step(held["state"], keys(held["count"]))
        loss.block_until_ready()

    return advance


def _training(trial: Trial) -> tuple[State, Step]:
    """The state before the first step, and the step."""
    weights = {k: jnp.asarray(v) for k, v in initial_weights(trial, addition(), 0).items()}
    state = (weights, *(jax.tree.map(jnp.zeros_like, weights) for _ in range(2)), jnp.zeros((), jnp.int32))
    cell = _CELLS[trial.cell]
    num_states = CELL_SHAPES[trial.cell].num_states

    def loss_of(
        weights: Weights,
        operands: Int[Array, "position batch 2"],
        answers: Int[Array, "position batch"],
    ) -> Float[Array, ""]:
        # (digit, digit, gates): what both embeddings bring to the first layer
        first, second = jnp.split(weights["rnn.weight_ih_l0"], 2, axis=1)
        embedding = weights["embed_layer.weight"]
        table = (embedding @ first.T)[:, None] + (embedding @ second.T)[None] + weights["rnn.bias_ih_l0"]

        def position(
            states: tuple[Memory, ...], digits: Int[Array, "batch 2"]
        ) -> tuple[tuple[Memory, ...], Float[Array, "batch unit"]]:
            below = table[digits[:, 0], digits[:, 1]]
            passed = []
            for layer in range(trial.layers):
                if layer:
                    from_below = weights[f"rnn.weight_ih_l{layer}"].T
                    below = passed[-1][0] @ from_below + weights[f"rnn.bias_ih_l{layer}"]
                before = states[layer][0] @ weights[f"rnn.weight_hh_l{layer}"].T
                passed.append(cell(below, before + weights[f"rnn.bias_hh_l{layer}"], states[layer]))
            return tuple(passed), passed[-1][0]

        zeros = jnp.zeros((trial.batch_size, trial.hidden_size))
        start = tuple((zeros,) * num_states for _ in range(trial.layers))
        _, hidden = lax.scan(position, start, operands)
        logits = hidden @ weights["dense.weight"].T + weights["dense.bias"]
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), answers[..., None], axis=-1)
        return -chosen.mean()

    def step(state: State, key: Array) -> tuple[State, Float[Array, "*run"]]:
        weights, first, second, count = state
        drawn = jax.random.randint(key, (trial.digits, trial.batch_size, 2), 0, 10)
        operands = jnp.pad(drawn, ((0, 2), (0, 0), (0, 0)))

        def add(
            carry: Int[Array, " batch"], digits: Int[Array, "batch 2"]
        ) -> tuple[Int[Array, " batch"], Int[Array, " batch"]]:
            total = digits.sum(axis=1) + carry
            return total // 10, total % 10

        _, answers = lax.scan(add, jnp.zeros(trial.batch_size, jnp.int32), operands)
        loss, gradient = jax.value_and_grad(loss_of)(weights, operands, answers)
        count = count + 1
        first = jax.tree.map(lambda m, g: _BETA1 * m + (1 - _BETA1) * g, first, gradient)
        second = jax.tree.map(lambda v, g: _BETA2 * v + (1 - _BETA2) * g * g, second, gradient)
        one, two = 1 - _BETA1**count, jnp.sqrt(1 - _BETA2**count)
        weights = jax.tree.map(
            lambda w, m, v: w - _RATE / one * m / (jnp.sqrt(v) / two + _EPSILON), weights, first, second
        )
        return (weights, first, second, count), loss

    return state, step


def _rnn(below: Gates, before: Gates, states: Memory) -> Memory:
    return (jnp.tanh(below + before),)


def _gru(below: Gates, before: Gates, states: Memory) -> Memory:
    below_reset, below_update, below_new = jnp.split(below, 3, axis=1)
    before_reset, before_update, before_new = jnp.split(before, 3, axis=1)
    reset, update = jax.nn.sigmoid(below_reset + before_reset), jax.nn.sigmoid(below_update + before_update)
    new = jnp.tanh(below_new + reset * before_new)
    return ((1 - update) * new + update * states[0],)


def _lstm(below: Gates, before: Gates, states: Memory) -> Memory:
    entry, forget, new, output = jnp.split(below + before, 4, axis=1)
    memory = jax.nn.sigmoid(forget) * states[1] + jax.nn.sigmoid(entry) * jnp.tanh(new)
    return jax.nn.sigmoid(output) * jnp.tanh(memory), memory


_CELLS = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}
