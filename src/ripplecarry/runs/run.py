"""A run's folder: the files of a finished run, readable without this package.

config.json           trial, seed, engine, format version
curves.parquet        one row per step: loss and, where read, the other metrics
cell.py               the code of a cell from a file
exactness.parquet     if measured: counts by length and longest run
weights.safetensors   the trained parameters by name
checkpoints.safetensors  snapshots: earlier parameters by STEP/NAME, float16; not in every run
environment.json      versions, processor
state.json            outcome, last metrics, time, and a checksum of every file; written last

Pandas is imported only when curves are read; weights do not need it. Whatever a folder contains, reading
it gives a run or a one-line error.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ripplecarry.arithmetic.philox import MAX_SEED
from ripplecarry.arithmetic.tasks import Task
from ripplecarry.errors import ConfigurationError, DamageError, StoreError
from ripplecarry.networks.architecture import num_parameters, parameter_shapes
from ripplecarry.networks.initial_values import Weights
from ripplecarry.networks.weights_file import read_weights, shown_shape
from ripplecarry.notebook import Shown, curves_picture
from ripplecarry.runs.parquet import read_table
from ripplecarry.runs.run_files import (
    CELL,
    FORMAT,
    IMPORTED,
    PAGE,
    REMEDY,
    SNAPSHOTS,
    check_size,
    check_state,
    is_run_id,
    parse_object,
    read_checked,
    read_json,
    state_checksum,
)
from ripplecarry.runs.trial import Trial
from ripplecarry.training.loop import READ_EVERY, Outcome

if TYPE_CHECKING:
    import pandas as pd

    from ripplecarry.networks.adder import Adder

_STEP = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True, repr=False)
class Run(Shown):
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
        if not folder.is_dir():
            raise StoreError(f"there is no run's folder {folder}")
        names = ("config.json", "state.json")
        if not any((folder / name).is_file() for name in names):
            kind = DamageError if is_run_id(folder.name) else StoreError
            raise kind(f"{folder} is not a run's folder: it has no {' and no '.join(names)}{REMEDY}")
        state = read_json(folder / "state.json")
        try:
            if state.get("checksum") != state_checksum(state):
                raise DamageError(f"{folder}/state.json is damaged: its checksum does not match{REMEDY}")
            check_state(state)
            config = json.loads(read_checked(folder, "config.json", state))
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
            has_time = config["engine"] == PAGE or state["train_s"] > 0
            if config["engine"] != IMPORTED and not (state["steps_done"] and has_time):
                raise ValueError("step count or training time is zero")
            for name in state["files"]:
                check_size(folder / name, state.get("sizes", {}).get(name))
            trial = Trial.build(config["trial"] | _in_files(folder, state))
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
            read_checked(self.folder, name, self.state)
        return self

    def _line(self) -> str:
        trial, last = self.trial, self.state["last"]
        size = f"{trial.layers} layer{'s' if trial.layers > 1 else ''} of {trial.hidden_size}"
        size += f", {trial.digits} {self.task.digit_word}s"
        words = f"{self.id}, {trial.cell.upper()}, {size}, {self.outcome}"
        if "exact_match" in last:
            words += f"; exact match {last['exact_match']:.4g}"
        if "exact_match" in last and self.metrics_read_after_step is not None:  # steps count from 0
            words += f" after {self.metrics_read_after_step + 1} of {self.state['steps_done']} steps"
        return words

    def _picture(self) -> str:
        curves = {
            name.replace("_", " "): (read.step.tolist(), read[name].tolist())
            for name in ("loss", "exact_match")
            if name in self.curves
            for read in [self.curves[["step", name]].dropna()]
        }
        return curves_picture(curves)

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
        if "metrics_read_after_step" in self.state:
            return self.state["metrics_read_after_step"]
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
        """One row per step, or per reading of the playground's, with `step`, `loss` and, where read, the
        other metrics."""
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
            weights = read_weights(read_checked(self.folder, path.name, self.state))
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
            for key, array in read_weights(read_checked(self.folder, SNAPSHOTS, self.state)).items():
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

    @property
    def num_parameters(self) -> int:
        """The number of trained values; of a cell from a file as stored, since its code is not run."""
        if self.trial.cell_code is None:
            return num_parameters(self.trial, self.task)
        return sum(array.size for array in self.weights.values())

    def _check_parameters(self, path: Path, weights: Weights, dtype: str) -> None:
        trial, is_of_file = self.trial, self.trial.cell_code is not None
        if is_of_file:  # only its code knows its layers' shapes, and is not run for this
            trial = trial.model_copy(update={"cell": "rnn", "cell_code": None})
        wanted = parameter_shapes(trial, self.task)
        for name in sorted(wanted.keys() | weights.keys()):
            if is_of_file and name.startswith("rnn."):
                continue
            there = weights[name].shape if name in weights else None
            if there != wanted.get(name) or weights[name].dtype != dtype:
                raise DamageError(
                    f"{path}: {name} is {shown_shape(there)} and should be {dtype} of "
                    f"{shown_shape(wanted.get(name))}{REMEDY}"
                )

    @cached_property
    def environment(self) -> Mapping[str, Any]:
        """The versions and processor that produced the run."""
        content = read_checked(self.folder, "environment.json", self.state)
        return parse_object(self.folder / "environment.json", content)

    @cached_property
    def network(self) -> "Adder":
        """The trained network as a PyTorch module."""
        from ripplecarry.networks.adder import Adder

        return Adder.build(self.trial, self.task, self.weights)

    def _table(self, name: str, columns: tuple[str, ...]) -> "pd.DataFrame":
        try:
            frame = read_table(read_checked(self.folder, name, self.state))
        except ValueError as error:
            raise DamageError(f"{self.folder / name} is not a table: {error}{REMEDY}") from None
        lacking = [column for column in columns if column not in frame]
        if lacking:
            raise DamageError(f"{self.folder / name} lacks the columns {', '.join(lacking)}{REMEDY}")
        return frame


def _in_files(folder: Path, state: Mapping[str, Any]) -> dict[str, str]:
    """The settings that have files of their own."""
    return {"cell_code": read_checked(folder, CELL, state).decode()} if CELL in state["files"] else {}
