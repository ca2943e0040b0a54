"""The checker in one file: what it proves and refuses of certificates with sloped boxes."""

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from compiled_machines import compile_machine
from hypothesis import given
from hypothesis import strategies as st
from made_certificates import certified_small
from made_histories import Arrays, Content, ends_of, made, search, with_ends
from mutations import changed_tree
from planted_faults import planted
from safetensors.numpy import save
from watched import fuzz

from ripplecarry.arithmetic.tasks import addition
from ripplecarry.verification.proof import weights_hash
from verify_certificate import Refused, verify


def verified(weights: Arrays, content: Any) -> dict[str, Any]:
    return verify(save(weights), json.dumps(content).encode())


def test_a_right_certificate_is_proved_up_to_its_margin():
    weights, content = made()
    proof = verified(weights, content)
    margin = float(proof["margin"])

    assert (proof["task"], proof["cell"], proof["layers"]) == ("addition", "rnn", 1)
    assert margin > 0
    assert verified(weights, content | {"margin": np.nextafter(margin, 0)}) == proof
    with pytest.raises(Refused, match="larger margin"):
        verified(weights, content | {"margin": np.nextafter(margin, 99)})


def test_boxes_as_sloped_boxes_prove_nearly_the_same_margin():
    """They lie along the first preactivation, with slopes of 0; lines around tanh lose a little."""
    _, weights, certificate = certified_small("rnn")
    weights, content = dict(weights), json.loads(json.dumps(certificate.content))
    matrix = weights["rnn.weight_hh_l0"].astype(float)
    content["direction"], content["histories"] = matrix[0].tolist(), []
    for state, layers in content.pop("invariant").items():
        box, following = layers[0]["preactivation"], content["machine"]["next_state"][int(state)]
        along = {"along": [box["low"][0], box["high"][0]], "slopes": [0.0] * len(matrix), "pieces": 1}
        content["histories"].append({"state": int(state), "next": following} | box | along)
    content["format"] = "ripplecarry certificate 3"

    content["margin"] = 0.0
    share = float(verified(weights, content)["margin"]) / certificate.margin
    assert 0.99 < share < 1


def changed(name: str, value: Any, label: int = 3) -> Callable[[Arrays, Content], None]:
    """One part of one history."""
    return lambda _, content: content["histories"][label].update({name: value})


def entry(name: str, value: Any, label: int = 3, place: int = 0) -> Callable[[Arrays, Content], None]:
    """One number of one history."""

    def change(_: Arrays, content: Content) -> None:
        content["histories"][label][name][place] = value

    return change


def shrunk(_: Arrays, content: Content) -> None:
    stated = content["histories"][3]
    middle = [(a + b) / 2 for a, b in zip(stated["low"], stated["high"], strict=True)]
    stated["low"], stated["high"] = middle, middle


def cut_off(end: int, place: int) -> Callable[[Arrays, Content], None]:
    """One end of one number, in the middle of what it was."""

    def change(_: Arrays, content: Content) -> None:
        stated = content["histories"][3]
        ends = ends_of(stated)
        ends[end, place] = ends[:, place].mean()
        stated |= with_ends(*ends)

    return change


def unbounded(_: Arrays, content: Content) -> None:
    for stated in content["histories"]:
        stated["low"], stated["high"] = [-1e300] * 12, [1e300] * 12


def beside_zero(_: Arrays, content: Content) -> None:
    content["histories"][0]["low"][5], content["histories"][0]["high"][5] = 1e-15, 1.0


def turned_round(_: Arrays, content: Content) -> None:
    content["histories"][3]["along"].reverse()


def swapped(_: Arrays, content: Content) -> None:
    """Two histories of one state, read on different symbols."""
    histories = content["histories"]
    same = [k for k, each in enumerate(histories) if each["state"] == 0 and k]
    histories[same[0]], histories[same[-1]] = histories[same[-1]], histories[same[0]]


def direction(change: Callable[[Any], Any]) -> Callable[[Arrays, Content], None]:
    return lambda _, content: content.update(direction=change(content["direction"]))


