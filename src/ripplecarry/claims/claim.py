"""Claims: statements that runs confirm, refute or leave open, by rules fixed before any run.

A test looks at one or more findings, each an effect with an interval and a bound. A claim is confirmed
if every finding's interval lies on the claim's side of its bound, and refuted if any lies entirely on
the other side. With k findings the intervals that may refute have level 1 − α/k (Bonferroni), so that a
claim with many comparisons is not refuted by chance more often than a claim with one. Confirming needs
all k to agree, which is rarer by chance, so those intervals stay at 1 − α.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan

from ripplecarry.claims.findings import (
    MIN_SEEDS,
    Arm,
    Finding,
    Settings,
    Status,
    find,
)
from ripplecarry.claims.measures import Measure
from ripplecarry.errors import ConfigurationError
from ripplecarry.notebook import Shown, interval_picture


@dataclass(frozen=True, repr=False)
class Verdict(Shown):
    """The runs' verdict on a claim."""

    claim: "Claim"
    status: Status
    findings: tuple[Finding, ...]
    is_stated_late: bool = False
    """Whether the store has no record of the claim, in these words, from before its runs."""

    def _line(self) -> str:
        return f"{self.claim.id}, {self.claim.statement}. {self.sentence}"

    def _picture(self) -> str:
        finding = self.deciding
        return interval_picture(finding.effect, finding.low, finding.high, finding.bounds)

    @property
    def deciding(self) -> Finding:
        """The deciding finding: one that refutes, otherwise one left open, otherwise the weakest."""
        rank = {"refuted": 0, "open": 1, "confirmed": 2}
        return min(self.findings, key=lambda finding: (rank[finding.status], finding.margin))

    @property
    def num_seeds(self) -> int:
        """The smallest number of seeds of any finding."""
        return min(finding.num_seeds for finding in self.findings)

    @property
    def effect_words(self) -> str:
        """The deciding effect as text; empty if there is none."""
        return "" if isnan(self.deciding.effect) else f"{self.deciding.effect:.3g}"

    @property
    def interval_words(self) -> str:
        """The deciding interval as text; empty if there is none."""
        return "" if isnan(self.deciding.effect) else self.deciding.interval_words

    def as_dict(self) -> dict[str, object]:
        """For programs: the deciding effect and interval, and every finding."""
        deciding = self.deciding
        return {
            "claim": self.claim.id,
            "statement": self.claim.statement,
            "status": self.status,
            "effect": None if isnan(deciding.effect) else deciding.effect,
            "interval": None if isnan(deciding.low) else [deciding.low, deciding.high],
            "level": deciding.level,
            "num_seeds": self.num_seeds,
            "stated_after_the_runs": self.is_stated_late,
            "sentence": self.sentence,
            "findings": [finding.words for finding in self.findings],
        }

    @property
    def sentence(self) -> str:
        """The verdict in one plain sentence."""
        finding, late = self.deciding, " Stated after the runs." if self.is_stated_late else ""
        if self.status == "open" and self.num_seeds < MIN_SEEDS:
            few = f"seeds: {self.num_seeds}; no verdict with fewer than {MIN_SEEDS}"
            return f"Open: {few if self.num_seeds else 'no runs that could decide it'}.{late}"
        if isnan(finding.effect):
            return f"Open: {finding.words}.{late}"
        lead = {
            "confirmed": "Confirmed: ",
            "refuted": "Refuted: ",
            "open": f"Open, {self._undecided_by}: ",
        }[self.status]
        more = len(self.findings) - 1
        if self.status == "confirmed" and more:
            lead = f"Confirmed in all {more + 1} comparisons, the closest being that "
        return f"{lead}{finding.words} ({finding.interval_words}; seeds: {finding.num_seeds}).{late}"

    @property
    def _undecided_by(self) -> str:
        """Why the deciding interval leaves the claim open."""
        finding = self.deciding
        inside = [f"{bound:g}" for bound in finding.bounds if finding.low <= bound <= finding.high]
        if inside:
            return f"the interval includes {' and '.join(inside)}"
        return f"to refute one of {len(self.findings)} comparisons takes a wider interval"


class Comparison(ABC):
    """A rule that decides a claim."""

    def __post_init__(self) -> None:
        for name in ("measure", "chosen_by", "later", "earlier"):
            given = getattr(self, name, None)
            if given is not None and not isinstance(given, Measure):
                raise ConfigurationError(
                    f"{type(self).__name__}: {name} is {given!r}; it must be a measure, such as "
                    "area('exact_match')"
                )

    def selections(self) -> Sequence[Settings]:
        """The trials it names, to be checked when the study is created."""
        return ()

    def check(self, arms: Sequence[Arm]) -> None:
        """Raises `ConfigurationError` if it is about trials that are not in the study."""
        for settings in self.selections():
            find(arms, settings)

    def num_parts(self, arms: Sequence[Arm]) -> int:
        """How many findings it will produce."""
        return 1

    @abstractmethod
    def examine(self, arms: Sequence[Arm], num_parts: int) -> list[Finding]:
        """The findings; the level for refuting is shared among `num_parts`."""


@dataclass(frozen=True)
class Claim:
    """A statement about a study's runs, with the test that decides it."""

    id: str
    statement: str
    decided_by: Comparison = field(compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.decided_by, Comparison):
            raise ConfigurationError(
                f"claim {self.id}: {self.decided_by!r} decides nothing; give a comparison, such as "
                "fastest(area('exact_match'), layers=2)"
            )

    def judge(self, arms: Sequence[Arm]) -> Verdict:
        """The verdict on these runs."""
        findings = tuple(self.decided_by.examine(arms, self.decided_by.num_parts(arms)))
        statuses = {finding.status for finding in findings}
        status: Status = "open"
        if statuses == {"confirmed"}:
            status = "confirmed"
        elif "refuted" in statuses:
            status = "refuted"
        return Verdict(self, status, findings)
