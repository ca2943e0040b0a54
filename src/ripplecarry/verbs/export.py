"""Writing a run's network for other programs."""

from pathlib import Path
from typing import Annotated

from ripplecarry.errors import ConfigurationError
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
    from ripplecarry.runs.exports import write_onnx, write_state_dict

    if not (onnx or state_dict):
        raise ConfigurationError("nothing to export was asked for; say onnx=True, state_dict=True or both")
    subject = find_run(run, store)
    target = Store(store).root / "exports" if folder is None else Path(folder)
    wanted = ((write_onnx, onnx), (write_state_dict, state_dict))
    return [write(subject, target) for write, is_on in wanted if is_on]
