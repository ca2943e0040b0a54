"""What the store holds on the exactness of a study's runs: certificates, and wrong answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from ripplecarry.errors import CertificateError
from ripplecarry.lab.run import Run
from ripplecarry.lab.store import Store
from ripplecarry.lab.study import Study
from ripplecarry.verification.check import read_certificate


@dataclass(frozen=True)
class ProvedRun:
    """A run with a certificate, which the checker accepted before it was kept."""

    id: str
    trial: str
    seed: int
    margin: float
    """The smallest margin of a right digit."""
    statement: str
    command: str
    """What checks the certificate again."""


@dataclass(frozen=True)
class RefutedRun:
    """A run with a known wrong answer."""

    id: str
    trial: str
    seed: int


def proofs(study: Study, runs: Sequence[Run], store: Store) -> tuple[list[ProvedRun], list[RefutedRun]]:
    """The certified and the refuted runs of a study, in the order of its trials."""
    proved, refuted = [], []
    for arm in study.drawn(runs):
        for run in arm.runs:
            match store.proof(run.id):
                case "certified":
                    found = _proved(run, arm.case.label, store)
                    proved += [] if found is None else [found]
                case "refuted":
                    refuted.append(RefutedRun(run.id, arm.case.label, run.seed))
    return proved, refuted


def _proved(run: Run, label: str, store: Store) -> ProvedRun | None:
    path = store.certificate_path(run.id)
    try:
        content = read_certificate(path.read_bytes())
        margin, statement = float(content["margin"]), str(content["statement"])
    except (CertificateError, LookupError, TypeError, ValueError):  # a damaged file proves nothing
        return None
    return ProvedRun(run.id, label, run.seed, margin, statement, f"ripplecarry check {path}")
