"""Grids, hard cases and the search: what they must find, and what they must let pass."""

import numpy as np
import pytest
from hand_made_adders import carryless_weights, exact_trial, exact_weights, random_weights

from ripplecarry.arithmetic.carry_runs import longest_runs
from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.arithmetic.digits import from_digits
from ripplecarry.arithmetic.tasks import addition
from ripplecarry.engines.registry import open_engine
from ripplecarry.evaluation.adders import IntegerAdder
from ripplecarry.evaluation.exactness import Exactness, measure_exactness
from ripplecarry.evaluation.grid import GridCell, Sampling, coarse_lengths, exactness_grid, grid_lengths
from ripplecarry.evaluation.hard_cases import hard_cases
from ripplecarry.evaluation.search import search
from ripplecarry.evaluation.simplification import first_wrong, simplify

TASK = addition()
FEW = Sampling(pairs=30, digits_per_cell=2000, fewest=3)


def network(weights, base=10):
    trial = exact_trial(base)
    return open_engine().load(trial, trial.build_task(), weights)


class Faulty:
    """Right but for pairs that a rule names: their highest position is one too many."""

    def __init__(self, is_wrong):
        self._is_wrong = is_wrong

    def answers(self, operands):
        answers = TASK.answer(operands)
        answers[self._is_wrong(operands), -1] += 1
        return answers


def test_an_exact_network_passes_everything():
    found = measure_exactness(network(exact_weights(10)), TASK, [1, 2, 5, 40, 300], sampling=FEW)

    assert found.is_exact
    assert found.counterexample is None
    assert (found.frame().exact_match == 1).all()
    assert all(each.num_exact == each.num_pairs for each in found.hard)
    assert all(each.smallest_margin > 0 for each in found.searches)


@pytest.mark.parametrize("base", [2, 16])
def test_a_network_without_carries_is_right_where_there_are_none(base):
    task = addition(base)
    found = measure_exactness(network(carryless_weights(base), base), task, [1, 2, 5], sampling=FEW)

    cells = found.frame()
    assert not found.is_exact
    by_run = cells[cells.kind == "carry"].groupby("run").exact_match
    assert by_run.min()[0] == 1
    assert by_run.max().drop(0).max() == 0
    assert found.counterexample is not None
    assert found.counterexample.size <= 2
    assert found.counterexample.first_wrong_position == 1


def test_counts_are_of_the_cells_they_stand_in():
    adder = Faulty(lambda operands: longest_runs(operands, 10, "idle") == 3)

    cells, found = exactness_grid(adder, TASK, [6], FEW)

    wrong = {(cell.kind, cell.run): cell.num_pairs - cell.num_exact for cell in cells}
    assert wrong["idle", 3] == 30
    assert all(wrong["idle", run] == 0 for run in (0, 1, 2, 4, 5, 6))
    assert found is not None
    assert longest_runs(found.digits[None], 10, "idle") == 3
    cell = next(cell for cell in cells if (cell.kind, cell.run) == ("idle", 3))
    assert cell.num_right_digits == 30 * 7  # of 8 positions each one is wrong
    assert cell.interval == pytest.approx((0, 1 - 0.025 ** (1 / 30)))


def test_short_lengths_are_tried_in_every_pair():
    cells, _ = exactness_grid(Faulty(lambda operands: np.zeros(len(operands), bool)), TASK, [2], Sampling())

    assert sum(cell.num_pairs for cell in cells if cell.kind == "carry") == 10_000
    assert all(cell.is_exhaustive and cell.interval == (1, 1) for cell in cells)


def test_two_adders_meet_the_same_pairs():
    class Recorder(Faulty):
        def __init__(self):
            super().__init__(lambda operands: np.zeros(len(operands), bool))
            self.seen = []

        def answers(self, operands):
            self.seen.append(operands.copy())
            return super().answers(operands)

    first, second = Recorder(), Recorder()
    for adder in (first, second):
        exactness_grid(adder, TASK, [3, 50], FEW)

    assert all((a == b).all() for a, b in zip(first.seen, second.seen, strict=True))


def test_lengths_go_from_one_to_a_hundred_times_the_training_length():
    assert grid_lengths(9) == [*range(1, 11), 18, 45, 90, 100, 900]
    assert grid_lengths(9, 10_000)[-3:] == [900, 1000, 10_000]
    assert grid_lengths(3, 7) == [1, 2, 3, 6, 7]
    assert coarse_lengths(6, 10_000) == [1, 3, 6, 10, 30, 100, 300, 1000, 3000, 10_000]
    assert Sampling().runs(100) == [*range(11), 20, 40, 80, 100]


