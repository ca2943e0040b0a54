"""Forgeries of certificates of sloped boxes, each refused for its own reason."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from checkers import by_the_package, certificate_bytes, certificate_of, weights_bytes
from compiled_machines import compile_machine, invariant_of
from forged_certificates import forged
from planted_faults import planted
from sloped_certificates import BY_LAST_SYMBOL, BY_TWO_SYMBOLS, SETTINGS, as_sloped, proved, trained

from ripplecarry.arithmetic.tasks import addition
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial
from ripplecarry.verification.certificate_file import SLOPED_BOXES
from ripplecarry.verification.proof import weights_hash

# Those of few units: what is forged for the others takes as long as all of these.
FAULTS = {
    each.name: each for each in planted() if each.cell == "rnn" and len(each.weights["rnn.bias_ih_l0"]) < 40
}


def history(content, number=1):
    return content["histories"][number]


def same_state(content):
    """Two histories of one machine state."""
    first, second = [each for each in content["histories"][1:] if each["state"] == 1][:2]
    return first, second


def set_part(name, value, number=1) -> Callable[[dict], None]:
    return lambda content: history(content, number).update({name: value})


def swap_sets(content):
    first, second = same_state(content)
    for name in ("along", "low", "high", "slopes"):
        first[name], second[name] = second[name], first[name]


def lead_elsewhere(content):
    """All that leads to one of two histories of a machine state leads to the other."""
    numbers = [content["histories"].index(each) for each in same_state(content)]
    for each in content["histories"]:
        each["next"] = [numbers[1] if number == numbers[0] else number for number in each["next"]]


def shrink(name, end, number=1):
    def shrunk(content):
        low, high = (
            history(content, number)["along"]
            if name == "along"
            else map(history(content, number).get, ("low", "high"))
        )
        if name == "along":
            history(content, number)["along"][end] = (low + high) / 2
        else:
            history(content, number)[("low", "high")[end]][3] = (low[3] + high[3]) / 2

    return shrunk


def widen(content):
    for each in content["histories"][1:]:
        each["low"] = [low - 50 for low in each["low"]]
        each["high"] = [high + 50 for high in each["high"]]


def uncut(content):
    for each in content["histories"]:
        each["pieces"] = 1


def whole_space(content):
    """One set for each machine state, of all states there are."""
    size = len(content["direction"])
    content["histories"] = [
        {
            "state": state,
            "next": content["machine"]["next_state"][state],
            "along": [-1e300, 1e300],
            "slopes": [0.0] * size,
            "low": [-1.7e308] * size,
            "high": [1.7e308] * size,
            "pieces": 1000,
        }
        for state in range(2)
    ]


def first_elsewhere(content):
    history(content, 0)["along"] = [0.1, 0.2]


def many_pieces(content):
    """Copies of all histories, one leading to the next, cut as finely as allowed."""
    own = content["histories"]
    content["histories"] = [
        {
            **each,
            "pieces": 1000,
            "next": [number + len(own) * min(copy + 1, 139) for number in each["next"]],
        }
        for copy in range(140)
        for each in own
    ]


def no_direction(content):
    content["direction"] = [0.0] * len(content["direction"])


def steeper(content):
    for each in content["histories"][1:]:
        each["slopes"] = [1.5 * slope for slope in each["slopes"]]


def forget_the_state(content):
    """One history that claims to stand for both machine states."""
    content["histories"] = content["histories"][:1]
    history(content, 0)["next"] = [0] * 4


FORM = {
    "no histories": (lambda c: c.update(histories=[]), "no histories"),
    "histories by name": (lambda c: c.update(histories={}), "no histories"),
    "a history too few": (lambda c: c["histories"].pop(), "not a known history"),
    "a part too many": (set_part("more", 1), "other parts than along"),
    "a part too few": (lambda c: history(c).pop("low"), "other parts than along"),
    "no machine state": (set_part("state", 2), "machine state 2"),
    "a negative machine state": (set_part("state", -1), "machine state -1"),
    "a machine state that is true": (set_part("state", True), "machine state True"),
    "no pieces": (set_part("pieces", 0), "0 pieces"),
    "too many pieces": (set_part("pieces", 1001), "1001 pieces"),
    "pieces with a point": (set_part("pieces", 1.0), "1.0 pieces"),
    "a symbol too few": (set_part("next", [1, 2, 3]), "a known history for each symbol"),
    "a next history of -1": (set_part("next", [-1] * 4), "a known history for each symbol"),
    "a next history that is true": (set_part("next", [True] * 4), "a known history for each symbol"),
    "a slope too few": (set_part("slopes", [0.0] * 15), "where 16 numbers belong"),
    "a third end": (set_part("along", [0.0, 0.5, 1.0]), "where 2 numbers belong"),
    "a whole number": (set_part("slopes", [0] * 16), "not a finite one with a point"),
    "true for a number": (set_part("low", [True] * 16), "not a finite one with a point"),
    "an infinite slope": (set_part("slopes", [float("inf")] * 16), "Infinity"),
    "a slope that is none": (set_part("slopes", [float("nan")] * 16), "NaN"),
    "a direction too short": (lambda c: c["direction"].pop(), "where 16 numbers belong"),
    "ends exchanged": (lambda c: history(c)["along"].reverse(), "a set is empty"),
    "other units exchanged": (
        lambda c: history(c).update(low=history(c)["high"], high=history(c)["low"]),
        "a set is empty",
    ),
    "another cell": (lambda c: c.update(cell="gru"), "cell 'gru'"),
    "format 2": (lambda c: c.update(format="ripplecarry certificate 2"), "missing or of the wrong form"),
    "a machine that stays": (
        lambda c: c["machine"].update(next_state=[[0] * 4, [1] * 4]),
        "not that of the task",
    ),
    "other rounding": (lambda c: c["rounding"].update(extra_terms=0), "rounding bounds"),
    "too many transitions": (many_pieces, "too many transitions"),
}
MEANING = {
    "zero outside along": (first_elsewhere, "zero state is not in"),
    "zero outside a unit's interval": (
        set_part("low", [0.1] * 16, 0),
        "a set is empty|zero state is not in",
    ),
    "first in another machine state": (set_part("state", 1, 0), "zero state is not in"),
    "another machine state": (
        lambda c: history(c).update(state=1 - history(c)["state"]),
        "another machine state",
    ),
    "one history for all": (forget_the_state, "another machine state"),
    "next to one of another state": (
        lambda c: history(c)["next"].reverse(),
        "another machine state",
    ),
    "an alias": (lead_elsewhere, "leads out"),
    "sets exchanged": (swap_sets, "leads out"),
    "less along at the low end": (shrink("along", 0), "leads out"),
    "less along at the high end": (shrink("along", 1), "leads out"),
    "less of a unit at the low end": (shrink("units", 0), "leads out"),
    "less of a unit at the high end": (shrink("units", 1), "leads out"),
    "steeper slopes": (steeper, "leads out"),
    "no direction": (no_direction, "leads out"),
    "sets as wide as states": (widen, "may be wrong"),
    "all states there are": (whole_space, "may be wrong"),
    "uncut": (uncut, "leads out|may be wrong"),
    "a margin a little larger": (lambda c: c.update(margin=c["margin"] * 1.00001), "claims the margin"),
    "a whole margin": (lambda c: c.update(margin=1), "claims the margin"),
}


@pytest.mark.parametrize("name", FORM | MEANING)
def test_a_forgery_is_refused_for_its_own_reason(name):
    forge, reason = (FORM | MEANING)[name]
    _, weights, content = proved(BY_TWO_SYMBOLS)
    forge(content)

    refusal = by_the_package(weights_bytes(weights), certificate_bytes(content))

    assert refusal is not None
    assert re.search(reason, refusal), refusal


@pytest.mark.parametrize("seed", [BY_LAST_SYMBOL, BY_TWO_SYMBOLS])
def test_what_the_forgeries_are_made_from_is_accepted(seed):
    _, weights, content = proved(seed)

    assert by_the_package(weights_bytes(weights), certificate_bytes(content)) is None


def test_a_history_that_no_word_leads_to_proves_nothing_and_harms_nothing():
    _, weights, content = proved()
    content["histories"].append(dict(history(content), state=1, next=[0] * 4))

    assert by_the_package(weights_bytes(weights), certificate_bytes(content)) is None


@pytest.mark.parametrize(
    "name", ["rnn.weight_hh_l0", "rnn.weight_ih_l0", "rnn.bias_hh_l0", "dense.weight", "dense.bias"]
)
def test_sums_that_may_overflow_are_refused(name):
    """By one weight of 2^127."""
    _, weights, content = proved()
    weights = {key: array.copy() for key, array in weights.items()}
    weights[name].flat[0] = np.float32(2.0**127)
    content["weights_sha256"] = weights_hash(weights)

    assert "overflow" in by_the_package(weights_bytes(weights), certificate_bytes(content))


def test_networks_of_several_layers_are_refused():
    _, _, content = proved()
    _, deep = trained(0, layers=2, steps=1)
    content["weights_sha256"] = weights_hash(deep)

    refusal = by_the_package(weights_bytes(deep), certificate_bytes(content))

    assert "one layer of rnn" in refusal


@pytest.mark.parametrize("base", [2, 3])
def test_boxes_that_do_not_slope_are_accepted_too(base):
    """A construction's own sets in either format."""
    compiled = compile_machine(addition(base))
    content = certificate_of({"base": base}, "rnn", compiled.weights, invariant_of(compiled))
    weights = weights_bytes(compiled.weights)

    assert by_the_package(weights, certificate_bytes(content)) is None
    assert (
        by_the_package(
            weights, certificate_bytes(as_sloped(content, len(compiled.weights["rnn.bias_ih_l0"])))
        )
        is None
    )


