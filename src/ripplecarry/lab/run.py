"""A run's folder: what a finished run leaves, readable without this package.

config.json           trial, seed, engine, format version
curves.parquet        a row a step: loss and, where read, the other metrics
exactness.parquet     where it was measured: counts by length and longest run
weights.safetensors   the trained parameters by name
checkpoints.safetensors  the parameters along the way by STEP/NAME, float16; not every run has them
environment.json      versions, processor
state.json            outcome, last metrics, time, and a checksum of every file; written last

pandas loads when curves are asked for: who only wants the weights does without.
"""

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy

from ripplecarry.arithmetic.tasks import Task
from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.files import sync_folder, write_atomically
from ripplecarry.lab.observation import HARD
from ripplecarry.lab.trial import RunRequest, Trial
from ripplecarry.networks.initial_values import Weights
from ripplecarry.training.curves import Arrays
from ripplecarry.training.loop import Outcome

if TYPE_CHECKING:
    import pandas as pd

    from ripplecarry.networks.adder import Adder

FORMAT = 1
CHECKPOINTS = "checkpoints.safetensors"
_REMEDY = "; delete the folder to run it again"


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder as far as asked."""

    folder: Path
    config: Mapping[str, Any]
    state: Mapping[str, Any]
    trial: Trial

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """The run in this folder.

        Raises:
            StoreError: not a run's folder, a newer format, or damage to what describes the run.
        """
        names = ("config.json", "state.json")
        if not any((folder / name).is_file() for name in names):
            raise StoreError(f"{folder} is not a run's folder: it holds no {' and no '.join(names)}")
        state = _read_json(folder / "state.json")
        try:
            if state.get("checksum") != _own_checksum(state):
                raise StoreError(f"{folder}/state.json is damaged: its checksum does not match{_REMEDY}")
            config = json.loads(_checked(folder, "config.json", state))
            if config["format"] != FORMAT:
                raise StoreError(
                    f"{folder} has format {config['format']}; this version reads format {FORMAT}"
                )
            for name in state["files"]:
                if not (folder / name).is_file():
                    raise StoreError(f"{folder / name} is missing{_REMEDY}")
            return cls(folder, config, state, Trial.build(config["trial"]))
        except (ValueError, KeyError, TypeError, ConfigurationError) as error:
            raise StoreError(f"{folder} is damaged: {type(error).__name__}: {error}{_REMEDY}") from None

    def verify(self) -> "Run":
        """This run, once every file of it has been read and found whole.

        Raises:
            StoreError: a file is missing or damaged.
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
    def task(self) -> Task:
        return self.trial.build_task()

    @cached_property
    def curves(self) -> "pd.DataFrame":
        """A row a step, with `step`, `loss`, and where they were read the other metrics."""
        import pandas as pd

        return pd.read_parquet(io.BytesIO(_checked(self.folder, "curves.parquet", self.state)))

    @property
    def exact_from_step(self) -> int | None:
        """The step after which every reading of the hard cases is right in every digit; None where the last
        is not, or where none were read."""
        return self.state.get("exact_from_step")

    @property
    def exact_from_s(self) -> float | None:
        """The wall time of training up to that step, in seconds."""
        step = self.exact_from_step
        return None if step is None else (step + 1) / self.state["steps_done"] * self.state["train_s"]

    @cached_property
    def exactness(self) -> "pd.DataFrame":
        """A row for each length and longest run tested when training was over.

        Raises:
            ConfigurationError: it was not measured.
        """
        import pandas as pd

        if "exactness.parquet" not in self.state["files"]:
            raise ConfigurationError(f"run {self.id} did not measure exactness; train with exactness_to")
        return pd.read_parquet(io.BytesIO(_checked(self.folder, "exactness.parquet", self.state)))

    @cached_property
    def weights(self) -> Weights:
        """The trained parameters."""
        return safetensors.numpy.load(_checked(self.folder, "weights.safetensors", self.state))

    @cached_property
    def checkpoints(self) -> dict[int, Weights]:
        """The parameters by the number of updates behind which they were kept, the trained ones last.

        All but the last are rounded to float16. A run of a study's later seeds, and of a version before
        checkpoints were kept, has the last alone.
        """
        found: dict[int, Weights] = {}
        if CHECKPOINTS in self.state["files"]:
            arrays = safetensors.numpy.load(_checked(self.folder, CHECKPOINTS, self.state))
            for key in sorted(arrays, key=lambda key: int(key.partition("/")[0])):
                step, _, name = key.partition("/")
                found.setdefault(int(step), {})[name] = arrays[key].astype(np.float32)
        last = self.state["steps_done"] - (self.outcome == "diverged")  # without an update behind the last
        found.pop(last, None)
        return found | {last: self.weights}

    @cached_property
    def environment(self) -> Mapping[str, Any]:
        """Versions and processor that made the run."""
        return json.loads(_checked(self.folder, "environment.json", self.state))

    @cached_property
    def network(self) -> "Adder":
        """The trained network as a PyTorch module."""
        from ripplecarry.networks.adder import Adder

        return Adder.build(self.trial, self.task, self.weights)


