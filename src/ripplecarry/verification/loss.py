"""What training lowers so that an invariant exists: the loss of states that spread and boxes that grow."""

import torch
from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn.functional import cross_entropy

from ripplecarry.verification.certify import hulls, successors
from ripplecarry.verification.drives import DriveNetwork, Drives
from ripplecarry.verification.enclosures import Box, LayerSet, Transitions, enclose_step
from ripplecarry.verification.recipes import Recipe

SHRINKING = 0.9
"""What a position must make of a box's width at most; below 1, so that the search's inflation fits."""
WIDENING = 0.05


def loss_of(
    recipe: Recipe,
    step: int,
    network: DriveNetwork,
    transitions: Transitions,
    logits: Float[Tensor, "position batch output"],
    traced: list[Drives],
    answers: Integer[Tensor, "position batch"],
    states: Integer[Tensor, "position batch"],
) -> Float[Tensor, ""]:
    """The loss of a step."""
    loss = cross_entropy(logits.flatten(0, 1), answers.flatten())
    spread = recipe.spread * _ramp(step, recipe.spread_from, recipe.spread_full)
    if spread:
        size = sum(layer.from_hidden.abs().sum() for layer in network.layers)
        loss = loss + spread * (_spread(traced, states, transitions.num_states) + recipe.size_share * size)
    boxes = _ramp(step, recipe.boxes_from, recipe.boxes_full)
    if boxes:
        widened = _widened(hulls(_detached(traced), states, transitions), recipe.margin_of_boxes)
        enclosure = enclose_step(network, widened, transitions)
        growth = torch.zeros(())
        for came, went in zip(successors(enclosure.next_sets, transitions), widened, strict=True):
            weights = (1.0, recipe.kept_weight)
            for weight, after, before in zip(weights, came.parts, went.parts, strict=False):
                growth = growth + weight * torch.relu(after.radius - SHRINKING * before.radius).mean()
        worst = cross_entropy(-enclosure.margins, transitions.output)
        loss = loss + boxes * (recipe.contraction * growth + recipe.worst_case * worst)
    return loss


def _spread(traced: list[Drives], states: Tensor, num_states: int) -> Tensor:
    """The variance of drives within a machine state, summed over units, the mean over machine states."""
    members = torch.nn.functional.one_hot(states.flatten(), num_states).float()
    counts = members.sum(0)
    shares = (1 / counts.clamp(min=1))[states.flatten()] / (counts > 0).sum()
    total = torch.zeros(())
    for layer in traced:
        drives = layer.drive.flatten(0, 1)
        means = members.T @ drives / counts.clamp(min=1)[:, None]
        total = total + ((drives - means[states.flatten()]) ** 2).sum(1) @ shares
    return total / len(traced)


def _detached(traced: list[Drives]) -> list[Drives]:
    return [
        Drives(each.drive.detach(), None if each.kept is None else each.kept.detach()) for each in traced
    ]


def _widened(sets: list[LayerSet], amount: float) -> list[LayerSet]:
    def wider(box: Box) -> Box:
        return Box(box.centre, box.radius * (1 + WIDENING) + amount)

    return [LayerSet(wider(each.drive), each.kept and wider(each.kept)) for each in sets]


def _ramp(step: int, first: int, full: int) -> float:
    return min(max((step - first) / (full - first), 0.0), 1.0)
