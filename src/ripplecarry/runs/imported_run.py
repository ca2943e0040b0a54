"""Weights trained elsewhere, as a run."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.files import read_whole
from ripplecarry.networks.architecture import CELL_SHAPES, parameter_shapes
from ripplecarry.networks.initial_values import Weights
from ripplecarry.networks.weights_file import (
    read_metadata,
    read_weights,
    shown_shape,
    write_weights,
)
from ripplecarry.runs.listing import KNOWN_OF_IMPORTED
from ripplecarry.runs.page_training import PageTraining
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_files import IMPORTED, checksum
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.runs.write_run import write_run
from ripplecarry.values import shown
from ripplecarry.verification.proof import weights_hash

DECLARED_DIGITS = 10
"""The default number of digits for adders that are not runs."""
_MOST_BYTES = 2**30
"""Enough for two LSTM layers of 4096 units, the widest that a trial has."""


@dataclass(frozen=True)
class StateDict:
    """What a file of weights holds."""

    trial: Trial
    weights: Weights
    is_cell_named: bool
    """Whether the file names its cell; otherwise the shapes told it."""
    training: PageTraining | None = None
    """How the playground trained it, where the file says so."""

    def stored(self, store: Store, say: Callable[[str], None] = lambda words: None) -> Run:
        """The store's run with these weights, or a new one; `say` is told which.

        One of the playground has its settings, seed and readings. Any other has no curves, and a seed that
        is computed from the weights, so the same weights are the same run.

        Raises:
            StoreError: other weights are there as this run.
        """
        run = None if self.training else _known(self.trial, self.weights, store)
        is_new = False
        if run is None:
            run, is_new = _stored(self, store)
        say(f"{'imported as' if is_new else 'these are the weights of'} run {run.id}: {self.words}")
        return run

    @property
    def words(self) -> str:
        """What it was taken for."""
        trial = self.trial
        kind = f"{_kind(trial)}, in base {trial.base}"
        if self.training:
            return f"{kind}, which the playground trained for {trial.steps} steps"
        if trial.cell != "rnn" or self.is_cell_named:
            return kind
        return f"{kind}, with tanh: the file does not say; for ReLU add --nonlinearity relu"


def import_run(path: Path, digits: int | None, store: Store) -> Run:
    """The run with a file's weights, as `read_state_dict` reads them."""
    return read_state_dict(path, digits).stored(store)


def read_state_dict(path: Path, digits: int | None) -> StateDict:
    """The weights of a file in the layout of the report's networks.

    Args:
        path: a safetensors file.
        digits: the longest operands that the network was trained on; a file of the playground tells them.
    Raises:
        ConfigurationError: digits for a file that tells them.
        StoreError: the file cannot be read, or holds other weights.
    """
    weights, metadata = _read(path)
    cell = metadata.get("cell")
    if cell == "file":
        raise StoreError(f"{path} is of a cell from a file, whose code is not in it; name the run itself")
    for name in _expected(cell):
        if name not in weights:
            there = ", ".join(map(_shown_name, sorted(weights)[:8])) + (", …" if len(weights) > 8 else "")
            raise StoreError(
                f"{path} has no {name}, and so is not a state dict of the report's networks; "
                f"it has {there or 'no arrays'}"
            )
    if any(name.endswith("_reverse") for name in weights):
        raise StoreError(
            f"{path} is of a bidirectional network, which reads the last digits first too; "
            "the report's networks go one way"
        )
    if "training" in metadata:
        training = _training(path, metadata, digits)
        trial = training.request().trial
    else:
        training, trial = None, _trial(path, weights, cell, DECLARED_DIGITS if digits is None else digits)
    _check_fit(path, weights, trial)
    for name, array in weights.items():
        has_diverged = training is not None and training.outcome == "diverged"
        if not has_diverged and not np.isfinite(array).all():
            raise StoreError(f"{path}: {name} has NaN or numbers beyond float32; {_FINITE}")
    names = parameter_shapes(trial, trial.build_task())
    return StateDict(trial, {name: weights[name] for name in names}, cell is not None, training)


def _training(path: Path, metadata: Mapping[str, str], digits: int | None) -> PageTraining:
    """What the playground wrote beside the weights, once it is a run's."""
    try:
        training = PageTraining.read(metadata["training"])
        trial = training.request().trial
    except ConfigurationError as error:
        raise StoreError(f"{path}: {error}") from None
    cell = metadata.get("cell", trial.cell)
    if cell != trial.cell:
        raise StoreError(f"{path}: its cell is {shown(cell)}, and {trial.cell} in its training")
    if digits is not None:
        raise ConfigurationError(
            f"{path} says how long the operands were, {trial.digits} digits; {digits} came beside it"
        )
    return training


def _trial(path: Path, weights: Weights, cell: str | None, digits: int) -> Trial:
    try:
        return Trial.build(_settings(weights, cell) | {"digits": digits})
    except (ConfigurationError, ValueError, ArithmeticError) as error:
        raise StoreError(f"{path} is not a state dict of the report's networks: {error}") from None


def _check_fit(path: Path, weights: Weights, trial: Trial) -> None:
    wanted = parameter_shapes(trial, trial.build_task())
    there = {name: array.shape for name, array in weights.items()}
    for name in sorted(wanted.keys() | there.keys()):
        if wanted.get(name) != there.get(name):
            raise StoreError(
                f"{path}: {_shown_name(name)} is {shown_shape(there.get(name))}; {_kind(trial)} "
                f"has {shown_shape(wanted[name]) if name in wanted else 'none'}"
            )


