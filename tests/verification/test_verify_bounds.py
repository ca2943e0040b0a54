"""The bounds of the checker in one file: they contain the exact value, and no more than they must."""

from fractions import Fraction
from itertools import product as all_pairs

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

import verify_certificate as checker
from verify_certificate import ONE, SCALE, Layer, Matrix, Refused

UNIT = Fraction(1, ONE)
ENDS = st.integers(-5 * ONE, 5 * ONE)
INTERVALS = st.tuples(ENDS, st.integers(0, ONE) | st.just(0)).map(lambda each: (each[0], sum(each)))
FUNCTIONS = {
    "exponential": lambda x: (-x).exp(),
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
    "tanh": lambda x: x.tanh(),
}


def around(values: list[int]) -> list[int]:
    return [sign * value + step for value in values for step in (-1, 0, 1) for sign in (1, -1)]


SPECIAL = around([0, ONE, 127 * ONE, 128 * ONE, 200 * ONE, ONE << 125, *(1 << k for k in range(SCALE + 8))])


def assert_encloses(name: str, x: int) -> None:
    """The bounds contain the value, by arb at 600 bits, and are 2^-140 apart at most."""
    ctx.prec = 600
    try:
        value = FUNCTIONS[name](arb(x) / arb(ONE)) * arb(ONE)
        low, high = getattr(checker, name)(x)
        assert not value < low, (name, x)
        assert not value > high, (name, x)
        assert high - low <= 1 << SCALE - 140, (name, x)
    finally:
        ctx.default()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_enclosed_tightly_where_series_and_squarings_change(name):
    for x in SPECIAL:
        if name != "exponential" or 0 <= x < 128 * ONE:
            assert_encloses(name, x)


@given(st.integers(-140 * ONE, 140 * ONE) | st.integers(-ONE, ONE))
def test_functions_are_enclosed_tightly_everywhere(x):
    assert_encloses("sigmoid", x)
    assert_encloses("tanh", x)
    assert_encloses("exponential", min(abs(x), 128 * ONE - 1))


@given(INTERVALS, st.fractions(0, 1))
def test_a_computed_function_is_as_far_off_as_the_bounds_allow_and_no_further(interval, share):
    """tanh, at both ends and between them, off by 2^-20 of the largest value and by 2^-124."""
    low, high = checker.computed(checker.tanh, interval)
    exact_low, exact_high = checker.tanh(interval[0])[0], checker.tanh(interval[1])[1]
    error = Fraction(max(abs(exact_low), abs(exact_high)), 2**20) + (ONE >> 124)
    inner = checker.tanh(interval[0] + int(share * (interval[1] - interval[0])))

    assert error <= exact_low - low == high - exact_high <= error + 2
    assert low <= inner[0] <= inner[1] <= high


@given(st.integers(0, 2**21), st.integers(0, (ONE << 126) - 1), st.integers(0, ONE << 120))
def test_the_error_of_a_sum_is_the_stated_bound_rounded_up(num_terms, size, norm):
    share = Fraction(num_terms + 8, 2**24)
    stated = (
        share / (1 - share) * size + 4 * (num_terms + 8) * Fraction(ONE, 2**126) + Fraction(norm, 2**126)
    )

    assert stated <= checker.sum_error(num_terms, size, norm) <= stated + 2


@pytest.mark.parametrize(("num_terms", "size"), [(2**22 - 8, 1), (1, ONE << 126), (0, ONE << 200)])
def test_a_sum_that_has_too_many_terms_or_may_overflow_has_no_bound(num_terms, size):
    with pytest.raises(Refused, match=r"too many terms|may overflow"):
        checker.sum_error(num_terms, size)
    assert checker.sum_error(min(num_terms, 2**22 - 9), min(size, (ONE << 126) - 1)) > 0


@given(INTERVALS, INTERVALS, INTERVALS, st.tuples(*[st.fractions(0, 1)] * 3))
def test_products_and_means_contain_what_float32_may_make_of_any_point(a, b, c, shares):
    """Whatever lies within the intervals, and ends of the results lie at corners."""
    x, y, z = (low + share * (high - low) for (low, high), share in zip((a, b, c), shares, strict=True))
    corners = [Fraction(p * q, ONE) for p, q in all_pairs(a, b)]
    low, high = checker.product(a, b)
    assert low <= x * y / ONE <= high
    assert min(corners) - 1 < low <= min(corners)
    assert max(corners) <= high < max(corners) + 1

    size = max(map(abs, corners)) + max(abs(low) for low in c)
    low, high = checker.products((a, b), (c, (ONE, ONE)))
    error = Fraction(8, 2**24 - 8) * size
    assert low + error <= x * y / ONE + z <= high - error

    low, high = checker.mean(a, b, c)
    size = 2 * max(map(abs, b)) + max(map(abs, c)) + 2 * max(map(abs, a))
    error = Fraction(8, 2**24 - 8) * size
    assert low + error <= (1 - x / ONE) * y + x / ONE * z <= high - error


