"""Damaged runs and checkpoints: found by reading every byte, and deleted."""

import shutil
from collections.abc import Callable
from pathlib import Path

from ripplecarry.errors import DamageError, StoreError
from ripplecarry.files import writing
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.training.checkpoint import check_checkpoint


def discard_damaged(store: Store) -> list[str]:
    """Reads every byte of every run and checkpoint, and deletes the damaged ones.

    Whole ones remain, as do those that cannot be read or have a newer format.

    Returns:
        The damage of each one deleted.
    Raises:
        StoreError: something cannot be deleted.
    """
    folders = [(run_id, store.run_folder(run_id), Run.check) for run_id in store.ids()]
    folders += [
        (run_id, store.root / "unfinished" / run_id, _check_checkpoint) for run_id in store.unfinished_ids()
    ]
    words = []
    for run_id, folder, check in folders:
        if _damage(folder, check) is None:
            continue
        with store.claim(run_id), writing(folder):
            damage = _damage(folder, check)  # by now another process may have replaced it
            if damage is not None:
                shutil.rmtree(folder)
                words.append(damage)
    return words


def _check_checkpoint(folder: Path) -> object:
    return check_checkpoint(folder / "checkpoint.safetensors")


def _damage(folder: Path, check: Callable[[Path], object]) -> str | None:
    """What is damaged in this folder; None if nothing is, or it cannot be determined."""
    try:
        check(folder)
    except DamageError as error:
        return str(error)
    except StoreError:
        return None
    return None
