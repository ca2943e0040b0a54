"""The checker in one file: its bounds of one position from a sloped box."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st
from made_histories import Arrays, Content, ends_of, histories_of, made, numbers_of, step
from scipy.optimize import linprog

import verify_certificate as checker
from verify_certificate import FINE, UNIT, Histories, Span


def test_float32_positions_stay_in_the_bounds_and_above_the_margin():
    """From corners of the sets, where a random linear function is largest."""
    weights, content = made()
    histories, random = histories_of(weights, content), np.random.default_rng(1)
    margin, closest = histories.prove() / checker.ONE, np.inf
    dense, bias = weights["dense.weight"], weights["dense.bias"]
    for label, stated in enumerate(content["histories"]):
        corners = corners_of(weights, stated, random)
        spans = list(histories.parts(label))
        edges = np.linspace(*stated["along"], len(spans) + 1)
        y = numbers_of(corners.astype(float), weights, np.array(stated["slopes"]))[:, 0]
        for symbol, following in enumerate(stated["next"]):
            after = step(weights, corners, [symbol % 2, symbol // 2])
            slopes = np.array(content["histories"][following]["slopes"])
            numbers, logits = numbers_of(after.astype(float), weights, slopes), after @ dense.T + bias
            right = content["machine"]["output"][stated["state"]][symbol]
            assert (logits[:, right] - np.delete(logits, right, axis=1).max(axis=1)).min() > margin
            for part, span in enumerate(spans):
                chosen = (y >= edges[part] - 1e-9) & (y <= edges[part + 1] + 1e-9)
                low, high = bounds_of(histories, span, symbol, following)
                away = np.minimum(numbers[chosen] - low, high - numbers[chosen])
                assert (away >= 0).all()
                closest = min(closest, (away / (high - low)).min(initial=np.inf))

    assert closest < 0.05


def test_errors_of_every_sum_and_function_count_in_full():
    """For each number, e and the errors at the ends that make it largest, by the page on the proof."""
    weights, content = made()
    histories, units = histories_of(weights, content), len(weights["rnn.weight_hh_l0"])
    for label, stated in enumerate(content["histories"]):
        slopes, ends, spans = np.array(stated["slopes"]), ends_of(stated), list(histories.parts(label))
        edges = np.linspace(*stated["along"], len(spans) + 1)
        for part, span in enumerate(spans):
            ends[:, 0] = edges[part : part + 2]
            centre, radius = ends.mean(axis=0), (ends[1] - ends[0]) / 2
            for symbol, following in enumerate(stated["next"]):
                inputs, errors = input_and_errors(weights, [symbol % 2, symbol // 2])
                t = inputs + slopes * centre[0] + centre[1:]
                noise = radius[1:] + errors
                target = numbers_of(
                    np.eye(units), weights, np.array(content["histories"][following]["slopes"])
                ).T
                _, upper = bounds_of(histories, span, symbol, following)
                for number, form in enumerate(target):
                    y = np.sign((form / np.cosh(t) ** 2) @ slopes) * radius[0]
                    after = np.tanh(t + slopes * y + np.sign(form) * noise)
                    after += np.sign(form) * (2**-20 * abs(after) + 2.0**-124)
                    assert form @ after <= upper[number] + 1e-12


def input_and_errors(weights: Arrays, digits: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """What a symbol adds to each unit's sum, and how far off R2 lets the sum be."""
    exact = {name: array.astype(float) for name, array in weights.items()}
    x, biases = (
        exact["embed_layer.weight"][digits].ravel(),
        [exact[f"rnn.bias_{k}_l0"] for k in ("ih", "hh")],
    )
    recurrent, from_input = exact["rnn.weight_hh_l0"], exact["rnn.weight_ih_l0"]
    size = (
        abs(from_input) @ abs(x)
        + abs(recurrent).sum(axis=1) * (1 + 2**-18)
        + abs(np.array(biases)).sum(axis=0)
    )
    share = (len(x) + len(recurrent) + 2 + 8) * 2**-24
    return from_input @ x + sum(biases), share / (1 - share) * size


