import numpy as np
import pytest

from ripplecarry.evaluation.exact_match import compare, share_interval


def test_an_answer_counts_when_every_digit_is_right():
    right = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], dtype=np.uint8)
    answers = right.copy()
    answers[1, 2] = 0

    score = compare(answers, right)

    assert score.exact_match == pytest.approx(2 / 3)
    assert score.digit_accuracy == pytest.approx(8 / 9)


def test_the_interval_is_clopper_and_pearsons():
    # 0 of n: the upper end solves (1 - p)**n = 0.025
    low, high = share_interval(0, 1000)

    assert low == 0
    assert high == pytest.approx(1 - 0.025 ** (1 / 1000))
    assert share_interval(12, 12)[0] == pytest.approx(0.025 ** (1 / 12))
