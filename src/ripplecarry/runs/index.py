"""An index of a store's runs: the rows of its listing, so that ten thousand folders need not be read.

It can be deleted at any time: rows that are missing or out of date are read from the folders again.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ripplecarry.errors import StoreError
from ripplecarry.files import read_whole, write_atomically

Row = dict[str, Any]

_FORMAT = 3
# Adding or removing files changes the folder's modification time; truncating one changes its size.
_TIMED = ("", "config.json", "state.json")
_SIZED = ("curves.parquet", "weights.safetensors")


def indexed_rows(
    runs: Path, index: Path, columns: list[str], read: Callable[[str], Row]
) -> tuple[list[Row], list[str]]:
    """A row for each run folder, from the index if nothing changed.

    Args:
        runs: the folder of run folders.
        index: the index's file, rewritten if it lacked a row.
        columns: the rows' columns; an index with other columns is not used.
        read: reads the row of the run with this id.
    Returns:
        The rows, ordered by id, and a line for each damaged run.
    """
    known = _load(index, columns)
    rows: dict[str, tuple[list[int], Row]] = {}
    damaged = []
    for run_id in sorted(entry.name for entry in os.scandir(runs)) if runs.is_dir() else []:
        stamp = _stamp(runs / run_id)
        found = known.get(run_id)
        if found is not None and stamp is not None and found[0] == stamp:
            rows[run_id] = found
            continue
        try:
            row = read(run_id)
        except StoreError as error:
            damaged.append(str(error))
            continue
        if stamp is not None:
            rows[run_id] = (stamp, row)
    if rows != known:
        content = {"format": _FORMAT, "columns": columns, "rows": rows}
        with suppress(OSError):  # a read-only store can still be listed
            write_atomically(index, json.dumps(content).encode())
    return [row for _, row in rows.values()], damaged


def _load(index: Path, columns: list[str]) -> dict[str, tuple[list[int], Row]]:
    try:
        content = json.loads(read_whole(index))
        if (content["format"], content["columns"]) != (_FORMAT, columns):
            return {}
        return {run_id: (stamp, row | {"id": run_id}) for run_id, (stamp, row) in content["rows"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _stamp(folder: Path) -> list[int] | None:
    try:
        times = [os.stat(os.path.join(folder, name)).st_mtime_ns for name in _TIMED]
        return times + [os.stat(os.path.join(folder, name)).st_size for name in _SIZED]
    except OSError:
        return None
