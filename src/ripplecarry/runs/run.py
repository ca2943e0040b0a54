"""A run's folder: the files of a finished run, readable without this package.

config.json           trial, seed, engine, format version
curves.parquet        one row per step: loss and, where read, the other metrics
exactness.parquet     if measured: counts by length and longest run
weights.safetensors   the trained parameters by name
checkpoints.safetensors  snapshots: earlier parameters by STEP/NAME, float16; not in every run
environment.json      versions, processor
state.json            outcome, last metrics, time, and a checksum of every file; written last

Pandas is imported only when curves are read; weights do not need it. Whatever a folder contains, reading
it gives a run or a one-line error.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import safetensors.numpy

from ripplecarry.arithmetic.philox import MAX_SEED
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.errors import ConfigurationError, DamageError, StoreError
from ripplecarry.files import read_whole, sync_folder, write_together, writing
from ripplecarry.networks.architecture import parameter_shapes
from ripplecarry.networks.initial_values import Weights
from ripplecarry.networks.weights_file import read_weights, shown_shape, write_weights
from ripplecarry.runs.parquet import read_table, write_columns, write_table
from ripplecarry.runs.readings import HARD
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.training.curves import Arrays
from ripplecarry.training.loop import READ_EVERY, Outcome

if TYPE_CHECKING:
    import pandas as pd

    from ripplecarry.networks.adder import Adder

FORMAT = 1
SNAPSHOTS = "checkpoints.safetensors"
IMPORTED = "imported"
"""The engine's name in a run whose weights were trained elsewhere."""
REMEDY = "; `ripplecarry runs --discard-damaged` deletes it, so that it can be run again"
_FILES = (
    "config.json",
    "curves.parquet",
    "exactness.parquet",
    "weights.safetensors",
    SNAPSHOTS,
    "environment.json",
)
_METRIC = re.compile(r"[a-z0-9_]{1,64}")
_SHARE = re.compile(r"(exact_match|digit_accuracy)(_.*)?")
_STEP = re.compile(r"[0-9]{1,16}")
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


