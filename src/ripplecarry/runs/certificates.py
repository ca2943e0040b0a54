"""Checking a certificate's file, for a run in the certificate's store or for a file of weights."""

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
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_files import is_run_id
from ripplecarry.verification.certificate_file import read_certificate
from ripplecarry.verification.check import check
from ripplecarry.verification.proof import Proof


@dataclass(frozen=True)
class CertificateSubject:
    """A certificate and the network to check it for."""

    path: Path
    content: Mapping[str, Any]
    weights_path: Path
    run: Run | None
    """The run in the store, if no file of weights was given."""

    @classmethod
    def of(cls, path: Path, weights_path: Path | None = None) -> "CertificateSubject":
        """The file, for these weights, or for the run in its store that has its name.

        Raises:
            CertificateError: not a certificate; or no weights are given and its store has no such run.
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
                f"{path} is not in a store with a run of its name; give the weights as weights=FILE"
            )
        return cls(path, content, folder / "weights.safetensors", Run.open(folder).verify())

    def proof(self) -> Proof:
        """What the package's checker proves.

        Raises:
            CertificateError: a part is missing or malformed.
            StoreError: the weights are missing or damaged.
            CertificateRefused: it does not prove this network right.
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
        """The smallest margin that `verify_certificate.py` proves, run as a separate process.

        Raises:
            CertificateError, CertificateRefused: as for `proof`, in that program's words.
        """
        command = [sys.executable, "-I", "-X", "utf8", str(_second_checker()), "--json"]
        done = subprocess.run(
            [*command, str(self.weights_path), str(self.path)],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode == 0:
            return float(json.loads(done.stdout)["margin"])
        words = f"verify_certificate.py: {' '.join((done.stdout + done.stderr).split())[-200:]}"
        raise (CertificateRefused if done.returncode == 1 else CertificateError)(words)


def _second_checker() -> Path:
    """The program's path: inside the installed package, or at the root of a checkout."""
    package = Path(__file__).parents[1]
    places = [folder / "verify_certificate.py" for folder in (package, package.parent.parent)]
    return next(filter(Path.is_file, places), places[0])
