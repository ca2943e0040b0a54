"""Checkpoints: everything training needs to resume as if never interrupted, in one file."""

import hashlib
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

from ripplecarry.engines.engine import Trainer
from ripplecarry.errors import DamageError, StoreError
from ripplecarry.files import read_whole, write_atomically
from ripplecarry.training.curves import Arrays, Curves

_STATE, _CURVE, _SNAPSHOT = "state/", "curve/", "kept/"
# The checksum's placeholder while it is computed, so that it covers every other byte of the file.
_NO_CHECKSUM = "0" * 64
_REMEDY = "; `ripplecarry runs --discard-damaged` deletes it, and the run starts over"


def save_checkpoint(
    path: Path, identity: str, trainer: Trainer, curves: Curves, snapshots: Arrays, train_s: float
) -> None:
    """Writes a checkpoint.

    Args:
        identity: run, engine, instruction set, build and numerics version; a resumed run has the same.
        snapshots: those taken so far.
        train_s: seconds spent so far.
    Raises:
        StoreError: it cannot be written; the previous checkpoint remains.
    """
    arrays = {_STATE + name: array for name, array in trainer.state().items()}
    arrays |= {_CURVE + name: array for name, array in curves.columns().items()}
    arrays |= {_SNAPSHOT + name: array for name, array in snapshots.items()}
    arrays["step"], arrays["train_s"] = np.array(trainer.step), np.array(train_s)
    content = save(arrays, metadata={"identity": identity, "sha256": _NO_CHECKSUM})
    checksum = hashlib.sha256(content).hexdigest()
    write_atomically(path, content.replace(_NO_CHECKSUM.encode(), checksum.encode(), 1))


def resume(path: Path, identity: str, trainer: Trainer) -> tuple[Curves, Arrays, float]:
    """Restores the trainer from the checkpoint.

    Returns:
        The curves, snapshots and seconds so far; all empty if there is no checkpoint, or only one from
        another engine, instruction set, build or version, after which bits would differ.
    Raises:
        DamageError: the checkpoint differs from what was written.
        StoreError: it cannot be read.
    """
    content = check_checkpoint(path)
    if content is None or _metadata(path).get("identity") != identity:
        return Curves(), {}, 0.0
    try:
        arrays = load(content)
        trainer.restore(int(arrays["step"]), _below(_STATE, arrays))
        curves = Curves.from_columns(_below(_CURVE, arrays))
        return curves, _below(_SNAPSHOT, arrays), float(arrays["train_s"])
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise DamageError(f"{path} is not a checkpoint of this run: {error}{_REMEDY}") from None


def check_checkpoint(path: Path) -> bytes | None:
    """The content of a checkpoint with a correct checksum; None if there is no checkpoint.

    Raises:
        DamageError: it differs from what was written.
        StoreError: it cannot be read.
    """
    try:
        content = read_whole(path)
        checksum = _metadata(path).get("sha256", "")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
    except SafetensorError as error:
        raise DamageError(f"{path} is damaged: {error}{_REMEDY}") from None
    zeroed = content.replace(checksum.encode(), _NO_CHECKSUM.encode(), 1) if checksum else b""
    if hashlib.sha256(zeroed).hexdigest() != checksum:
        raise DamageError(f"{path} is damaged: its checksum does not match{_REMEDY}")
    return content


def _metadata(path: Path) -> dict[str, str]:
    with safe_open(path, framework="numpy") as file:
        return file.metadata() or {}


def _below(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): array for k, array in arrays.items() if k.startswith(prefix)}
