"""A run's network as a file for other programs."""

import os
from collections.abc import Mapping
from pathlib import Path

import safetensors.numpy

from ripplecarry.errors import StoreError
from ripplecarry.files import write_atomically
from ripplecarry.lab.run import Run
from ripplecarry.networks.architecture import parameter_shapes
from ripplecarry.networks.onnx_graph import onnx_graph


def export(run: Run, *, onnx: Path | None = None, state_dict: Path | None = None) -> list[Path]:
    """Writes the network as an ONNX model, as a PyTorch state dict, or both; all of them or none.

    Args:
        onnx: a new file that ends in .onnx.
        state_dict: a new file that ends in .safetensors.
    Returns:
        The paths written.
    Raises:
        ConfigurationError: the package onnx is wanted and not installed.
        StoreError: a file that is there already, ends otherwise or cannot be written, or a damaged run.
    """
    for path, ending in ((onnx, ".onnx"), (state_dict, ".safetensors")):
        if path is not None:
            _check(path, ending)
    contents = {}
    if onnx is not None:
        model = onnx_graph(run.trial, run.task, run.weights, _about(run))
        contents[onnx] = model.SerializeToString()
    if state_dict is not None:
        # In the order of the module's parameters, which the file format does not promise to keep.
        weights = {name: run.weights[name] for name in parameter_shapes(run.trial, run.task)}
        contents[state_dict] = safetensors.numpy.save(weights, {"format": "pt", **_about(run)})
    for path, content in contents.items():
        try:
            write_atomically(path, content)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from None
    return list(contents)


def _check(path: Path, ending: str) -> None:
    if path.suffix != ending:
        raise StoreError(f"cannot write {path}: its name must end in {ending}")
    if path.exists() or path.is_symlink():
        raise StoreError(f"{path} is there already; move it away or give another name")
    if not path.parent.is_dir():
        raise StoreError(f"cannot write {path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise StoreError(f"cannot write {path}: no permission to write in {path.parent}")


def _about(run: Run) -> Mapping[str, str]:
    """What a reader of the file would ask first."""
    trial = run.trial
    facts = {"run": run.id, "task": run.task.name, "base": run.task.base, "digits": trial.digits}
    facts |= {"cell": trial.cell, "layers": trial.layers, "digit_order": "least significant first"}
    return {name: str(value) for name, value in facts.items()}
