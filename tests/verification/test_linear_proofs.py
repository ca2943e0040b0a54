"""Proofs of linear recurrences: of networks built by hand, and each rule against every way of computing."""

import copy
import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
import pytest
import torch
from checkers import CHECKERS, certificate_bytes, weights_bytes
from compiled_machines import in_float32
from every_engine import ENGINES, load
from flint import arb
from functions import subnormals
from hypothesis import example, given
from hypothesis import strategies as st
from linear_machines import FLIP_FLOP, OPEN, PROVED, UNPROVED, WRONG, diagonal, mingru
from made_certificates import LINEAR, certified
from safetensors.numpy import save

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.verification.balls import CELLS, GateSum
from ripplecarry.verification.certificate import Certificate, certify_boxes
from ripplecarry.verification.certify import find_invariant
from ripplecarry.verification.enclosures import LayerSet, Transitions
from ripplecarry.verification.intervals import Box
from ripplecarry.verification.preactivations import PreactivationNetwork
from ripplecarry.verification.proof import weights_hash
from verify_certificate import ONE, Layer, Refused, verify

TINY = np.finfo(np.float32).tiny


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("name", PROVED)
def test_a_latch_is_proved(name, checker):
    built = PROVED[name]

    assert CHECKERS[checker](weights_bytes(built.weights), certificate_bytes(built.certificate())) is None


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("name", WRONG | UNPROVED)
def test_what_is_wrong_or_only_just_right_is_refused(name, checker):
    built = (WRONG | UNPROVED)[name]
    wide, wider = {"0": (-1.2, 0.3), "1": (0.7, 1.3)}, {"0": (-40.0, 40.0), "1": (-40.0, 40.0)}
    points = {"0": (-1.0, 0.0), "1": (1.0, 1.0)}
    forged = [built.boxes, points] if "end" in name else [built.boxes, points, wide, wider]
    for boxes in forged:
        refusal = CHECKERS[checker](
            weights_bytes(built.weights), certificate_bytes(built.certificate(boxes))
        )
        assert refusal is not None
        assert any(word in refusal for word in ("wrong", "lead"))


@pytest.mark.parametrize("apart", [0.0, 5e-10])
def test_the_search_finds_a_latch_in_every_state_and_both_checkers_accept_it(apart):
    """A unit whose gate is never open needs the same interval in both machine states, to the bit."""
    built = PROVED["latch"]
    weights = dict(built.weights)
    gates = weights["rnn.weight_ih_l0"].reshape(2, 2, 5)
    idle = np.float32([[[-60] * 5], [[0.3] * 5]])
    weights["rnn.weight_ih_l0"] = np.concatenate([gates, idle], axis=1).reshape(6, 5)
    weights["rnn.bias_ih_l0"] = np.zeros(6, np.float32)
    weights["dense.weight"] = np.pad(weights["dense.weight"], [(0, 0), (0, 1)])
    choice = TaskChoice.build(FLIP_FLOP)
    parameters = {name: torch.tensor(array) for name, array in weights.items()}
    network = PreactivationNetwork.of("mingru", parameters, torch.float64)
    low = torch.tensor([[-1.0, 0.0, -0.5], [1.0, 0.0, -0.5 - apart]], dtype=torch.float64)
    high = torch.tensor([[0.0, 1.0, 0.5], [1.0, 1.0, 0.5]], dtype=torch.float64)
    start = LayerSet(Box(torch.zeros(2, 0), torch.zeros(2, 0)), Box.between(low, high))

    attempt = find_invariant(network, Transitions.of(choice.build_task().machine), [start])
    found = certify_boxes("made", choice, "mingru", weights, attempt.sets)

    assert attempt.num_rounds == 1
    assert isinstance(found, Certificate)
    for checker in CHECKERS.values():
        assert checker(weights_bytes(weights), certificate_bytes(found.content)) is None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PROVED | WRONG | UNPROVED)
