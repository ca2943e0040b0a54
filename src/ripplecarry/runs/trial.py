"""A trial: one configuration, composed of its parts; and its stable id."""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Self

from pydantic import model_validator

from ripplecarry.arithmetic.batches import BatchShape, BatchSource
from ripplecarry.arithmetic.philox import MAX_SEED, Stream
from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.engines import kernel
from ripplecarry.engines.optimisation import OWN_SETTINGS, Optimisation
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import CELL_SHAPES, Architecture, check_known, is_known
from ripplecarry.runs.readings import Readings
from ripplecarry.verification.recipes import Certifying

MOST_SEEDS = 1_000_000
"""A sweep has at most so many seeds of a trial."""

NO_COLUMNS = ("machine", "cell_code")
"""Settings that are neither a number nor a word."""

NUMERICS_VERSION = 1
"""Raised by hand whenever a change alters the results of an existing trial."""

TRAINING = (*OWN_SETTINGS, "grow_over")
"""The settings of training that certifying does not take: it brings its own."""


class Trial(BatchShape, Architecture, Optimisation, Readings, TaskChoice, Certifying):
    """One configuration of task, operands, network and training; by default the baseline."""

    @model_validator(mode="after")
    def _carries_are_of_addition(self) -> Self:
        if self.operands == "carry-balanced" and (self.task, self.num_operands or 2) != ("addition", 2):
            what = f"{self.task} of {self.num_operands}" if self.num_operands else self.task
            raise ValueError(
                f"carry-balanced operands are for addition of 2 operands, not for {what}; choose balanced"
            )
        return self

    @model_validator(mode="after")
    def _operands_grow_up(self) -> Self:
        if self.grow_over is not None and self.grow_over > self.steps:
            raise ValueError(f"grow_over is {self.grow_over}; training has only {self.steps} steps")
        return self

    @model_validator(mode="after")
    def _certifying_fits(self) -> Self:
        if self.polished_from is not None and not self.certify:
            raise ValueError("polished_from needs certify")
        if self.stay_near and self.polished_from is None:
            raise ValueError("stay_near needs polished_from")
        if self.stay_near and (self.cell, self.layers) != ("rnn", 1):
            raise ValueError(
                f"stay_near is for rnn with layers = 1, not for {self.cell} with {self.layers}"
            )
        given = [n for n in TRAINING if getattr(self, n) != type(self).model_fields[n].default]
        if self.certify and given:
            raise ValueError(f"certify brings its own optimiser and rates; leave out {', '.join(given)}")
        if self.certify:
            try:
                check_known(self.cell, by="proof")
            except ConfigurationError as error:
                raise ValueError(str(error)) from None
        return self

    @property
    def id(self) -> str:
        """Ten hexadecimal digits that depend only on settings that differ from the defaults."""
        content = self.model_dump(mode="json", exclude_defaults=True)
        if NUMERICS_VERSION != 1:
            content["numerics_version"] = NUMERICS_VERSION
        canonical = json.dumps(content, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:10]

    @property
    def started_from(self) -> str | None:
        """The run whose weights training starts from, if it starts from any run's."""
        return self.start_from or self.polished_from

    @property
    def sequence_length(self) -> int:
        """Positions per sequence."""
        return self.positions or self.digits + self.build_task().extra_positions

    @property
    def cost(self) -> float:
        """Multiply-adds of training in the layers' products: for scheduling, not a time."""
        shape = CELL_SHAPES.get(self.cell, CELL_SHAPES["lstm"])  # of a file nothing is known before it runs
        layer = shape.parameters(self.hidden_size, self.hidden_size)
        weights = self.layers * sum(map(prod, layer.values()))
        return float(weights * self.steps * self.batch_size * self.sequence_length)

    def engine(self, name: str) -> str:
        """The engine that computes it where `name` is asked for: certifying takes PyTorch; `auto` is the
        fastest that knows the cell.

        Raises:
            ConfigurationError: an engine that does not know the cell.
        """
        if self.certify or name == "torch":
            return "torch"
        if name == "auto":
            return "native" if is_known(self.cell, "native") and kernel.is_available() else "torch"
        check_known(self.cell, by="native" if name == "native" else "gpu")
        return name

    def training_batches(self, seed: int) -> BatchSource:
        """The operands of each training step."""
        plain = self.batches(seed, Stream.TRAINING, self.batch_size)
        return replace(plain, operands=self.operands, lengths=self.lengths, grow_over=self.grow_over)

    def batches(self, seed: int, stream: Stream, batch_size: int) -> BatchSource:
        """Uniform operands of the training length."""
        return BatchSource(self.build_task(), self.digits, self.sequence_length, batch_size, seed, stream)


@dataclass(frozen=True)
class RunRequest:
    """A requested run: a trial with a seed, on a named engine."""

    trial: Trial
    seed: int
    engine: str
    takes_snapshots: bool = True
    """Whether the run's folder gets snapshots; no result depends on it."""

    def __post_init__(self) -> None:
        if type(self.seed) is not int or not 0 <= self.seed <= MAX_SEED:
            raise ConfigurationError(
                f"seed is {self.seed!r}; it must be a whole number, from 0 to {MAX_SEED}"
            )

    @cached_property
    def id(self) -> str:
        """Trial id, engine and seed."""
        return f"{self.trial.id}-{self.engine}-{self.seed}"
