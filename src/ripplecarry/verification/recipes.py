"""Recipes: schedules of training that lead to a network with an invariant; does not import torch."""

from dataclasses import dataclass, replace
from math import cos, pi
from typing import Annotated

from pydantic import Field

from ripplecarry.configuration import Configuration

_FIRST_SHARE = 0.04  # of the largest rate, at the first step


@dataclass(frozen=True)
class Recipe:
    """The weight of each part of the loss, and when it sets in.

    Plain cross-entropy comes first. Then the spread of preactivations within a machine state is added, then
    the terms that make boxes shrink and their worst logits right. Both wait until the task is learned.
    """

    name: str
    margin_of_boxes: float
    """Boxes are widened by this in preactivation space, on average, before they must shrink."""
    contraction: float
    worst_case: float
    spread: float = 0.1
    largest_rate: float = 0.01
    spread_from: int = 100
    spread_full: int = 250
    boxes_from: int = 200
    boxes_full: int = 400
    size_share: float = 0.01 / 64
    """The weight, within the spread, of the recurrent weights' absolute values."""

    def for_polishing(self) -> "Recipe":
        """The same for a network that already adds: every part sets in at once."""
        return replace(self, spread_from=-1, spread_full=25, boxes_from=-1, boxes_full=75)

    def clock(self, step: int, learned_at: int | None) -> int:
        """The step that decides which parts set in; held at `spread_from` until the task is learned."""
        return min(step, self.spread_from) if learned_at is None else self.spread_from + step - learned_at

    def rate_at(self, step: int, num_steps: int) -> float:
        """One cycle (Smith and Topin 2018): up for three tenths of the steps, then down, as cosines."""
        rise = 0.3 * num_steps
        if step < rise:
            return self.largest_rate * (_FIRST_SHARE + (1 - _FIRST_SHARE) * _cosine(step / rise))
        return self.largest_rate * (1 - _cosine(min((step - rise) / (num_steps - rise), 1.0)))


def _cosine(share: float) -> float:
    return (1 - cos(pi * share)) / 2


SWIFT = Recipe(
    "swift",
    margin_of_boxes=0.03,
    contraction=0.3,
    worst_case=0.1,
    spread=1.0,
    largest_rate=0.03,
    size_share=0.0,
)
STEADY = Recipe("steady", margin_of_boxes=0.1, contraction=3.0, worst_case=0.1, largest_rate=0.02)
GENTLE = replace(STEADY, name="gentle", contraction=1.0)
PATIENT = replace(SWIFT, name="patient", spread_full=400, boxes_from=250, boxes_full=600)


def portfolio(cell: str) -> tuple[Recipe, ...]:
    """The recipes in the order in which they are tried."""
    return (STEADY, GENTLE, SWIFT) if cell == "gru" else (SWIFT, STEADY, PATIENT)


POLISHING_STEPS = 300

NEAR_STEPS = 601
"""Of polishing that stays near: the last reading comes after step 600, at a disturbance of 0.6."""


class Certifying(Configuration):
    """Whether to train until certified."""

    certify: bool = False
    """Train until certified; each recipe has as many updates as `steps` says; always with PyTorch."""
    polished_from: Annotated[str, Field(min_length=1)] | None = None
    """The run whose weights training starts from; by default fresh initial values."""
    stay_near: bool = False
    """Move these weights as little as a proof by sloped boxes takes; for one layer of rnn."""
