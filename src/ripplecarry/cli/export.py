"""`ripplecarry export`: a run's network for other programs."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ripplecarry.cli.options import JsonOption, StoreOption
from ripplecarry.errors import ConfigurationError


def export(
    run: Annotated[str, Parameter(help="A run's id, its beginning, or folder.")],
    *,
    onnx: Annotated[Path | None, Parameter(help="New file for an ONNX model, FILE.onnx.")] = None,
    state_dict: Annotated[
        Path | None, Parameter(help="New file for a PyTorch state dict, FILE.safetensors.")
    ] = None,
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """Write a run's network for other programs: as an ONNX model, as a PyTorch state dict, or both.

    The ONNX model takes any batch and any number of positions: `digits`, int64 (batch, position, operand),
    least significant first; it gives `logits` (batch, position, output) and `answers` (batch, position). It
    needs the package onnx. The state dict is in the layout of the report's networks (`embed_layer`, `rnn`,
    `dense`); `ripplecarry evaluate FILE.safetensors` reads it back.

    A file that is there already is left alone, with exit status 2.

    Example: ripplecarry export 44136fa355-native-0 --onnx adder.onnx --state-dict adder.safetensors
    """
    from ripplecarry.console import output
    from ripplecarry.lab.exporting import export as export_run
    from ripplecarry.lab.store import Store

    if onnx is None and state_dict is None:
        raise ConfigurationError("nothing to write; give --onnx FILE.onnx, --state-dict FILE.safetensors")
    subject = Store(store).find(run).verify()
    written = export_run(subject, onnx=onnx, state_dict=state_dict)
    sizes = {str(path): path.stat().st_size for path in written}
    if as_json:
        print(json.dumps({"run": subject.id, "files": sizes}, indent=1))
    else:
        for path, num_bytes in sizes.items():
            output.print(f"{path}: {num_bytes:,} bytes", markup=False)
    return 0
