"""How weights are updated: the optimiser, its learning rate at each step, weight decay and clipping."""

from math import cos, pi
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ripplecarry.configuration import Configuration

Rate = Annotated[float, Field(gt=0, le=100)]


class Duration(Configuration):
    """How long to train."""

    steps: Annotated[int, Field(ge=1, le=10_000_000)] = 1000
    """Optimiser updates."""


class Optimisation(Duration):
    """The optimiser and its learning rate."""

    optimiser: Literal["adam", "momentum", "sgd"] = "adam"
    """Adam (betas 0.9 and 0.999, eps 1e-8), gradient descent with momentum 0.9, or without momentum."""
    learning_rate: Rate = 0.001
    """The learning rate from the first step, or from the end of the warm-up."""
    lower_rate_after: Annotated[int, Field(ge=1)] | None = None
    """The step from which `lower_rate` replaces the learning rate; by default never."""
    lower_rate: Rate | None = None
    """The learning rate from step `lower_rate_after` on."""
    warmup: Annotated[int, Field(ge=1)] | None = None
    """Steps over which the learning rate rises linearly: in the first it is this part of the whole."""
    decay: Literal["none", "linear", "cosine"] = "none"
    """How the learning rate falls from the end of the warm-up to 0 after the last step."""
    weight_decay: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Every parameter shrinks by this times the learning rate before each update, whatever the optimiser
    (Loshchilov and Hutter 2019: AdamW)."""
    clip: Rate | None = None
    """The largest norm of the gradient of all parameters together; a longer one is shortened to it."""

    start_from: Annotated[str, Field(min_length=1)] | None = None
    """The run whose weights training starts from; by default they are drawn from the seed."""

    @model_validator(mode="after")
    def _rates_fit(self) -> Self:
        if (self.lower_rate_after is None) != (self.lower_rate is None):
            raise ValueError("lower_rate and lower_rate_after go together; give both or neither")
        if self.decay != "none" and self.lower_rate is not None:
            raise ValueError(f"decay is {self.decay}, and lower_rate lowers the rate too; give one of them")
        if self.warmup is not None and self.warmup >= self.steps:
            raise ValueError(
                f"warmup is {self.warmup}; it must be below the {self.steps} steps of training"
            )
        if self.weight_decay * max(self.learning_rate, self.lower_rate or 0) >= 1:
            raise ValueError("weight_decay times the learning rate must be below 1")
        return self

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of the update at this step, the first being step 0.

        With a warm-up of w steps of n in all it is the whole times (step + 1) / w while step < w. After
        that, with p = (step - w) / (n - w), the whole times 1 - p (linear) or (1 + cos(pi p)) / 2 (cosine).
        """
        if self.lower_rate_after is not None and step >= self.lower_rate_after:
            assert self.lower_rate is not None
            return self.lower_rate
        warmup = self.warmup or 0
        if step < warmup:
            return self.learning_rate * ((step + 1) / warmup)
        if self.decay == "none":
            return self.learning_rate
        part = (step - warmup) / (self.steps - warmup)
        # Libraries' cosines differ in the last bits; rounded, they agree.
        factor = 1 - part if self.decay == "linear" else round((1 + cos(pi * part)) / 2, 12)
        return self.learning_rate * factor


OWN_SETTINGS = tuple(name for name in Optimisation.model_fields if name not in Duration.model_fields)
"""The settings of how weights are updated, without how often."""
