"""What the engines compute must lie within the bounds."""

import numpy as np
import pytest
import torch

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.engine import Engine
from ripplecarry.engines.kernel import is_available
from ripplecarry.engines.native import NativeEngine
from ripplecarry.engines.reference import ReferenceEngine
from ripplecarry.networks.adder import Adder
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial
from ripplecarry.verification.certify import hulls
from ripplecarry.verification.enclosures import Box, LayerSet, Transitions, enclose_step, successors
from ripplecarry.verification.preactivations import PreactivationNetwork
from ripplecarry.verification.rounding import ROUNDING
from ripplecarry.verification.trainer import states_of

CELLS = ("rnn", "gru", "lstm", "mingru", "diagonal", "diagonal_signed")


def engines() -> list[Engine]:
    native = {"x86-64-v2": [2], "x86-64-v3": [2, 3], "x86-64-v4": [2, 3, 4]}
    levels = native.get(NativeEngine().instruction_set, [None]) if is_available() else []
    return [ReferenceEngine(), *(NativeEngine(level) for level in levels)]


def network(cell, layers=2, dtype=torch.float64, **settings):
    trial = Trial(cell=cell, layers=layers, hidden_size=12, embedding_size=5, base=3, **settings)
    weights = {n: 2 * w for n, w in initial_weights(trial, trial.build_task(), 1).items()}
    parameters = {name: torch.tensor(array) for name, array in weights.items()}
    return trial, weights, PreactivationNetwork.of(cell, parameters, dtype)


@pytest.mark.parametrize("cell", CELLS)
def test_preactivations_give_the_logits_of_the_network(cell):
    trial, weights, preactivation_network = network(cell)
    operands = torch.tensor(trial.batches(0, Stream.EVALUATION, 20).draw(0).operands)

    logits, _ = preactivation_network.trace(operands)

    right = Adder.build(trial, trial.build_task(), weights).double()(operands)
    assert torch.allclose(logits.transpose(0, 1), right, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_every_state_of_a_set_leads_into_the_image_with_at_least_its_margins(cell):
    trial, _, preactivation_network = network(cell)
    task, generator = trial.build_task(), torch.Generator().manual_seed(0)
    transitions = Transitions.of(task.machine)
    batch = trial.batches(0, Stream.EVALUATION, 50).draw(0)
    _, traced = preactivation_network.trace(torch.tensor(batch.operands))
    sets = hulls(traced, states_of(task, batch), transitions)
    enclosure = enclose_step(preactivation_network, sets, transitions)
    for _ in range(30):
        # Points of the boxes, their corners among them, one a row.
        def points(box: Box) -> Box:
            place = (3 * torch.rand(box.centre.shape, generator=generator) - 1.5).clamp(-1, 1)
            return Box(box.centre + place * box.radius, torch.zeros_like(box.radius))

        chosen = [
            LayerSet(points(each.preactivation), each.memory and points(each.memory)) for each in sets
        ]
        reached = enclose_step(preactivation_network, chosen, transitions)
        assert (reached.margins >= enclosure.margins - 1e-9).all()
        for after, bound in zip(reached.next_sets, enclosure.next_sets, strict=True):
            for inner, outer in zip(after.parts, bound.parts, strict=True):
                assert (inner.low >= outer.low - 1e-9).all()
                assert (inner.high <= outer.high + 1e-9).all()


@pytest.mark.parametrize("engine", engines(), ids=lambda e: e.instruction_set)
@pytest.mark.parametrize("cell", CELLS)
def test_float32_logits_of_every_engine_stay_within_the_rounding_bounds(cell, engine):
    """A chain of positions: boxes start at the zero state and only rounding widens them."""
    trial, weights, preactivation_network = network(cell)
    task = trial.build_task()
    num_symbols = task.machine.num_symbols
    operands = trial.batches(0, Stream.EVALUATION, num_symbols).draw(3).operands[:, :3]
    computed = engine.load(trial, task, weights).logits(operands)
    for row, word in enumerate(operands):
        units = (len(preactivation_network.layers[0].from_hidden), preactivation_network.hidden_size)
        before, memory = (
            Box.between(*torch.zeros(2, task.machine.num_states, size, dtype=torch.float64))
            for size in units
        )
        sets = [LayerSet(before, None if cell == "rnn" else memory) for _ in preactivation_network.layers]
        for position, digits in enumerate(word):
            symbol = int(digits[0]) + task.base * int(digits[1])
            for right in range(task.num_outputs):
                one = Transitions(
                    *(torch.tensor([each]) for each in (0, symbol, right, 0)), task.machine.num_states
                )
                enclosure = enclose_step(preactivation_network, sets, one, ROUNDING)
                margins = computed[row, position, right].astype(np.float64) - computed[row, position]
                assert (torch.tensor(margins) >= enclosure.margins[0] - 1e-12).all()
            sets = [layer.of(torch.zeros(task.machine.num_states).long()) for layer in enclosure.next_sets]


def test_without_rounding_the_bounds_are_too_tight_for_float32():
    """What the test above would miss if it could not fail."""
    trial, weights, preactivation_network = network("rnn")
    task = trial.build_task()
    operands = trial.batches(0, Stream.EVALUATION, 200).draw(3).operands
    computed = ReferenceEngine().load(trial, task, weights).logits(operands)[:, 0]
    exact, _ = preactivation_network.trace(torch.tensor(operands))

    assert (torch.tensor(computed).double() != exact[0]).any()


@pytest.mark.parametrize("settling", [1, 30])
def test_hidden_states_that_follow_from_preactivations_lead_into_themselves(settling):
    trial, _, preactivation_network = network("gru")
    task = trial.build_task()
    transitions = Transitions.of(task.machine)
    batch = trial.batches(0, Stream.EVALUATION, 50).draw(0)
    _, traced = preactivation_network.trace(torch.tensor(batch.operands))
    met = hulls(traced, states_of(task, batch), transitions)

    settled = enclose_step(
        preactivation_network,
        [LayerSet(each.preactivation, None) for each in met],
        transitions,
        ROUNDING,
        settling,
    ).entered

    following = successors(
        enclose_step(preactivation_network, settled, transitions, ROUNDING).next_sets, transitions
    )
    for after, before, seen in zip(following, settled, met, strict=True):
        assert (after.memory.low >= before.memory.low).all()
        assert (after.memory.high <= before.memory.high).all()
        assert (seen.memory.low >= before.memory.low).all()
        assert (seen.memory.high <= before.memory.high).all()
