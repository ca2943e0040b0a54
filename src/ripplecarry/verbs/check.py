"""Checking a certificate."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ripplecarry.errors import CertificateError
from ripplecarry.notebook import Shown
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import DEFAULT_STORE
from ripplecarry.verbs.find_run import find_run
from ripplecarry.verbs.parameters import Option, StoreOption, verb

if TYPE_CHECKING:
    from ripplecarry.verification.proof import Proof


@dataclass(frozen=True, repr=False)
class Checked(Shown):
    """What two checkers prove of a network by a certificate."""

    run_id: str | None
    """The run of the store; None where a file of weights was given."""
    weights_path: Path
    proof: "Proof"
    second_margin: float
    """The smallest margin that `verify_certificate.py` proves."""

    def _line(self) -> str:
        margins = f"margins {self.proof.margin:.4g} and {self.second_margin:.4g}"
        return f"{self.run_id or self.weights_path}, right at every length by both checkers, {margins}"


@verb
def check(
    certificate: Annotated[
        Run | Path | str, Option("A certificate's file; or a run of the store, by its id as elsewhere.")
    ],
    *,
    weights: Annotated[
        Path | str | None,
        Option("Safetensors file; by default the run's that the certificate is named after."),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
) -> Checked:
    """What a certificate proves of the weights, by two programs that share nothing with the search.

    Raises:
        CertificateRefused: one of them refuses it.
        CertificateError: no certificate; or a file that lies beside no run, without weights.
        StoreError: weights or run are missing or damaged.
    """
    from ripplecarry.runs.certificates import CertificateSubject

    path = _path(certificate, store)
    subject = CertificateSubject.of(path, None if weights is None else Path(weights))
    run_id = None if subject.run is None else subject.run.id
    return Checked(run_id, subject.weights_path, subject.proof(), subject.second_margin())


def _path(certificate: Run | Path | str, store: Path | str) -> Path:
    """The certificate's file, where a run is named its run's."""
    is_file = isinstance(certificate, Path | str) and (
        (os.path.exists(certificate) and not os.path.isdir(certificate))
        or Path(certificate).suffix == ".json"
    )
    if is_file:
        return Path(str(certificate))
    run = find_run(certificate, store)
    if not run.certificate_path.is_file():
        raise CertificateError(
            f"run {run.id} has no certificate; `ripplecarry certify {run.id}` looks for a proof"
        )
    return run.certificate_path
