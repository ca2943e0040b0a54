import numpy as np
import pytest

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.evaluation.length_generalisation import length_generalisation, spread_lengths

PARITY = TaskChoice.build({"task": "parity"}).build_task()


class WrongFrom:
    """Answers parity, but for the flipped answers from one position on in every second sequence."""

    def __init__(self, position: int) -> None:
        self.position = position

    def answers(self, operands: np.ndarray) -> np.ndarray:
        answers = PARITY.answer(operands)
        answers[::2, self.position :] ^= 1
        return answers


def test_each_length_counts_the_same_in_the_mean():
    found = length_generalisation(WrongFrom(30), PARITY, 0, [20, 30, 40, 60], num_operands=10)

    assert [score.exact_match for score in found.by_length] == [1, 1, 0.5, 0.5]
    assert [score.last_accuracy for score in found.by_length] == [1, 1, 0.5, 0.5]
    assert [score.accuracy for score in found.by_length] == pytest.approx([1, 1, 1 - 5 / 40, 1 - 15 / 60])
    assert found.last_accuracy == found.exact_match == 0.75
    assert found.accuracy == pytest.approx(1 - (5 / 40 + 15 / 60) / 4)


def test_the_lengths_are_those_of_the_source():
    lengths = spread_lengths()

    assert (lengths[0], lengths[-1], len(lengths)) == (41, 500, 24)
    assert spread_lengths(3, 5) == [3, 4, 5]


def test_work_is_reported_by_positions():
    done: list[int] = []
    length_generalisation(WrongFrom(0), PARITY, 0, [3, 5], 2, done.append)

    assert done == [6, 10]