@given(st.data())
def test_a_matrix_takes_a_box_to_the_smallest_box_and_sizes_to_the_largest_sums(data):
    rows = data.draw(st.lists(st.tuples(ENDS, ENDS, ENDS), min_size=1, max_size=3))
    step = data.draw(st.sampled_from([1, 1 << 100]))
    rows = [[entry // step * step for entry in row] for row in rows]
    box = data.draw(st.tuples(INTERVALS, INTERVALS, INTERVALS))
    matrix = Matrix(rows)

    for row, (low, high), reach, norm in zip(
        rows, matrix.image(list(box)), matrix.reach(list(box)), matrix.norms, strict=True
    ):
        values = [sum(w * x for w, x in zip(row, corner, strict=True)) for corner in all_pairs(*box)]
        assert 0 <= min(values) - low * ONE < ONE
        assert 0 <= high * ONE - max(values) < ONE
        sizes = [sum(abs(w * x) for w, x in zip(row, corner, strict=True)) for corner in all_pairs(*box)]
        assert 0 <= reach * ONE - max(sizes) < ONE
        assert norm == sum(map(abs, row))


@given(st.integers(0, 2**32 - 1))
def test_float32_weights_are_read_exactly_or_refused(bits):
    value = np.uint32(bits).view(np.float32)
    if np.isfinite(value) and (value == 0 or abs(value) >= np.finfo(np.float32).tiny):
        assert checker.exact(bits) * UNIT == Fraction(float(value))
    else:
        with pytest.raises(Refused, match=r"subnormal|finite"):
            checker.exact(bits)


@given(st.floats(-1e300, 1e300), st.floats(0, 1e300))
def test_the_ends_of_a_box_are_rounded_outwards_by_less_than_a_unit(low, width):
    low, high = Fraction(low), Fraction(low) + Fraction(width)
    ((a, b),) = checker.read_box({"low": [low], "high": [high]}, 1)

    assert 0 <= low - a * UNIT < UNIT
    assert 0 <= b * UNIT - high < UNIT


@pytest.mark.parametrize(
    ("low", "high"), [([0.5], [0.25]), ([0.0], [1.0, 2.0]), ([0.0] * 3, [1.0] * 3), ([], [])]
)
def test_a_box_that_is_empty_or_of_another_length_is_refused(low, high):
    box = {"low": list(map(Fraction, low)), "high": list(map(Fraction, high))}

    with pytest.raises(Refused, match=r"is empty|other than"):
        checker.read_box(box, len(low) if low == [0.5] else 2)


@given(st.integers(0, 2 * ONE), st.integers(0, ONE << 60), st.integers(0, ONE << 60))
def test_a_gate_is_as_far_off_as_its_parts_allow(factor, input_size, hidden_size):
    """One of a GRU with biases -1 and 2: the part from the hidden state counts times its factor."""
    layer = Layer("gru", [[3 * ONE, 0]] * 3, [[-ONE] * 3], [[-(ONE << 150)]] * 3, [[2 * ONE] * 3])
    region = [(0, ONE)] * 3, [(0, 0)], [(0, 0)], [hidden_size] * 3
    low, high = layer.gate(([(5, 7)] * 3, [input_size] * 3), region, 2, (0, factor))
    size = Fraction(input_size + ONE) + Fraction(factor, ONE) * (hidden_size + 2 * ONE)
    error = (
        Fraction(13, 2**24 - 13) * size + 52 * (ONE >> 126) + Fraction(3 * ONE + (2 * ONE << 150), 2**126)
    )

    assert error <= 5 - ONE - low <= error + 4
    assert error <= high - (7 - ONE + 3 * factor) <= error + 4
    for sizes in ((ONE << 126, 0), (0, ONE << 126), (ONE << 125, ONE << 125)):
        with pytest.raises(Refused, match="may overflow"):
            layer.gate(
                ([(5, 7)] * 3, [sizes[0]] * 3), (*region[:3], [sizes[1]] * 3), 2, (0, min(factor, ONE >> 9))
            )
