"""Finding an invariant: sets of states, one a machine state, that one position leads into themselves."""

from dataclasses import dataclass

import torch
from jaxtyping import Integer
from torch import Tensor

from ripplecarry.verification.drives import DriveNetwork, Drives
from ripplecarry.verification.enclosures import Box, LayerSet, Transitions, enclose_step
from ripplecarry.verification.rounding import ROUNDING, RoundingModel

MAX_ROUNDS = 60
HOPELESS_MARGIN = -5.0
INFLATION, INFLATION_CONSTANT = 0.05, 1e-3
WIDENING_FROM = 4
GRU_BOUND = 1.05
"""Beyond 1, so that what an update gate near 1 lets through of a float32 error stays inside."""


@dataclass(frozen=True)
class Attempt:
    """What looking for an invariant came to."""

    is_certified: bool
    num_rounds: int
    margin: float
    """The smallest margin of the last round, a lower bound over all states in its sets."""
    width: float
    """The mean width of the last round's boxes, over units that vary."""
    sets: list[LayerSet]


def hulls(
    traced: list[Drives], states: Integer[Tensor, "position batch"], transitions: Transitions
) -> list[LayerSet]:
    """The boxes around what enters each layer, a row a machine state, with 0 in the initial one's.

    States that were not met get the box around 0.
    """
    members = [states == state for state in range(transitions.num_states)]

    def around(values: Tensor) -> Box:
        low, high = values.new_zeros(2, len(members), values.shape[-1])
        for state, is_member in enumerate(members):
            if is_member.any():
                low[state], high[state] = values[is_member].amin(0), values[is_member].amax(0)
        return _with_start(Box.between(low, high))

    return [
        LayerSet(around(layer.drive), None if layer.kept is None else around(layer.kept))
        for layer in traced
    ]


def successors(next_sets: list[LayerSet], transitions: Transitions) -> list[LayerSet]:
    """The boxes around all that leads into each machine state, with 0 in the initial one's."""

    def around(box: Box) -> Box:
        shape = (transitions.num_states, box.centre.shape[1])
        rows = transitions.next_state[:, None].expand_as(box.centre)
        low = box.low.new_full(shape, torch.inf).scatter_reduce(0, rows, box.low, "amin")
        high = box.high.new_full(shape, -torch.inf).scatter_reduce(0, rows, box.high, "amax")
        is_never_met = low > high
        return _with_start(Box.between(low.masked_fill(is_never_met, 0), high.masked_fill(is_never_met, 0)))

    return [LayerSet(around(each.drive), each.kept and around(each.kept)) for each in next_sets]


def find_invariant(
    network: DriveNetwork,
    transitions: Transitions,
    start: list[LayerSet],
    rounding: RoundingModel | None = ROUNDING,
) -> Attempt:
    """Sets that one position leads into themselves with all margins positive, if the search finds any.

    Every round replaces the sets by the boxes around their successors, widened a little. Joining them with
    the old sets instead would let every box grow from round to round.

    Args:
        network: in float64.
        start: boxes around states that were met, in float64.
    """
    sets = [_inflated(each) for each in start]
    margin = -torch.inf
    for num_rounds in range(1, MAX_ROUNDS + 1):
        enclosure = enclose_step(network, sets, transitions, rounding)
        following = successors(enclosure.next_sets, transitions)
        wrong = enclosure.margins[enclosure.margins != 0]
        margin = float(wrong.min()) if len(wrong) else torch.inf
        if not margin > HOPELESS_MARGIN:
            break
        if margin > 0 and all(map(_lies_within, following, sets)):
            return Attempt(True, num_rounds, margin, _width(sets), sets)
        if network.cell == "gru" and num_rounds >= WIDENING_FROM:
            following = [_bounded(*each) for each in zip(following, sets, strict=True)]
        sets = [_inflated(each) for each in following]
    return Attempt(False, num_rounds, margin, _width(sets), sets)


def _with_start(box: Box) -> Box:
    low = torch.cat([box.low[:1].clamp(max=0), box.low[1:]])
    high = torch.cat([box.high[:1].clamp(min=0), box.high[1:]])
    return Box.between(low, high)


def _inflated(layer: LayerSet) -> LayerSet:
    drive, kept = (
        box and Box(box.centre, box.radius * (1 + INFLATION) + INFLATION_CONSTANT) for box in layer
    )
    assert drive is not None
    return LayerSet(drive, kept)


def _bounded(following: LayerSet, sets: LayerSet) -> LayerSet:
    """What is kept of GRU's hidden states, sent to its bounds where it still grows.

    A unit whose update gate is nearly 1 forgets so slowly that rounds of a few per cent would not end. Its
    hidden state is a mean of values of tanh, however, and often no other unit looks at it.
    """
    assert following.kept is not None
    assert sets.kept is not None
    low, high = following.kept.low, following.kept.high
    low = torch.where(low < sets.kept.low, low.clamp(max=-GRU_BOUND), low)
    high = torch.where(high > sets.kept.high, high.clamp(min=GRU_BOUND), high)
    return LayerSet(following.drive, Box.between(low, high))


def _lies_within(inner: LayerSet, outer: LayerSet) -> bool:
    return all(
        bool((a.low >= b.low).all() and (a.high <= b.high).all())
        for a, b in zip(inner.parts, outer.parts, strict=True)
    )


def _width(sets: list[LayerSet]) -> float:
    return float(torch.cat([2 * box.radius.flatten() for each in sets for box in each.parts]).mean())
