"""Linear recurrences built by hand: what has a proof, what is wrong, and what is right without one."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import pytest
import torch
from checkers import CHECKERS, certificate_bytes, certificate_of, weights_bytes
from compiled_machines import in_float32
from every_engine import ENGINES, load
from flint import arb
from hypothesis import example, given
from hypothesis import strategies as st
from made_certificates import LINEAR, certified
from safetensors.numpy import save

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.networks.initial_values import Weights
from ripplecarry.verification.balls import CELLS, GateSum
from ripplecarry.verification.certificate import Certificate, certify_boxes
from ripplecarry.verification.certify import find_invariant
from ripplecarry.verification.enclosures import LayerSet, Transitions
from ripplecarry.verification.intervals import Box
from ripplecarry.verification.preactivations import PreactivationNetwork
from verify_certificate import ONE, Layer, Refused, verify

FLIP_FLOP, PARITY = {"task": "flip_flop"}, {"task": "parity"}
SYMBOLS = {"flip_flop": 5, "parity": 2}
KEEPING, SET_0, SET_1, READ = (0, 1, 4), 2, 3, 4
OPEN, TINY = 25.0, np.finfo(np.float32).tiny
Gate = Mapping[int, float]
"""The sum of a gate by symbol."""


@dataclass(frozen=True)
class Built:
    """A network of two units: the first keeps a bit, the second says how to answer."""

    cell: str
    settings: dict[str, str]
    gates: tuple[Gate, ...]
    """Of the first unit, which is 1 for a bit of 1 and at most 0 for one of 0."""
    witness: tuple[int, ...] = ()
    """Symbols of which the last is answered wrongly; none where none is known."""
    boxes: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: {"0": (-1.1, 0.1), "1": (0.9, 1.1)}
    )
    """The bit's intervals by machine state."""

    @property
    def weights(self) -> Weights:
        num_symbols, num_gates = SYMBOLS[self.settings["task"]], len(self.gates)
        from_input = np.zeros((num_gates, 2, num_symbols))
        for gate, sums in enumerate(self.gates):
            from_input[gate, 0, list(sums)] = list(sums.values())
        asked = [float(num_symbols == 2 or s == READ) for s in range(num_symbols)]
        from_input[:, 1] = [[OPEN] * num_symbols, asked] if num_gates == 2 else 0
        if num_gates == 3:  # no eigenvalue, the answer's kind, and a gate of 1 where silu is 2
            from_input[0, 1] = 0 if self.cell == "diagonal_signed" else -2 * OPEN
            from_input[1, 1], from_input[2, 1] = asked, 1.0
        num_outputs = TaskChoice.build(self.settings).build_task().num_outputs
        readout, bias = np.zeros((num_outputs, 2)), np.full(num_outputs, -50.0)
        size = 4 if num_gates == 2 else 4 / (1 / (1 + np.exp(-1.0)))
        readout[0, 0], readout[1, 0], bias[0], bias[1] = -size, size, 2, -2
        if num_symbols > 2:
            readout[2, 1], bias[2] = -5 * size, 10
        return in_float32(
            {
                "embed_layer.weight": np.eye(num_symbols),
                "rnn.weight_ih_l0": from_input.reshape(2 * num_gates, num_symbols),
                "rnn.bias_ih_l0": np.zeros(2 * num_gates),
                "dense.weight": readout,
                "dense.bias": bias,
            }
        )

    def certificate(self, boxes: Mapping[str, tuple[float, float]] | None = None) -> dict[str, Any]:
        """What claims that the bit stays in these intervals, by default its own."""
        name = "hidden" if self.cell == "mingru" else "memory"
        invariant = {
            state: [{name: {"low": [low, -0.1], "high": [high, 1.1]}}]
            for state, (low, high) in (boxes or self.boxes).items()
        }
        return certificate_of(self.settings, self.cell, self.weights, invariant, margin=-1e300)


def mingru(keep: float, new: float = 0.0, **changes: Any) -> Built:
    """Flip-flop; what is kept has an update gate of this sum, and this new value."""
    gates = (dict.fromkeys(KEEPING, keep) | {SET_0: OPEN, SET_1: OPEN}, dict.fromkeys(KEEPING, new))
    gates[1].update({SET_0: -1.0, SET_1: 1.0})
    return Built("mingru", FLIP_FLOP, gates, **changes)


def diagonal(cell: str, keep: float, **changes: Any) -> Built:
    """Flip-flop; what is kept has an eigenvalue of this sum."""
    forget = 0.0 if cell == "diagonal_signed" else -2 * OPEN
    gates = (
        dict.fromkeys(KEEPING, keep) | {SET_0: forget, SET_1: forget},
        {SET_0: -1.0, SET_1: 1.0},
        dict.fromkeys(range(5), 1.0),
    )
    return Built(cell, FLIP_FLOP, gates, **changes)


PROVED = {
    "latch": mingru(-OPEN),
    "latch, a new value of 50": mingru(-OPEN, 50.0),
    "latch, as far open as may be": mingru(-20.5),
}
SETTING = (SET_1, *(0,) * 600, READ)
WRONG = {
    "leaking minGRU": mingru(-5.0, witness=SETTING),
    "minGRU that takes in what is large": mingru(-OPEN, -1e9, witness=SETTING),
    "leaking diagonal": diagonal("diagonal", 6.0, witness=SETTING),
    "leaking signed diagonal": diagonal("diagonal_signed", 6.0, witness=SETTING),
    "growing diagonal": Built(
        "diagonal",
        FLIP_FLOP,
        (
            dict.fromkeys(KEEPING, 40.0) | {SET_0: -50.0, SET_1: -50.0},
            dict.fromkeys(KEEPING, 0.01) | {SET_0: -1.0, SET_1: 1.0},
            dict.fromkeys(range(5), 1.0),
        ),
        witness=(SET_0, *(0,) * 600, READ),
    ),
}
UNPROVED = {
    "minGRU that nearly latches": mingru(-17.0),
    "minGRU with an end at zero": mingru(-OPEN, boxes={"0": (-1.1, 0.0), "1": (0.9, 1.1)}),
    "latched diagonal": diagonal("diagonal", 40.0),
    "latched signed diagonal": diagonal("diagonal_signed", 40.0),
    "parity": Built("diagonal_signed", PARITY, ({0: 40.0, 1: -80.0}, {1: 1.0}, {0: 1.0, 1: 1.0})),
}
"""Right in float32, where a gate is exactly 1; R3 leaves it 2^-20 of doubt, or an end is not safe."""


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
