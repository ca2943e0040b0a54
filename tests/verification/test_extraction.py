"""Machines learned from networks."""

import numpy as np
import pytest
from made_certificates import certified

from ripplecarry.arithmetic.machine import Machine
from ripplecarry.engines.engine import Computation, PositionStream
from ripplecarry.engines.reference import ReferenceEngine
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.reports.machine_figure import draw_machine
from ripplecarry.runs.trial import Trial
from ripplecarry.verification.extraction import extract_machine, first_difference


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_a_certified_adder_is_the_two_state_machine(cell, tmp_path):
    trial, weights, _ = certified(cell)
    task = trial.build_task()

    found = extract_machine(ReferenceEngine().load(trial, task, weights), task)

    assert repr(found) == "<Extraction: 2 states, as the task has them>"
    assert found.is_right
    assert found.machine.num_states == 2
    assert (found.machine.output == task.machine.output).all()
    figures = draw_machine(found.machine, task, "a right adder", tmp_path, "right")
    assert all(figure.stat().st_size > 1000 for figure in figures)


def test_a_wrong_network_has_states_that_should_not_be_there(tmp_path):
    trial = Trial(layers=1, hidden_size=16, base=3, digits=4, learning_rate=0.01)
    task = trial.build_task()
    trainer = ReferenceEngine().trainer(
        trial, trial, trial.training_batches(0), initial_weights(trial, task, 0)
    )
    trainer.advance(60)

    found = extract_machine(trainer, task, max_states=20)

    assert not found.is_right
    assert found.machine.num_states > 2
    assert found.num_states_at_least > 20
    assert not found.is_complete
    assert found.difference is not None
    symbols = np.array(found.difference)
    digits = task.digits_of(symbols)[None]
    assert (digits == (symbols[:, None] // np.array([1, 3]) % 3)[None]).all()
    assert trainer.answers(digits)[0, -1] != task.answer(digits)[0, -1]
    round_trip = Machine.from_tables([[(q + 1) % 20] * 9 for q in range(20)], [[0] * 9] * 20)
    _, svg = draw_machine(round_trip, task, "a wrong adder", tmp_path, "wrong", is_complete=False)
    for words in ("states and more", "leads to one of them", "the next state"):
        assert words in svg.read_text()


def test_words_are_made_of_what_the_machine_must_remember():
    """A network that forgets how numbers compare after five equal digits is found out."""
    trial = Trial(task="comparison")
    task = trial.build_task()

    class Forgetful(Computation):
        def stream(self):
            return ForgetfulStream()

        def weights(self):
            return {}

        def logits(self, operands):
            return np.stack([ForgetfulStream().feed(row) for row in operands])

    class ForgetfulStream(PositionStream):
        def __init__(self):
            self.state = self.equal = 0

        def feed(self, operands):
            answers = []
            for first, second in operands.tolist():
                self.equal = self.equal + 1 if first == second else 0
                decided = 0 if self.equal == 6 else self.state
                self.state = 1 if first > second else 2 if first < second else decided
                answers.append(self.state)
            return np.eye(10, dtype=np.float32)[answers]

    found = extract_machine(Forgetful(), task, max_states=20)

    assert not found.is_right
    assert found.difference is not None
    assert len(found.difference) == 7


def test_differences_are_the_shortest():
    first = Machine.from_tables([[0, 1], [1, 1]], [[0, 0], [0, 1]])
    other = Machine.from_tables([[0, 1], [1, 1]], [[0, 0], [0, 0]])

    assert first_difference(first, first) is None
    assert first_difference(first, other) == (1, 1)
