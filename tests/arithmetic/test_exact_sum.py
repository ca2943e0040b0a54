import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ripplecarry.arithmetic.digits import from_digits, to_digits
from ripplecarry.arithmetic.exact_sum import ExactSum

BASE = st.sampled_from([2, 3, 10, 36])


@given(BASE, st.integers(1, 8), st.integers(1, 3), st.lists(st.integers(1, 40)), st.integers(0, 999))
def test_pieces_of_a_sum_are_those_of_python_integers(base, num_operands, num_rows, cuts, seed):
    # digits of few kinds, so that carries run far; four zeros behind them hold the last carry
    digits = np.random.default_rng(seed).choice([0, 1, base - 1], (num_rows, 40, num_operands))
    operands = np.pad(digits.astype(np.uint8), ((0, 0), (0, 4), (0, 0)))
    exact = ExactSum(base)

    pieces = [exact.feed(piece) for piece in np.split(operands, sorted(set(cuts)), axis=1)]

    totals = [sum(from_digits(operand, base) for operand in row.T) for row in operands]
    assert from_digits(np.concatenate(pieces, axis=1), base) == totals


def test_a_carry_runs_through_all_pieces():
    nines, one = to_digits(10**1000 - 1, 10, 1001), to_digits(1, 10, 1001)
    operands = np.stack([nines, one], axis=1)[None]
    exact = ExactSum(10)

    digits = np.concatenate([exact.feed(operands[:, k : k + 7]) for k in range(0, 1001, 7)], axis=1)

    assert from_digits(digits[0], 10) == 10**1000
