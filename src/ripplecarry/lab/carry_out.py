"""Carrying out one run, from a request to its folder."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.engine import Engine
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import Interrupted
from ripplecarry.lab.environment import describe_environment
from ripplecarry.lab.observation import NUM_PAIRS, observer
from ripplecarry.lab.run import Run, write_run
from ripplecarry.lab.store import Store
from ripplecarry.lab.trial import NUMERICS_VERSION, RunRequest
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.training.checkpoint import resume, save_checkpoint
from ripplecarry.training.curves import Curves
from ripplecarry.training.loop import train

CHECKPOINT_EVERY_S = 10.0
REPORT_EVERY_S = 0.2


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    run_id: str
    step: int
    num_steps: int
    loss: float | None
    exact_match: float | None
    steps_per_s: float


def carry_out(
    request: RunRequest,
    store: Store,
    *,
    is_stopped: Callable[[], bool] = lambda: False,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Run:
    """The finished run, taken from the store, resumed or run from the start.

    Raises:
        Interrupted: `is_stopped` said so; a checkpoint was written.
        StoreError: the store cannot be written, or holds a damaged run of this id.
    """
    if store.has(request.id):
        return store.open(request.id).verify()
    with store.claim(request.id):
        if store.has(request.id):
            return store.open(request.id).verify()
        work = store.unfinished_folder(request.id)
        return store.keep(_train(request, work, is_stopped, report), request.id)


def _train(
    request: RunRequest,
    work: Path,
    is_stopped: Callable[[], bool],
    report: Callable[[Progress], None],
) -> Path:
    """Trains, then writes all files of the run into a folder and returns it."""
    engine = open_engine(request.engine)
    trial, seed = request.trial, request.seed
    trainer = engine.trainer(
        trial,
        trial,
        trial.training_batches(seed),
        initial_weights(trial, trial.build_task(), seed),
    )
    checkpoint, identity = work / "checkpoint.safetensors", _identity(request, engine)
    curves, spent_s = resume(checkpoint, identity, trainer)
    first_step, began = trainer.step, time.perf_counter()
    due = {"checkpoint": began + CHECKPOINT_EVERY_S, "report": began}

    def after_chunk() -> None:
        now = time.perf_counter()
        stopped = is_stopped()
        if stopped or now >= due["checkpoint"]:
            save_checkpoint(checkpoint, identity, trainer, curves, spent_s + now - began)
            due["checkpoint"] = now + CHECKPOINT_EVERY_S
        if stopped:
            raise Interrupted(f"run {request.id} stopped at step {trainer.step}; it resumes there")
        if now >= due["report"]:
            rate = (trainer.step - first_step) / (now - began)
            report(_progress(request, trainer.step, curves, rate))
            due["report"] = now + REPORT_EVERY_S

    observe = observer(trial.batches(seed, Stream.EVALUATION, NUM_PAIRS), trial)
    outcome = train(trainer, trial.steps, observe, curves, after_chunk)
    train_s = spent_s + time.perf_counter() - began
    report(_progress(request, trial.steps, curves, trainer.step / train_s))
    staged = work / "finished"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    write_run(
        staged,
        request,
        outcome=outcome,
        columns=curves.columns(),
        weights=trainer.weights(),
        environment=describe_environment(engine),
        times={
            "train_s": round(train_s, 3),
            "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
    return staged


def _identity(request: RunRequest, engine: Engine) -> str:
    return f"{request.id} {engine.name} {engine.instruction_set} numerics {NUMERICS_VERSION}"


def _progress(request: RunRequest, step: int, curves: Curves, steps_per_s: float) -> Progress:
    return Progress(
        request.id,
        step,
        request.trial.steps,
        curves.latest("loss"),
        curves.latest("exact_match"),
        steps_per_s,
    )