def scaled(by: float) -> Callable[[Arrays, Content], None]:
    return direction(lambda numbers: [by * x for x in numbers])


def weight(name: str, by: float) -> Callable[[Arrays, Content], None]:
    """Other weights, and the certificate says so."""

    def change(weights: Arrays, content: Content) -> None:
        weights[name] = weights[name].copy()
        weights[name].flat[0] += np.float32(by)
        content["weights_sha256"] = weights_hash(weights)

    return change


def two_layers(weights: Arrays, content: Content) -> None:
    for name in ("weight_hh", "bias_ih", "bias_hh"):
        weights[f"rnn.{name}_l1"] = weights[f"rnn.{name}_l0"].copy()
    weights["rnn.weight_ih_l1"] = weights["rnn.weight_hh_l0"].copy()
    content["weights_sha256"] = weights_hash(weights)


def another_cell(weights: Arrays, content: Content) -> None:
    weights.clear()
    weights.update(certified_small("gru")[1])
    content |= {"cell": "gru", "weights_sha256": weights_hash(weights)}


OUT = "may lead out"
FORGERIES: dict[str, tuple[Callable[[Arrays, Content], Any], str, int]] = {
    "another slope": (entry("slopes", 9.0), OUT, 1),
    "a low end above the high one": (entry("low", 1e3), "empty", 1),
    "a shrunken set": (shrunk, OUT, 1),
    **{
        f"a cut-off {name} end of number {place}": (cut_off(end, place), OUT, 1)
        for end, name in enumerate(("low", "high"))
        for place in (0, 1, 5, -1)
    },
    "sets that hold everything": (unbounded, "too large", 1),
    "swapped sets": (swapped, OUT, 1),
    "another state": (changed("state", 1, 1), "another state", 1),
    "a state that is none": (changed("state", 2), "another form", 2),
    "a negative state": (changed("state", -1), "another form", 2),
    "no state": (changed("state", None), "another type", 2),
    "a next history of another state": (entry("next", 8), "another state", 1),
    "a next history with another set": (entry("next", 2, 3), OUT, 1),
    "an unknown next history": (entry("next", 9), "another form", 2),
    "a negative next history": (entry("next", -1), "another form", 2),
    "a next history too few": (changed("next", [1, 2, 3]), "another form", 2),
    "a next history too many": (changed("next", [1, 2, 3, 4, 1]), "another form", 2),
    "true as a next history": (entry("next", True), "another type", 2),
    "a first history of another state": (changed("state", 1, 0), "zero state", 1),
    "an empty first set": (changed("low", [1e-9] * 12, 0), "empty", 1),
    "a first set beside the zero state": (beside_zero, "zero state", 1),
    "a first set beside it along the direction": (changed("along", [1e-15, 1.0], 0), "zero state", 1),
    "along turned round": (turned_round, "empty", 1),
    "along moved aside": (changed("along", [99.0, 100.0]), OUT, 1),
    "along with one end": (changed("along", [0.0]), "another form", 2),
    "along with three ends": (changed("along", [-9.0, 0.0, 9.0]), "another form", 2),
    "along as an integer": (entry("along", -9), "another type", 2),
    "no along": (lambda _, c: c["histories"][3].pop("along"), "another type", 2),
    "no piece": (changed("pieces", 0), "another form", 2),
    "too many pieces": (changed("pieces", 1001), "another form", 2),
    "far too many pieces": (changed("pieces", 10**9), "too many", 2),
    "true as pieces": (changed("pieces", True), "another type", 2),
    "a float as pieces": (changed("pieces", 1.0), "another type", 2),
    "NaN": (entry("low", float("nan")), "not finite", 2),
    "infinity": (entry("high", float("inf")), "not finite", 2),
    "an integer as an end": (entry("low", -9), "another type", 2),
    "a slope too many": (changed("slopes", [0.0] * 13), "another form", 2),
    "a slope too few": (changed("slopes", [0.0] * 11), "another form", 2),
    "a slope too large": (entry("slopes", 1e300), "too large", 1),
    "an end too few": (changed("low", [-9.0] * 11), "has other than", 1),
    "one more part": (changed("more", 1), "another type", 2),
    "the direction scaled": (scaled(1.5), OUT, 1),
    "the direction turned round": (scaled(-1.0), OUT, 1),
    "the direction far too large": (scaled(1e300), "too large", 1),
    "a direction of nothing": (direction(lambda _: []), "another size", 2),
    "a direction too short": (direction(lambda numbers: numbers[1:]), "another size", 2),
    "a direction too long": (direction(lambda numbers: [*numbers, 0.0]), "another size", 2),
    "directions": (direction(lambda numbers: [numbers]), "another type", 2),
    "no histories": (lambda _, c: c["histories"].clear(), "no histories", 2),
    "a missing history": (lambda _, c: c["histories"].pop(), "another form", 2),
    "histories by name": (lambda _, c: c.update(histories={"0": c["histories"][0]}), "another type", 2),
    "no histories at all": (lambda _, c: c.pop("histories"), "another type", 2),
    "no direction": (lambda _, c: c.pop("direction"), "another type", 2),
    "an output of the machine": (
        lambda _, c: c["machine"]["output"].reverse(),
        "not that of the task",
        1,
    ),
    "another recurrent weight": (weight("rnn.weight_hh_l0", 1.0), OUT, 1),
    "another bias of the logits": (weight("dense.bias", 99.0), "answered wrongly", 1),
    "a subnormal weight": (lambda w, _: w["dense.bias"].fill(1e-39), "subnormal", 1),
    "a logit that may overflow": (weight("dense.bias", 3e38), "overflow", 1),
    "a sum that may overflow": (weight("rnn.bias_hh_l0", 3e38), "overflow", 1),
    "other weights": (lambda w, _: w["dense.bias"].fill(0), "other weights", 1),
    "two layers": (two_layers, "one RNN layer", 1),
    "another cell": (another_cell, "one RNN layer", 1),
    "another cell's name": (lambda _, c: c.update(cell="gru"), "another cell", 1),
    "another format": (lambda _, c: c.update(format="ripplecarry certificate 4"), "not a certificate", 2),
    "format 2": (lambda _, c: c.update(format="ripplecarry certificate 2"), "a part is missing", 2),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_certificate_with_one_change_is_refused(name):
    weights, content = copy.deepcopy(made())
    change, why, status = FORGERIES[name]
    change(weights, content)

    with pytest.raises(Refused, match=why) as refused:
        verified(weights, content)
    assert refused.value.args[1] == status
    assert "\n" not in refused.value.args[0]


def test_more_histories_than_it_takes_on_are_refused_before_any_work():
    weights, content = made()
    empty = {"state": 0, "next": [], "along": [], "low": [], "high": [], "slopes": [], "pieces": 1}

    with pytest.raises(Refused, match="too many"):
        verified(weights, content | {"histories": [empty] * 100_001})


@pytest.mark.parametrize("base", [2, 3])
def test_a_network_that_is_right_by_construction_is_proved(base):
    weights = dict(compile_machine(addition(base)).weights)
    *_, content = search(weights, base, 20)

    assert float(verified(weights, content)["margin"]) > 1


PLANTED = {
    each.name: each
    for each in planted()
    if each.cell == "rnn" and len(each.weights["dense.weight"][0]) < 60 and each.name != "infinite sums"
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_network_with_a_planted_fault_is_refused_in_every_round_of_a_search(name):
    weights, rounds = dict(PLANTED[name].weights), 0
    with suppress(Refused):  # the search asks for bounds of sums that may overflow, too
        for content in search(weights, PLANTED[name].base, 6):
            rounds += 1
            with pytest.raises(Refused):
                verified(weights, content)

    assert rounds > 0


@fuzz(50)
@given(st.data())
def test_whatever_is_changed_it_refuses_in_a_line_or_proves_the_same_of_these_weights(data):
    weights, content = made()
    try:
        proof = verify(save(weights), json.dumps(data.draw(changed_tree(content))).encode())
    except Refused as refused:
        why, status = refused.args
        assert "\n" not in why
        assert status in (1, 2)
    else:
        assert proof["weights_sha256"] == content["weights_sha256"]
        assert float(proof["margin"]) > 0
