"""Writing a run's folder."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import safetensors.numpy

from ripplecarry.files import sync_folder, write_together, writing
from ripplecarry.networks.initial_values import Weights
from ripplecarry.networks.weights_file import write_weights
from ripplecarry.runs.parquet import write_columns, write_table
from ripplecarry.runs.readings import HARD
from ripplecarry.runs.run_files import CELL, FORMAT, SNAPSHOTS, checksum, state_checksum, to_json
from ripplecarry.runs.trial import RunRequest
from ripplecarry.training.curves import Arrays
from ripplecarry.training.loop import Outcome

if TYPE_CHECKING:
    import pandas as pd

_IN_FILES = {"cell_code"}
"""Settings that have files of their own."""


def write_run(
    folder: Path,
    request: RunRequest,
    *,
    outcome: Outcome,
    columns: Arrays,
    weights: Weights,
    environment: Mapping[str, object],
    about: Mapping[str, object],
    snapshots: Arrays | None = None,
    exactness: "pd.DataFrame | None" = None,
) -> None:
    """Writes all files of a run into a folder, which the caller then moves into place.

    Args:
        about: times; and what else the curves do not tell, as they have no row for every step.
        snapshots: snapshots by STEP/NAME; if there are none, no file is written.
    """
    config = {
        "format": FORMAT,
        "id": request.id,
        "seed": request.seed,
        "engine": request.engine,
        "trial": request.trial.model_dump(mode="json", exclude=_IN_FILES),
    }
    contents = {
        "config.json": to_json(config),
        "curves.parquet": write_columns(columns),
        "weights.safetensors": write_weights(weights, request.trial.cell),
        "environment.json": to_json(environment),
    }
    if request.trial.cell_code is not None:
        contents[CELL] = request.trial.cell_code.encode()
    if snapshots:
        contents[SNAPSHOTS] = safetensors.numpy.save(snapshots)
    if exactness is not None:
        contents["exactness.parquet"] = write_table(exactness)
    read = {name: values[~np.isnan(values)] for name, values in columns.items() if name != "step"}
    state: dict[str, object] = {
        "outcome": outcome,
        "steps_done": len(columns["step"]),
        "last": {name: float(values[-1]) for name, values in read.items() if len(values)},
        "exact_from_step": _exact_from(columns),
        **about,
        "files": {name: checksum(content) for name, content in contents.items()},
        "sizes": {name: len(content) for name, content in contents.items()},
    }
    state["checksum"] = state_checksum(state)
    write_together(folder, contents | {"state.json": to_json(state)})


def _exact_from(columns: Arrays) -> int | None:
    if HARD not in columns:
        return None
    is_read = ~np.isnan(columns[HARD])
    steps, exact = columns["step"][is_read], columns[HARD][is_read]
    wrong = np.flatnonzero(exact < 1)
    after = steps[wrong[-1] + 1 :] if len(wrong) else steps
    return int(after[0]) if len(after) else None


def move_into_place(source: Path, target: Path) -> None:
    """Renames a complete folder to its final path, atomically.

    Raises:
        StoreError: the target already exists, or cannot be written.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(source, target)
        sync_folder(target.parent)
