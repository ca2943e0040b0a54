import numpy as np
import pytest
from scipy import stats

from ripplecarry.claims.intervals import (
    contrast_interval,
    difference_interval,
    mean_interval,
    median_interval,
)

RANDOM = np.random.default_rng(1)
FIRST, SECOND = RANDOM.normal(0, 1, 7), RANDOM.normal(1, 3, 12)


def test_a_contrast_of_two_is_welchs_interval():
    ours = contrast_interval([FIRST, SECOND], [1, -1], 0.9)
    theirs = stats.ttest_ind(FIRST, SECOND, equal_var=False).confidence_interval(0.9)

    assert ours.low == pytest.approx(theirs.low)
    assert ours.high == pytest.approx(theirs.high)
    assert difference_interval(FIRST, SECOND, 0.9, paired=False) == pytest.approx(ours)


def test_pairs_are_compared_by_their_differences():
    shifted = SECOND + 1 + RANDOM.normal(0, 1e-3, 12)

    paired = difference_interval(shifted, SECOND, 0.95, paired=True)
    unpaired = difference_interval(shifted, SECOND, 0.95, paired=False)

    assert paired.high - paired.low < 0.01 < unpaired.high - unpaired.low
    assert paired.low < 1 < paired.high


def test_equal_values_give_a_point():
    same = np.full(5, 0.25)

    assert mean_interval(same, 0.95) == (0.25, 0.25, 0.25)
    assert difference_interval(same, same, 0.95, paired=False) == (0, 0, 0)
    assert contrast_interval([same, same], [2, -1], 0.95) == (0.25, 0.25, 0.25)


def test_intervals_cover_the_truth_as_often_as_they_say():
    random = np.random.default_rng(2)
    covers = 0
    for _ in range(2000):
        samples = [random.normal(m, s, n) for m, s, n in ((1, 1, 5), (2, 3, 12), (0, 0.5, 8))]
        interval = contrast_interval(samples, [1, -0.5, 2], 0.9)
        covers += interval.low <= 0 <= interval.high

    assert covers / 2000 == pytest.approx(0.9, abs=0.025)


def test_the_medians_interval_is_between_order_statistics_and_may_be_infinite():
    values = np.array([3.0, np.inf, 1, 2, 9, 4, 5, 6, np.inf, np.inf, 7, 8])

    # Of 12 values the third and the tenth hold the median 96 times of 100.
    assert median_interval(values) == (6.5, 3.0, np.inf)
    assert np.isnan(median_interval(values[:5]).low)
