"""Counterexamples in words and for programs."""

import numpy as np
import pytest

from ripplecarry.arithmetic.counterexample import Counterexample, shortest
from ripplecarry.arithmetic.digits import to_digits
from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.arithmetic.tasks import (
    addition,
    comparison,
    counter,
    multiplication_by_constant,
    subtraction,
)

PARITY = {"next_state": [[0, 1, 1, 0], [1, 0, 0, 1]], "output": [[0, 1, 1, 0], [1, 0, 0, 1]]}
MACHINE = TaskChoice.build({"task": "machine", "base": 2, "machine": PARITY}).build_task()


def wrong_at(task, operands, position, positions=4, *, by=1, is_shortest=False):
    """The task's answer to these operands with one digit that is too large."""
    digits = to_digits(operands, task.base, positions).T.copy()
    right = task.answer(digits[None])[0]
    answer = right.copy()
    answer[position] = (answer[position] + by) % task.num_outputs
    return Counterexample(task, digits, answer, right, is_shortest)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (wrong_at(addition(), [99, 1], 1), "99 + 1 = 100, the network answers 110 (first wrong at"),
        (wrong_at(addition(10, 3), [1, 2, 3], 0), "1 + 2 + 3 = 6, the network answers 7 (first"),
        (wrong_at(addition(36), [35, 35], 0), "z + z = 1y in base 36, the network answers 1z (first"),
        (wrong_at(subtraction(), [12, 5], 0), "12 − 5 = 7, the network answers 8 (first"),
        (wrong_at(subtraction(), [5, 12], 1), "5 − 12 modulo 10^4 = 9993, the network answers 9903 (first"),
        (wrong_at(multiplication_by_constant(7), [3], 0), "3 × 7 = 21, the network answers 22 (first"),
        (wrong_at(multiplication_by_constant(9, 2), [1], 0, 5), "1 × 1001 = 1001 in base 2, the network"),
        (
            wrong_at(comparison(), [12, 7], 1),
            "comparison of 12 and 7: right is [1 2], the network answers [2 2] (first wrong at position 1)",
        ),
        (
            wrong_at(counter(200, 36), [35 * 36 + 35], 1),
            "counter modulo 200 of zz: right is [70 35], the network answers [71 35] (first",
        ),
        (wrong_at(MACHINE, [2, 3], 0), "machine of the symbols [3 2]: right is [1 1], the network answers"),
        (wrong_at(addition(), [0, 0], 3), "0 + 0 = 0, the network answers 1000 (first wrong at"),
    ],
)  # fmt: skip
def test_words_are_the_tasks_own(found, words):
    assert str(found).startswith(words)
    assert str(found) == found.sentence


def test_programs_read_numbers_as_they_are_written():
    assert wrong_at(addition(16), [255, 1], 1, is_shortest=True).as_dict() == {
        "task": "addition",
        "base": 16,
        "operands": ["ff", "1"],
        "answer": "110",
        "right": "100",
        "positions": 4,
        "length": 2,
        "first_wrong_position": 1,
        "is_shortest": True,
    }
    assert wrong_at(counter(200, 36), [35], 0).as_dict()["answer"] == "[36]"


def test_an_answer_that_is_no_number_is_none():
    right = wrong_at(addition(), [1, 2], 0)
    found = Counterexample(right.task, right.digits, np.full(4, 255, dtype=np.uint8), right.right)

    assert found.as_dict()["answer"] is None
    assert "the network answers no number of these digits" in found.sentence


def test_long_numbers_are_shortened_in_words_alone():
    found = wrong_at(addition(), [10**5000, 1], 0, 5002)

    assert len(str(found)) < 400
    assert "…" in str(found)
    assert found.as_dict()["right"] == f"1{'0' * 4999}1"
    assert found.operands == [10**5000, 1]


def test_the_shortest_needs_the_fewest_digits():
    long, cut, short = (
        wrong_at(addition(), [1000, 1], 3),
        wrong_at(addition(), [1000, 1], 0),
        wrong_at(addition(), [9, 9], 1),
    )

    assert shortest(long, short, cut) is short
    assert shortest(long, None, cut) is cut
    assert shortest(None) is None
    proven = wrong_at(addition(), [8, 9], 1, is_shortest=True)
    assert shortest(short, proven) is proven
    assert shortest(short, wrong_at(addition(), [8, 9], 1)) is short


def test_a_long_sequence_loses_its_middle_and_says_how_many_symbols_it_has():
    task = TaskChoice(task="parity").build_task()
    digits = np.ones((100, 1), np.uint8)
    right = task.answer(digits[None])[0]
    found = Counterexample(task, digits, np.where(np.arange(100) == 99, 1 - right, right), right)

    assert "parity of [1 1 1" in found.sentence
    assert "1 … 1" in found.sentence
    assert "(100 symbols)" in found.sentence
    assert "characters" not in found.sentence
