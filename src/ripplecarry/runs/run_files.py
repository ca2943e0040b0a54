"""The files of a run's folder: their names and format, and the checks made while they are read."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from ripplecarry.errors import DamageError, StoreError
from ripplecarry.files import read_whole
from ripplecarry.training.loop import Outcome

FORMAT = 1
SNAPSHOTS = "checkpoints.safetensors"
CELL = "cell.py"
"""The code of a cell from a file."""
IMPORTED = "imported"
"""The engine's name in a run whose weights were trained elsewhere."""
PAGE = "page"
"""The engine's name in a run that the playground trained."""
REMEDY = "; `ripplecarry runs --discard-damaged` deletes it, so that it can be run again"
_FILES = (
    "config.json",
    "curves.parquet",
    "exactness.parquet",
    "weights.safetensors",
    SNAPSHOTS,
    CELL,
    "environment.json",
)
_METRIC = re.compile(r"[a-z0-9_]{1,64}")
_SHARE = re.compile(r"(exact_match|digit_accuracy)(_.*)?")
_ID = re.compile(r"[0-9a-f]{10}-[a-z0-9_]{1,40}-[0-9]{1,20}")
_LARGEST = 2**53
"""Integers up to this one are exact in float64, which tables hold."""
_STATE_TYPES = {
    "outcome": str,
    "steps_done": int,
    "last": dict,
    "train_s": (int, float),
    "finished_at": str,
    "files": dict,
}


def is_run_id(text: object) -> bool:
    """Whether this can be a run's id, and therefore part of a path."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def read_json(path: Path) -> dict[str, Any]:
    return parse_object(path, _read(path))


def parse_object(path: Path, content: bytes) -> dict[str, Any]:
    try:
        read = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamageError(f"{path} is damaged: {error}{REMEDY}") from None
    if not isinstance(read, dict):
        raise DamageError(f"{path} is damaged: it is not a JSON object{REMEDY}")
    return read


def check_state(state: Mapping[str, Any]) -> None:
    for name, kind in _STATE_TYPES.items():
        if not isinstance(state[name], kind) or isinstance(state[name], bool):
            raise ValueError(f"{name} is {state[name]!r}")
    for name in state["files"]:
        if name not in _FILES:  # so none escapes from the folder
            raise ValueError(f"{name!r} is not a file of a run")
    if state["outcome"] not in get_args(Outcome):
        raise ValueError(f"outcome is {state['outcome']!r:.40}")
    if not state["finished_at"].isascii():
        raise ValueError(f"finished_at is {state['finished_at']!r:.40}")
    datetime.fromisoformat(state["finished_at"])
    _check_metrics(state["last"])
    for name, value in [("train_s", state["train_s"]), *state["last"].items()]:
        if not isinstance(value, float) and not (isinstance(value, int) and abs(value) <= _LARGEST):
            raise ValueError(f"{name} is not a number in range")
    if not 0 <= state["steps_done"] <= _LARGEST:
        raise ValueError("steps_done is out of range")
    for name in ("exact_from_step", "metrics_read_after_step"):
        step = state.get(name)
        if step is not None and not (isinstance(step, int) and 0 <= step < state["steps_done"]):
            raise ValueError(f"{name} is not a step of the run")


def _check_metrics(last: Mapping[str, Any]) -> None:
    for name, value in last.items():
        if not _METRIC.fullmatch(name):
            raise ValueError(f"{name!r:.80} is not a metric")
        if _SHARE.fullmatch(name) and not 0 <= value <= 1:
            raise ValueError(f"{name} is not a share")


def check_size(path: Path, num_bytes: object) -> None:
    """Refuses a file that is missing or has another size than noted; earlier versions noted none."""
    try:
        status = os.stat(path)
    except OSError:
        status = None
    if status is None or not stat.S_ISREG(status.st_mode):
        raise DamageError(f"{path} is missing{REMEDY}")
    if num_bytes is not None and status.st_size != num_bytes:
        raise DamageError(
            f"{path} is damaged: it has {status.st_size} bytes instead of {num_bytes}{REMEDY}"
        )


def read_checked(folder: Path, name: str, state: Mapping[str, Any]) -> bytes:
    content = _read(folder / name)
    if state["files"].get(name) != checksum(content):
        raise DamageError(f"{folder / name} is damaged: its checksum does not match{REMEDY}")
    return content


def _read(path: Path) -> bytes:
    try:
        return read_whole(path)
    except FileNotFoundError:
        raise DamageError(f"{path} is missing{REMEDY}") from None
    except OSError as error:  # a file that cannot be read now may still be whole
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None


def checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def state_checksum(state: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in state.items() if name != "checksum"}
    return checksum(json.dumps(rest, sort_keys=True).encode())


def to_json(content: object) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()
