"""`ripplecarry import`: a run of a file of weights."""

import json
import shlex
from pathlib import Path
from typing import Any

from ripplecarry.cli.command import command
from ripplecarry.cli.say import say
from ripplecarry.runs.store import DEFAULT_STORE
from ripplecarry.verbs import import_run as verb


@command(verb.import_run)
def import_run(file: Path, *, store: Path, as_json: bool, **options: Any) -> int:
    """Make a run of a file of weights: from the playground, from PyTorch, or an export.

    FILE is a safetensors file with a state dict in the layout of the report's networks. Where the
    playground saved it, the run has the settings, the seed and the readings that it names.

    Example: ripplecarry import ripplecarry-gru-300-0.safetensors
    """
    run = verb.import_run(file, store=store, say=say, **options)
    where = [] if store == DEFAULT_STORE else ["--store", str(store)]
    names = ("evaluate", "certify", "page")
    following = [shlex.join(["ripplecarry", name, run.id, *where]) for name in names]
    if as_json:
        print(json.dumps({"run": run.id, "folder": str(run.folder), "next": following}, indent=1))
    else:
        print("\n".join(following))
    return 0