def test_they_answer_as_is_said_of_them(name, engine):
    built = (PROVED | WRONG | UNPROVED)[name]
    task = TaskChoice.build(built.settings).build_task()
    symbols = np.random.default_rng(0).integers(0, task.base, (100, 200))
    symbols = np.array([built.witness]) if built.witness else symbols
    right = task.answer(task.digits_of(symbols)) == load(engine, task, built.weights, built.cell).answers(
        task.digits_of(symbols)
    )

    assert not right[0, -1] if built.witness else right.all()


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("gate", [0, 1, 2])
@pytest.mark.parametrize("cell", LINEAR)
def test_gates_that_may_overflow_are_refused(cell, gate, checker):
    """Shut or not: what is infinite times 0 is not a number."""
    built = mingru(-200.0) if cell == "mingru" else diagonal(cell, -50.0)
    if gate >= len(built.gates):
        pytest.skip("it has two gates")
    built.gates[gate][0] = 2e38
    boxes = {"0": (-1e38, 1e38), "1": (-1e38, 1e38)}
    for each in (built.certificate(), built.certificate(boxes)):
        refusal = CHECKERS[checker](weights_bytes(built.weights), certificate_bytes(each))
        assert refusal is not None
        assert "overflow" in refusal or gate == 0


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_latch_of_states_that_may_overflow_is_refused(checker):
    """h is kept, but new - h would be infinite."""
    built = mingru(-200.0)
    certificate = built.certificate({"0": (-3e38, 3e38), "1": (-3e38, 3e38)})
    refusal = CHECKERS[checker](weights_bytes(built.weights), certificate_bytes(certificate))
    assert refusal is not None
    assert "overflow" in refusal


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("size", ["units", "features"])
def test_weights_without_units_or_features_are_refused(size, checker):
    weights = dict(PROVED["latch"].weights)
    if size == "units":
        empty = {"rnn.weight_ih_l0": (0, 5), "rnn.bias_ih_l0": (0,), "dense.weight": (3, 0)}
    else:
        empty = {"embed_layer.weight": (5, 0), "rnn.weight_ih_l0": (4, 0)}
    weights |= {name: np.zeros(shape, np.float32) for name, shape in empty.items()}
    content = PROVED["latch"].certificate() | {"weights_sha256": weights_hash(weights)}

    refusal = CHECKERS[checker](weights_bytes(weights), certificate_bytes(content))
    assert refusal is not None
    assert "empty" in refusal or "not a vector or a matrix" in refusal


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("cell", ["mingru", "minlstm", "diagonal", "diagonal_signed", "gru", "lstm", None])
@pytest.mark.parametrize("own", LINEAR)
def test_a_certificate_of_another_cell_is_refused(own, cell, checker):
    _, weights, certificate = certified(own)
    content = dict(certificate.content)
    refusals = [CHECKERS[checker](weights_bytes(weights), certificate_bytes(content | {"cell": cell}))]
    old = json.loads(json.dumps(content).replace('"hidden"', '"kept"').replace('"memory"', '"kept"'))
    old |= {"format": "ripplecarry certificate 1"}
    old["rounding"]["function_absolute"] = 2.0**-125
    refusals.append(CHECKERS[checker](weights_bytes(weights), certificate_bytes(old)))

    assert (refusals[0] is None) == (cell == own)
    assert refusals[1] is not None


def test_weights_that_name_another_cell_are_refused():
    _, weights, certificate = certified("diagonal")
    content = certificate_bytes(certificate.content)
    assert verify(save(dict(weights), {"cell": "diagonal"}), content)

    with pytest.raises(Refused, match="of another cell"):
        verify(save(dict(weights), {"cell": "diagonal_signed"}), content)


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("state", ["0", "1"])
@pytest.mark.parametrize("cell", LINEAR)
def test_a_shrunk_box_is_refused(cell, state, checker):
    _, weights, certificate = certified(cell)
    content = copy.deepcopy(dict(certificate.content))
    (box,) = content["invariant"][state][0].values()
    middle = np.add(box["low"], box["high"]) / 2
    for end in ("low", "high"):
        box[end] = (middle + 0.7 * (box[end] - middle)).tolist()
    refusal = CHECKERS[checker](weights_bytes(weights), certificate_bytes(content))

    assert refusal is not None
    assert any(word in refusal for word in ("lead", "zero state"))


def ways(cell: str, sums: list[np.float32], old: np.float32, flush: Callable) -> list[tuple[float, ...]]:
    """The hidden state and what is passed on, in float32, in each way that an engine may compute them."""
    with np.errstate(all="ignore"):
        one = np.float32(1)
        sigmoid = flush(one / (one + np.exp(-sums[0], dtype=np.float32)))
        if cell == "mingru":
            z, c, h = sigmoid, flush(sums[1]), flush(old)
            rest, product = flush(one - z), flush(z * c)
            found = [
                flush(h + flush(z * flush(c - h))),
                flush(np.float32(np.float64(h) + np.float64(z) * flush(c - h))),
                flush(product + flush(rest * h)),
                flush(np.float32(np.float64(product) + np.float64(rest) * h)),
            ]
            return [(float(each),) for each in found]
        a = sigmoid if cell == "diagonal" else flush(np.float32(2) * sigmoid - one)
        x, m = flush(sums[2]), flush(old)
        memories = [flush(flush(a * m) + sums[1]), flush(np.float32(np.float64(a) * m + sums[1]))]
        spread = one + np.exp(-x, dtype=np.float32)
        gates = [flush(x * flush(one / spread)), flush(x / spread)]
        return [(float(flush(m * gate)), float(m)) for m in memories for gate in gates]


