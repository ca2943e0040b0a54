"""The sentence that says where an adder goes wrong, from counts whose reason is known."""

import pytest

from ripplecarry.evaluation.exact_match import share_interval
from ripplecarry.evaluation.explanation import HardCount, explain
from ripplecarry.evaluation.grid import GridCell


def cells(is_right, lengths=(1, 2, 10, 20), pairs=100):
    """A grid where a function of length, kind and run says whether a cell is right."""
    return [
        GridCell(kind, length, run, pairs, pairs if is_right(length, kind, run) else 40, 1, 1, length == 1)
        for kind in ("carry", "idle")
        for length in lengths
        for run in range(length + 1)
    ]


def test_a_failure_by_carry_run_names_the_last_right_and_the_first_wrong_with_the_interval():
    words = explain(cells(lambda length, kind, run: kind == "idle" or run < 10))

    assert "by longest carry run: right up to 9 positions, wrong from 10 on (there 80 of 200 right" in words
    low, high = share_interval(80, 200)
    assert f"95 % interval {low:.3f} to {high:.3f}" in words
    assert "by longest idle run: right up to 20 positions, the most tested" in words
    assert "by length: right up to 2 digits, wrong from 10 on" in words


def test_a_length_is_wrong_where_one_kind_of_runs_is():
    words = explain(cells(lambda length, kind, run: kind == "carry" or length < 10))

    assert "by length: right up to 2 digits, wrong from 10 on" in words
    assert "by longest carry run: right up to 20 positions, the most tested" in words


@pytest.mark.parametrize(
    ("is_right", "said"),
    [
        (lambda length, kind, run: True, "by length: right up to 20 digits, the most tested"),
        (
            lambda length, kind, run: run not in (0, 2),
            "by longest carry run: wrong even without one, and at 1 of the",
        ),
        (
            lambda length, kind, run: False,
            "by length: wrong from 1 digit on (there 80 of 200 right, all there are)",
        ),
        (lambda length, kind, run: length != 2, "by length: right up to 1 digit, wrong at 2 alone"),
        (lambda length, kind, run: length < 20, "by length: right up to 10 digits, wrong at 20 (there"),
        (
            lambda length, kind, run: length not in (2, 20),
            "by length: right up to 1 digit, wrong at 2 and at 1 of the 2 longer ones tested",
        ),
    ],
)
def test_every_shape_of_failure_has_its_words(is_right, said):
    words = explain(cells(is_right))

    assert said in words


def test_hard_cases_that_fail_are_named():
    right = cells(lambda length, kind, run: True)
    counts = [HardCount("all nines", 3, 5, 5), HardCount("zero", 3, 1, 1)]

    assert explain(right, counts).endswith("hard cases: all right.")
    counts += [HardCount("one digit tuple repeated", 9, 100, 99), HardCount("all nines", 9, 5, 4)]
    assert explain(right, counts).endswith("hard cases: wrong on all nines and one digit tuple repeated.")


def test_nothing_tested_says_nothing():
    assert explain([]) == ""
