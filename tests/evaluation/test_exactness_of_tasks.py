"""Every task is tested by its longest reset-free runs; addition of two by its carries."""

import numpy as np
import pytest

from ripplecarry.arithmetic.longest_runs import longest_runs, operands_of_runs, run_kinds
from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.tasks import (
    Task,
    addition,
    comparison,
    counter,
    multiplication_by_constant,
    subtraction,
)
from ripplecarry.evaluation.exactness import measure_exactness, num_tested_digits
from ripplecarry.evaluation.grid import Sampling
from ripplecarry.evaluation.hard_cases import hard_cases

FEW = Sampling(pairs=30, digits_per_cell=2000, fewest=3)


def table(next_state, base=2, num_operands=1):
    machine = Machine.from_tables(next_state, [[state % 2 for state in row] for row in next_state])
    return Task.from_machine("machine", base, num_operands, machine)


MANY_STATES = table([[(state + symbol) % 10_000 for symbol in (0, 1)] for state in range(10_000)])
TASKS = {
    "subtraction": subtraction(),
    "times": multiplication_by_constant(7),
    "times 2 forgets at once": multiplication_by_constant(2),
    "comparison": comparison(),
    "counter": counter(3),
    "parity": counter(2, base=2),
    "three operands": addition(num_operands=3),
    "table": table([[0, 1, 2], [0, 2, 1], [0, 1, 0]], base=3),
    "unreachable states": table([[0, 0], [1, 0]]),
    "one state": table([[0, 0]]),
    "10,000 states": MANY_STATES,
}


class Solver:
    """Right but for the operands that a rule names, which go wrong at the highest position."""

    def __init__(self, task, is_wrong=lambda operands: np.zeros(len(operands), dtype=bool)):
        self._task, self._is_wrong = task, is_wrong

    def answers(self, operands):
        answers = self._task.answer(operands)
        answers[self._is_wrong(operands), -1] ^= 1
        return answers


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_what_is_right_passes_at_every_length(task):
    reported = []

    found = measure_exactness(Solver(task), task, [1, 2, 13, 60], sampling=FEW, report=reported.append)

    assert found.is_exact
    assert {cell.kind for cell in found.cells} == {"reset-free"}
    assert sum(reported) == num_tested_digits(task, [1, 2, 13, 60], FEW)
    assert "nothing failed of" in found.sentence
    assert found.explanation.startswith(
        "Answers by length: right up to 60 digits, the most tested; by longest"
    )
    assert ("pairs" in found.sentence) == (task.num_operands == 2)


@pytest.mark.parametrize("name", ["subtraction", "times", "comparison", "three operands", "table"])
def test_counts_are_of_the_cells_they_stand_in(name):
    task = TASKS[name]
    adder = Solver(task, lambda operands: longest_runs(task, operands[:, :-2], "reset-free") == 4)

    found = measure_exactness(adder, task, [1, 40], sampling=FEW)

    wrong = {(cell.length, cell.run): cell.num_pairs - cell.num_exact for cell in found.cells}
    assert wrong.pop((40, 4)) == 30
    assert not any(wrong.values())
    assert "by longest reset-free run: right up to 3 positions, wrong at 4 alone" in found.explanation
    assert found.counterexample is not None
    assert (found.counterexample.answer != found.counterexample.right).any()


@pytest.mark.parametrize(
    ("name", "runs"), [("parity", [40]), ("counter", [40]), ("one state", [0]), ("10,000 states", [40])]
)
def test_a_run_that_does_not_occur_is_left_out(name, runs):
    found = measure_exactness(Solver(TASKS[name]), TASKS[name], [40], sampling=FEW)

    assert [cell.run for cell in found.cells] == runs


def test_short_lengths_are_tried_in_all_operands_there_are():
    task = TASKS["table"]

    found = measure_exactness(Solver(task), task, [5], sampling=FEW)

    assert sum(cell.num_pairs for cell in found.cells) == 3**5
    assert all(cell.is_exhaustive for cell in found.cells)


def test_addition_of_two_has_its_carries_and_their_pairs_as_before():
    group = (("carry", 3), ("idle", 2))

    drawn = operands_of_runs(addition(), 6, 1, group, 5)

    assert run_kinds(addition()) == ("carry", "idle")
    assert longest_runs(addition(), drawn[:5], "carry").tolist() == [3] * 5
    assert longest_runs(addition(), drawn[5:], "idle").tolist() == [2] * 5
    # Stored evaluations are of these pairs.
    assert drawn[0].tolist() == [[5, 6], [9, 4], [7, 2], [7, 2], [3, 1], [6, 2]]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_hard_cases_are_operands_of_the_task(task):
    for rows in hard_cases(task, 5).values():
        assert rows.shape[1:] == (5, task.num_operands)
        assert rows.max() < task.base
