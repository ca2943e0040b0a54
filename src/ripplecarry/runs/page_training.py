"""What a file of weights that the playground saved says of their training."""

import json
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
from pydantic import FailFast, Field, model_validator

from ripplecarry.arithmetic.philox import MAX_SEED
from ripplecarry.configuration import Configuration
from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.run_files import PAGE
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.training.curves import Arrays
from ripplecarry.training.loop import Outcome
from ripplecarry.values import shown, whole_number

_FORMAT = 1
PAGE_SETTINGS = {
    *("cell", "layers", "hidden_size", "embedding_size", "task", "factor", "modulus"),
    *("group", "depth", "kinds", "base", "digits"),
    *("operands", "lengths", "batch_size", "optimiser", "learning_rate", "steps"),
}
"""The settings of a trial that the page has; a file with another is not of the page."""
_MOST_CHARACTERS = 2**24
"""The page trains for a million steps at most, whose readings take half a million characters."""

_Reading = tuple[Annotated[int, Field(strict=True, ge=1)], Annotated[float, Field(strict=True, ge=0, le=1)]]


class PageTraining(Configuration):
    """How the page trained a network, as its file says."""

    trial: dict[str, Any]
    seed: str
    """In decimal digits: no number of JavaScript holds every seed."""
    steps_done: int
    outcome: Outcome
    exact_match: Annotated[tuple[_Reading, ...], FailFast()] = ()
    """After how many updates it was read, and the share."""

    @model_validator(mode="after")
    def _readings_are_of_the_training(self) -> "PageTraining":
        updates = [each for each, _ in self.exact_match]
        if any(after <= before for before, after in pairwise(updates)):
            raise ValueError("exact_match is not in the order of updates")
        if updates and updates[-1] > self.steps_done:
            raise ValueError(
                f"exact_match was read after update {shown(updates[-1])}; "
                f"steps_done is {shown(self.steps_done)}"
            )
        return self

    @classmethod
    def read(cls, text: str) -> "PageTraining":
        """What the text says.

        Raises:
            ConfigurationError: it is not of the page's form.
        """
        if len(text) > _MOST_CHARACTERS:
            raise ConfigurationError(
                f"training has {len(text)} characters; it must have at most {_MOST_CHARACTERS}"
            )
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"training is not JSON: {error}") from None
        if not isinstance(content, dict):
            raise ConfigurationError(f"training is {shown(content)}; it must be a JSON object")
        found = content.pop("format", None)
        if type(found) is not int or found != _FORMAT:
            raise ConfigurationError(
                f"training has format {shown(found)}; this version reads format {_FORMAT}"
            )
        return cls.build(content)

    def request(self) -> RunRequest:
        """The run that it was.

        Raises:
            ConfigurationError: settings or a seed that no run has.
        """
        if self.trial.get("steps", self.steps_done) != self.steps_done:
            raise ConfigurationError(
                f"steps is {shown(self.trial['steps'])} and steps_done {shown(self.steps_done)}; "
                "they must be the same"
            )
        trial = Trial.build(self.trial | {"steps": self.steps_done})
        if foreign := sorted(self.trial.keys() - PAGE_SETTINGS):
            raise ConfigurationError(
                f"{foreign[0]} is {shown(self.trial[foreign[0]])}; the page trains without it"
            )
        return RunRequest(trial, whole_number(self.seed, "seed", 0, MAX_SEED), PAGE)

    def columns(self) -> Arrays:
        """A row per reading; the page keeps no loss for every step."""
        updates, shares = zip(*self.exact_match, strict=True) if self.exact_match else ((), ())
        return {
            "step": np.array(updates, dtype=np.int64) - 1,
            "loss": np.full(len(updates), np.nan, dtype=np.float32),
            "exact_match": np.array(shares, dtype=np.float64),
        }