@dataclass(frozen=True)
class Run:
    """A finished run; its files are read when first needed."""

    folder: Path
    config: Mapping[str, Any]
    state: Mapping[str, Any]
    trial: Trial

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """The run in this folder.

        Raises:
            DamageError: the run's description is missing or differs from what was written.
            StoreError: it is not a run's folder, has a newer format, or cannot be read.
        """
        names = ("config.json", "state.json")
        if not any((folder / name).is_file() for name in names):
            kind = DamageError if is_run_id(folder.name) else StoreError
            raise kind(f"{folder} is not a run's folder: it has no {' and no '.join(names)}{REMEDY}")
        state = _read_json(folder / "state.json")
        try:
            if state.get("checksum") != _own_checksum(state):
                raise DamageError(f"{folder}/state.json is damaged: its checksum does not match{REMEDY}")
            _check_types(state)
            config = json.loads(_checked(folder, "config.json", state))
            if config["format"] != FORMAT:
                raise StoreError(
                    f"{folder} has format {config['format']}; this version reads format {FORMAT}"
                )
            if not is_run_id(config["id"]):
                raise ValueError(f"{config['id']!r} is not a run id")
            if type(config["seed"]) is not int or not 0 <= config["seed"] <= MAX_SEED:
                raise ValueError(f"{config['seed']!r} is not a seed")
            if config["engine"] != config["id"].split("-")[1]:
                raise ValueError(f"{config['engine']!r} is not the engine of {config['id']}")
            if config["engine"] != IMPORTED and not (state["steps_done"] and state["train_s"] > 0):
                raise ValueError("step count or training time is zero")
            for name in state["files"]:
                _check_size(folder / name, state.get("sizes", {}).get(name))
            trial = Trial.build(config["trial"])
            if config["id"] != f"{trial.id}-{config['engine']}-{config['seed']}":
                raise ValueError(f"{config['id']} is not the id of its trial")
            return cls(folder, config, state, trial)
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
            ConfigurationError,
        ) as error:
            raise DamageError(f"{folder} is damaged: {type(error).__name__}: {error}{REMEDY}") from None

    @classmethod
    def check(cls, folder: Path) -> "Run":
        """The run in this folder, after opening, verifying and decoding all its files."""
        run = cls.open(folder).verify()
        _ = run.snapshots, run.curves, run.environment
        if "exactness.parquet" in run.state["files"]:
            _ = run.exactness
        return run

    def verify(self) -> "Run":
        """This run, after reading every file and verifying its checksum.

        Raises:
            DamageError: a file is missing or damaged.
        """
        for name in self.state["files"]:
            _checked(self.folder, name, self.state)
        return self

    @property
    def id(self) -> str:
        return self.config["id"]

    @property
    def seed(self) -> int:
        return self.config["seed"]

    @property
    def engine(self) -> str:
        return self.config["engine"]

    @property
    def outcome(self) -> Outcome:
        return self.state["outcome"]

    @property
    def metrics_read_after_step(self) -> int | None:
        """The step of the last readings; only the loss belongs to the last step. None without any step."""
        done = self.state["steps_done"]
        return (done - 1) // READ_EVERY * READ_EVERY if done else None

    @property
    def certificate_path(self) -> Path:
        """The path of this run's certificate in its store, whether or not it exists."""
        return self.folder.parent.parent / "certificates" / f"{self.id}.json"

    @property
    def task(self) -> Task:
        return self.trial.build_task()

    @cached_property
    def curves(self) -> "pd.DataFrame":
        """One row per step, with `step`, `loss` and, where read, the other metrics."""
        return self._table("curves.parquet", ("step", "loss"))

    @property
    def exact_from_step(self) -> int | None:
        """The step from which every reading of the hard cases is right in every digit; None if the last
        one is not, or none were read."""
        return self.state.get("exact_from_step")

    @property
    def exact_from_s(self) -> float | None:
        """The wall time of training up to that step, in seconds."""
        step = self.exact_from_step
        return None if step is None else (step + 1) / self.state["steps_done"] * self.state["train_s"]

    @cached_property
    def exactness(self) -> "pd.DataFrame":
        """One row per length and longest run tested after training.

        Raises:
            ConfigurationError: it was not measured.
        """
        if "exactness.parquet" not in self.state["files"]:
            raise ConfigurationError(f"run {self.id} did not measure exactness; train with exactness_to")
        return self._table("exactness.parquet", ("exact_match", "low", "high"))

    @cached_property
    def weights(self) -> Weights:
        """The trained parameters, with the shapes that the trial implies; engines trust these shapes."""
        path = self.folder / "weights.safetensors"
        try:
            weights = read_weights(_checked(self.folder, path.name, self.state))
        except ValueError as error:
            raise DamageError(f"{path} holds no weights: {error}{REMEDY}") from None
        self._check_parameters(path, weights, "float32")
        return weights

    @cached_property
    def snapshots(self) -> dict[int, Weights]:
        """Snapshots by the number of updates after which they were saved, the trained weights last.

        All but the last are rounded to float16. Runs with a study's later seeds, and runs from versions
        without snapshots, have only the last.
        """
        found = self._earlier_snapshots() if SNAPSHOTS in self.state["files"] else {}
        last = self.state["steps_done"] - (self.outcome == "diverged")  # no update follows its last loss
        found.pop(last, None)
        return found | {last: self.weights}

    def _earlier_snapshots(self) -> dict[int, Weights]:
        path = self.folder / SNAPSHOTS
        snapshots: dict[int, Weights] = {}
        try:
            for key, array in read_weights(_checked(self.folder, SNAPSHOTS, self.state)).items():
                step, _, name = key.partition("/")
                if not _STEP.fullmatch(step):
                    raise ValueError(f"{key!r:.80} names no step")
                snapshots.setdefault(int(step), {})[name] = array
        except ValueError as error:
            raise DamageError(f"{path} holds no weights: {error}{REMEDY}") from None
        for weights in snapshots.values():
            self._check_parameters(path, weights, "float16")
        return {
            step: {name: array.astype(np.float32) for name, array in snapshots[step].items()}
            for step in sorted(snapshots)
        }

    def _check_parameters(self, path: Path, weights: Weights, dtype: str) -> None:
        wanted = parameter_shapes(self.trial, self.task)
        for name in sorted(wanted.keys() | weights.keys()):
            there = weights[name].shape if name in weights else None
            if there != wanted.get(name) or weights[name].dtype != dtype:
                raise DamageError(
                    f"{path}: {name} is {shown_shape(there)} and should be {dtype} of "
                    f"{shown_shape(wanted.get(name))}{REMEDY}"
                )

    @cached_property
    def environment(self) -> Mapping[str, Any]:
        """The versions and processor that produced the run."""
        content = _checked(self.folder, "environment.json", self.state)
        return _json_object(self.folder / "environment.json", content)

    @cached_property
    def network(self) -> "Adder":
        """The trained network as a PyTorch module."""
        from ripplecarry.networks.adder import Adder

        return Adder.build(self.trial, self.task, self.weights)

    def _table(self, name: str, columns: tuple[str, ...]) -> "pd.DataFrame":
        try:
            frame = read_table(_checked(self.folder, name, self.state))
        except ValueError as error:
            raise DamageError(f"{self.folder / name} is not a table: {error}{REMEDY}") from None
        lacking = [column for column in columns if column not in frame]
        if lacking:
            raise DamageError(f"{self.folder / name} lacks the columns {', '.join(lacking)}{REMEDY}")
        return frame