def test_the_margin_leaves_room_for_both_logits_errors():
    """In a network whose hidden states are points, by the page on the proof."""
    weights, content = made()
    histories = histories_of(weights, content)
    dense, bias, units = (
        weights["dense.weight"].astype(float),
        weights["dense.bias"],
        weights["dense.weight"].shape[1],
    )
    share = (units + 1 + 8) * 2**-24
    error = share / (1 - share) * (abs(dense).sum(axis=1) * (1 + 2**-18) + abs(bias))
    for right, (forms, rests) in enumerate(histories.logits):
        point = [(UNIT // 2,) * units, (0,) * units, (0,) * units]
        for other, (low, high), rest in zip([1 - right], forms.values(point), rests, strict=True):
            gap = (dense[right] - dense[other]).sum() / 2 + bias[right] - float(bias[other])
            assert low <= high
            assert gap - error.sum() - 1e-12 <= (low + rest) / UNIT <= gap - error.sum() + 1e-12


def bounds_of(histories: Histories, span: Span, symbol: int, following: int) -> np.ndarray:
    found = histories.target(following).values(histories.advance(span, symbol))
    return np.array(found, dtype=float).T / UNIT


def corners_of(weights: Arrays, stated: Content, random: np.random.Generator) -> np.ndarray:
    """Just inside the corners of a set, in float32."""
    units = len(weights["rnn.weight_hh_l0"])
    forms = numbers_of(np.eye(units), weights, np.array(stated["slopes"])).T
    ends = ends_of(stated)
    limits, rows = np.append(ends[1], -ends[0]), np.vstack([forms, -forms])
    found = [linprog(v, rows, limits, bounds=(-1, 1)).x for v in random.normal(size=(60, units))]
    mean = np.mean(found, axis=0)
    corners = (mean + (1 - 1e-4) * (np.array(found) - mean)).astype(np.float32)
    numbers = numbers_of(corners.astype(float), weights, np.array(stated["slopes"]))
    inside = ((numbers >= ends[0]) & (numbers <= ends[1])).all(axis=1)
    assert inside.any()
    return corners[inside]


@given(st.integers(-30 * UNIT, 30 * UNIT) | st.integers(-UNIT, UNIT))
def test_tanh_in_small_units_is_close(t):
    with precision():
        value = (arb(t) / UNIT).tanh() * UNIT
        assert abs(value - checker.near_tanh(t)) < 4


@given(st.integers(UNIT >> 20, UNIT - (UNIT >> 35)) | st.integers(20, 34).map(lambda k: UNIT - (UNIT >> k)))
def test_the_inverse_of_tanh_is_bounded_from_below_and_closely_enough_for_its_slope(w):
    with precision():
        value = (arb(w) / UNIT).atanh() * UNIT
        off = value - checker.below_atanh(w)
        assert off >= 0
        assert off * (1 - (arb(w) / UNIT) ** 2) < 16


ENDS = st.integers(-3 * UNIT, 3 * UNIT)
PAIRS = st.tuples(ENDS, ENDS) | st.tuples(*[st.integers(-25 * UNIT, 25 * UNIT)] * 2)
PAIRS |= st.tuples(ENDS, st.integers(0, FINE)).map(lambda pair: (pair[0], pair[0] + (1 << pair[1])))


@given(PAIRS.map(sorted), st.data())
def test_tanh_less_a_slope_is_bounded_tightly(ends, data):
    start, end = ends
    slope, below, above, size = checker.chord(start, end)
    assert 0 <= slope <= UNIT
    with precision():

        def value(t: arb | int) -> arb:
            return (arb(t) / UNIT).tanh() * UNIT - arb(slope) * t / UNIT

        turns = [(1 - arb(slope) / UNIT).sqrt().atanh() * UNIT] if slope else []
        inner = [data.draw(st.integers(start, end)) for _ in range(3)]
        points = [start, end, *inner, *(s * t for t in turns for s in (1, -1) if start <= s * t <= end)]
        for t in points:
            assert value(t) >= below
            assert value(t) <= above
            assert abs((arb(t) / UNIT).tanh() * UNIT) <= size
        assert max(float(value(t)) for t in points) > above - 100
        assert min(float(value(t)) for t in points) < below + 100
    assert slope or above - below < UNIT >> 20
    assert size <= max(map(abs, map(checker.near_tanh, ends))) + 4


@contextmanager
def precision() -> Iterator[None]:
    ctx.prec = 300
    try:
        yield
    finally:
        ctx.default()


NUMBERS = st.integers(-(UNIT << 3), UNIT << 3)
VECTORS = st.lists(NUMBERS, min_size=4, max_size=4)


SHARE = st.fractions(-1, 1)


@given(st.lists(VECTORS, min_size=1, max_size=3), st.tuples(VECTORS, VECTORS, VECTORS), SHARE, st.data())
def test_linear_functions_are_bounded_on_what_a_span_contains(rows, span, e, data):
    centre, radius, line = (tuple(each) for each in span)
    radius = tuple(map(abs, radius))
    f = data.draw(st.lists(SHARE, min_size=4, max_size=4))
    h = [c + e * x + a * r for c, x, a, r in zip(centre, line, f, radius, strict=True)]

    for row, (low, high) in zip(rows, checker.Forms(rows).values([centre, radius, line]), strict=True):
        value = Fraction(sum(w * x for w, x in zip(row, h, strict=True)), UNIT)
        assert low + 8 <= value <= high - 8
        reach = sum(abs(w) * r for w, r in zip(row, radius, strict=True))
        reach += abs(sum(map(int.__mul__, row, line)))
        assert high - low <= Fraction(2 * reach, UNIT) + 18
