"""A study's runs in numbers: a row a trial."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ripplecarry.lab.findings import Case
from ripplecarry.lab.run import Run
from ripplecarry.lab.study import Study


@dataclass(frozen=True)
class CaseSummary:
    """What the seeds of one trial came to at the last reading."""

    case: str
    num_seeds: int
    num_diverged: int
    loss: float
    exact_match: float
    exact_match_low: float
    exact_match_high: float
    num_exact: int
    steps_per_s: float
    num_certified: int | None = None
    """Of the seeds that train until certified; None where none do."""
    train_s: float | None = None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def as_row(self) -> dict[str, str]:
        """The summary in few words, for people."""
        certified = {
            "certified": f"{self.num_certified} of {self.num_seeds}",
            "median s": "" if self.train_s is None else f"{self.train_s:.1f}",
        }
        return {
            "trial": self.case,
            "seeds": str(self.num_seeds),
            "loss": f"{self.loss:.2g}",
            "exact match": f"{self.exact_match:.3f}",
            "range": f"{self.exact_match_low:.3f} to {self.exact_match_high:.3f}",
            "all right": f"{self.num_exact} of {self.num_seeds}",
            "diverged": str(self.num_diverged),
            "steps/s": f"{self.steps_per_s:.0f}",
        } | ({} if self.num_certified is None else certified)


def summarise(study: Study, runs: Sequence[Run]) -> list[CaseSummary]:
    """Medians over seeds of the last loss and exact match, with the range of the latter."""
    return [_summary(mine.case, mine.runs) for mine in study.drawn(runs)]


def _summary(case: Case, runs: Sequence[Run]) -> CaseSummary:
    last = [run.state["last"] for run in runs]
    exact = [metrics.get("exact_match", 0.0) for metrics in last]
    rates = [run.state["steps_done"] / run.state["train_s"] for run in runs]
    return CaseSummary(
        case=case.label,
        num_seeds=len(runs),
        num_diverged=sum(run.outcome == "diverged" for run in runs),
        loss=float(np.median([metrics.get("loss", np.inf) for metrics in last])),
        exact_match=float(np.median(exact)),
        exact_match_low=min(exact),
        exact_match_high=max(exact),
        num_exact=sum(value == 1 for value in exact),
        steps_per_s=float(np.median(rates)),
        num_certified=int(sum(metrics["certified"] for metrics in last)) if case.trial.certify else None,
        train_s=float(np.median([run.state["train_s"] for run in runs])) if case.trial.certify else None,
    )