def write_run(
    folder: Path,
    request: RunRequest,
    *,
    outcome: Outcome,
    columns: Arrays,
    weights: Weights,
    environment: Mapping[str, object],
    times: Mapping[str, object],
    snapshots: Arrays | None = None,
    exactness: "pd.DataFrame | None" = None,
) -> None:
    """Writes all files of a run into a folder, which the caller then moves into place.

    Args:
        snapshots: snapshots by STEP/NAME; if there are none, no file is written.
    """
    config = {
        "format": FORMAT,
        "id": request.id,
        "seed": request.seed,
        "engine": request.engine,
        "trial": request.trial.model_dump(mode="json"),
    }
    contents = {
        "config.json": _json(config),
        "curves.parquet": write_columns(columns),
        "weights.safetensors": write_weights(weights, request.trial.cell),
        "environment.json": _json(environment),
    }
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
        **times,
        "files": {name: _checksum(content) for name, content in contents.items()},
        "sizes": {name: len(content) for name, content in contents.items()},
    }
    state["checksum"] = _own_checksum(state)
    write_together(folder, contents | {"state.json": _json(state)})


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


def _read_json(path: Path) -> dict[str, Any]:
    return _json_object(path, _read(path))


def _json_object(path: Path, content: bytes) -> dict[str, Any]:
    try:
        read = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamageError(f"{path} is damaged: {error}{REMEDY}") from None
    if not isinstance(read, dict):
        raise DamageError(f"{path} is damaged: it is not a JSON object{REMEDY}")
    return read


def _check_types(state: Mapping[str, Any]) -> None:
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
    for name, value in state["last"].items():
        if not _METRIC.fullmatch(name):
            raise ValueError(f"{name!r:.80} is not a metric")
        if _SHARE.fullmatch(name) and not 0 <= value <= 1:
            raise ValueError(f"{name} is not a share")
    for name, value in [("train_s", state["train_s"]), *state["last"].items()]:
        if not isinstance(value, float) and not (isinstance(value, int) and abs(value) <= _LARGEST):
            raise ValueError(f"{name} is not a number in range")
    if not 0 <= state["steps_done"] <= _LARGEST:
        raise ValueError("steps_done is out of range")
    step = state.get("exact_from_step")
    if step is not None and not (isinstance(step, int) and 0 <= step < state["steps_done"]):
        raise ValueError("exact_from_step is not a step of the run")


def _check_size(path: Path, num_bytes: object) -> None:
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


def _checked(folder: Path, name: str, state: Mapping[str, Any]) -> bytes:
    content = _read(folder / name)
    if state["files"].get(name) != _checksum(content):
        raise DamageError(f"{folder / name} is damaged: its checksum does not match{REMEDY}")
    return content


def _read(path: Path) -> bytes:
    try:
        return read_whole(path)
    except FileNotFoundError:
        raise DamageError(f"{path} is missing{REMEDY}") from None
    except OSError as error:  # a file that cannot be read now may still be whole
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _own_checksum(state: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in state.items() if name != "checksum"}
    return _checksum(json.dumps(rest, sort_keys=True).encode())


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()