def _kind(trial: Trial) -> str:
    article = "an" if trial.cell in ("rnn", "lstm") else "a"
    layers = f"{trial.layers} layer{'' if trial.layers == 1 else 's'}"
    return f"{article} {trial.cell.upper()} of {layers} and {trial.hidden_size} units"


_FINITE = "weights are finite numbers of float32"
_WRAPPERS = re.compile(r"(?<![^.])(?:module|_orig_mod)\.")
"""What DataParallel and torch.compile put before the names."""
_PLAIN = re.compile(r"[A-Za-z0-9_.]{1,80}")


def _read(path: Path) -> tuple[Weights, Mapping[str, str]]:
    """The weights, and the texts beside them."""
    try:
        content = read_whole(path, _MOST_BYTES)
        loaded = read_weights(content)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise StoreError(f"{path} holds no weights: {error}") from None
    weights = {}
    for given, array in loaded.items():
        name = _WRAPPERS.sub("", given)
        if name in weights:
            raise StoreError(f"{path} has {_shown_name(name)} twice, with and without a wrapper's name")
        if not np.issubdtype(array.dtype, np.floating):
            raise StoreError(f"{path}: {_shown_name(name)} has numbers of type {array.dtype}; {_FINITE}")
        with np.errstate(over="ignore"):  # what exceeds float32 becomes infinite
            weights[name] = array.astype(np.float32)
    return weights, read_metadata(content)


def _shown_name(name: str) -> str:
    """A name of the file in one line: quoted and shortened where no parameter has such a name."""
    return name if _PLAIN.fullmatch(name) else shown(name)


def _expected(cell: str | None) -> list[str]:
    """Parameters that the settings are read off: of the named cell, or of PyTorch's."""
    layer = CELL_SHAPES.get(cell or "rnn", CELL_SHAPES["rnn"]).parameters(1, 1)
    recurrent = "weight_hh" if "weight_hh" in layer else min(layer)
    return ["embed_layer.weight", f"rnn.{recurrent}_l0"]


def _settings(weights: Weights, cell: str | None) -> dict[str, object]:
    for name in _expected(cell):
        if weights[name].ndim != 2:
            raise ConfigurationError(f"{name} is {shown_shape(weights[name].shape)}; it must be a matrix")
    base, embedding_size = weights["embed_layer.weight"].shape
    if "rnn.weight_hh_l0" in weights:
        rows, hidden_size = weights["rnn.weight_hh_l0"].shape
    else:
        rows, hidden_size = 0, weights["dense.weight"].shape[1]
    gates = {n: s.num_gates for n, s in CELL_SHAPES.items() if "weight_hh" in s.parameters(1, 1)}
    fitting = [name for name, count in gates.items() if count * hidden_size == rows]
    if cell is None and not fitting:
        known = ", ".join(f"{count} ({name})" for name, count in gates.items())
        raise ConfigurationError(
            f"rnn.weight_hh_l0 is {rows}x{hidden_size}; rows are a multiple of columns: {known}"
        )
    return {
        "cell": fitting[0] if cell is None else cell,
        "layers": sum(name.startswith(_expected(cell)[1][:-1]) for name in weights),
        "hidden_size": hidden_size,
        "embedding_size": embedding_size,
        "base": base,
    }


def _known(trial: Trial, weights: Weights, store: Store) -> Run | None:
    """The run that was trained here and has these weights, whatever its digits."""
    wanted = checksum(write_weights(weights, trial.cell))
    same = {name: getattr(trial, name) for name in KNOWN_OF_IMPORTED if name != "digits"}
    for row in store.rows()[0]:
        if row["engine"] != IMPORTED and all(row[name] == value for name, value in same.items()):
            run = store.open(row["id"])
            if run.state["files"]["weights.safetensors"] == wanted:
                return run.verify()
    return None


def _stored(read: StateDict, store: Store) -> tuple[Run, bool]:
    """The run of these weights, and whether it is new."""
    times = {"train_s": 0.0, "finished_at": datetime.now(UTC).isoformat(timespec="seconds")}
    if read.training:
        request, outcome, columns = read.training.request(), read.training.outcome, read.training.columns()
        last = int(columns["step"][-1]) if len(columns["step"]) else None
        about = times | {"steps_done": read.training.steps_done, "metrics_read_after_step": last}
    else:
        content = b"".join(name.encode() + array.tobytes() for name, array in read.weights.items())
        seed = int(hashlib.sha256(content).hexdigest()[:8], 16)
        request, outcome, about = RunRequest(read.trial, seed, IMPORTED), "finished", times
        columns = {"step": np.zeros(0, dtype=np.int64), "loss": np.zeros(0, dtype=np.float32)}
    store.prepare()
    with store.claim(request.id):
        if store.has(request.id):
            run = store.open_requested(request)
            if weights_hash(run.weights) != weights_hash(read.weights):
                raise StoreError(f"other weights are in the store as run {request.id}; use another --store")
            return run, False
        staged = store.staging_folder(request.id)
        write_run(
            staged,
            request,
            outcome=outcome,
            columns=columns,
            weights=read.weights,
            environment={"engine": request.engine},
            about=about,
        )
        return store.keep(staged, request.id), True
