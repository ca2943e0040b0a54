"""How weights are updated: the optimiser and its learning rate at each step."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ripplecarry.configuration import Configuration

Rate = Annotated[float, Field(gt=0, le=100)]


class Optimisation(Configuration):
    """The optimiser and its learning rate."""

    optimiser: Literal["adam", "momentum", "sgd"] = "adam"
    """Adam (betas 0.9 and 0.999, eps 1e-8), gradient descent with momentum 0.9, or without momentum."""
    learning_rate: Rate = 0.001
    """The learning rate from the first step."""
    lower_rate_after: Annotated[int, Field(ge=1)] | None = None
    """The step from which `lower_rate` replaces the learning rate; by default never."""
    lower_rate: Rate | None = None
    """The learning rate from step `lower_rate_after` on."""

    @model_validator(mode="after")
    def _lowering_is_whole(self) -> Self:
        if (self.lower_rate_after is None) != (self.lower_rate is None):
            raise ValueError("lower_rate and lower_rate_after go together; give both or neither")
        return self

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of the update at this step."""
        if self.lower_rate_after is not None and step >= self.lower_rate_after:
            assert self.lower_rate is not None
            return self.lower_rate
        return self.learning_rate