def test_hard_cases_are_the_ones_that_are_asked_for():
    cases = hard_cases(TASK, 9)
    pairs = {
        name: {tuple(from_digits(row[:, n], 10) for n in (0, 1)) for row in rows}
        for name, rows in cases.items()
    }

    assert pairs["zero"] == {(0, 0)}
    assert {(999999999, 1), (1, 999999999), (999999999, 999999999)} <= pairs["all nines"]
    assert (111111111, 888888888) in pairs["an idle run of one digit pair"]
    # a carry from the lowest position through one repeated pair, for each of the ten
    carried = longest_runs(cases["a carry run of one digit pair"], 10, "carry")
    assert (carried == 9).all()
    passing = {tuple(row[-1]) for row in cases["a carry run of one digit pair"]}
    assert passing == {(d, 9 - d) for d in range(10)}
    assert len(cases["the first digit only"]) == len(cases["one digit tuple repeated"]) == 100


def test_the_search_goes_where_neither_random_pairs_nor_hard_cases_do():
    """Margins shrink with the digits that agree with a secret number; wrong where 7 of its 8 do."""
    secret = np.array([3, 1, 4, 1, 5, 9, 2, 6])

    class Fading:
        def logits(self, operands):
            right = TASK.answer(operands)
            logits = np.zeros((*right.shape, 10), dtype=np.float32)
            margin = 6.5 - (operands[:, :8, 0] == secret[: operands.shape[1]]).sum(axis=1)
            np.put_along_axis(logits, right[:, :, None].astype(np.int64), margin[:, None, None], axis=2)
            return logits

        def answers(self, operands):
            return self.logits(operands).argmax(axis=-1).astype(np.uint8)

    cases = hard_cases(TASK, 8).values()
    assert all((first_wrong(Fading(), TASK, rows) is None) for rows in cases)

    found = search(Fading(), TASK, 8)

    assert found.counterexample is not None
    assert found.smallest_margin < 0


def test_a_counterexample_is_made_as_plain_as_it_stays_wrong():
    adder = Faulty(lambda operands: (operands.sum(axis=2) == 18).any(axis=1))
    random = np.random.default_rng(0).integers(0, 9, (1, 20, 2)).astype(np.uint8)
    random[0, 7] = 9

    found = first_wrong(adder, TASK, random)
    assert found is not None
    plain = simplify(adder, found)

    assert plain.digits.any(axis=1).sum() == 1
    assert plain.length == 1
    assert plain.as_dict()["operands"] == ["9", "9"]


@pytest.mark.parametrize(
    ("add", "problem"),
    [
        (lambda a, b: None, "NoneType"),
        (lambda a, b: -1, "negative"),
        (lambda a, b: 10**40, "more than 5 digits"),
        (lambda a, b: 1 // 0, "ZeroDivisionError"),
        (lambda a, b: "12", "'str'"),
        (lambda a, b: 0.0, "'float'"),
    ],
)
def test_what_is_no_sum_counts_as_wrong_in_every_digit(add, problem):
    adder = IntegerAdder(add)

    answers = adder.answers(np.zeros((2, 5, 2), dtype=np.uint8))

    assert (answers == 255).all()
    assert adder.first_error is not None
    assert problem in adder.first_error


def test_a_function_that_adds_passes_and_one_wrong_sum_is_found():
    right = measure_exactness(IntegerAdder(lambda a, b: a + b), TASK, [1, 2, 4], sampling=FEW)
    assert right.is_exact
    assert not right.searches

    wrong = measure_exactness(
        IntegerAdder(lambda a, b: a + b + (a == 99 and b == 1)), TASK, [1, 2, 4], sampling=FEW
    )
    assert wrong.counterexample is not None
    assert wrong.counterexample.as_dict()["operands"] == ["99", "1"]


def test_untrained_networks_fail_at_one_digit():
    trial = exact_trial(10)
    found = measure_exactness(network(random_weights(trial)), TASK, [1, 3], sampling=FEW)

    assert found.counterexample is not None
    assert found.counterexample.length == 1


def test_the_explanation_does_not_hide_a_shorter_wrong_answer_that_is_known():
    task = addition()
    digits, right = np.array([[9, 9], [1, 0]], np.uint8), np.array([8, 2], np.uint8)
    known = Counterexample(task, digits, np.array([8, 1], np.uint8), right)
    cells = [GridCell("carry", length, 0, 10, 10 - (length > 2), 30, 29, False) for length in (1, 2, 3)]

    told = Exactness(task, cells, [], [], known, None).explanation

    assert "right up to 2 digits, wrong at 3" in told
    assert told.endswith("These tests missed a wrong answer of length 2, which is known.")
    assert "missed" not in Exactness(task, cells, [], [], None, None).explanation
