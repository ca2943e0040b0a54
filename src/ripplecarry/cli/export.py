"""`ripplecarry export`: a run's network for other programs."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ripplecarry.cli.options import JsonOption, StoreOption


def export(
    run: Annotated[str, Parameter(help="A run's id, its beginning, or folder.")],
    /,
    *,
    onnx: Annotated[bool, Parameter(negative="", help="An ONNX model of any batch and length.")] = False,
    state_dict: Annotated[
        bool, Parameter(negative="", help="A state dict in safetensors, of `handout.pt.myAdvPTRNNModel`.")
    ] = False,
    folder: Annotated[
        Path | None, Parameter(help="Where to write; the store's `exports` unless given.")
    ] = None,
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """Write a run's network as an ONNX model, as a PyTorch state dict, or both.

    The ONNX model takes `operands` (int64: batch, position, operand; least significant digit first,
    zero-padded) and gives `logits` and `digits`; it needs the package onnx, which `pip install
    'ripplecarry[export]'` brings. A certificate of the run does not cover what other programs compute.

    Example: ripplecarry export 44136fa355-native-0 --onnx
    """
    from ripplecarry.errors import ConfigurationError
    from ripplecarry.runs.exports import write_onnx, write_state_dict
    from ripplecarry.runs.store import Store

    if not (onnx or state_dict):
        raise ConfigurationError("nothing to export was asked for; say --onnx, --state-dict or both")
    kept = Store(store)
    subject = kept.find(run).verify()
    target = folder or kept.root / "exports"
    wanted = [write for write, is_on in ((write_onnx, onnx), (write_state_dict, state_dict)) if is_on]
    paths = [str(write(subject, target)) for write in wanted]
    if as_json:
        print(json.dumps({"run": subject.id, "files": paths}, indent=1))
    else:
        print("\n".join(paths))
    return 0
