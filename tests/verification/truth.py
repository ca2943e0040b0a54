"""Whether a certificate is true, found out by trying: slow, and without any of the checkers' arithmetic."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from every_engine import ENGINES, load
from float64_model import Entering, Model, margins

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.networks.weights_file import read_weights
from ripplecarry.verification.proof import weights_hash

STATES_PER_SET = 300
MEMORY_BOX = {"gru": "hidden", "lstm": "memory", "mingru": "hidden"}
MEMORY_BOX |= dict.fromkeys(("diagonal", "diagonal_signed"), "memory")
OUTWARDS = 2.0**-28
"""By what share of its width a checker may round a box's ends outwards, which proves as much."""


def assert_true(weights: bytes, certificate: bytes) -> None:
    """Fails where the certificate's sets do not do what is claimed, or the network answers wrongly."""
    content = json.loads(certificate)
    task = TaskChoice.build(content["task"]).build_task()
    assert content["machine"]["next_state"] == task.machine.next_state.tolist()
    assert content["machine"]["output"] == task.machine.output.tolist()
    assert content["weights_sha256"] == weights_hash(read_weights(weights))
    with np.errstate(over="ignore"):  # an end may be the largest float64
        _assert_inductive(Model(read_weights(weights), content["cell"]), task, content)
    assert answers_rightly(weights, json.dumps(content["task"], sort_keys=True), content["cell"])


def _assert_inductive(model: Model, task: Task, content: Mapping[str, Any]) -> None:
    """On states in each set: its corners, and some by chance."""
    generator = np.random.default_rng(0)
    machine = task.machine
    sets = {state: _ends(model, content["invariant"][str(state)]) for state in machine.reachable_states()}
    assert _contains(sets[0], model.start(1)).all()
    for state, ends in sets.items():
        entering = [Entering(*(_drawn(generator, *pair) for pair in layer)) for layer in ends]
        if model.cell == "mingru":  # what keeps a state is that it is a float32 number, and rounded to one
            entering = [
                Entering(each.product, _float32_inside(each.memory, *pair[1]))
                for each, pair in zip(entering, ends, strict=True)
            ]
        logits, after = model.successors(entering)
        if model.cell == "mingru":
            after = [
                Entering(each.product, each.memory.astype(np.float32).astype(np.float64)) for each in after
            ]
        right = np.tile(machine.output[state].astype(np.int64), STATES_PER_SET)
        assert (margins(logits, right) > max(content["margin"], 0)).all()
        reached = np.tile(machine.next_state[state], STATES_PER_SET)
        for target in set(reached.tolist()):
            rows = [Entering(*(part[reached == target] for part in layer)) for layer in after]
            assert _contains(sets[target], rows).all()


def _ends(model: Model, layers: list[Mapping[str, Any]]) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """The low and high ends of the products' box and of the box of what is kept, by layer."""
    assert len(layers) == len(model.layers)
    anything = {"low": [-1.0] * model.hidden_size, "high": [1.0] * model.hidden_size}
    nothing: dict[str, list[float]] = {"low": [], "high": []}
    return [
        [
            (np.array(box["low"]), np.array(box["high"]))
            for box in (
                layer.get("preactivation", nothing),
                layer[MEMORY_BOX[model.cell]] if model.cell in MEMORY_BOX else anything,
            )
        ]
        for layer in layers
    ]


def _float32_inside(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The nearest float32 numbers that lie between the ends."""
    near = values.astype(np.float32)
    near = np.where(near > high, np.nextafter(near, np.float32(-np.inf)), near)
    return np.where(near < low, np.nextafter(near, np.float32(np.inf)), near).astype(np.float64)


def _drawn(generator: np.random.Generator, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Rows in a box: a third at corners, a third inside, a third with some ends."""
    shape = (STATES_PER_SET, len(low))
    share = generator.random(shape)
    corners = np.rint(share)
    which = np.arange(STATES_PER_SET)[:, None] % 3
    share = np.where(
        which == 0, corners, np.where((which == 1) | (generator.random(shape) < 0.5), share, corners)
    )
    return np.clip(low * (1 - share) + high * share, low, high)


def _contains(ends: list[list[tuple[np.ndarray, np.ndarray]]], states: list[Entering]) -> np.ndarray:
    return np.stack(
        [
            (abs(values - (low / 2 + high / 2)) <= (high / 2 - low / 2) * (1 + 2 * OUTWARDS)).all(axis=1)
            for layer, entering in zip(ends, states, strict=True)
            for (low, high), values in zip(layer, entering, strict=True)
        ]
    ).all(axis=0)


@lru_cache(maxsize=64)
def answers_rightly(content: bytes, settings: str, cell: str) -> bool:
    """Whether all operands of up to six digits, if there are so few, and long ones get the right answer."""
    weights, task = read_weights(content), TaskChoice.build(json.loads(settings)).build_task()
    network = load(next(iter(ENGINES)), task, weights, cell)
    symbols = task.machine.num_symbols
    length = max((n for n in range(1, 7) if symbols**n <= 10_000), default=1)
    short = np.arange(symbols**length)[:, None] // symbols ** np.arange(length) % symbols
    long = np.random.default_rng(0).integers(0, symbols, (1000, 100))
    for operands in (task.digits_of(np.pad(short, [(0, 0), (0, 2)])), task.digits_of(long)):
        if not (network.answers(operands) == task.answer(operands)).all():
            return False
    return True
