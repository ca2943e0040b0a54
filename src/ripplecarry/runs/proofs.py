"""What is proved about the store's runs: a certificate counts once the checker has accepted it for the run.

No file is trusted. Either the checker accepts it in this process, or it did so earlier for this user: then
the user's cache folder, never a store, has a record under a hash of the certificate, the run's weights, its
task and cell, and the checker itself. Copying a store copies no trust.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import flint

from ripplecarry.arithmetic import machine, tasks
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.errors import CertificateError, CertificateRefused, StoreError
from ripplecarry.files import read_whole, write_atomically
from ripplecarry.runs.run import Run
from ripplecarry.verification import balls, certificate_file, check, check_sloped_boxes, proof, rounding
from ripplecarry.verification.certificate_file import read_certificate
from ripplecarry.verification.proof import Proof, machine_hash, weights_hash

CHECKER = (machine, tasks, balls, certificate_file, check, check_sloped_boxes, proof, rounding)
"""All modules that a proof rests on."""


def check_certificate(run: Run, path: Path) -> tuple[Proof, Mapping[str, Any]]:
    """The proof of a run by a certificate's file, checked in this process; and the file's content.

    Raises:
        CertificateError: the file is missing or not a certificate.
        CertificateRefused: it does not prove this run right.
    """
    written = _read(path)
    content = read_certificate(written)
    if content.get("run") != run.id:
        raise CertificateRefused(f"it is about another run, {content.get('run')!r:.60}")
    found = check.check(content, run.weights, task=run.task, cell=run.trial.cell)
    record_acceptance(run.id, written, found)
    return found, content


def record_acceptance(run_id: str, written: bytes, found: Proof) -> None:
    """Records for later processes that the checker accepted these bytes for this run."""
    path = _record_path(run_id, found.task, found.cell, found.weights_sha256, written)
    with suppress(OSError, StoreError):  # without a record the checker runs again
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"margin": found.margin, "slack": found.slack}).encode())


def accepted(run: Run, path: Path) -> Proof | None:
    """What the checker proves of a run by this certificate; it runs if it has not yet.

    None if there is no certificate, or the checker refuses it.
    """
    if not path.is_file():
        return None
    try:
        return recorded(run, path) or check_certificate(run, path)[0]
    except (CertificateError, CertificateRefused):
        return None


def recorded(run: Run, path: Path) -> Proof | None:
    """What the checker proved of a run by this certificate earlier; None where it has not run."""
    digest = weights_hash(run.weights)
    try:
        place = _record_path(run.id, run.task, run.trial.cell, digest, _read(path))
        if run.folder.resolve().parent.parent in place.resolve().parents:
            return None  # a store that would bring records of its own
        record = json.loads(read_whole(place))
        margin, slack = record["margin"], record["slack"]
    except (CertificateError, OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    if not (type(margin) is float and type(slack) is float and margin > 0):
        return None
    return Proof(run.task, run.trial.cell, run.trial.layers, digest, margin, slack)


def _record_path(run_id: str, task: Task, cell: str, weights_sha256: str, written: bytes) -> Path:
    about = [task.name, task.base, task.num_operands, machine_hash(task.machine), run_id, cell]
    about += [weights_sha256, hashlib.sha256(written).hexdigest(), _checker_hash()]
    key = hashlib.sha256(json.dumps(about).encode()).hexdigest()
    return cache_folder() / "accepted" / f"{key}.json"


@cache
def _checker_hash() -> str:
    """A hash of the checker's code: what another version accepted is checked again."""
    sources = [Path(str(module.__file__)).read_bytes() for module in CHECKER]
    return hashlib.sha256(b"\0".join([*sources, flint.__version__.encode()])).hexdigest()


def cache_folder() -> Path:
    """The user's own folder for what can be made again; RIPPLECARRY_CACHE names another.

    Absolute ones alone are taken, so that no folder that one works in can bring records of its own.
    """
    named = [Path(os.path.expanduser(os.environ.get("RIPPLECARRY_CACHE", "")))]
    named += [Path(os.environ.get(n, ""), "ripplecarry") for n in ("XDG_CACHE_HOME", "LOCALAPPDATA")]
    for folder in filter(Path.is_absolute, named):
        return folder
    return Path(os.path.expanduser("~"), ".cache", "ripplecarry")


def _read(path: Path) -> bytes:
    try:
        return read_whole(path)
    except OSError as error:
        raise CertificateError(f"cannot read {path}: {error.strerror}") from None
