"""The loss that makes an invariant exist: it penalises states that spread and boxes that grow."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ripplecarry.axes import Float, Integer
from ripplecarry.verification.certify import hulls, without_hidden
from ripplecarry.verification.enclosures import (
    Box,
    LayerSet,
    Transitions,
    enclose_step,
    successors,
)
from ripplecarry.verification.preactivations import EnteringStates, PreactivationNetwork
from ripplecarry.verification.recipes import Recipe

SHRINKING = 0.9
"""The most by which a position may scale a box's width; below 1, so that the search's inflation fits."""
WIDENING = 0.05
POWER_ROUNDS = 2
SETTLING_ROUNDS = 1
SMALLEST_MEAN = 1e-9
NEARLY_SHUT, SHUT = -2.0, -25.0
"""Sums of minGRU's update gate: from where on it is to shut, and where it keeps every float32 number."""
HOLDING = 0.1


def loss_of(
    recipe: Recipe,
    step: int,
    network: PreactivationNetwork,
    transitions: Transitions,
    plain: Float[Tensor, ""],
    traced: list[EnteringStates],
    states: Integer[Tensor, "position batch"],
) -> Float[Tensor, ""]:
    """The loss of a step.

    Args:
        step: the step by the recipe's clock.
        plain: the cross-entropy.
    """
    loss = plain
    spread = recipe.spread * _ramp(step, recipe.spread_from, recipe.spread_full)
    if spread:
        size = sum(layer.from_hidden.abs().sum() for layer in network.layers)
        loss = loss + spread * (_spread(traced, states, transitions.num_states) + recipe.size_share * size)
    boxes = _ramp(step, recipe.boxes_from, recipe.boxes_full)
    if boxes:
        met = without_hidden(hulls(_detached(traced), states, transitions), network.cell)
        widened = _widened(network, met, transitions, recipe.margin_of_boxes)
        enclosure = enclose_step(network, widened, transitions, settling=SETTLING_ROUNDS)
        growth = torch.zeros(())
        for came, went in zip(successors(enclosure.next_sets, transitions), widened, strict=True):
            for after, before in zip(came.parts, went.parts, strict=True):
                growth = growth + torch.relu(after.radius - SHRINKING * before.radius).mean()
        worst = cross_entropy(-enclosure.margins, transitions.output)
        loss = loss + boxes * (recipe.contraction * growth + recipe.worst_case * worst)
        if network.cell == "mingru":
            loss = loss + boxes * HOLDING * sum(map(_ajar, enclosure.below))
    return loss


def _ajar(below: Box) -> Float[Tensor, ""]:
    """How far minGRU's update gates that are nearly shut are from shut, on average.

    A gate between the two lets a state leak that the machine keeps, over as many positions as there may be.
    """
    update = below.high.chunk(2, 1)[0]
    is_nearly_shut = update < NEARLY_SHUT
    return (torch.relu(update - SHUT) * is_nearly_shut).sum() / is_nearly_shut.sum().clamp(min=1)


def _widened(
    network: PreactivationNetwork, met: list[LayerSet], transitions: Transitions, amount: float
) -> list[LayerSet]:
    """The sets that were reached, widened by `amount` on average, each unit in proportion to its growth.

    A position maps small radii by a linear map without negative entries. Boxes eventually stop growing if
    its largest eigenvalue is below 1, and until then they grow along its eigenvector. A few rounds of the
    power method find it; widening all units equally would hide it, as few units grow.
    """
    with torch.no_grad():
        shares = [torch.ones_like(part.radius) for each in met for part in each.parts]
        for _ in range(POWER_ROUNDS):
            sets = _with_shares(met, shares, amount)
            enclosure = enclose_step(network, sets, transitions, settling=SETTLING_ROUNDS)
            following = successors(enclosure.next_sets, transitions)
            beyond = [
                (after.radius + (after.centre - before.centre).abs() - before.radius).clamp(min=0)
                for came, went in zip(following, met, strict=True)
                for after, before in zip(came.parts, went.parts, strict=True)
            ]
            mean = torch.cat([each.flatten() for each in beyond]).mean()
            shares = [each / (mean + SMALLEST_MEAN) for each in beyond]
        return _with_shares(met, shares, amount)


def _with_shares(met: list[LayerSet], shares: list[Tensor], amount: float) -> list[LayerSet]:
    remaining = iter(shares)

    def wider(box: Box) -> Box:
        if not box.centre.shape[1]:
            return box
        return Box(box.centre, box.radius * (1 + WIDENING) + amount * next(remaining))

    return [LayerSet(wider(each.preactivation), each.memory and wider(each.memory)) for each in met]


def _spread(traced: list[EnteringStates], states: Tensor, num_states: int) -> Tensor:
    """The variance of preactivations in a machine state, summed over units, averaged over states."""
    members = torch.nn.functional.one_hot(states.flatten(), num_states).float()
    counts = members.sum(0)
    shares = (1 / counts.clamp(min=1))[states.flatten()] / (counts > 0).sum()
    total = torch.zeros(())
    for layer in traced:
        preactivations = layer.preactivation.flatten(0, 1)
        means = members.T @ preactivations / counts.clamp(min=1)[:, None]
        total = total + ((preactivations - means[states.flatten()]) ** 2).sum(1) @ shares
    return total / len(traced)


def _detached(traced: list[EnteringStates]) -> list[EnteringStates]:
    return [
        EnteringStates(each.preactivation.detach(), None if each.memory is None else each.memory.detach())
        for each in traced
    ]


def _ramp(step: int, first: int, full: int) -> float:
    return min(max((step - first) / (full - first), 0.0), 1.0)
