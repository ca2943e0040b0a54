"""Weights that were trained elsewhere, as a run."""

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import safetensors.numpy

from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.lab.run import Run, write_run
from ripplecarry.lab.store import Store
from ripplecarry.lab.trial import RunRequest, Trial
from ripplecarry.networks.architecture import CELL_SHAPES, parameter_shapes
from ripplecarry.networks.initial_values import Weights

ENGINE = "imported"
"""Stands where a run names the engine that trained it."""


def import_run(path: Path, digits: int, store: Store) -> Run:
    """A run with the weights of a state dict in the layout of the report's networks.

    The run has no curves; its seed is a number made from the weights, so that the same weights are
    the same run.

    Args:
        path: a safetensors file.
        digits: the longest operands that the network was trained on.
    Raises:
        StoreError: a file that cannot be read, or holds other weights.
    """
    weights = _read(path)
    try:
        trial = Trial.build(_settings(weights) | {"digits": digits})
    except (KeyError, IndexError, ValueError) as error:
        raise StoreError(
            f"{path} is no state dict of the report's networks: {type(error).__name__}: {error}"
        ) from None
    wanted = parameter_shapes(trial, trial.build_task())
    there = {name: array.shape for name, array in weights.items()}
    for name in sorted(wanted.keys() | there.keys()):
        if wanted.get(name) != there.get(name):
            raise StoreError(
                f"{path}: {name} is {_shown(there.get(name))}; a {trial.cell} of {trial.layers} layers and "
                f"{trial.hidden_size} units has {_shown(wanted.get(name))}"
            )
    return _kept(trial, {name: weights[name] for name in wanted}, store)


def _read(path: Path) -> Weights:
    try:
        loaded = safetensors.numpy.load(path.read_bytes())
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None
    except Exception as error:  # safetensors raises several kinds
        raise StoreError(f"{path} holds no weights: {error}") from None
    for name, array in loaded.items():
        if not np.issubdtype(array.dtype, np.floating) or not np.isfinite(array).all():
            raise StoreError(f"{path}: {name} must hold finite numbers, and is {array.dtype}")
    return {name: array.astype(np.float32) for name, array in loaded.items()}


def _settings(weights: Weights) -> dict[str, object]:
    base, embedding_size = weights["embed_layer.weight"].shape
    rows, hidden_size = weights["rnn.weight_hh_l0"].shape
    cells = {shape.num_gates: cell for cell, shape in CELL_SHAPES.items()}
    if rows % hidden_size or rows // hidden_size not in cells:
        raise ConfigurationError(
            f"rnn.weight_hh_l0 is {rows}x{hidden_size}; rows are 1 (rnn), 3 (gru) or 4 (lstm) times columns"
        )
    return {
        "cell": cells[rows // hidden_size],
        "layers": sum(name.startswith("rnn.weight_hh_l") for name in weights),
        "hidden_size": hidden_size,
        "embedding_size": embedding_size,
        "base": base,
    }


def _kept(trial: Trial, weights: Weights, store: Store) -> Run:
    content = b"".join(name.encode() + array.tobytes() for name, array in weights.items())
    seed = int(hashlib.sha256(content).hexdigest()[:8], 16)
    request = RunRequest(trial, seed, ENGINE)
    store.prepare()
    with store.claim(request.id):
        if store.has(request.id):
            return store.open(request.id).verify()
        staged = store.unfinished_folder(request.id) / "finished"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        write_run(
            staged,
            request,
            outcome="finished",
            columns={"step": np.zeros(0, dtype=np.int64), "loss": np.zeros(0, dtype=np.float32)},
            weights=weights,
            environment={"engine": ENGINE},
            times={"train_s": 0.0, "finished_at": datetime.now(UTC).isoformat(timespec="seconds")},
        )
        return store.keep(staged, request.id)


def _shown(shape: tuple[int, ...] | None) -> str:
    return "not there" if shape is None else "x".join(map(str, shape))
