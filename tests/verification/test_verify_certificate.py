"""The checker in one file: what it accepts, agrees with, and refuses."""

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from made_certificates import LINEAR, certified
from safetensors.numpy import save

from ripplecarry.verification.proof import machine_hash, weights_hash
from verify_certificate import ONE, Machine, Network, Refused, Weights, read_json, read_sets, verify

CELLS = ("rnn", "gru", "lstm")
SUBJECTS = {
    **{cell: {"cell": cell} for cell in CELLS},
    **{f"{cell}, 2 layers": {"cell": cell, "layers": 2} for cell in CELLS[:2]},
    "lstm, 2 layers": {"cell": "lstm", "layers": 2, "base": 2, "embedding_size": 4},  # base 4 takes longer
    "times": {"task": "times", "factor": 5, "base": 2},
    "subtraction": {"task": "subtraction"},
    "comparison": {"task": "comparison"},
    "counter": {"task": "counter", "modulus": 3},
    **{cell: {"cell": cell} for cell in LINEAR},
    **{f"{cell}, 2 layers": {"cell": cell, "layers": 2} for cell in LINEAR},
}


def parts(subject: str = "rnn") -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """A certified network's weights and its certificate's content, to be changed."""
    _, weights, certificate = certified(**SUBJECTS[subject])
    return dict(weights), copy.deepcopy(dict(certificate.content))


def verified(weights: dict[str, np.ndarray], content: Any, metadata: dict | None = None) -> dict[str, Any]:
    return verify(save(weights, metadata), json.dumps(content).encode())


def signed(weights: dict[str, np.ndarray], content: dict[str, Any]) -> dict[str, Any]:
    """The certificate as one of these weights."""
    return content | {"weights_sha256": weights_hash(weights)}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_it_accepts_what_the_packages_checker_accepts_and_proves_the_same_margin(subject):
    trial, weights, certificate = certified(**SUBJECTS[subject])
    proof, task = verified(dict(weights), certificate.content), trial.build_task()
    operands = (task.base, task.num_operands)

    assert certificate.margin <= Decimal(proof["margin"]) < certificate.margin * (1 + 2**-20)
    assert (proof["cell"], proof["layers"]) == (trial.cell, trial.layers)
    assert (proof["task"], proof["base"], proof["num_operands"]) == (trial.task, *operands)
    assert proof["machine_sha256"] == machine_hash(task.machine)
    assert proof["weights_sha256"] == weights_hash(weights)


@pytest.mark.parametrize("subject", ["rnn", "gru", "lstm, 2 layers"])
def test_a_certificate_of_format_1_proves_the_same(subject):
    weights, content = parts(subject)
    proof = verified(weights, content)
    names = {"preactivation": "drive", "hidden": "kept", "memory": "kept"}
    for layers in content["invariant"].values():
        layers[:] = [{names[name]: box for name, box in layer.items()} for layer in layers]
    content["rounding"]["function_absolute"] = 2.0**-125
    content["format"] = "ripplecarry certificate 1"
    del content["cell"]

    assert verified(weights, content) == proof


def test_a_machine_is_proved_by_its_tables_and_under_no_other_words():
    weights, content = parts("subtraction")
    machine, proof = content["machine"], verified(weights, content)
    other = parts("rnn")[1]["machine"]
    content["task"] = {"task": "machine", "base": 4, "machine": machine}

    assert verified(weights, content) == proof | {"task": "machine"}
    for task in ({"base": 4}, {"task": "machine", "base": 4, "machine": other}):
        with pytest.raises(Refused, match="machine is not that of the task"):
            verified(weights, content | {"task": task})
    with pytest.raises(Refused, match=r"answered wrongly|may lead out"):
        verified(weights, content | {"task": {"base": 4}, "machine": other})


@pytest.mark.parametrize("subject", [*CELLS, "gru, 2 layers", *LINEAR])
def test_boxes_that_are_shrunk_swapped_widened_or_shifted_are_refused(subject):
    weights, content = parts(subject)

    def changed(change: Callable[[float, float], tuple[float, float]], name: str, state: str, layer: int):
        forged = copy.deepcopy(content)
        box = forged["invariant"][state][layer][name]
        pairs = [change(a, b) for a, b in zip(box["low"], box["high"], strict=True)]
        box["low"], box["high"] = (list(ends) for ends in zip(*pairs, strict=True))
        return forged

    changes = {
        "shrunk": lambda a, b: (0.85 * a + 0.15 * b, 0.15 * a + 0.85 * b),
        "shifted": lambda a, b: (0.5 * (a + b), 1.5 * b - 0.5 * a),
        "widened": lambda a, b: (a - 100, b + 100),
        "reversed": lambda a, b: (b, a),
    }
    for state, layers in content["invariant"].items():
        for layer, boxes in enumerate(layers):
            for name in boxes:
                for change in changes.values():
                    with pytest.raises(Refused):
                        verified(weights, changed(change, name, state, layer))
    first, second, *others = content["invariant"].values()
    with pytest.raises(Refused, match=r"zero state|may lead out|answered wrongly"):
        verified(
            weights,
            content | {"invariant": dict(zip(content["invariant"], [second, first, *others], strict=True))},
        )