def kept(value: np.floating) -> np.floating:
    return value


def flushed(value: np.floating) -> np.floating:
    return type(value)(0) if abs(value) < TINY else value


SUMS = st.floats(-30, 30, width=32) | st.floats(-120, 120, width=32) | st.floats(-1e6, 1e6, width=32)
SUMS |= st.sampled_from([0.0, 16.64, -16.64, -18.03, -20.0, 88.8, -88.8, -103.0, 1e-40, -1e-40])


@pytest.mark.parametrize("cell", LINEAR)
@given(
    sums=st.lists(SUMS, min_size=3, max_size=3),
    ends=st.lists(SUMS, min_size=2, max_size=2).map(sorted),
    share=st.sampled_from([0.0, 1.0]) | st.floats(0, 1),
)
@example(sums=[-18.1, 1.0, 0.0], ends=[1.0, 1.0], share=0.0)
@example(sums=[-17.4, 0.0, 0.0], ends=[1.0, 1.0000001192092896], share=0.0)
def test_every_way_of_computing_lies_within_both_checkers_bounds(cell, sums, ends, share):
    numbers = [np.float32(each) for each in sums[: 2 if cell == "mingru" else 3]]
    low, high = map(np.float32, ends)
    old = np.clip(np.float32(float(low) + share * (float(high) - float(low))), low, high)
    by_package, by_file = bounds(cell, numbers, low, high)

    for flush in (kept, flushed):
        for parts in ways(cell, numbers, old, flush):
            for value, ball, interval in zip(parts, by_package, by_file, strict=True):
                assert ball.contains(arb(value))
                assert interval[0] <= units(value) <= interval[1]


def bounds(
    cell: str, numbers: list[np.float32], low: np.float32, high: np.float32
) -> tuple[list[arb], list[tuple[int, int]]]:
    """What the package's checker and the one in one file make of these gate sums and this interval."""
    gates = [GateSum(arb(float(x)), arb(0), abs(arb(float(x))), arb(0), arb(0), 0) for x in numbers]
    by_package = CELLS[cell](gates, arb(float(low)).union(arb(float(high))))
    nothing = [[0]] * len(numbers)
    layer = Layer(cell, nothing, [list(map(units, numbers))], nothing, [[0] * len(numbers)])
    layer.num_terms = 0
    box = [(units(low), units(high))]
    region = ([(0, 0)] * len(numbers), box, box, [0] * len(numbers))
    by_file = layer.advance(([(0, 0)] * len(numbers), [0] * len(numbers)), region)
    num_parts = 1 if cell == "mingru" else 2
    return list(by_package)[:num_parts], [interval for (interval,) in by_file][:num_parts]


@pytest.mark.parametrize("cell", LINEAR)
@given(sums=st.lists(SUMS, min_size=3, max_size=3), state=SUMS)
@example(sums=[2.0, 3.0, 1.5], state=1.0)
@example(sums=[2.0, 1e6, -95.0], state=1.0)
@example(sums=[-18.6, 0.5, 0.0], state=1.0)
def test_both_checkers_bound_a_position_alike(cell, sums, state):
    """From one state: to a millionth of what they add for rounding, and to the error of exponentials."""
    numbers = [np.float32(each) for each in sums[: 2 if cell == "mingru" else 3]]
    scale = prod(1 + abs(Fraction(float(each))) for each in (*numbers, np.float32(state)))

    for ball, interval in zip(*bounds(cell, numbers, *[np.float32(state)] * 2), strict=True):
        found = [Fraction(end, ONE) for end in interval]
        slack = (found[1] - found[0]) / 2**20 + max(map(abs, found)) / 2**48 + scale / 2**138
        for mine, other in zip((ball.lower(), ball.upper()), found, strict=True):
            assert abs(mine - arb(other.numerator) / arb(other.denominator)) <= arb(slack.numerator) / arb(
                slack.denominator
            )


@pytest.mark.parametrize(("update", "is_held"), [(-18.3, False), (-18.6, True)])
def test_a_latch_holds_up_to_a_share_of_2_to_the_minus_26(update, is_held):
    """Of the size of an end: here 1, beside h + n of at most 1.5 + 0.25; ln(2^26 1.75) is 18.58."""
    low, high = np.float32(1), np.float32(1.5)
    by_package, by_file = bounds("mingru", [np.float32(update), np.float32(0.25)], low, high)

    assert (by_file[0] == (units(low), units(high))) == is_held
    assert (by_package[0].lower() > 0.99999999) == is_held


