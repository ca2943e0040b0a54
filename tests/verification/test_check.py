"""The checker against certificates that it must refuse."""

import copy
import json

import numpy as np
import pytest
import torch
from flint import arb
from made_certificates import certified

from ripplecarry.arithmetic.tasks import subtraction
from ripplecarry.errors import CertificateError, CertificateRefused
from ripplecarry.verification.balls import sum_error
from ripplecarry.verification.certificate_file import read_certificate
from ripplecarry.verification.check import check
from ripplecarry.verification.proof import weights_hash
from ripplecarry.verification.rounding import ROUNDING

CELLS = ("rnn", "gru", "lstm")


def parts(cell="rnn"):
    trial, weights, certificate = certified(cell)
    return trial, dict(weights), copy.deepcopy(dict(certificate.content))


@pytest.mark.parametrize("cell", CELLS)
def test_a_certificate_is_accepted_and_reads_back(cell, tmp_path):
    _, weights, certificate = certified(cell)
    certificate.write(tmp_path / "certificate.json")

    proof = check(read_certificate((tmp_path / "certificate.json").read_bytes()), weights)

    assert proof.cell == cell
    assert proof.margin == certificate.margin >= certificate.content["margin"] > 0.99999 * proof.margin
    assert proof.slack >= 0


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("state", ["0", "1"])
def test_a_shrunk_box_is_refused(cell, state):
    _, weights, content = parts(cell)
    box = content["invariant"][state][0]["preactivation"]
    middle = [(a + b) / 2 for a, b in zip(box["low"], box["high"], strict=True)]
    box["low"] = [m + 0.7 * (a - m) for a, m in zip(box["low"], middle, strict=True)]
    box["high"] = [m + 0.7 * (b - m) for b, m in zip(box["high"], middle, strict=True)]

    with pytest.raises(CertificateRefused, match=r"leads out of the invariant|zero state"):
        check(content, weights)


def test_one_shrunk_interval_is_refused():
    _, weights, content = parts()
    box = content["invariant"]["1"][0]["preactivation"]
    unit = int(np.argmax(np.subtract(box["high"], box["low"])))
    box["high"][unit] = box["low"][unit] + 0.5 * (box["high"][unit] - box["low"][unit])

    with pytest.raises(CertificateRefused, match="leads out"):
        check(content, weights)


def test_a_box_that_is_too_wide_is_refused():
    _, weights, content = parts()
    box = content["invariant"]["1"][0]["preactivation"]
    box["low"], box["high"] = ([v + s * 100.0 for v in box[k]] for k, s in (("low", -1), ("high", 1)))

    with pytest.raises(CertificateRefused, match="an answer may be wrong"):
        check(content, weights)


@pytest.mark.parametrize("cell", CELLS)
def test_swapped_boxes_are_refused(cell):
    _, weights, content = parts(cell)
    sets = content["invariant"]
    sets["0"], sets["1"] = sets["1"], sets["0"]

    with pytest.raises(CertificateRefused):
        check(content, weights)


def test_changed_weights_are_refused():
    _, weights, content = parts()
    changed = weights["dense.bias"].copy()
    changed[0] = np.nextafter(changed[0], np.float32(9))

    with pytest.raises(CertificateRefused, match="other weights"):
        check(content, weights | {"dense.bias": changed})


def test_a_wrong_machine_is_refused_though_it_fits_the_file():
    _, weights, content = parts()
    content["machine"]["output"][1][3] = 2

    with pytest.raises(CertificateRefused, match="its machine is not that of the task"):
        check(content, weights)


def test_another_task_is_refused():
    """The machine that goes with it, too, so that only the network gives it away."""
    trial, weights, content = parts()
    other = type(trial).build({"task": "subtraction", "base": 4}).build_task().machine
    content["task"] = {"task": "subtraction", "base": 4}
    content["machine"] = {"next_state": other.next_state.tolist(), "output": other.output.tolist()}

    with pytest.raises(CertificateRefused, match="an answer may be wrong"):
        check(content, weights)


@pytest.mark.parametrize("name", ["unit_roundoff", "extra_terms", "function_relative", "subnormal"])
def test_wrong_rounding_bounds_are_refused(name):
    _, weights, content = parts()
    content["rounding"][name] /= 2

    with pytest.raises(CertificateRefused, match="rounding bounds"):
        check(content, weights)


