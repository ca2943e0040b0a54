"""Executing one run, from a request to its folder."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.engine import Computation, Engine, Trainer
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import Interrupted
from ripplecarry.networks.architecture import num_parameters
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.environment import describe_environment
from ripplecarry.runs.readings import NUM_PAIRS, Reader, exactness_at_the_end, reader
from ripplecarry.runs.run import Run, write_run
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import NUMERICS_VERSION, RunRequest
from ripplecarry.training.checkpoint import resume, save_checkpoint
from ripplecarry.training.curves import Curves
from ripplecarry.training.loop import train
from ripplecarry.training.snapshots import Snapshots, snapshot_steps

CHECKPOINT_EVERY_S = 10.0
REPORT_EVERY_S = 0.2


@dataclass(frozen=True)
class Progress:
    """How far a run has got."""

    run_id: str
    step: int
    num_steps: int
    loss: float | None
    exact_match: float | None
    steps_per_s: float


class Training(Protocol):
    """How a run's network is trained and read."""

    @property
    def trainer(self) -> Trainer: ...

    @property
    def num_steps(self) -> int: ...

    def read_metrics(self, network: Computation, step: int) -> dict[str, float]: ...

    def is_done(self) -> bool: ...

    def finish(self) -> None: ...


class PlainTraining:
    """Training by the engine for the trial's number of steps."""

    def __init__(self, request: RunRequest, engine: Engine, read_metrics: Reader) -> None:
        trial, seed = request.trial, request.seed
        weights = initial_weights(trial, trial.build_task(), seed)
        self.trainer = engine.trainer(trial, trial, trial.training_batches(seed), weights)
        self.num_steps = trial.steps
        self._read_metrics = read_metrics

    def read_metrics(self, network: Computation, step: int) -> dict[str, float]:
        """The metrics of this step."""
        return self._read_metrics(network, step)

    def is_done(self) -> bool:
        """Never before the last step."""
        return False

    def finish(self) -> None:
        """There is nothing left to do."""


def execute_run(
    request: RunRequest,
    store: Store,
    *,
    is_stopped: Callable[[], bool] = lambda: False,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Run:
    """The finished run: taken from the store, resumed, or run from the start.

    Raises:
        Interrupted: `is_stopped` returned True; a checkpoint was written.
        StoreError: the store cannot be written, or holds a damaged run with this id.
    """
    if store.has(request.id):
        store.clear_leftovers(request.id)
        return store.open_requested(request)
    with store.claim(request.id):
        if store.has(request.id):
            return store.open_requested(request)
        folder = store.unfinished_folder(request.id)
        return store.keep(_train(request, store, folder, is_stopped, report), request.id)


def _train(
    request: RunRequest,
    store: Store,
    folder: Path,
    is_stopped: Callable[[], bool],
    report: Callable[[Progress], None],
) -> Path:
    """Trains, then writes all files of the run into a folder and returns it."""
    engine = open_engine(request.engine)
    trial, seed = request.trial, request.seed
    read_metrics = reader(trial.batches(seed, Stream.EVALUATION, NUM_PAIRS), trial)
    if trial.certify:
        from ripplecarry.sweeps.train_until_certified import CertifyingTraining

        training: Training = CertifyingTraining(request, store, read_metrics)
    else:
        training = PlainTraining(request, engine, read_metrics)
    trainer, num_steps = training.trainer, training.num_steps
    checkpoint, identity = folder / "checkpoint.safetensors", _identity(request, engine)
    curves, earlier_snapshots, spent_s = resume(checkpoint, identity, trainer)
    size = num_parameters(trial, trial.build_task())
    snapshots = Snapshots(
        snapshot_steps(num_steps, size) if request.takes_snapshots else (), earlier_snapshots
    )
    snapshots.take_if_due(trainer)
    first_step, began = trainer.step, time.perf_counter()
    due = {"checkpoint": began + CHECKPOINT_EVERY_S, "report": began}

    def after_chunk() -> None:
        snapshots.take_if_due(trainer)
        now = time.perf_counter()
        stopped = is_stopped()
        if stopped or now >= due["checkpoint"]:
            save_checkpoint(checkpoint, identity, trainer, curves, snapshots.arrays, spent_s + now - began)
            due["checkpoint"] = now + CHECKPOINT_EVERY_S
        if stopped:
            raise Interrupted(f"run {request.id} stopped at step {trainer.step}; it resumes there")
        if now >= due["report"]:
            rate = (trainer.step - first_step) / (now - began)
            report(_progress(request, trainer.step, num_steps, curves, rate))
            due["report"] = now + REPORT_EVERY_S

    def after_answers(num_digits: int) -> None:
        if is_stopped():
            if trainer.step == num_steps:  # a run that ended early would resume training from here
                save_checkpoint(checkpoint, identity, trainer, curves, snapshots.arrays, train_s)
            raise Interrupted(f"run {request.id} stopped after training; it resumes there")

    with trainer.among_others():
        outcome = train(trainer, num_steps, training.read_metrics, curves, after_chunk, training.is_done)
    train_s = spent_s + time.perf_counter() - began
    report(_progress(request, num_steps, num_steps, curves, trainer.step / train_s))
    training.finish()
    exactness = exactness_at_the_end(trainer, trial.build_task(), trial.digits, trial, after_answers)
    staged = store.staging_folder(request.id)
    write_run(
        staged,
        request,
        outcome=outcome,
        columns=curves.columns(),
        weights=trainer.weights(),
        snapshots=snapshots.arrays,
        exactness=exactness,
        environment=describe_environment(engine),
        times={
            "train_s": max(round(train_s, 3), 0.001),
            "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
    return staged


def _identity(request: RunRequest, engine: Engine) -> str:
    made_by = f"{engine.name} {engine.instruction_set} {engine.build}"
    return f"{request.id} {made_by} numerics {NUMERICS_VERSION}"


def _progress(
    request: RunRequest, step: int, num_steps: int, curves: Curves, steps_per_s: float
) -> Progress:
    return Progress(
        request.id,
        step,
        num_steps,
        curves.latest("loss"),
        curves.latest("exact_match"),
        steps_per_s,
    )
