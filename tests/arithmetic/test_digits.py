import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripplecarry.arithmetic.digits import from_digits, to_digits
from ripplecarry.errors import OperandError

BASES = st.integers(2, 36)


@given(BASES, st.integers(1, 3000), st.data())
def test_digits_and_back_is_the_identity(base, length, data):
    value = data.draw(st.integers(0, base**length - 1))

    assert from_digits(to_digits(value, base, length), base) == value


@given(BASES, st.lists(st.integers(0, 10**40), max_size=5))
def test_a_batch_is_its_integers_one_by_one(base, values):
    length = 140
    batch = to_digits(values, base, length)

    assert batch.shape == (len(values), length)
    assert all((row == to_digits(v, base, length)).all() for row, v in zip(batch, values, strict=True))
    assert from_digits(batch, base) == values


def test_digits_agree_with_pythons_own_strings():
    assert to_digits(90210, 10, 7).tolist() == [0, 1, 2, 0, 9, 0, 0]
    assert int("".join("0123456789abcdefghijklmnopqrstuvwxyz"[d] for d in [35, 0, 7]), 36) == (
        from_digits(np.array([7, 0, 35], dtype=np.uint8), 36)
    )


def test_numpy_integers_are_integers():
    assert to_digits(np.array([12, 345]), 10, 3).tolist() == [[2, 1, 0], [5, 4, 3]]


def test_a_hundred_thousand_digits_leave_pythons_limit_alone():
    limit = sys.get_int_max_str_digits()
    value = 7 * 10**99_999 + 12345

    digits = to_digits(value, 10, 100_000)

    assert digits[-1] == 7
    assert digits[:5].tolist() == [5, 4, 3, 2, 1]
    assert from_digits(digits, 10) == value
    assert sys.get_int_max_str_digits() == limit


@pytest.mark.parametrize(
    ("value", "base", "length", "words"),
    [
        (-1, 10, 3, "negative"),
        (1000, 10, 3, "more than the 3 digits"),
        (10**400, 10, 300, "more digits"),
        (1, 37, 3, "base is 37; it must be from 2 to 36"),
        (1, 10, 0, "length is 0"),
    ],
)
def test_what_does_not_fit_is_refused(value, base, length, words):
    with pytest.raises(OperandError, match=words):
        to_digits(value, base, length)


def test_digits_outside_the_base_are_refused_with_their_position():
    with pytest.raises(OperandError, match="digit 7 at position 2 is outside base 7"):
        from_digits(np.array([[0, 1, 2], [6, 0, 7]]), 7)