def write_run(
    folder: Path,
    request: RunRequest,
    *,
    outcome: Outcome,
    columns: Arrays,
    weights: Weights,
    environment: Mapping[str, object],
    times: Mapping[str, object],
    checkpoints: Arrays | None = None,
    exactness: "pd.DataFrame | None" = None,
) -> None:
    """Writes all files of a run into a folder, which the caller then moves to its place.

    Args:
        checkpoints: parameters by STEP/NAME; no file is written where there are none.
    """
    import pandas as pd

    config = {
        "format": FORMAT,
        "id": request.id,
        "seed": request.seed,
        "engine": request.engine,
        "trial": request.trial.model_dump(mode="json"),
    }
    curves = pd.DataFrame(columns)
    contents = {
        "config.json": _json(config),
        "curves.parquet": _parquet(curves),
        "weights.safetensors": safetensors.numpy.save(weights),
        "environment.json": _json(environment),
    }
    if checkpoints:
        contents[CHECKPOINTS] = safetensors.numpy.save(checkpoints)
    if exactness is not None:
        contents["exactness.parquet"] = _parquet(exactness)
    last = {name: curves[name].dropna() for name in curves.columns if name != "step"}
    state: dict[str, object] = {
        "outcome": outcome,
        "steps_done": len(curves),
        "last": {name: float(values.iloc[-1]) for name, values in last.items() if len(values)},
        "exact_from_step": _exact_from(curves),
        **times,
        "files": {name: _checksum(content) for name, content in contents.items()},
    }
    state["checksum"] = _own_checksum(state)
    for name, content in (contents | {"state.json": _json(state)}).items():
        write_atomically(folder / name, content)


def _exact_from(curves: "pd.DataFrame") -> int | None:
    if HARD not in curves:
        return None
    read = curves[["step", HARD]].dropna()
    wrong = read.step[read[HARD] < 1]
    after = read.step if wrong.empty else read.step[read.step > wrong.iloc[-1]]
    return None if after.empty else int(after.iloc[0])


def _parquet(frame: "pd.DataFrame") -> bytes:
    content = io.BytesIO()
    frame.to_parquet(content, index=False)
    return content.getvalue()


def move_into_place(source: Path, target: Path) -> None:
    """Renames a complete folder to where readers look, all at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(source, target)
    sync_folder(target.parent)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}{_REMEDY}") from None
    except ValueError as error:
        raise StoreError(f"{path} is damaged: {error}{_REMEDY}") from None
    if not isinstance(content, dict):
        raise StoreError(f"{path} is damaged: it holds no JSON object{_REMEDY}")
    return content


def _checked(folder: Path, name: str, state: Mapping[str, Any]) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise StoreError(f"{folder / name} cannot be read: {error.strerror}{_REMEDY}") from None
    if state["files"].get(name) != _checksum(content):
        raise StoreError(f"{folder / name} is damaged: its checksum does not match{_REMEDY}")
    return content


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _own_checksum(state: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in state.items() if name != "checksum"}
    return _checksum(json.dumps(rest, sort_keys=True).encode())


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()
