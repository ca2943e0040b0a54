"""Curves as TensorBoard's event files."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.runs.run import Run


def write_events(runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes every metric of each run by step, into one folder per run, named after the run.

    Returns:
        The runs' folders, each complete or absent.
    Raises:
        ConfigurationError: the package tensorboard is not installed.
        StoreError: a run's folder exists already, or cannot be written.
    """
    try:
        import tensorboard  # noqa: F401 - torch's own error for its absence is less clear
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ConfigurationError(
            "event files need the package tensorboard, which is not installed; "
            "`pip install 'ripplecarry[tensorboard]'` brings it"
        ) from None
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise StoreError(f"cannot write to {folder}: TensorBoard takes names in UTF-8 alone") from None
    targets = [folder / run.id for run in runs]
    for target in targets:
        if target.exists():  # a second file beside the first would duplicate every curve
            raise StoreError(f"{target} exists already; move it away or give another folder")
    for run, target in zip(runs, targets, strict=True):
        staged = folder / f".{run.id}.{os.getpid()}.new"
        try:
            with SummaryWriter(str(staged)) as writer:
                for metric in run.curves.columns.drop("step"):
                    read = run.curves[["step", metric]].dropna()
                    for step, value in zip(read.step.tolist(), read[metric].tolist(), strict=True):
                        writer.add_scalar(metric, value, step)
            os.rename(staged, target)
        except OSError as error:
            raise StoreError(f"cannot write to {folder}: {error.strerror}") from None
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return targets