@pytest.mark.parametrize("name", FAULTS)
def test_networks_with_a_planted_fault_are_refused_in_this_format_too(name):
    """Whatever sets were forged as boxes."""
    fault = FAULTS[name]
    weights = weights_bytes(fault.weights)
    for made, invariant in forged(fault):
        content = certificate_of({"base": fault.base}, "rnn", fault.weights, invariant, margin=-1e300)
        sloped = as_sloped(content, len(fault.weights["rnn.bias_ih_l0"]))
        refusal = by_the_package(weights, certificate_bytes(sloped))
        assert refusal is not None, made
        assert re.search("wrong|leads out|overflow|subnormal", refusal), made


def test_a_readout_too_large_for_memory_is_refused():
    """A small file of which the differences of any two answers would take more than a gigabyte."""
    trial = Trial.build(
        SETTINGS | {"task": "remainder", "modulus": 255, "hidden_size": 200, "weight_decay": 0.0}
    )
    weights = initial_weights(trial, trial.build_task(), 0)
    settings = {"task": "remainder", "modulus": 255, "base": 2}
    content = certificate_of(settings, "rnn", weights, {}) | {"format": SLOPED_BOXES}
    content |= {"direction": [0.0] * 200, "histories": []}

    refusal = by_the_package(weights_bytes(weights), certificate_bytes(content))

    assert refusal == "255 answers of 200 units are too many to check"
