"""Studies: a question, a base trial, a grid of what is varied, and seeds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from ripplecarry.errors import ConfigurationError
from ripplecarry.lab.claims import Claim, Verdict
from ripplecarry.lab.findings import Arm, find
from ripplecarry.lab.run import Run
from ripplecarry.lab.trial import RunRequest, Trial

Axis = str | tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One trial of a study."""

    settings: Mapping[str, Any]
    """What the grid sets, in the grid's order."""
    trial: Trial
    label: str
    """What tells this trial from the study's others."""
    is_control: bool = False
    """Whether only claims use it: figures and tables leave it out."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """A question put to many runs.

    Args:
        grid: values by setting; settings that change together share a tuple as key and have tuples
            of values. Every combination of the entries is a trial.
        labels: what to call the trials, in order; their values unless given.
        controls: settings of further trials that claims compare with.
        claims: statements about the trials, judged by their runs.
        seeds: how many unless the user says otherwise.
        report_figure: the figure of the report that shows the same comparison, if any.
    """

    name: str
    question: str
    base: Trial = field(default_factory=Trial)
    grid: Mapping[Axis, tuple[Any, ...]] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    controls: tuple[Mapping[str, Any], ...] = ()
    claims: tuple[Claim, ...] = ()
    seeds: int = 12
    report_figure: int | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ConfigurationError(f"study name {self.name!r} must be a Python identifier")
        if self.seeds < 1:
            raise ConfigurationError(f"study {self.name}: seeds is {self.seeds}; at least 1")
        labels = [case.label for case in self.cases()]
        for label in labels:
            if labels.count(label) > 1:
                raise ConfigurationError(f"study {self.name}: two trials are called {label!r}")
        arms = self._arms([])
        for claim in self.claims:
            for settings in claim.decided_by.selections():
                try:
                    find(arms, settings)
                except (ConfigurationError, AttributeError) as error:
                    raise ConfigurationError(f"study {self.name}, claim {claim.id}: {error}") from None

    @property
    def axis(self) -> str:
        """What the study varies, in words."""
        return ", ".join(name.replace("_", " ") for axis in self.grid for name in _names(axis))

    def cases(self) -> list[Case]:
        """Every trial.

        Raises:
            ConfigurationError: a grid that does not fit the trial's settings.
        """
        base = self.base.model_dump(exclude_unset=True)
        combinations = list(self._combinations())
        labels = self.labels or [", ".join(map(str, each.values())) for each in combinations]
        if len(labels) != len(combinations):
            raise ConfigurationError(
                f"study {self.name}: {len(labels)} labels for {len(combinations)} trials"
            )
        grid = [
            Case(settings, Trial.build(base | settings), label or "base")
            for settings, label in zip(combinations, labels, strict=True)
        ]
        controls = [
            Case(
                settings,
                Trial.build(base | dict(settings)),
                ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items()),
                is_control=True,
            )
            for settings in self.controls
        ]
        return grid + controls

    def judge(self, runs: Sequence[Run]) -> list[Verdict]:
        """What these runs say of each claim."""
        arms = self._arms(runs)
        return [claim.judge(arms) for claim in self.claims]

    def requests(self, num_seeds: int, engine: str) -> list[RunRequest]:
        """Every run: each trial with seeds 0 to `num_seeds` - 1."""
        return [RunRequest(case.trial, seed, engine) for case in self.cases() for seed in range(num_seeds)]

    def _arms(self, runs: Sequence[Run]) -> list[Arm]:
        ordered = sorted(runs, key=lambda run: run.seed)
        return [
            Arm(
                case.label,
                case.trial,
                tuple(run for run in ordered if run.trial == case.trial),
                case.is_control,
            )
            for case in self.cases()
        ]

    def _combinations(self) -> Iterator[dict[str, Any]]:
        for values in product(*self.grid.values()):
            settings: dict[str, Any] = {}
            for axis, value in zip(self.grid, values, strict=True):
                names = _names(axis)
                parts = value if isinstance(axis, tuple) else (value,)
                if len(parts) != len(names):
                    raise ConfigurationError(
                        f"study {self.name}: {names} together need {len(names)} values, got {value}"
                    )
                settings.update(zip(names, parts, strict=True))
            yield settings


def _names(axis: Axis) -> tuple[str, ...]:
    return axis if isinstance(axis, tuple) else (axis,)
