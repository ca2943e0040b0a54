"""Longest runs by a plain count, and draws that are uniform among all pairs of a longest run."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from ripplecarry.arithmetic.balanced_operands import balanced_words, carry_balanced, mixed_lengths
from ripplecarry.arithmetic.carry_runs import CARRY_KINDS, longest_runs
from ripplecarry.arithmetic.operands_by_run import RunPlan, operands_by_run
from ripplecarry.arithmetic.philox import Stream, random_words
from ripplecarry.errors import ConfigurationError


def plain_longest_run(pairs, base, kind):
    """By the definition, for one pair of operands: from every position as far as a run goes."""
    carries = [0]
    for a, b in pairs:
        carries.append((a + b + carries[-1]) // base)
    best = 0
    for first, (a, b) in enumerate(pairs):
        if kind == "carry" and a + b < base:
            continue
        end = first + (kind == "carry")
        while end < len(pairs) and sum(pairs[end]) == base - 1 and (kind == "carry" or not carries[end]):
            end += 1
        best = max(best, end - first)
    return best


def every_pair(base, length):
    return np.array(list(product(product(range(base), repeat=2), repeat=length)), dtype=np.uint8)


def draw(plan, base=10, number=0):
    return operands_by_run(0, Stream.EVALUATION_BY_RUN, number, plan, base=base)


@pytest.mark.parametrize("kind", CARRY_KINDS)
def test_longest_runs_are_those_of_the_definition(kind):
    for base, length in ((2, 5), (3, 3), (10, 2)):
        pairs = every_pair(base, length)
        plain = [plain_longest_run(pair.tolist(), base, kind) for pair in pairs]

        assert longest_runs(pairs, base, kind).tolist() == plain


@pytest.mark.parametrize(("kind", "pair", "run"), [
    ("carry", (999, 1), 3), ("carry", (999, 999), 1), ("carry", (0, 0), 0), ("carry", (5005, 5005), 1),
    ("idle", (123, 876), 3), ("idle", (999, 1), 0), ("idle", (5945, 4054), 4),
])  # fmt: skip
def test_known_pairs_have_known_runs(kind, pair, run):
    digits = np.array([[int(c) for c in f"{n:04d}"[::-1]] for n in pair], dtype=np.uint8).T

    assert longest_runs(digits[None], 10, kind).tolist() == [run]


@pytest.mark.parametrize("kind", CARRY_KINDS)
@pytest.mark.parametrize(("base", "length"), [(2, 5), (3, 3), (10, 2)])
def test_every_pair_of_a_longest_run_is_drawn_as_often(kind, base, length):
    pairs = every_pair(base, length)
    runs = longest_runs(pairs, base, kind)
    place = (base**2) ** np.arange(length)[::-1]
    for run in range(length + 1):
        wanted = pairs[runs == run]
        drawn = draw(RunPlan.of([(kind, run)], length, 20 * len(wanted)), base)
        number_of = dict.fromkeys((wanted[:, :, 0] * base + wanted[:, :, 1]) @ place, 0)
        found, counts = np.unique((drawn[:, :, 0] * base + drawn[:, :, 1]) @ place, return_counts=True)
        assert set(found) <= number_of.keys()
        number_of |= dict(zip(found, counts, strict=True))

        # 26 such tests in all: the smallest p-value lies below 1e-5 once in 4,000 draws
        if len(wanted) > 1:
            assert chisquare(list(number_of.values())).pvalue > 1e-5


@settings(deadline=None)
@given(
    base=st.integers(2, 36),
    length=st.integers(1, 60),
    share=st.floats(0, 1),
    kind=st.sampled_from(CARRY_KINDS),
    number=st.integers(0, 1000),
)
def test_the_longest_run_is_exactly_what_was_wanted(base, length, share, kind, number):
    run = round(share * length)

    drawn = draw(RunPlan.of([(kind, run)], length, 20), base, number)

    assert drawn.shape == (20, length, 2)
    assert drawn.max() < base
    assert (longest_runs(drawn, base, kind) == run).all()


def test_long_operands_have_the_runs_that_were_wanted():
    plan = RunPlan(np.full(6, 10_000), np.array([0, 1, 5000, 0, 7, 10_000]), np.array([0, 0, 0, 1, 1, 1]))

    drawn = draw(plan)

    assert longest_runs(drawn[:3], 10, "carry").tolist() == [0, 1, 5000]
    assert longest_runs(drawn[3:], 10, "idle").tolist() == [0, 7, 10_000]


@pytest.mark.parametrize(("run", "length"), [(4, 3), (-1, 3), (0, 0)])
def test_a_run_that_does_not_fit_is_refused(run, length):
    with pytest.raises(ConfigurationError, match="does not fit"):
        RunPlan.of([("carry", run)], length, 1)


def test_balanced_operands_have_every_longest_run_as_often():
    words = random_words(3, Stream.TRAINING, 0, 40_000, balanced_words(4, 2))
    lengths = mixed_lengths(words, 4)
    drawn = carry_balanced(words, lengths, 10)

    assert chisquare(np.bincount(lengths)[1:]).pvalue > 1e-6
    assert (drawn[lengths == 2, 2:] == 0).all()
    whole = drawn[lengths == 4]
    for kind in CARRY_KINDS:
        # Half of the rows are drawn for this kind: at least a tenth for each of five runs.
        shares = np.bincount(longest_runs(whole, 10, kind), minlength=5) / len(whole)
        assert shares.min() > 0.09
