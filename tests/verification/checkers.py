"""Every checker of certificates, asked in the same way."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import safetensors.numpy

from ripplecarry.arithmetic.task_choice import TaskChoice
from ripplecarry.errors import CertificateError, CertificateRefused
from ripplecarry.networks.initial_values import Weights
from ripplecarry.networks.weights_file import read_weights
from ripplecarry.verification.certificate_file import FORMAT, read_certificate
from ripplecarry.verification.check import check
from ripplecarry.verification.proof import theorem, weights_hash
from ripplecarry.verification.rounding import ROUNDING
from verify_certificate import Refused, verify


def by_the_package(weights: bytes, certificate: bytes) -> str | None:
    """Why the package's checker refuses; None where it accepts."""
    try:
        arrays = read_weights(weights)
    except ValueError as error:
        return str(error)
    try:
        check(read_certificate(certificate), arrays)
    except (CertificateError, CertificateRefused) as refused:
        return str(refused)
    return None


def by_the_single_file(weights: bytes, certificate: bytes) -> str | None:
    """Why `verify_certificate.py` refuses; None where it accepts."""
    try:
        verify(weights, certificate)
    except Refused as refused:
        return str(refused.args[0])
    return None


CHECKERS: dict[str, Callable[[bytes, bytes], str | None]] = {
    "package": by_the_package,
    "single file": by_the_single_file,
}


def certificate_bytes(content: Mapping[str, Any]) -> bytes:
    """The file of a certificate."""
    return json.dumps(content).encode()


def weights_bytes(weights: Weights) -> bytes:
    """The file of these weights."""
    return safetensors.numpy.save(weights)


def certificate_of(
    settings: Mapping[str, Any],
    cell: str,
    weights: Weights,
    invariant: Mapping[str, Any],
    margin: float = 0.0,
) -> dict[str, Any]:
    """A certificate that claims the task of these settings for the weights, true or not."""
    task = TaskChoice.build(settings).build_task()
    machine = task.machine
    return {
        "format": FORMAT,
        "statement": theorem(task),
        "run": "made",
        "task": dict(settings),
        "cell": cell,
        "weights_sha256": weights_hash(weights),
        "margin": margin,
        "rounding": ROUNDING.as_dict(),
        "machine": {"next_state": machine.next_state.tolist(), "output": machine.output.tolist()},
        "invariant": dict(invariant),
    }
