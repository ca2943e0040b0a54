import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ripplecarry.arithmetic.digits import from_digits, to_digits
from ripplecarry.arithmetic.exact_sum import ExactSum

LENGTH = 40


@given(st.sampled_from([2, 3, 10, 36]), st.integers(1, 8), st.lists(st.integers(1, LENGTH)), st.data())
def test_pieces_of_a_sum_are_those_of_python_integers(base, num_operands, cuts, data):
    # few digits of many kinds, so that carries run far
    digit = st.sampled_from(sorted({0, 1, base - 1}))
    rows = data.draw(
        st.lists(
            st.lists(
                st.lists(digit, min_size=LENGTH, max_size=LENGTH),
                min_size=num_operands,
                max_size=num_operands,
            ),
            min_size=1,
            max_size=3,
        )
    )
    operands = np.pad(np.array(rows, dtype=np.uint8).transpose(0, 2, 1), ((0, 0), (0, 4), (0, 0)))
    exact = ExactSum(base)

    pieces = [exact.feed(piece) for piece in np.split(operands, sorted(set(cuts)), axis=1)]

    for row, sums in zip(rows, np.concatenate(pieces, axis=1), strict=True):
        assert from_digits(sums, base) == sum(from_digits(np.array(digits), base) for digits in row)


def test_a_carry_runs_through_all_pieces():
    nines, one = to_digits(10**1000 - 1, 10, 1001), to_digits(1, 10, 1001)
    operands = np.stack([nines, one], axis=1)[None]
    exact = ExactSum(10)

    digits = np.concatenate([exact.feed(operands[:, k : k + 7]) for k in range(0, 1001, 7)], axis=1)

    assert from_digits(digits[0], 10) == 10**1000
