"""Certificates in the store and the weights that they belong to; knows no torch."""

from pathlib import Path

from ripplecarry.errors import CertificateError, StoreError
from ripplecarry.files import read_whole
from ripplecarry.lab.run import is_run_id
from ripplecarry.networks.weights_file import read_weights
from ripplecarry.verification.check import Proof, check, read_certificate


def check_file(path: Path, weights_path: Path | None = None) -> Proof:
    """The proof that a certificate's file gives for the weights beside it in the store, or in another file.

    Raises:
        CertificateError: no certificate; StoreError: weights that are missing or damaged.
        CertificateRefused: it proves nothing.
    """
    try:
        content = read_certificate(read_whole(path))
    except OSError as error:
        raise CertificateError(f"cannot read {path}: {error.strerror}") from None
    if weights_path is None:
        run_id = content.get("run")
        if not is_run_id(run_id):
            raise CertificateError("the certificate names no run; give the weights' file")
        weights_path = path.parent.parent / "runs" / str(run_id) / "weights.safetensors"
    try:
        weights = read_weights(read_whole(weights_path))
    except OSError as error:
        raise StoreError(
            f"cannot read the weights {weights_path}: {error.strerror}; --weights FILE names others"
        ) from None
    except ValueError as error:
        raise StoreError(f"{weights_path} holds no weights: {error}") from None
    return check(content, weights)
