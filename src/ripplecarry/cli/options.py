"""Options that several commands share."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ripplecarry.engines.registry import EngineName, open_engine
from ripplecarry.sweeps.executors import ExecutorName as ExecutorName

StoreOption = Annotated[Path, Parameter(env_var="RIPPLECARRY_STORE", help="Folder of all runs.")]
EngineOption = Annotated[
    EngineName,
    Parameter(
        help="What computes; auto is the fastest on a processor. gpu trains many runs at once on an "
        "NVIDIA GPU; gpu_tf32x3 and gpu_tf32 multiply less exactly there."
    ),
]
EventsOption = Annotated[
    Path | None, Parameter(name="--tensorboard", help="Folder for curves as TensorBoard event files.")
]
JsonOption = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


def engine_name(engine: EngineName) -> str:
    """The engine that is meant, with a word where the fast one is missing."""
    name = open_engine(engine).name
    if engine == "auto" and name == "torch":
        print(
            "ripplecarry: the native engine is not built, so PyTorch does the work, several times slower; "
            "`pip install -v .` in the project's folder says why",
            file=sys.stderr,
        )
    return name
