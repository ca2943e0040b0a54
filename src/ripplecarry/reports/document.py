"""The report of a sweep: one self-contained HTML file."""

import base64
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ripplecarry.claims.claim import Verdict
from ripplecarry.claims.dates import claims_stated_late
from ripplecarry.claims.findings import MIN_SEEDS
from ripplecarry.claims.study import Study
from ripplecarry.evaluation.explanation import explain
from ripplecarry.evaluation.grid import cells_of
from ripplecarry.files import write_atomically
from ripplecarry.reports.agreement import agreement
from ripplecarry.reports.commands import run_command, study_command
from ripplecarry.reports.curve_figures import draw_curves
from ripplecarry.reports.exactness_figures import draw_exactness, draw_success
from ripplecarry.reports.heat_maps import draw_study_heat_maps
from ripplecarry.reports.proofs import proofs, shares
from ripplecarry.reports.report_curves import has_report_curves
from ripplecarry.reports.seed_figures import draw_seeds
from ripplecarry.reports.summary import (
    CAPTION,
    CaseSummary,
    most_seeds,
    shown_rows,
    summarise,
    write_tables,
)
from ripplecarry.reports.time_figures import draw_times
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store

DEFINITIONS = {
    "seed": "the number that a run's initial values and random operands follow from",
    "step": "one update of the weights",
    "loss": "the mean cross-entropy per digit, in nats; guessing decimal digits costs ln 10 = 2.3",
    "exact match": "the share of answers that are right in every digit",
    "hard cases": "fixed operands on which networks failed that pass random tests, such as 999 + 1",
    "exact from step": "the first reading from which all hard cases stay right",
    "carry run": "positions in a row through which one carry travels; 999 + 1 has one of 3",
    "idle run": "positions in a row whose digits sum to 9 and that no carry enters; 450 + 549 has one of 3",
    "reset-free run": "of other tasks: positions in a row after which what came before still matters",
    "interval": "where the true value lies in 95 of 100 such experiments, or as many as its level says",
    "confirmed, refuted, open": "the interval lies on the claim's side of the bound, the other, or both",
}
"""What a reader must know to read a report; the glossary has the exact forms."""


MOST_DRAWN = 24
"""Curves of more trials cannot be told apart; a study of more has tables alone."""


@dataclass(frozen=True)
class StudyReport:
    """A study with the verdicts and summaries of its runs, and its figures."""

    study: Study
    runs: Sequence[Run]
    summary: list[CaseSummary]
    verdicts: list[Verdict]
    figures: list[Path]
    tables: list[Path]
    has_fewer_seeds: bool
    """Than the study's figures and tables that were there before, which stay."""
    store: Store

    @property
    def command(self) -> str:
        """The command that reproduces every figure and number of the study."""
        return study_command(self.study, self.runs, self.store)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "study": self.study.name,
            "command": self.command,
            "cases": [row.as_dict() for row in self.summary],
            "verdicts": [verdict.as_dict() for verdict in self.verdicts],
            "figures": [str(figure) for figure in self.figures],
            "tables": [str(table) for table in self.tables],
        }


def report_study(study: Study, runs: Sequence[Run], store: Store) -> StudyReport:
    """Judges a study's claims, and writes its figures and tables into its folder in the store.

    Those of more seeds stay: the folder `fewer_seeds` in it takes the others.
    """
    summary = summarise(study, runs)
    folder = store.study_folder(study.name)
    has_fewer = max((case.num_seeds for case in summary), default=0) < most_seeds(folder, study.name)
    if has_fewer:
        folder = store.study_folder(f"{study.name}/fewer_seeds")
    drawings = (draw_curves, draw_exactness, draw_success, draw_study_heat_maps, draw_seeds, draw_times)
    if len(study.drawn(runs)) > MOST_DRAWN:
        drawings = ()
    return StudyReport(
        study,
        runs,
        summary,
        study.judge(runs, claims_stated_late(study, store)),
        [path for draw in drawings for path in draw(study, runs, folder)],
        write_tables(summary, folder, study.name),
        has_fewer,
        store,
    )


def write_document(reports: Sequence[StudyReport], failed: Mapping[str, str], path: Path) -> None:
    """Writes the report of these studies as one self-contained HTML file."""
    environment = Environment(
        loader=PackageLoader("ripplecarry.reports"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["anchor"] = _anchor
    runs = [run for report in reports for run in report.runs]
    page = environment.get_template("document.html").render(
        reports=[_fields(report) for report in reports],
        verdicts=[(report.study.name, verdict) for report in reports for verdict in report.verdicts],
        too_few=[
            report.study.name
            for report in reports
            if any(verdict.num_seeds < MIN_SEEDS for verdict in report.verdicts)
        ],
        has_report_curves=any(
            has_report_curves(report.study, report.study.drawn(report.runs)) for report in reports
        ),
        failed=failed,
        min_seeds=MIN_SEEDS,
        caption=CAPTION,
        definitions=DEFINITIONS,
        num_runs=len({run.id for run in runs}),
        environments=_environments(runs),
        written_at=datetime.now(UTC).isoformat(sep=" ", timespec="minutes").removesuffix("+00:00"),
    )
    write_atomically(path, page.encode(errors="backslashreplace"))  # a path may be no UTF-8


def _anchor(words: str) -> str:
    return re.sub(r"\W+", "-", words)


def _fields(report: StudyReport) -> dict[str, Any]:
    study = report.study
    varied = {name for case in study.cases() for name in case.settings}
    certified, refuted = proofs(study, report.runs, report.store)
    settings = study.base.model_dump(mode="json", exclude_none=True, exclude=varied | {"cell_code"})
    return {
        **vars(report),
        "remarks": "\n".join(study.question.strip().splitlines()[1:]).strip(),
        "command": report.command,
        "rows": shown_rows(report.summary),
        "certified": certified,
        "refuted": refuted,
        "shares": shares(study, report.runs, certified, refuted),
        "theorems": list(dict.fromkeys(each.proof.theorem for each in certified if each.proof)),
        "explanations": _explanations(study, report.runs),
        "run_commands": [
            {
                "trial": arm.case.label,
                "seeds": [run.seed for run in arm.runs],
                "command": run_command(arm, report.store),
            }
            for arm in study.drawn(report.runs)
        ],
        "agreement": agreement(study, report.runs),
        "figures": [
            {"name": figure.stem, "data": base64.b64encode(figure.read_bytes()).decode()}
            for figure in report.figures
            if figure.suffix == ".svg"
        ],
        "settings": settings,
    }


def _explanations(study: Study, runs: Sequence[Run]) -> dict[str, str]:
    """Where each trial's networks go wrong, all seeds together; empty if the study does not measure it."""
    return {
        arm.case.label: explain(
            [cell for run in arm.runs for cell in cells_of(run.exactness.to_dict(orient="records"))],
            digit_word=arm.case.trial.build_task().digit_word,
        )
        for arm in study.drawn(runs)
        if arm.case.trial.exactness_to is not None
    }


def _environments(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The distinct environments of the runs, with the number of runs from each."""
    counts = Counter(json.dumps(dict(run.environment)) for run in runs)
    return [{**json.loads(found), "runs": count} for found, count in counts.items()]