def test_an_end_of_almost_nothing_is_no_end_of_a_latch():
    low, tiny = np.float32(-1), np.float32(2.0**-91)
    for high, is_held in ((tiny, False), (2 * tiny, True)):
        _, by_file = bounds("mingru", [np.float32(-300), np.float32(0)], low, high)
        assert (by_file[0] == (units(low), units(high))) == is_held


class Latch(NamedTuple):
    """An interval, and the gate sums that push hardest at its ends of all that R7 allows."""

    low: np.float32
    high: np.float32
    update: np.float32
    new: np.float32


def _latches() -> Iterator[Latch]:
    """Ends at powers of two and beside them, where numbers lie closest; of one sign and of two."""
    for exponent, near in product((-89, 0, 100), (-1, 0, 1)):
        end = np.ldexp(np.float32(1 + near * 2.0 ** (-24 if near < 0 else -23)), exponent)
        for other in (end, -end, np.nextafter(end, np.float32(np.inf)), np.float32(2) * end):
            for low, high in ((min(end, other), max(end, other)), (min(-end, -other), max(-end, -other))):
                for part in (0.9, 1e-6):  # of what may be added, by the state; the rest by the new value
                    most = max(abs(float(low)), abs(float(high)))
                    share = 2.0**-26 * part * float(end) / most
                    new = np.float32((1 - 1e-4) * 2.0**-26 * float(end) / share - most)
                    yield Latch(low, high, np.float32(np.log(share)), new)


LATCHES = list(_latches())


@pytest.mark.parametrize("flush", [kept, flushed])
def test_no_way_of_computing_leaves_a_latch(flush):
    for low, high, update, new in LATCHES:
        for pushed in (new, -new):
            by_package, by_file = bounds("mingru", [update, pushed], low, high)
            assert by_file == [(units(low), units(high))]
            assert arb(float(low)).union(arb(float(high))).contains(by_package[0])
            inside = [end for end in (np.float32(0), TINY / 2, -TINY / 2) if low < end < high]
            for start in (low, high, *inside):
                for (hidden,) in ways("mingru", [update, pushed], start, flush):
                    assert low <= hidden <= high


@pytest.mark.parametrize("are_flushed", [False, True])
@pytest.mark.parametrize("engine", ENGINES)
def test_no_engine_leaves_a_latch(engine, are_flushed):
    """Logits are the hidden state. Symbols 0 and 1 set the ends, 2 and 3 push the state up and down."""
    low, high, update, new = map(np.array, zip(*LATCHES, strict=True))
    opened = np.full_like(low, 2 * OPEN)
    sums = np.stack([opened, opened, update, update, low, high, new, -new])
    machine = {"next_state": [[0] * 4], "output": [[len(low) - 1, 0, 0, 0]]}
    task = TaskChoice.build({"task": "machine", "machine": machine}).build_task()
    weights = in_float32(
        {
            "embed_layer.weight": np.eye(4),
            "rnn.weight_ih_l0": sums.reshape(2, 4, -1).transpose(0, 2, 1).reshape(-1, 4),
            "rnn.bias_ih_l0": np.zeros(2 * len(low)),
            "dense.weight": np.eye(len(low)),
            "dense.bias": np.zeros(len(low)),
        }
    )
    network = load(engine, task, weights, "mingru")
    symbols = np.array([[end, *[push] * 40] for end in (0, 1) for push in (2, 3)])
    with subnormals(are_flushed=are_flushed):
        states = network.logits(task.digits_of(symbols))

    assert (states[:, 0] == np.array([low, low, high, high])).all()
    assert ((low <= states) & (states <= high)).all()


def units(value: float | np.floating) -> int:
    """A float32 number in the units of the checker in one file."""
    return int(Fraction(float(value)) * ONE)


@pytest.mark.parametrize("cell", LINEAR)
def test_what_lies_outside_the_bounds_is_noticed(cell):
    """The ways of computing with an eigenvalue or a share that is off by a thousandth."""
    numbers = list(map(np.float32, (1.0, 2.0, 1.0)))[: 2 if cell == "mingru" else 3]
    gates = [GateSum(arb(float(x)), arb(0), arb(float(x)), arb(0), arb(0), 0) for x in numbers]
    numbers[0] *= np.float32(1.001)

    found = ways(cell, numbers, np.float32(1), kept)

    assert not any(CELLS[cell](gates, arb(1))[0].contains(arb(hidden)) for hidden, *_ in found)
