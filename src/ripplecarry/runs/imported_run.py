"""Weights trained elsewhere, as a run."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.files import read_whole
from ripplecarry.networks.architecture import CELL_SHAPES, parameter_shapes
from ripplecarry.networks.initial_values import Weights
from ripplecarry.networks.weights_file import read_cell, read_weights, shown_shape, write_weights
from ripplecarry.runs.listing import KNOWN_OF_IMPORTED
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_files import IMPORTED, checksum
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.runs.write_run import write_run
from ripplecarry.verification.proof import weights_hash


@dataclass(frozen=True)
class StateDict:
    """What a file of weights holds."""

    trial: Trial
    weights: Weights
    is_cell_named: bool
    """Whether the file names its cell; otherwise the shapes told it."""

    def stored(self, store: Store) -> Run:
        """The store's run with these weights, or a new one.

        The new one has no curves. Its seed is computed from the weights, so the same weights are the same
        run.
        """
        return _known(self.trial, self.weights, store) or _stored(self.trial, self.weights, store)

    @property
    def words(self) -> str:
        """What it was taken for."""
        trial = self.trial
        kind = f"{_kind(trial)}, in base {trial.base}"
        if trial.cell != "rnn" or self.is_cell_named:
            return kind
        return f"{kind}, with tanh: the file does not say; for ReLU add --nonlinearity relu"


def import_run(path: Path, digits: int, store: Store) -> Run:
    """The run with a file's weights, as `read_state_dict` reads them."""
    return read_state_dict(path, digits).stored(store)


def read_state_dict(path: Path, digits: int) -> StateDict:
    """The weights of a file in the layout of the report's networks.

    Args:
        path: a safetensors file.
        digits: the longest operands that the network was trained on.
    Raises:
        StoreError: the file cannot be read, or holds other weights.
    """
    weights, cell = _read(path)
    for name in _EXPECTED:
        if name not in weights:
            there = ", ".join(sorted(weights)[:8]) + (", …" if len(weights) > 8 else "")
            raise StoreError(
                f"{path} has no {name}, and so is not a state dict of the report's networks; it has {there}"
            )
    if any(name.endswith("_reverse") for name in weights):
        raise StoreError(
            f"{path} is of a bidirectional network, which reads the last digits first too; "
            "the report's networks go one way"
        )
    try:
        trial = Trial.build(_settings(weights, cell) | {"digits": digits})
    except (ConfigurationError, ValueError, ArithmeticError) as error:
        raise StoreError(f"{path} is not a state dict of the report's networks: {error}") from None
    wanted = parameter_shapes(trial, trial.build_task())
    there = {name: array.shape for name, array in weights.items()}
    for name in sorted(wanted.keys() | there.keys()):
        if wanted.get(name) != there.get(name):
            raise StoreError(
                f"{path}: {name} is {shown_shape(there.get(name))}; {_kind(trial)} "
                f"has {shown_shape(wanted.get(name))}"
            )
    return StateDict(trial, {name: weights[name] for name in wanted}, cell is not None)


def _kind(trial: Trial) -> str:
    article = "a" if trial.cell == "gru" else "an"
    layers = f"{trial.layers} layer{'' if trial.layers == 1 else 's'}"
    return f"{article} {trial.cell.upper()} of {layers} and {trial.hidden_size} units"


_EXPECTED = ("embed_layer.weight", "rnn.weight_hh_l0")
_WRAPPERS = re.compile(r"(?<![^.])(?:module|_orig_mod)\.")
"""What DataParallel and torch.compile put before the names."""


def _read(path: Path) -> tuple[Weights, str | None]:
    """The weights, and the cell that the file names, if it names one."""
    try:
        content = read_whole(path)
        loaded = read_weights(content)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise StoreError(f"{path} holds no weights: {error}") from None
    weights = {}
    for given, array in loaded.items():
        name = _WRAPPERS.sub("", given)
        with np.errstate(over="ignore"):  # what exceeds float32 becomes infinite
            weights[name] = array.astype(np.float32)
        if not np.issubdtype(array.dtype, np.floating) or not np.isfinite(weights[name]).all():
            held = (
                "NaN or numbers beyond float32"
                if np.issubdtype(array.dtype, np.floating)
                else f"numbers of type {array.dtype}"
            )
            raise StoreError(f"{path}: {name} has {held}; weights are finite numbers of float32")
    return weights, read_cell(content)


def _settings(weights: Weights, cell: str | None) -> dict[str, object]:
    base, embedding_size = weights["embed_layer.weight"].shape
    rows, hidden_size = weights["rnn.weight_hh_l0"].shape
    fitting = [name for name, shape in CELL_SHAPES.items() if shape.num_gates * hidden_size == rows]
    if cell is None and not fitting:
        known = ", ".join(f"{shape.num_gates} ({name})" for name, shape in CELL_SHAPES.items())
        raise ConfigurationError(
            f"rnn.weight_hh_l0 is {rows}x{hidden_size}; rows are a multiple of columns: {known}"
        )
    return {
        "cell": cell or fitting[0],
        "layers": sum(name.startswith("rnn.weight_hh_l") for name in weights),
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


def _stored(trial: Trial, weights: Weights, store: Store) -> Run:
    content = b"".join(name.encode() + array.tobytes() for name, array in weights.items())
    seed = int(hashlib.sha256(content).hexdigest()[:8], 16)
    request = RunRequest(trial, seed, IMPORTED)
    store.prepare()
    with store.claim(request.id):
        if store.has(request.id):
            run = store.open_requested(request)
            if weights_hash(run.weights) != weights_hash(weights):
                raise StoreError(f"other weights are in the store as run {request.id}; use another --store")
            return run
        staged = store.staging_folder(request.id)
        write_run(
            staged,
            request,
            outcome="finished",
            columns={"step": np.zeros(0, dtype=np.int64), "loss": np.zeros(0, dtype=np.float32)},
            weights=weights,
            environment={"engine": IMPORTED},
            times={"train_s": 0.0, "finished_at": datetime.now(UTC).isoformat(timespec="seconds")},
        )
        return store.keep(staged, request.id)
