"""Checkpoints: all that training needs to go on as if never interrupted, in one file."""

from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ripplecarry.engines.engine import Trainer
from ripplecarry.files import write_atomically
from ripplecarry.training.curves import Arrays, Curves

_STATE, _CURVE, _KEPT = "state/", "curve/", "kept/"


def save_checkpoint(
    path: Path, identity: str, trainer: Trainer, curves: Curves, kept: Arrays, train_s: float
) -> None:
    """Writes a checkpoint.

    Args:
        identity: run, engine, instruction set and numerics, which a resumed run must share.
        kept: the weights kept so far.
        train_s: seconds spent so far.
    """
    arrays = {_STATE + name: array for name, array in trainer.state().items()}
    arrays |= {_CURVE + name: array for name, array in curves.columns().items()}
    arrays |= {_KEPT + name: array for name, array in kept.items()}
    arrays["step"], arrays["train_s"] = np.array(trainer.step), np.array(train_s)
    write_atomically(path, save(arrays, metadata={"identity": identity}))


def resume(path: Path, identity: str, trainer: Trainer) -> tuple[Curves, Arrays, float]:
    """Puts the trainer where the checkpoint left it.

    Returns:
        The curves so far, the weights kept and the seconds spent; empty where there is no checkpoint, or
        one from another engine, instruction set or version, from which bits would differ.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            if (file.metadata() or {}).get("identity") != identity:
                return Curves(), {}, 0.0
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (FileNotFoundError, SafetensorError):
        return Curves(), {}, 0.0
    trainer.restore(int(arrays["step"]), _below(_STATE, arrays))
    curves = Curves.from_columns(_below(_CURVE, arrays))
    return curves, _below(_KEPT, arrays), float(arrays["train_s"])


def _below(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): array for k, array in arrays.items() if k.startswith(prefix)}