def test_a_claimed_margin_above_the_proved_one_is_refused():
    _, weights, content = parts()
    content["margin"] *= 1.001

    with pytest.raises(CertificateRefused, match="claims the margin"):
        check(content, weights)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_refused(value):
    _, weights, content = parts()
    content["invariant"]["0"][0]["preactivation"]["low"][3] = value

    with pytest.raises(CertificateRefused, match="a box has the ends"):
        check(content, weights)
    with pytest.raises(CertificateError, match="must be finite"):
        read_certificate(json.dumps(content).encode())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value):
    _, weights, content = parts()
    broken = weights["rnn.weight_hh_l0"].copy()
    broken[0, 0] = value
    weights["rnn.weight_hh_l0"] = broken
    content["weights_sha256"] = weights_hash(weights)

    with pytest.raises(CertificateRefused, match="not all finite"):
        check(content, weights)


def test_weights_that_may_overflow_are_refused():
    _, weights, content = parts()
    weights["dense.weight"] = weights["dense.weight"] * np.float32(1e38)
    content["weights_sha256"] = weights_hash(weights)

    with pytest.raises(CertificateRefused, match="overflow"):
        check(content, weights)


def test_files_that_are_empty_or_cut_short_are_refused():
    _, _, content = parts()
    whole = json.dumps(content).encode()
    for length in [0, 1, 10, *range(100, len(whole), len(whole) // 23), len(whole) - 1]:
        with pytest.raises(CertificateError, match="not a certificate"):
            read_certificate(whole[:length])
    for other in (b"{}", b"[]", b"3", b'{"format": "else"}', b"\xff\xfe"):
        with pytest.raises(CertificateError, match="not a certificate"):
            read_certificate(other)


@pytest.mark.parametrize("part", ["task", "machine", "rounding", "weights_sha256", "margin", "invariant"])
@pytest.mark.parametrize("value", [None, 3, "words", [], {}])
def test_parts_that_are_missing_or_of_the_wrong_form_are_refused(part, value):
    _, weights, content = parts()
    without = {name: each for name, each in content.items() if name != part}

    with pytest.raises((CertificateError, CertificateRefused)):
        check(without, weights)
    if (part, value) != ("margin", 3) or content["margin"] < 3:
        with pytest.raises((CertificateError, CertificateRefused)):
            check(content | {part: value}, weights)


def test_a_set_of_a_state_that_is_missing_is_refused():
    _, weights, content = parts()
    del content["invariant"]["1"]

    with pytest.raises(CertificateRefused, match="not those of the states"):
        check(content, weights)


def test_a_set_of_a_state_that_the_machine_lacks_is_refused():
    """It would be drawn as proved, and nobody checked it."""
    _, weights, content = parts()
    content["invariant"]["7"] = content["invariant"]["1"]

    with pytest.raises(CertificateRefused, match="not those of the states"):
        check(content, weights)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("digit", "other"), [((0, 0), 1), ((3, 0), 0), ((1, 2), 2), ((3, 3), 3)])
def test_a_network_with_one_planted_wrong_transition_is_refused(cell, digit, other):
    """An embedding of one digit replaced by another's makes all its answers wrong, and only those."""
    _, weights, content = parts(cell)
    embedding = weights["embed_layer.weight"].copy()
    embedding[digit[0]] = embedding[(digit[0] + 1) % 4]
    weights["embed_layer.weight"] = embedding
    content["weights_sha256"] = weights_hash(weights)

    with pytest.raises(CertificateRefused, match=r"may be wrong|leads out"):
        check(content, weights)


def as_format_1(content):
    """The certificate as the first version wrote it."""
    names = {"preactivation": "drive", "hidden": "kept", "memory": "kept"}
    invariant = {
        state: [{names[name]: box for name, box in layer.items()} for layer in layers]
        for state, layers in content["invariant"].items()
    }
    rounding = content["rounding"] | {"function_absolute": 2.0**-125}
    changed = {"format": "ripplecarry certificate 1", "invariant": invariant, "rounding": rounding}
    return {name: value for name, value in (content | changed).items() if name != "cell"}


@pytest.mark.parametrize("cell", CELLS)
def test_a_certificate_of_format_1_is_read_and_proves_as_much(cell):
    _, weights, content = parts(cell)

    assert check(as_format_1(content), weights).as_dict() == check(content, weights).as_dict()


@pytest.mark.parametrize("cell", CELLS)
def test_logits_that_overflow_by_their_bias_are_refused(cell):
    """They may become infinite; ties follow, and the first digit wins: it answered 1 + 1 = 0."""
    _, weights, content = parts(cell)
    dense, bias = weights["dense.weight"], weights["dense.bias"].copy()
    dense = dense * np.float32(2.0 ** np.floor(126 - np.log2(np.abs(dense).sum(axis=1).max())))
    bias[int(np.argmax(bias))] = np.finfo(np.float32).max * np.float32(0.99999)
    weights |= {"dense.weight": dense, "dense.bias": bias}
    content["weights_sha256"] = weights_hash(weights)

    with pytest.raises(CertificateRefused, match="overflow"):
        check(content, weights)


@pytest.mark.parametrize(
    "name", ["embed_layer.weight", "rnn.weight_ih_l0", "rnn.bias_hh_l0", "dense.weight"]
)
def test_subnormal_weights_are_refused(name):
    _, weights, content = parts()
    changed = weights[name].copy()
    changed.flat[0] = np.float32(1e-39)
    weights[name] = changed
    content["weights_sha256"] = weights_hash(weights)

    with pytest.raises(CertificateRefused, match="subnormal"):
        check(content, weights)
    torch.set_flush_denormal(True)  # under which comparisons take them for zero
    try:
        with pytest.raises(CertificateRefused, match="subnormal"):
            check(content, weights)
    finally:
        torch.set_flush_denormal(False)


def test_inputs_that_large_weights_make_of_subnormal_states_count_as_errors():
    """A hidden state below 2^-126 may be read as zero, which a weight of 2^100 makes into a difference."""
    exact, size = arb(0), arb(1)

    assert sum_error(size, arb(2.0**100), 10) - sum_error(size, exact, 10) >= arb(2.0**-27)


@pytest.mark.parametrize("num_terms", [2**22, 2**24, 2**30])
def test_a_sum_of_too_many_terms_has_no_bound(num_terms):
    with pytest.raises(CertificateRefused, match="too many"):
        ROUNDING.gamma(num_terms)


@pytest.mark.parametrize("margin", [True, "1", None, float("nan"), float("inf"), [1.0]])
def test_a_margin_that_is_no_number_is_refused(margin):
    _, weights, content = parts()

    with pytest.raises((CertificateError, CertificateRefused)):
        check(content | {"margin": margin}, weights)


def test_the_stated_margin_leaves_room_for_another_rounding():
    _, _, content = parts()
    proved = certified("rnn")[2].proof.margin

    assert 0.99999 * proved < content["margin"] <= proved * (1 - 9e-7)


@pytest.mark.parametrize("cell", ["gru", "lstm", "tanh", None, 3, ["rnn"]])
def test_another_cell_is_refused(cell):
    _, weights, content = parts()

    with pytest.raises((CertificateError, CertificateRefused), match=r"cell|wrong form"):
        check(content | {"cell": cell}, weights)


def test_a_task_or_cell_that_is_not_the_one_asked_for_is_refused():
    trial, weights, content = parts()
    task = trial.build_task()

    assert check(content, weights, task=task, cell="rnn").task.is_same(task)
    with pytest.raises(CertificateRefused, match="about the task 'addition' in base 4, not 'subtraction'"):
        check(content, weights, task=subtraction(4))
    with pytest.raises(CertificateRefused, match="about the cell rnn, not 'gru'"):
        check(content, weights, cell="gru")


def test_a_part_that_is_named_twice_is_refused():
    _, _, content = parts()
    text = json.dumps(content)

    with pytest.raises(CertificateError, match="names a part twice"):
        read_certificate((text[:-1] + ', "margin": 0.0}').encode())


@pytest.mark.parametrize("cell", CELLS)
def test_format_1_states_the_margin_to_the_last_bit(cell):
    """Which another rounding misses; a margin that is larger by more is refused all the same."""
    _, weights, content = parts(cell)
    old = as_format_1(content) | {"margin": float(np.nextafter(check(content, weights).margin, np.inf))}

    assert check(old, weights).margin > 0
    with pytest.raises(CertificateRefused, match="claims the margin"):
        check(old | {"margin": old["margin"] * 1.00001}, weights)
