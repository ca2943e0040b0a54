"""What somebody would hand in as the invariant of a network that has none."""

from collections.abc import Iterator

import numpy as np
from compiled_machines import Invariant, compile_machine, invariant_of
from every_engine import architecture_of
from float64_model import Entering, Model, margins
from planted_faults import Planted

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.runs.trial import Trial
from ripplecarry.sweeps.certifying import attempt_on
from ripplecarry.verification.certificate_file import BOXES

ROWS, POSITIONS = 60, 30
Boxes = dict[int, list[dict[str, tuple[np.ndarray, np.ndarray]]]]
"""The two ends by machine state, layer and part."""


def forged(planted: Planted) -> Iterator[tuple[str, Invariant]]:
    """Invariants by what they are made from."""
    model, machine = Model(planted.weights), planted.task.machine
    visits, states = visited(model, planted)
    every = _hulls(model, visits, states, machine.num_states)
    right = _answer_rightly(model, visits, states, machine.output)
    first = [np.flatnonzero(right & (states == state))[:1] for state in range(machine.num_states)]
    good, single = (
        _hulls(model, _rows(visits, rows), states[rows], machine.num_states)
        for rows in (right, np.concatenate(first))
    )
    everything = _all_states(model, machine.num_states)
    made = {
        "visited states": every,
        "visited states, wider": _wider(every, 0.05, 1e-3),
        "visited states, much wider": _wider(every, 0.5, 0.1),
        "states that answer rightly": good,
        "states that answer rightly, wider": _wider(good, 0.05, 1e-3),
        "states that answer rightly, much wider": _wider(good, 0.5, 0.1),
        "one state each that answers rightly": single,
        "all states": everything,
        "all numbers": _wider(everything, 0, 1.7e308),
        "the search's last sets": _search(planted, everything),
    }
    for name, boxes in made.items():
        yield name, _written(boxes)
    yield from _of_the_right_network(planted)


def visited(model: Model, planted: Planted) -> tuple[list[Entering], np.ndarray]:
    """What enters each layer at each position of random operands and of the witness, and the carry."""
    task = planted.task
    random = np.random.default_rng(0).integers(0, task.machine.num_symbols, (ROWS, POSITIONS))
    parts, states = [], []
    for symbols in (random, np.array([planted.witness or [0]])):
        entering = model.start(len(symbols))
        _, carries = task.machine.run(symbols)
        for position in range(symbols.shape[1] + 1):
            parts.append(entering)
            states.append(carries[:, position])
            if position < symbols.shape[1]:
                _, entering = model.step(symbols[:, position], entering)
    joined = [Entering(*map(np.concatenate, zip(*each, strict=True))) for each in zip(*parts, strict=True)]
    return joined, np.concatenate(states)


def _answer_rightly(
    model: Model, visits: list[Entering], states: np.ndarray, output: np.ndarray
) -> np.ndarray:
    """Which of the states answer rightly whatever the next symbol."""
    logits, _ = model.successors(visits)
    return (margins(logits, output[states].ravel()) > 0).reshape(len(states), -1).all(axis=1)


def _hulls(model: Model, visits: list[Entering], states: np.ndarray, num_states: int) -> Boxes:
    """With the zero state in the first set; a set without states is a point at zero."""
    boxes: Boxes = {}
    for state in range(num_states):
        boxes[state] = []
        for start, each in zip(model.start(1), visits, strict=True):
            chosen = _rows([each], states == state)[0]
            if state == 0 or not len(chosen[0]):
                chosen = [np.concatenate(pair) for pair in zip(chosen, start, strict=True)]
            ends = [(part.min(axis=0), part.max(axis=0)) for part in chosen]
            boxes[state].append(dict(zip(parts_of(model.cell), ends, strict=False)))
    return boxes


def parts_of(cell: str) -> list[str]:
    """The names of a set's boxes."""
    return list(BOXES[cell])


def _rows(visits: list[Entering], rows: np.ndarray) -> list[Entering]:
    return [Entering(*(part[rows] for part in each)) for each in visits]


def _wider(boxes: Boxes, share: float, more: float) -> Boxes:
    def wider(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        by = share * (high - low) / 2 + more
        return low - by, high + by

    return {
        state: [{name: wider(*ends) for name, ends in layer.items()} for layer in layers]
        for state, layers in boxes.items()
    }


def _all_states(model: Model, num_states: int) -> Boxes:
    """All that hidden states of at most 1 can be, and cell states of at most 1,000."""
    memory = np.full(model.hidden_size, 1000.0 if model.cell == "lstm" else 1 + 1e-5)
    sizes = [(np.abs(layer.from_hidden).sum(axis=1) * (1 + 1e-5), memory) for layer in model.layers]
    layers = [
        {name: (-size, size) for name, size in zip(parts_of(model.cell), each, strict=False)}
        for each in sizes
    ]
    return dict.fromkeys(range(num_states), layers)


def _search(planted: Planted, everything: Boxes) -> Boxes:
    """What the search ends with; what it leaves out of GRU's sets is everything."""
    architecture = architecture_of(planted.weights)
    trial = Trial.build(architecture.model_dump() | {"base": planted.base})
    sets = attempt_on(trial, architecture, planted.weights, 0).sets
    names = parts_of(planted.cell)
    return {
        state: [
            every
            | {
                name: (box.low[state].numpy(), box.high[state].numpy())
                for name, box in zip(names, each.parts, strict=False)
            }
            for every, each in zip(layers, sets, strict=True)
        ]
        for state, layers in everything.items()
    }


def _of_the_right_network(planted: Planted) -> Iterator[tuple[str, Invariant]]:
    """The sets of the network that this one would be without its fault, for units that both have."""
    if len(Model(planted.weights).layers) > 1:
        return
    if planted.machine is not None:
        own = compile_machine(Task("machine", planted.base, 2, planted.machine), planted.cell)
        yield "the construction's sets", invariant_of(own, planted.task.machine)
        return
    invariant = invariant_of(compile_machine(planted.task, planted.cell))
    for layers in invariant.values():
        for box in layers[0].values():
            for ends in box.values():
                ends += [0.0] * (len(planted.weights["rnn.weight_hh_l0"]) - len(ends))
    yield "the right network's sets", invariant


def _written(boxes: Boxes) -> Invariant:
    return {
        str(state): [
            {name: {"low": low.tolist(), "high": high.tolist()} for name, (low, high) in layer.items()}
            for layer in layers
        ]
        for state, layers in boxes.items()
    }
