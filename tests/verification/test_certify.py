"""Searching for invariants and for wrong answers."""

import numpy as np
import pytest
import torch
from made_certificates import certified

from ripplecarry.arithmetic.digits import from_digits
from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.reference import ReferenceEngine
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import CertificateRefused
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial
from ripplecarry.verification.certificate import certify_boxes
from ripplecarry.verification.certificate_file import BOXES
from ripplecarry.verification.certify import hulls
from ripplecarry.verification.counterexample import find_counterexample
from ripplecarry.verification.enclosures import Transitions
from ripplecarry.verification.preactivations import FROM_PREACTIVATIONS, PreactivationNetwork
from ripplecarry.verification.trainer import states_of

CELLS = ("rnn", "gru", "lstm")


def undertrained(seed: int, steps: int = 150):
    trial = Trial(layers=1, hidden_size=32, digits=6, learning_rate=0.01)
    task = trial.build_task()
    engine = open_engine()
    trainer = engine.trainer(trial, trial, trial.training_batches(seed), initial_weights(trial, task, seed))
    trainer.advance(steps)
    return trial, task, trainer


def sampled_sets(trial, weights):
    """Boxes around what a batch shows, as a forger would take them."""
    task = trial.build_task()
    network = PreactivationNetwork.of(
        trial.cell, {name: torch.tensor(array) for name, array in weights.items()}, torch.float64
    )
    batch = trial.batches(0, Stream.EVALUATION, 1000).draw(0)
    _, traced = network.trace(torch.tensor(batch.operands))
    return hulls(traced, states_of(task, batch), Transitions.of(task.machine))


@pytest.mark.slow
def test_ten_undertrained_networks_are_refused_and_refuted():
    """Among them networks that pass 10,000 random pairs of their training length."""
    num_passing = 0
    for seed in range(10):
        trial, task, trainer = undertrained(seed)
        batch = trial.batches(seed, Stream.EVALUATION, 10_000).draw(0)
        num_passing += bool((trainer.answers(batch.operands) == batch.answers).all())

        assert isinstance(
            certify_boxes(
                "x", trial, trial.cell, trainer.weights(), sampled_sets(trial, trainer.weights())
            ),
            CertificateRefused,
        )
        found = find_counterexample(trainer, trial.cell, task)
        assert found is not None
        a, b = found.operands
        fed = found.digits[None]
        assert from_digits(task.answer(fed)[0], 10) == a + b
        assert (trainer.answers(fed)[0] == found.answer).all()
        assert (found.answer != found.right).any()
        assert str(a + b) in found.sentence
    assert num_passing >= 2


@pytest.mark.parametrize("cell", CELLS)
def test_a_network_with_a_single_wrong_transition_is_refused(cell):
    """Trained, and certified, for a machine that differs from addition in one output of one state."""
    right = Trial(base=4).build_task().machine
    output = right.output.tolist()
    output[1][6] = (output[1][6] + 1) % 4
    tables = {"next_state": right.next_state.tolist(), "output": output}
    named = Tables(tables | {"states": ("none", "one")})
    trial, weights, certificate = certified(cell, task="machine", num_operands=2, machine=named)
    assert certificate.content["task"]["machine"] == tables  # a proof is not about names
    content = dict(certificate.content)
    content["task"] = {"base": 4}
    content["machine"] = {"next_state": right.next_state.tolist(), "output": right.output.tolist()}
    from ripplecarry.verification.check import check

    with pytest.raises(CertificateRefused, match="in machine state 1 an answer may be wrong"):
        check(content, weights)
    found = find_counterexample(
        ReferenceEngine().load(trial, trial.build_task(), weights), cell, addition()
    )
    assert found is not None
    assert (found.length, found.is_shortest, found.first_wrong_position) == (2, True, 1)


class Tables(dict):
    """A machine's tables that can be a key of the cache."""

    def __hash__(self):  # pyrefly: ignore[bad-override]
        return hash(repr(self))


def addition():
    return Trial(base=4).build_task()


@pytest.mark.parametrize("cell", CELLS)
def test_no_wrong_answer_is_found_for_a_certified_network(cell):
    trial, weights, _ = certified(cell)
    task = trial.build_task()

    assert (
        find_counterexample(ReferenceEngine().load(trial, task, weights), cell, task, max_length=8) is None
    )


@pytest.mark.slow
@pytest.mark.parametrize("rows", [2_000, pytest.param(20_000, marks=pytest.mark.stress)])
@pytest.mark.parametrize("cell", CELLS)
def test_a_million_hard_steps_never_leave_the_invariant(cell, rows):
    trial, weights, certificate = certified(cell)
    machine = trial.build_task().machine
    network = PreactivationNetwork.of(cell, {name: torch.tensor(array) for name, array in weights.items()})
    steps = 500
    generator = np.random.default_rng(0)
    sets = [certificate.content["invariant"][str(state)][0] for state in range(2)]
    bounds = [
        tuple(np.array([each[part][end] for each in sets]) for end in ("low", "high"))
        for part in BOXES[cell]
    ]
    assert trial.layers == 1
    (layer,) = network.layers
    table = network.symbol_features() @ layer.from_input.T + layer.input_bias
    preactivation = torch.zeros(rows, len(layer.from_hidden))
    memory = None if cell == "rnn" else torch.zeros(rows, network.hidden_size)
    states, idle = np.zeros(rows, dtype=np.int64), np.array([3, 6, 9, 12])  # digit sums of 3 in base 4
    for _ in range(steps):
        symbols = np.where(
            generator.random(rows) < 0.7, generator.choice(idle, rows), generator.integers(0, 16, rows)
        )
        hidden, memory = FROM_PREACTIVATIONS[cell](
            table[torch.tensor(symbols)], preactivation + layer.hidden_bias, memory
        )
        logits = hidden @ network.readout.T + network.readout_bias
        preactivation = hidden @ layer.from_hidden.T
        assert (logits.argmax(1).numpy() == machine.output[states, symbols]).all()
        states = machine.next_state[states, symbols]
        for part, values in enumerate([preactivation] if memory is None else [preactivation, memory]):
            low, high = (ends[states] for ends in bounds[part])
            # Drives are of exact products in the proof; here they carry float32 rounding of their own.
            assert (values.numpy() >= low - 1e-5).all()
            assert (values.numpy() <= high + 1e-5).all()


def test_a_task_with_unreachable_states_is_certified():
    tables = {"next_state": [[0, 1], [1, 0], [2, 2]], "output": [[0, 1], [1, 0], [0, 0]]}
    trial, _, certificate = certified(
        task="machine", base=2, num_operands=1, machine=Tables(tables), hidden_size=16
    )

    assert set(certificate.content["invariant"]) == {"0", "1"}
    assert trial.build_task().machine.num_states == 3
