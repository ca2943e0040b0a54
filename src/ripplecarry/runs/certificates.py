"""Checking a certificate's file, for a run of the store that it lies in or for a file of weights."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ripplecarry.errors import CertificateError, CertificateRefused, StoreError
from ripplecarry.files import read_whole
from ripplecarry.networks.weights_file import read_cell, read_weights
from ripplecarry.runs.proofs import check_certificate
from ripplecarry.runs.run import Run, is_run_id
from ripplecarry.verification.certificate_file import read_certificate
from ripplecarry.verification.check import check
from ripplecarry.verification.proof import Proof


@dataclass(frozen=True)
class CertificateSubject:
    """A certificate and the network that it is checked for."""

    path: Path
    content: Mapping[str, Any]
    weights_path: Path
    run: Run | None
    """The run of the store, where no file of weights was given."""

    @classmethod
    def of(cls, path: Path, weights_path: Path | None = None) -> "CertificateSubject":
        """The file, for these weights or for the run that it is named after in its store.

        Raises:
            CertificateError: no certificate; or no weights are given and it lies beside no run.
            StoreError: the run is damaged.
        """
        try:
            content = read_certificate(read_whole(path))
        except OSError as error:
            raise CertificateError(f"cannot read {path}: {error.strerror}") from None
        if weights_path is not None:
            return cls(path, content, weights_path, None)
        folder = path.resolve().parent.parent / "runs" / path.stem
        if not is_run_id(path.stem) or not folder.is_dir():
            raise CertificateError(
                f"{path} lies in no store beside a run of its name; weights=FILE names the weights"
            )
        return cls(path, content, folder / "weights.safetensors", Run.open(folder).verify())

    def proof(self) -> Proof:
        """What the package's checker proves.

        Raises:
            CertificateError: parts that are missing or of the wrong form.
            StoreError: weights that are missing or damaged.
            CertificateRefused: it proves nothing of this network.
        """
        if self.run is not None:
            return check_certificate(self.run, self.path)[0]
        try:
            written = read_whole(self.weights_path)
            weights = read_weights(written)
        except OSError as error:
            raise StoreError(f"cannot read the weights {self.weights_path}: {error.strerror}") from None
        except ValueError as error:
            raise StoreError(f"{self.weights_path} holds no weights: {error}") from None
        return check(self.content, weights, cell=read_cell(written))

    def second_margin(self) -> float:
        """The smallest margin that `verify_certificate.py` proves, in a process of its own.

        Raises:
            CertificateError, CertificateRefused: as `proof` does, by the words of that program.
        """
        command = [sys.executable, "-I", str(_second_checker()), "--json"]
        done = subprocess.run(
            [*command, str(self.weights_path), str(self.path)], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return float(json.loads(done.stdout)["margin"])
        words = f"verify_certificate.py: {' '.join((done.stdout + done.stderr).split())[-200:]}"
        raise (CertificateRefused if done.returncode == 1 else CertificateError)(words)


def _second_checker() -> Path:
    """Beside the package where it was installed, and at the root of a checkout."""
    package = Path(__file__).parents[1]
    places = [folder / "verify_certificate.py" for folder in (package, package.parent.parent)]
    return next(filter(Path.is_file, places), places[0])
