"""Recipes: how training is made to lead to a network that has an invariant; knows no torch."""

from dataclasses import dataclass, replace
from math import cos, pi
from typing import Annotated

from pydantic import Field

from ripplecarry.configuration import Configuration

_FIRST_SHARE = 0.04  # of the largest rate, at the first step


@dataclass(frozen=True)
class Recipe:
    """How much each part of the loss weighs, and when it sets in.

    Plain cross-entropy comes first; then the spread of drives within a machine state is added, then what
    makes boxes shrink and their worst logits right. The clock of both waits until the task is learned.
    """

    name: str
    margin_of_boxes: float
    """Boxes are widened by this in drive space, in the mean, before they must shrink."""
    contraction: float
    worst_case: float
    spread: float = 0.1
    largest_rate: float = 0.01
    spread_from: int = 100
    spread_full: int = 250
    boxes_from: int = 200
    boxes_full: int = 400
    size_share: float = 0.01 / 64
    """What the absolute values of the recurrent weights weigh within the spread."""

    def for_polishing(self) -> "Recipe":
        """The same for a network that adds already: every part sets in at once."""
        return replace(self, spread_from=-1, spread_full=25, boxes_from=-1, boxes_full=75)

    def clock(self, step: int, learned_at: int | None) -> int:
        """The step by which the parts set in: it waits at `spread_from` until the task is learned."""
        return min(step, self.spread_from) if learned_at is None else self.spread_from + step - learned_at

    def rate_at(self, step: int, num_steps: int) -> float:
        """One cycle (Smith and Topin 2018): up for three tenths, then down, both by a cosine."""
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


class Certifying(Configuration):
    """Whether to train until certified."""

    certify: bool = False
    """Train until certified, for at most `steps` steps by each recipe; PyTorch does the work."""
    polished_from: Annotated[str, Field(min_length=1)] | None = None
    """The run whose weights training starts from; initial values unless given."""
