"""Certificates and weights with parts changed: refused by all checkers, or accepted by all and true."""

import copy
import json
from functools import cache
from random import Random

import numpy as np
import pytest
from changed_certificates import changed
from checkers import CHECKERS, certificate_bytes, certificate_of, weights_bytes
from compiled_machines import compile_machine, invariant_of
from hypothesis import given
from hypothesis import strategies as st
from linear_machines import PROVED
from made_certificates import certified_small
from truth import answers_rightly, assert_true
from watched import fuzz

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.networks.weights_file import read_weights
from ripplecarry.verification.check import check

SETTINGS = {"addition": {"base": 2}, "subtraction": {"task": "subtraction", "base": 2}}
COARSE = 1000
"""FLINT states a ball's radius to 30 bits: an interval so wide has ends a millionth off, outwards."""
FINE = 1e-8
"""Of boxes so much wider, by their share, the package proves the theorem; the exact checker does not."""
SUBJECTS = ("trained rnn", "rnn addition", "gru addition", "lstm addition", "rnn subtraction")
SUBJECTS += ("trained mingru", "trained diagonal", "trained diagonal_signed")
SUBJECTS += tuple(f"built {name}" for name in PROVED)


@cache
def subject(name):
    """A small network with its certificate."""
    cell, task = name.split(maxsplit=1)
    if cell == "built":
        return PROVED[task].certificate(), PROVED[task].weights
    if cell == "trained":
        _, weights, certificate = certified_small(task)
        return dict(certificate.content), weights
    compiled = compile_machine(TaskChoice.build(SETTINGS[task]).build_task(), cell)
    content = certificate_of(SETTINGS[task], cell, compiled.weights, invariant_of(compiled))
    return content, compiled.weights


def is_accepted(weights, certificate):
    """What all checkers accept; they differ where FLINT's rounding of an interval decides."""
    refusals = {name: checker(weights, certificate) for name, checker in CHECKERS.items()}
    assert all(words is None or (words and "\n" not in words) for words in refusals.values())
    accepting = {name for name, words in refusals.items() if words is None}
    assert (
        accepting in (set(), set(CHECKERS))
        or (accepting == {"single file"} and widest(certificate) > COARSE)
        or (accepting == {"package"} and slack(weights, certificate) < FINE)
    ), refusals
    return "single file" in accepting


def slack(weights, certificate):
    """How far the images stay from their boxes' ends, by the package's checker."""
    return check(json.loads(certificate), read_weights(weights)).slack


def widest(certificate):
    """The width of the widest interval."""
    invariant = json.loads(certificate)["invariant"]
    boxes = [box for layers in invariant.values() for layer in layers for box in layer.values()]
    return max(b - a for box in boxes for a, b in zip(box["low"], box["high"], strict=True))


@pytest.mark.slow
@fuzz(1000)
@given(name=st.sampled_from(SUBJECTS), seed=st.integers(0, 2**63))
def test_what_is_accepted_is_true(name, seed):
    weights, certificate = changed(Random(seed), *subject(name))

    if is_accepted(weights, certificate):
        assert_true(weights, certificate)


@pytest.mark.parametrize("name", SUBJECTS)
def test_certificates_as_they_were_made_are_accepted(name):
    content, weights = subject(name)
    assert is_accepted(weights_bytes(weights), certificate_bytes(content))
    assert_true(weights_bytes(weights), certificate_bytes(content))


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_slow_test_notices_sets_and_networks_that_are_wrong(name):
    content, weights = copy.deepcopy(subject(name)[0]), subject(name)[1]
    box = next(iter(content["invariant"]["1"][0].values()))
    box["high"] = [low + 0.3 * (high - low) for low, high in zip(box["low"], box["high"], strict=True)]
    with pytest.raises(AssertionError):
        assert_true(weights_bytes(weights), certificate_bytes(content))

    wrong = weights_bytes(weights | {"dense.weight": np.flipud(weights["dense.weight"]).copy()})
    assert not answers_rightly(wrong, json.dumps(content["task"]), content["cell"])
    with pytest.raises(AssertionError):
        assert_true(wrong, certificate_bytes(subject(name)[0]))


def test_a_margin_that_is_too_large_is_noticed():
    content, weights = subject("rnn addition")
    with pytest.raises(AssertionError):
        assert_true(weights_bytes(weights), certificate_bytes(content | {"margin": 8.01}))


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("task", "base"), 2.0),
        (("task", "base"), "2"),
        (("task", "num_operands"), None),
        (("machine", "output", 0, 0), 0.0),
        (("machine", "next_state", 1, 3), True),
        (("invariant", "1", 0, "preactivation", "memory"), [0.0]),
        (("margin",), 1),
    ],
)
def test_what_only_equals_the_right_form_is_refused(place, value, checker):
    content, weights = copy.deepcopy(subject("rnn addition")[0]), subject("rnn addition")[1]
    *way, last = place
    part = content
    for key in way:
        part = part[key]
    part[last] = value

    assert CHECKERS[checker](weights_bytes(weights), certificate_bytes(content)) is not None


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_certificate_in_another_encoding_is_refused(encoding, checker):
    content, weights = subject("rnn addition")

    assert CHECKERS[checker](weights_bytes(weights), json.dumps(content).encode(encoding)) is not None
