"""Certificates in the store and the weights that they belong to; knows no torch."""

from pathlib import Path

import safetensors.numpy

from ripplecarry.errors import CertificateError, StoreError
from ripplecarry.verification.check import Proof, check, read_certificate


def check_file(path: Path, weights_path: Path | None = None) -> Proof:
    """The proof that a certificate's file gives for the weights beside it in the store, or in another file.

    Raises:
        CertificateError: no certificate; StoreError: weights that are missing or damaged.
        CertificateRefused: it proves nothing.
    """
    try:
        content = read_certificate(path.read_bytes())
    except OSError as error:
        raise CertificateError(f"cannot read {path}: {error.strerror}") from None
    if weights_path is None:
        run_id = content.get("run")
        if not isinstance(run_id, str) or not run_id or "/" in run_id:
            raise CertificateError("the certificate names no run; give the weights' file")
        weights_path = path.parent.parent / "runs" / run_id / "weights.safetensors"
    try:
        weights = safetensors.numpy.load(weights_path.read_bytes())
    except OSError as error:
        raise StoreError(f"cannot read the weights {weights_path}: {error.strerror}") from None
    except Exception as error:  # safetensors raises several kinds
        raise StoreError(f"{weights_path} holds no weights: {error}") from None
    return check(content, weights)