@pytest.mark.parametrize(
    "name",
    ["unit_roundoff", "subnormal", "extra_terms", "function_relative", "function_absolute", "largest"],
)
def test_other_rounding_is_refused(name):
    weights, content = parts()
    rounding = content["rounding"]

    for other in ({**rounding, name: rounding[name] / 2}, {n: v for n, v in rounding.items() if n != name}):
        with pytest.raises(Refused, match="other rounding"):
            verified(weights, content | {"rounding": other})


@pytest.mark.parametrize(
    "name", ["format", "task", "cell", "weights_sha256", "margin", "rounding", "machine", "invariant"]
)
@pytest.mark.parametrize("value", [None, True, 3, "words", [], {}, ["rnn"], {"0": [], "1": []}])
def test_a_part_that_is_missing_or_something_else_is_refused(name, value):
    weights, content = parts()

    for forged in (content | {name: value}, {n: v for n, v in content.items() if n != name}):
        with pytest.raises(Refused):
            verified(weights, forged)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "0",
        "1",
        "9" * 400,
        "9" * 5000,
        "true",
        "null",
        '"0.0"',
        "[0.0]",
    ],
)
@pytest.mark.parametrize("place", ["end", "margin"])
def test_what_is_no_finite_float_is_no_end_of_a_box_and_no_margin(text, place):
    weights, content = parts()
    if place == "end":
        content["invariant"]["1"][0]["preactivation"]["low"][3] = "here"
    else:
        content["margin"] = "here"
    certificate = json.dumps(content)

    with pytest.raises(Refused):
        verify(save(weights), certificate.replace('"here"', text).encode())
    if place == "margin":
        verify(save(weights), certificate.replace('"here"', "1e-320").encode())


def test_a_margin_above_the_proved_one_is_refused():
    weights, content = parts()
    proved = float(verified(weights, content)["margin"])

    assert verified(weights, content | {"margin": np.nextafter(proved, 0)})
    with pytest.raises(Refused, match="larger margin"):
        verified(weights, content | {"margin": np.nextafter(proved, 9)})


def test_the_margin_it_prints_is_rounded_down():
    weights, content = parts("gru")
    given, machine = Weights(save(weights)), Machine(content["task"], content["machine"])
    content = read_json(json.dumps(content).encode(), "the certificate")
    network = Network(given, machine, content)
    margin = Fraction(network.prove(machine, read_sets(content, network, machine)), ONE)

    assert 0 <= margin - Fraction(verified(*parts("gru"))["margin"]) < margin / 10**16


def test_wrong_answers_are_refused_though_the_states_stay_in_their_sets():
    """However small the margin that is stated."""
    weights, content = parts()
    weights["dense.bias"] = weights["dense.bias"] + np.float32([99, 0, 0, 0])

    with pytest.raises(Refused, match="answered wrongly"):
        verified(weights, signed(weights, content) | {"margin": -1e30})


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("rnn", "preactivation"),
        ("gru", "hidden"),
        ("lstm", "memory"),
        ("mingru", "hidden"),
        ("diagonal", "memory"),
    ],
)
def test_a_first_set_without_the_zero_state_is_refused(subject, name):
    weights, content = parts(subject)
    box = content["invariant"]["0"][0][name]
    box["low"][7], box["high"][7] = 1e-30, 2.0
    with pytest.raises(Refused, match="zero state"):
        verified(weights, content)


@pytest.mark.parametrize("subject", CELLS)
def test_logits_that_may_overflow_by_their_bias_are_refused(subject):
    weights, content = parts(subject)
    scale = 2.0 ** np.floor(126 - np.log2(np.abs(weights["dense.weight"]).sum(axis=1).max()))
    weights["dense.weight"] = weights["dense.weight"] * np.float32(scale)
    assert verified(weights, signed(weights, content))["margin"]
    bias = weights["dense.bias"].copy()
    bias[int(np.argmax(bias))] = np.finfo(np.float32).max * np.float32(0.99999)
    weights["dense.bias"] = bias

    with pytest.raises(Refused, match="a sum may overflow"):
        verified(weights, signed(weights, content))


@pytest.mark.parametrize(("value", "why"), [(1e-39, "subnormal"), (np.nan, "finite"), (-np.inf, "finite")])
def test_weights_that_are_subnormal_or_not_finite_are_refused(value, why):
    for name in parts()[0]:
        weights, content = parts()
        weights[name] = weights[name].copy()
        weights[name].flat[-1] = np.float32(value)
        with pytest.raises(Refused, match=why):
            verified(weights, signed(weights, content))


@pytest.mark.parametrize("subject", CELLS)
def test_a_network_that_answers_one_digit_wrongly_is_refused(subject):
    weights, content = parts(subject)
    weights["embed_layer.weight"] = weights["embed_layer.weight"][[0, 1, 1, 3]]

    with pytest.raises(Refused, match=r"answered wrongly|may lead out"):
        verified(weights, signed(weights, content))
