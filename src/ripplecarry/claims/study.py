"""Studies: a question, a base trial, a grid of varied settings, and seeds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from ripplecarry.claims.claim import Claim, Verdict
from ripplecarry.claims.findings import Arm, Case
from ripplecarry.errors import ConfigurationError
from ripplecarry.notebook import Shown
from ripplecarry.runs.run import Run
from ripplecarry.runs.trial import MOST_SEEDS, RunRequest, Trial

Axis = str | tuple[str, ...]
_LONGEST_NAME = 100
"""A study's name names its folder too."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Study(Shown):
    """A question put to many runs.

    Args:
        grid: values by setting; settings that change together share a tuple as key and have tuples
            of values. Every combination of the entries is a trial.
            labels: the trials' names, in order; by default their values.
            controls: settings of additional trials that claims compare with.
        claims: statements about the trials, judged by their runs.
        seeds: the default number of seeds.
        report_figure: the figure of the report that shows the same comparison, if any.
        source: the argument by which `ripplecarry study` finds it; filled in on loading.
        changes: values in place of a study's own, as `--set` takes them.
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
    source: str = ""
    changes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise ConfigurationError(f"study name {self.name!r} must be a Python identifier")
        if len(self.name) > _LONGEST_NAME:
            raise ConfigurationError(
                f"a study's name has {len(self.name)} characters; {_LONGEST_NAME} at most"
            )
        if type(self.seeds) is not int or not 1 <= self.seeds <= MOST_SEEDS:
            raise ConfigurationError(
                f"study {self.name}: seeds is {self.seeds!r}; a whole number from 1 to {MOST_SEEDS}"
            )
        self._check_kinds()
        for axis, values in self.grid.items():
            if not isinstance(values, tuple | list) or not values:
                raise ConfigurationError(
                    f"study {self.name}: the grid's {_words(axis)} is {values!r}; give a tuple of values"
                )
        self._check_distinct("claims", [claim.id for claim in self.claims])
        self._check_distinct("trials", [case.label for case in self.cases()])
        self._check_selections()

    def _line(self) -> str:
        return f"{self.name}, trials: {len(self.cases())}, claims: {len(self.claims)}; {self.title}"

    def _check_kinds(self) -> None:
        """Raises if a part is not of the type that the rest of the class relies on."""
        sequences = (tuple, list)
        axes = [
            name
            for axis in (self.grid if isinstance(self.grid, Mapping) else ())
            for name in (axis if isinstance(axis, tuple) else (axis,))
        ]
        labels, controls, claims = self.labels, self.controls, self.claims
        is_right = {
            "question must be a sentence": isinstance(self.question, str) and self.question.strip(),
            "base must be a Trial": isinstance(self.base, Trial),
            "grid must be a mapping from names of settings, or tuples of them, to values": isinstance(
                self.grid, Mapping
            )
            and all(isinstance(name, str) for name in axes),
            "labels must be a tuple of words": labels is None
            or (isinstance(labels, sequences) and all(isinstance(label, str) for label in labels)),
            "controls must be a tuple of settings by name": isinstance(controls, sequences)
            and all(isinstance(each, Mapping) for each in controls)
            and all(isinstance(name, str) for each in controls for name in each),
            "claims must be a tuple of claims": isinstance(claims, sequences)
            and all(isinstance(claim, Claim) for claim in claims),
        }
        problems = [words for words, is_met in is_right.items() if not is_met]
        if problems:
            raise ConfigurationError(f"study {self.name}: {'; '.join(problems)}")

    def _check_distinct(self, what: str, names: Sequence[str]) -> None:
        for name in names:
            if names.count(name) > 1:
                raise ConfigurationError(f"study {self.name}: two {what} are called {name!r}")

    def _check_selections(self) -> None:
        """Raises if a claim is about a trial that is not in the study."""
        arms = self.arms([])
        for claim in self.claims:
            try:
                claim.decided_by.check(arms)
            except ConfigurationError as error:
                raise ConfigurationError(f"study {self.name}, claim {claim.id}: {error}") from None

    @property
    def title(self) -> str:
        """The question's first line."""
        return self.question.strip().splitlines()[0]

    @property
    def axis(self) -> str:
        """What the study varies, in words."""
        return ", ".join(_words(axis) for axis in self.grid)

    @property
    def member_axis(self) -> str:
        """What varies within a group of trials: the grid's last entry."""
        return _words(list(self.grid)[-1]) if self.grid else ""

    def cases(self) -> list[Case]:
        """All trials, the grid's first.

        Raises:
            ConfigurationError: the grid does not fit the trial's settings.
        """
        base = self.base.model_dump(exclude_unset=True)
        combinations = list(product(*self.grid.values()))
        if self.labels is not None and len(self.labels) != len(combinations):
            raise ConfigurationError(
                f"study {self.name}: {len(self.labels)} labels for {len(combinations)} trials"
            )
        cases = []
        for number, values in enumerate(combinations):
            settings = self._settings(values)
            shown = [_shown(value) for value in values]
            is_grouped = len(shown) > 1
            cases.append(
                Case(
                    settings=settings,
                    trial=Trial.build(base | settings),
                    label=self.labels[number] if self.labels else ", ".join(shown) or "base",
                    words=self.labels[number] if self.labels else _sentence(settings),
                    group=", ".join(shown[:-1]) if is_grouped else "",
                    member=shown[-1] if is_grouped else "",
                    value=values[-1] if values else None,
                )
            )
        for settings in self.controls:
            words = _sentence(settings)
            trial = Trial.build(base | dict(settings))
            cases.append(Case(settings, trial, words, words, is_control=True))
        return cases

    def arms(self, runs: Sequence[Run]) -> list[Arm]:
        """Every trial with its own runs, ordered by seed."""
        ordered = sorted(runs, key=lambda run: run.seed)
        return [
            Arm(case, tuple(run for run in ordered if run.trial == case.trial)) for case in self.cases()
        ]

    def drawn(self, runs: Sequence[Run]) -> list[Arm]:
        """The trials, with their runs, that figures and tables show: all but the controls."""
        return [arm for arm in self.arms(runs) if arm.runs and not arm.case.is_control]

    def judge(self, runs: Sequence[Run], stated_late: Collection[str] = ()) -> list[Verdict]:
        """These runs' verdict on each claim.

        Args:
            stated_late: ids of the claims that were stated after the runs.
        """
        arms = self.arms(runs)
        verdicts = [claim.judge(arms) for claim in self.claims]
        return [replace(verdict, is_stated_late=verdict.claim.id in stated_late) for verdict in verdicts]

    def requests(self, num_seeds: int, engine: str) -> list[RunRequest]:
        """All runs: each trial with seeds 0 to `num_seeds` - 1; seed 0 keeps snapshots."""
        return [
            RunRequest(case.trial, seed, case.trial.engine(engine), takes_snapshots=not seed)
            for case in self.cases()
            for seed in range(num_seeds)
        ]

    def _settings(self, values: tuple[Any, ...]) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        for axis, value in zip(self.grid, values, strict=True):
            names = axis if isinstance(axis, tuple) else (axis,)
            parts = value if isinstance(axis, tuple) else (value,)
            if not isinstance(parts, tuple | list) or len(parts) != len(names):
                raise ConfigurationError(
                    f"study {self.name}: {names} together need {len(names)} values, got {value}"
                )
            settings.update(zip(names, parts, strict=True))
        return settings


def _words(axis: Axis) -> str:
    names = axis if isinstance(axis, tuple) else (axis,)
    return ", ".join(name.replace("_", " ") for name in names)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _sentence(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items()) or "base"
