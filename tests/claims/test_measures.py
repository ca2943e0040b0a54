from math import inf, log

import numpy as np
import pandas as pd
import pytest
from made_up_runs import make_run

from ripplecarry.claims import measures
from ripplecarry.claims.measures import is_exact_up_to, miss_at
from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.trial import Trial

TRIAL = Trial(steps=200)


def test_areas_are_means_over_the_whole_horizon():
    run = make_run(TRIAL, 0, np.linspace(2, 0, 200), [0, 0.5, 1, 1])

    assert measures.area("loss").of(run) == pytest.approx(1)
    assert measures.area("exact_match").of(run) == pytest.approx(1.5 / 4)


def test_a_diverged_run_counts_as_wrong_and_guessing_from_then_on():
    run = make_run(TRIAL, 0, [1.0] * 99 + [np.nan], [0, 1], outcome="diverged")

    assert measures.area("exact_match").of(run) == pytest.approx(3 / 4)
    assert measures.area("loss").of(run) == pytest.approx((99 + 101 * log(10)) / 200)
    assert measures.last("exact_match").of(run) == 0
    assert measures.reading(150).of(run) == 0
    assert not measures.has_settled_by(100).holds(run)
    assert not measures.is_right_at_the_end().holds(run)
    high = make_run(TRIAL, 0, [9.0] * 99 + [inf], [0, 1], outcome="diverged")
    assert measures.area("loss").of(high) == pytest.approx(9)


def test_steps_to_a_threshold_are_infinite_where_it_is_never_met():
    run = make_run(TRIAL, 0, 1, [0, 0.8, 1, 0.9])

    assert measures.steps_to(run, 0.8) == 50
    assert measures.steps_to(run, 0.99) == 100
    assert measures.steps_to(make_run(TRIAL, 0, 1, 0.5), 0.99) == inf


def test_right_means_every_answer_at_a_reading_in_time():
    holds = measures.is_right_by(100).holds

    assert holds(make_run(TRIAL, 0, 1, [0, 0, 1, 0]))
    assert not holds(make_run(TRIAL, 0, 1, [0, 0.999, 0.999, 1]))
    late = measures.is_right_by(150, after=100).holds
    assert late(make_run(TRIAL, 0, 1, [0, 0, 0, 1]))
    assert not late(make_run(TRIAL, 0, 1, [0, 1, 0, 0]))


def test_settled_means_low_and_staying_there():
    low = [1.0] * 90 + [0.01] * 110
    rising = [1.0] * 90 + [0.01] * 60 + [0.2] * 50
    high = [1.0] * 90 + [0.3] * 110

    assert [measures.has_settled_by(100).holds(make_run(TRIAL, 0, x)) for x in (low, rising, high)] == [
        True,
        False,
        False,
    ]


def test_the_rules_for_rates_are_the_protocols():
    falls = make_run(TRIAL, 0, np.linspace(2, 1, 200), [0, 0.5, 0.35, 0.5])
    stays = make_run(TRIAL, 0, np.linspace(2, 1.8, 200), [0, 0.5, 0.45, 0.5])

    assert [measures.falls_by_less_than(0.25).holds(run) for run in (falls, stays)] == [False, True]
    assert [measures.stays_above(1.5).holds(run) for run in (falls, stays)] == [False, True]
    assert [measures.is_unstable().holds(run) for run in (falls, stays)] == [True, False]
    assert measures.is_never_right().holds(make_run(TRIAL, 0, 1, 0))
    assert not measures.is_never_right().holds(falls)


def test_exactness_is_measured_at_a_length_and_up_to_it():
    run = make_run(Trial(steps=50), 0, 1.0)
    cells = pd.DataFrame(
        {"length": [1, 1, 10, 10], "num_pairs": [5, 5, 20, 20], "num_exact": [5, 5, 20, 15]}
    )
    object.__setattr__(run, "exactness", cells)

    assert miss_at(1).of(run) == 0
    assert miss_at(10).of(run) == 0.125
    assert miss_at(1000).words == "share of wrong answers at length 1,000"
    assert is_exact_up_to(9).holds(run)
    assert not is_exact_up_to(10).holds(run)
    with pytest.raises(ConfigurationError, match="at lengths 1, 10"):
        miss_at(7).of(run)
