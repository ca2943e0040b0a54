"""What training lowers so that an invariant exists: the loss of states that spread and boxes that grow."""

from dataclasses import dataclass
from typing import Annotated, Self

import torch
from jaxtyping import Float, Integer
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn.functional import cross_entropy

from ripplecarry.configuration import Configuration
from ripplecarry.verification.certify import hulls, successors
from ripplecarry.verification.drives import DriveNetwork, Drives
from ripplecarry.verification.enclosures import Box, LayerSet, Transitions, enclose_step

SHRINKING = 0.9
"""What a position must make of a box's width at most; below 1, so that the search's inflation fits."""
WIDENING = 0.05
L1_SHARE = 0.01 / 64


@dataclass(frozen=True)
class Recipe:
    """How much each part of the loss weighs, and when it sets in.

    Plain cross-entropy comes first; then the spread of drives within a machine state is added, then what
    makes boxes shrink and their worst logits right.
    """

    name: str
    margin_of_boxes: float
    """Boxes are widened by this in drive space before they must shrink."""
    contraction: float
    worst_case: float
    spread: float = 0.1
    largest_rate: float = 0.01
    spread_from: int = 100
    spread_full: int = 250
    boxes_from: int = 200
    boxes_full: int = 400
    takes_largest: bool = False
    """Whether the widest unit counts rather than the mean of all."""

    def rate_at(self, step: int, num_steps: int) -> float:
        """One cycle (Smith and Topin 2018): up for three tenths, then down, both by a cosine."""
        rise = 0.3 * num_steps
        if step < rise:
            return self.largest_rate * (0.04 + 0.96 * _cosine(step / rise))
        return self.largest_rate * (1 - _cosine(min((step - rise) / (num_steps - rise), 1.0)))


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
        loss = loss + spread * (_spread(traced, states, transitions.num_states) + L1_SHARE * size)
    boxes = _ramp(step, recipe.boxes_from, recipe.boxes_full)
    if boxes:
        widened = _widened(hulls(_detached(traced), states, transitions), recipe.margin_of_boxes)
        enclosure = enclose_step(network, widened, transitions)
        growth = torch.zeros(())
        for came, went in zip(successors(enclosure.next_sets, transitions), widened, strict=True):
            for after, before in zip(came.parts, went.parts, strict=True):
                excess = torch.relu(after.radius - SHRINKING * before.radius)
                growth = growth + (excess.amax(1).mean() if recipe.takes_largest else excess.mean())
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


def _cosine(share: float) -> float:
    return float((1 - torch.cos(torch.tensor(torch.pi * share, dtype=torch.float64))) / 2)
