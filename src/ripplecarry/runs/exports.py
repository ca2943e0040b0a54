"""A run's network in the forms that other programs read."""

from pathlib import Path

import safetensors.numpy

from ripplecarry.errors import StoreError
from ripplecarry.files import write_atomically
from ripplecarry.runs.run import Run


def write_onnx(run: Run, folder: Path) -> Path:
    """Writes the run's network as an ONNX model, and returns where.

    Raises:
        ConfigurationError: the package onnx is not installed.
        StoreError: the folder cannot be written.
    """
    from ripplecarry.networks.onnx_model import onnx_model

    model = onnx_model(run.trial, run.task, run.weights)
    return _written(folder, f"{run.id}.onnx", model.SerializeToString(deterministic=True))


def write_state_dict(run: Run, folder: Path) -> Path:
    """Writes the run's weights as a state dict in safetensors, and returns where.

    Raises:
        StoreError: the folder cannot be written.
    """
    return _written(folder, f"{run.id}.safetensors", safetensors.numpy.save(run.weights))


def _written(folder: Path, name: str, content: bytes) -> Path:
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"cannot write into {folder}: it is no folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / name, content)
    except OSError as error:
        raise StoreError(f"cannot write {folder / name}: {error.strerror}") from None
    return folder / name
