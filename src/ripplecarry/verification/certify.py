"""Finding an invariant: a set of states for each machine state, closed under one position."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ripplecarry.axes import Integer
from ripplecarry.verification.enclosures import (
    Box,
    LayerSet,
    Transitions,
    enclose_step,
    successors,
    with_start,
)
from ripplecarry.verification.preactivations import EnteringStates, PreactivationNetwork
from ripplecarry.verification.rounding import ROUNDING, RoundingModel

MAX_ROUNDS = 40
HOPELESS_MARGIN = -5.0
INFLATION, INFLATION_CONSTANT = 0.05, 1e-3
SAME = 1e-7
SETTLING_ROUNDS = 5
"""Narrowings of GRU's hidden states in each round."""


@dataclass(frozen=True)
class Attempt:
    """The result of a search for an invariant."""

    is_certified: bool
    num_rounds: int
    margin: float
    """The smallest margin of the last round, a lower bound over all states in its sets."""
    width: float
    """The mean width of the last round's boxes, over units that vary."""
    sets: list[LayerSet]


def hulls(
    traced: list[EnteringStates], states: Integer[Tensor, "position batch"], transitions: Transitions
) -> list[LayerSet]:
    """The boxes around what enters each layer, one row per machine state; the initial state's contains 0.

    States that were not reached get the box around 0.
    """
    members = [states == state for state in range(transitions.num_states)]

    def around(values: Tensor) -> Box:
        low, high = values.new_zeros(2, len(members), values.shape[-1])
        for state, is_member in enumerate(members):
            if is_member.any():
                low[state], high[state] = values[is_member].amin(0), values[is_member].amax(0)
        return with_start(Box.between(low, high))

    return [
        LayerSet(around(layer.preactivation), None if layer.memory is None else around(layer.memory))
        for layer in traced
    ]


def without_hidden(sets: list[LayerSet], cell: str) -> list[LayerSet]:
    """The same sets without GRU's hidden states, which follow from the preactivations."""
    return [LayerSet(each.preactivation, None) for each in sets] if cell == "gru" else sets


def find_invariant(
    network: PreactivationNetwork,
    transitions: Transitions,
    start: list[LayerSet],
    rounding: RoundingModel | None = ROUNDING,
) -> Attempt:
    """Sets closed under one position with all margins positive, if the search finds any.

    Each round replaces the sets by the boxes around their successors, slightly widened. A union with the
    old sets would instead let every box grow from round to round.

    Args:
        network: in float64.
        start: boxes around states that were reached, in float64.
    """
    sets = [_inflated(each) for each in without_hidden(start, network.cell)]
    margin = -torch.inf
    for num_rounds in range(1, MAX_ROUNDS + 1):
        enclosure = enclose_step(network, sets, transitions, rounding, SETTLING_ROUNDS)
        following = successors(enclosure.next_sets, transitions)
        wrong = enclosure.margins[enclosure.margins != 0]
        margin = float(wrong.min()) if len(wrong) else torch.inf
        if not margin > HOPELESS_MARGIN:
            break
        if margin > 0 and all(map(_lies_within, following, sets)):
            entered = enclosure.entered
            if network.cell == "mingru":
                entered = [LayerSet(each.preactivation, _aligned(each.memory)) for each in entered]
            return Attempt(True, num_rounds, margin, _width(sets), entered)
        sets = [_inflated(each) for each in following]
    return Attempt(False, num_rounds, margin, _width(sets), sets)


def _inflated(layer: LayerSet) -> LayerSet:
    preactivation, memory = (
        box and Box(box.centre, box.radius * (1 + INFLATION) + INFLATION_CONSTANT) for box in layer
    )
    assert preactivation is not None
    return LayerSet(preactivation, memory)


def _aligned(box: Box | None) -> Box | None:
    """The same box, with ends of machine states that differ by rounding alone made equal, outwards.

    Where latches lead from one state to another and back, both intervals must be the same to the bit.
    """
    if box is None:
        return None

    def outermost(ends: Tensor) -> Tensor:
        """The least of those that are nearly equal."""
        is_near = (ends[:, None] - ends[None]).abs() <= SAME * (1 + ends.abs())
        return torch.where(is_near, ends[None], torch.inf).amin(1)

    return Box.between(outermost(box.low), -outermost(-box.high))


def _lies_within(inner: LayerSet, outer: LayerSet) -> bool:
    return all(
        bool((a.low >= b.low).all() and (a.high <= b.high).all())
        for a, b in zip(inner.parts, outer.parts, strict=True)
    )


def _width(sets: list[LayerSet]) -> float:
    return float(torch.cat([2 * box.radius.flatten() for each in sets for box in each.parts]).mean())
