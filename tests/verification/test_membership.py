"""Every state that an engine reaches lies in the certificate's sets, wherever operands lead it."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
import torch
from adversarial_operands import Ends, adversarial_symbols
from every_engine import ENGINES, load
from float64_model import Model
from made_certificates import CELLS, certified, certified_small

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.engines.engine import Computation
from ripplecarry.engines.native import NativeComputation
from ripplecarry.engines.reference import ReferenceComputation, one_thread
from ripplecarry.networks.initial_values import Weights

ROWS, POSITIONS = 2000, 500
FEW_ROWS = 200


@dataclass(frozen=True)
class Subject:
    """A certified one-layer network, and the operands that are to lead it out of its sets."""

    task: Task
    cell: str
    weights: Weights
    ends: Ends
    margin: float
    symbols: np.ndarray


@cache
def subject(cell: str, base: int = 2, rows: int = FEW_ROWS) -> Subject:
    trial, weights, certificate = certified_small(cell) if base == 2 else certified(cell)
    task, ends = trial.build_task(), Ends(certificate.content["invariant"], cell)
    symbols = adversarial_symbols(Model(weights, cell), task.machine, ends, rows, POSITIONS)
    return Subject(task, cell, weights, ends, certificate.margin, symbols)


def positions_of(network: Computation, digits: np.ndarray) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """By position the logits and the state after it, with the axes (row, unit), as the engine keeps it."""
    pieces = [digits[:, position : position + 1] for position in range(digits.shape[1])]
    if isinstance(network, ReferenceComputation):
        state = None
        with torch.inference_mode(), one_thread():
            for piece in pieces:
                logits, state = network.network.run(torch.tensor(piece), state)
                yield logits[:, 0].numpy(), [part[0].numpy() for part in state]
        return
    assert isinstance(network, NativeComputation)
    hidden = network.weights()["dense.weight"].shape[1]
    memory = np.zeros((network.num_state_floats // hidden, len(digits), hidden), dtype=np.float32)
    for piece in pieces:
        yield network.logits(piece, memory)[:, 0], list(memory)


def num_members(subject: Subject, network: Computation) -> int:
    """The number of positions after which the state lies in its set and the margin is the proved one.

    The product W_hh h of the computed h is summed in float64. Products of two float32 numbers are exact
    there, so a sum of n of them, in any order, is off by at most n v / (1 - n v) times the sum of their
    absolute values, v = 2^-53; that much is taken off the box. The other parts of the state, and the
    difference of two computed logits, are compared as they are: the proved margin has the rounding of
    both logits taken off.
    """
    machine, symbols = subject.task.machine, subject.symbols
    from_hidden = Model(subject.weights, subject.cell).layers[0].from_hidden
    share = from_hidden.shape[1] * 2.0**-53 * (1 + 2.0**-40)  # more than its denominator and rounding add
    rows, count = np.arange(len(symbols)), 0
    states = np.zeros(len(symbols), dtype=np.int64)
    computed = positions_of(network, subject.task.digits_of(symbols))
    for column, (logits, memory) in zip(symbols.T, computed, strict=True):
        wide = logits.astype(np.float64)
        right = machine.output[states, column]
        margin = -wide + wide[rows, right][:, None]
        margin[rows, right] = np.inf
        states = machine.next_state[states, column]
        hidden = memory[0].astype(np.float64)
        errors = [share * (abs(hidden) @ abs(from_hidden).T), 0.0]
        is_member = (margin >= subject.margin).all(axis=1)
        parts = [hidden @ from_hidden.T, memory[-1]]
        if not len(from_hidden):
            parts, errors = parts[1:], errors[1:]
        for values, error, low, high in zip(
            parts, errors, subject.ends.low, subject.ends.high, strict=False
        ):
            is_member &= ((low[states] + error <= values) & (values + error <= high[states])).all(axis=1)
        count += int(is_member.sum())
    return count


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cell", CELLS)
def test_adversarial_positions_stay_in_the_sets(cell, engine):
    made = subject(cell)

    assert num_members(made, load(engine, made.task, made.weights, made.cell)) == FEW_ROWS * POSITIONS


@pytest.mark.stress
@pytest.mark.parametrize("base", [2, 4])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cell", CELLS)
def test_a_million_positions_stay_in_the_sets(cell, engine, base):
    made = subject(cell, base, ROWS)

    assert num_members(made, load(engine, made.task, made.weights, made.cell)) == ROWS * POSITIONS


@pytest.mark.parametrize("end", ["low", "high"])
@pytest.mark.parametrize("cell", CELLS)
def test_states_outside_are_noticed(cell, end):
    """Each end of each part moved inwards by nine tenths of the box's width."""
    made = subject(cell)
    for part in range(len(made.ends.low)):
        ends = copy.deepcopy(made.ends)
        inwards = 0.9 * (ends.high[part] - ends.low[part])
        getattr(ends, end)[part] += inwards if end == "low" else -inwards
        few = replace(made, ends=ends, symbols=made.symbols[:50, :50])

        assert num_members(few, load("torch", made.task, made.weights, made.cell)) < few.symbols.size


def test_margins_below_the_claimed_one_are_noticed():
    made = replace(subject("rnn"), margin=1.01 * subject("rnn").margin)

    assert num_members(made, load("torch", made.task, made.weights, made.cell)) < made.symbols.size
