"""Which symbols reset a machine, and draws that are uniform among all symbols of a longest run."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from ripplecarry.arithmetic.balanced_operands import balanced_words
from ripplecarry.arithmetic.carry_runs import longest_runs
from ripplecarry.arithmetic.machine import Machine
from ripplecarry.arithmetic.philox import Stream, random_words
from ripplecarry.arithmetic.reset_free_runs import ResetFreeRuns
from ripplecarry.arithmetic.tasks import (
    addition,
    comparison,
    counter,
    multiplication_by_constant,
    subtraction,
)
from ripplecarry.errors import ConfigurationError


def sorts(num_resetting, num_others):
    """Symbols of both sorts in turn, as far as they go."""
    marks = [1, 0] * max(num_resetting, num_others)
    ones, zeros = (iter(range(count)) for count in (num_resetting, num_others))
    return ResetFreeRuns(bytes(mark for mark in marks if next(ones if mark else zeros, None) is not None))


def draw(of, length, runs, num_rows, number=0):
    return of.draw(0, Stream.EVALUATION_BY_RUN, number, length, runs, num_rows)


def plain_longest_run(of, symbols):
    return max(map(len, "".join("|" if s in of.resetting else "." for s in symbols).split("|")))


def resetting_digits(task):
    return {tuple(pair) for pair in task.digits_of(ResetFreeRuns.of(task.machine).resetting).tolist()}


@pytest.mark.parametrize("base", [2, 10])
def test_what_resets_follows_from_the_machine(base):
    pairs = set(product(range(base), repeat=2))

    assert pairs - resetting_digits(addition(base)) == {(d, base - 1 - d) for d in range(base)}
    assert pairs - resetting_digits(subtraction(base)) == {(d, d) for d in range(base)}
    assert pairs - resetting_digits(comparison(base)) == {(d, d) for d in range(base)}
    assert resetting_digits(counter(3, base)) == set()


def test_a_carry_of_more_than_one_is_kept_by_more_symbols():
    threes = set(product(range(10), repeat=3))
    assert threes - resetting_digits(addition(10, 3)) == {d for d in threes if sum(d) % 10 in (8, 9)}
    assert resetting_digits(multiplication_by_constant(2)) == {(d,) for d in range(10)}
    assert resetting_digits(multiplication_by_constant(3)) == {(d,) for d in (0, 1, 2, 4, 5, 7, 8, 9)}
    assert resetting_digits(multiplication_by_constant(12)) == set()  # it takes two digits to reset


def test_states_that_nothing_reaches_do_not_count():
    machine = Machine.from_tables([[0, 1], [0, 1], [2, 2]], [[0, 1], [1, 0], [0, 0]])

    assert ResetFreeRuns.of(machine).resetting.tolist() == [0, 1]


def test_for_addition_the_longest_run_is_the_longest_stretch_of_one_sum():
    pairs = np.array(list(product(product(range(3), repeat=2), repeat=3)), dtype=np.uint8)
    task = addition(3)
    found = ResetFreeRuns.of(task.machine).longest(task.symbols_of(pairs))

    assert (found >= longest_runs(pairs, 3, "idle")).all()
    assert found.tolist() == [
        plain_longest_run(ResetFreeRuns.of(task.machine), row) for row in task.symbols_of(pairs).tolist()
    ]


@pytest.mark.parametrize(
    ("num_resetting", "num_others", "length"),
    [(1, 1, 7), (2, 1, 4), (1, 4, 4), (4, 1, 4), (3, 0, 3), (0, 3, 3), (1, 0, 2)],
)
def test_every_sequence_of_a_longest_run_is_drawn_as_often(num_resetting, num_others, length):
    of = sorts(num_resetting, num_others)
    num_symbols = num_resetting + num_others
    place = num_symbols ** np.arange(length)
    words = np.array(list(product(range(num_symbols), repeat=length)))
    runs = of.longest(words)
    assert runs.tolist() == [plain_longest_run(of, word) for word in words.tolist()]
    assert sorted(set(runs.tolist())) == list(of.possible(length))
    for run in of.possible(length):
        wanted = words[runs == run] @ place
        drawn = draw(of, length, [run], 20 * len(wanted)) @ place
        found, counts = np.unique(drawn, return_counts=True)
        count_of = dict.fromkeys(wanted.tolist(), 0) | dict(
            zip(found.tolist(), counts.tolist(), strict=True)
        )

        assert count_of.keys() == set(wanted.tolist())
        # 27 such tests in all: the smallest p-value lies below 1e-5 once in 4,000 draws
        if len(wanted) > 1:
            assert chisquare(list(count_of.values())).pvalue > 1e-5


@pytest.mark.parametrize(("num_resetting", "num_others", "run"), [(1, 999, 3), (999, 1, 3), (1, 9, 40)])
def test_long_sequences_have_as_many_resets_as_all_such_sequences(num_resetting, num_others, run):
    """Where few symbols reset, short runs are so rare that a difference of shares has no right digit."""
    length, num_rows = 80, 4000
    of = sorts(num_resetting, num_others)
    # By current run, and whether the longest one has been there: how many sequences, and their resets.
    ways = {(0, False): (1, 0)}
    for _ in range(length):
        after: dict[tuple[int, bool], tuple[int, int]] = {}
        for (current, is_there), (number, resets) in ways.items():
            longer = (current + 1, is_there or current + 1 == run)
            for state, times, more in (((0, is_there), num_resetting, 1), (longer, num_others, 0)):
                if state[0] <= run:
                    before = after.get(state, (0, 0))
                    after[state] = (
                        before[0] + times * number,
                        before[1] + times * (resets + more * number),
                    )
        ways = after
    number, resets = (sum(each[k] for (_, is_there), each in ways.items() if is_there) for k in (0, 1))

    drawn = np.isin(draw(of, length, [run], num_rows), of.resetting).sum(axis=1)

    error = drawn.std() / num_rows**0.5
    assert drawn.mean() == pytest.approx(resets / number, abs=5 * error + 1e-9)


@settings(deadline=None)
@given(
    num_resetting=st.integers(0, 40),
    num_others=st.integers(0, 40),
    length=st.integers(1, 60),
    share=st.floats(0, 1),
    number=st.integers(0, 1000),
)
def test_the_longest_run_is_exactly_what_was_wanted(num_resetting, num_others, length, share, number):
    if num_resetting + num_others == 0:
        num_others = 1
    of = sorts(num_resetting, num_others)
    possible = of.possible(length)
    run = possible[round(share * (len(possible) - 1))]

    drawn = draw(of, length, [run], 20, number)

    assert drawn.shape == (20, length)
    assert drawn.max() < num_resetting + num_others
    assert (of.longest(drawn) == run).all()


def test_ten_thousand_positions_have_the_runs_that_were_wanted():
    runs = [0, 1, 7, 5000, 9999, 10_000]

    drawn = draw(sorts(9, 1), 10_000, runs, 2)

    assert sorts(9, 1).longest(drawn).tolist() == np.repeat(runs, 2).tolist()


@pytest.mark.parametrize(
    ("of", "run", "length", "allowed"),
    [
        (sorts(1, 1), 4, 3, "choose 0 to 3"),
        (sorts(1, 1), -1, 3, "choose 0 to 3"),
        (sorts(0, 2), 2, 3, "choose 3 only"),
        (sorts(2, 0), 1, 3, "choose 0 only"),
    ],
)
def test_a_run_that_does_not_occur_is_refused(of, run, length, allowed):
    with pytest.raises(ConfigurationError, match=allowed):
        draw(of, length, [run], 1)


@pytest.mark.parametrize(("of", "runs"), [(sorts(3, 2), range(6)), (sorts(0, 2), [5]), (sorts(2, 0), [0])])
def test_balanced_symbols_have_every_longest_run_that_occurs_as_often(of, runs):
    words = random_words(3, Stream.TRAINING, 0, 20_000, balanced_words(5, 2))
    lengths = np.full(20_000, 5)
    lengths[:10] = 2

    drawn = of.balanced(words, lengths)

    assert (drawn[:10, 2:] == 0).all()
    found, counts = np.unique(of.longest(drawn[10:]), return_counts=True)
    assert found.tolist() == list(runs)
    assert len(counts) == 1 or chisquare(counts).pvalue > 1e-6
