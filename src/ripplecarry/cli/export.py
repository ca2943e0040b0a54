"""`ripplecarry export`: a run's network for other programs."""

import json
from pathlib import Path
from typing import Any

from ripplecarry.cli.command import command
from ripplecarry.verbs import export as verb


@command(verb.export)
def export(run: str, *, store: Path, as_json: bool, **options: Any) -> int:
    """Write a run's network as an ONNX model, as a PyTorch state dict, or both.

    The ONNX model takes `operands` (int64: batch, position, operand; least significant digit first,
    zero-padded) and gives `logits` and `digits`; it needs the package onnx, which `pip install
    'ripplecarry[export]'` brings. A certificate of the run does not cover what other programs compute.

    Example: ripplecarry export 44136fa355-native-0 --onnx
    """
    from ripplecarry.verbs.find_run import find_run

    paths = [str(path) for path in verb.export(run, store=store, **options)]
    if as_json:
        print(json.dumps({"run": find_run(run, store).id, "files": paths}, indent=1))
    else:
        print("\n".join(paths))
    return 0
