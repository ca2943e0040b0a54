"""Writing a run's network for other programs."""

from pathlib import Path
from typing import Annotated

from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.files import write_atomically
from ripplecarry.networks.weights_file import write_weights
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.verbs.find_run import find_run
from ripplecarry.verbs.parameters import Option, RunOption, StoreOption, verb


@verb
def export(
    run: RunOption,
    *,
    onnx: Annotated[bool, Option("An ONNX model of any batch and length.")] = False,
    state_dict: Annotated[
        bool, Option("A state dict in safetensors, of `handout.pt.myAdvPTRNNModel`.")
    ] = False,
    folder: Annotated[
        Path | str | None, Option("Where to write; by default the store's `exports`.")
    ] = None,
    store: StoreOption = DEFAULT_STORE,
) -> list[Path]:
    """A run's network as files for other programs; where they were written.

    Raises:
        ConfigurationError: nothing was asked for, or the package onnx is not installed.
        StoreError: no such run, a damaged one, or a file that cannot be written.
    """
    if not (onnx or state_dict):
        raise ConfigurationError("nothing to export was asked for; say onnx=True, state_dict=True or both")
    subject = find_run(run, store)
    target = Store(store).root / "exports" if folder is None else Path(folder)
    forms = ((onnx, "onnx", _onnx), (state_dict, "safetensors", _state_dict))
    return [
        _write(target, f"{subject.id}.{suffix}", content(subject))
        for is_on, suffix, content in forms
        if is_on
    ]


def _onnx(run: Run) -> bytes:
    from ripplecarry.networks.onnx_model import onnx_model

    return onnx_model(run.trial, run.task, run.weights).SerializeToString(deterministic=True)


def _state_dict(run: Run) -> bytes:
    return write_weights(run.weights, run.trial.cell)


def _write(folder: Path, name: str, content: bytes) -> Path:
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"cannot write into {folder}: it is no folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / name, content)
    except OSError as error:
        raise StoreError(f"cannot write {folder / name}: {error.strerror}") from None
    return folder / name
