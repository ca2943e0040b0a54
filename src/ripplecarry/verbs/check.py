"""Checking a certificate."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ripplecarry.notebook import Shown
from ripplecarry.verbs.parameters import Option, verb

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
    certificate: Annotated[Path | str, Option("A certificate's file.")],
    *,
    weights: Annotated[
        Path | str | None,
        Option("Safetensors file; by default the run's that the certificate is named after."),
    ] = None,
) -> Checked:
    """What a certificate proves of the weights, by two programs that share nothing with the search.

    Raises:
        CertificateRefused: one of them refuses it.
        CertificateError: no certificate, or no weights are given and it lies beside no run.
        StoreError: weights or run are missing or damaged.
    """
    from ripplecarry.runs.certificates import CertificateSubject

    subject = CertificateSubject.of(Path(certificate), None if weights is None else Path(weights))
    run_id = None if subject.run is None else subject.run.id
    return Checked(run_id, subject.weights_path, subject.proof(), subject.second_margin())
