"""Executing one run, from a request to its folder."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ripplecarry.engines.engine import Engine
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import Interrupted
from ripplecarry.networks.architecture import num_parameters
from ripplecarry.runs.environment import describe_environment
from ripplecarry.runs.readings import exactness_at_the_end
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import NUMERICS_VERSION, RunRequest
from ripplecarry.runs.write_run import write_run
from ripplecarry.sweeps.training import starting_run, training_of
from ripplecarry.training.checkpoint import resume, save_checkpoint
from ripplecarry.training.loop import Outcome, train
from ripplecarry.training.snapshots import Snapshots, snapshot_steps
from ripplecarry.verification.proof import weights_hash

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
    first_step: int
    """The step from which it was resumed; 0 where it was not."""


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
        staged = _RunInProgress(request, store, is_stopped, report).train()
        return store.keep(staged, request.id)


class _RunInProgress:
    """A run between its start, or its checkpoint, and its folder."""

    def __init__(
        self,
        request: RunRequest,
        store: Store,
        is_stopped: Callable[[], bool],
        report: Callable[[Progress], None],
    ) -> None:
        self._request, self._store = request, store
        self._is_stopped, self._report = is_stopped, report
        self._engine = open_engine(request.engine)
        start = starting_run(request.trial, store)
        self._start_weights = None if start is None else weights_hash(start.weights)
        self._training = training_of(request, start, store, self._engine)
        self._trainer = trainer = self._training.trainer
        self._checkpoint = store.unfinished_folder(request.id) / "checkpoint.safetensors"
        self._identity = _identity(request, self._engine, self._start_weights)
        self._curves, earlier, self._spent_s = resume(self._checkpoint, self._identity, trainer)
        size = num_parameters(request.trial, request.trial.build_task())
        due = snapshot_steps(self._training.num_steps, size) if request.takes_snapshots else ()
        self._snapshots = Snapshots(due, earlier)
        self._snapshots.take_if_due(trainer)
        self._first_step, self._began = trainer.step, time.perf_counter()
        self._checkpoint_due, self._report_due = self._began + CHECKPOINT_EVERY_S, self._began

    def train(self) -> Path:
        """Trains, then writes all files of the run into a folder and returns it."""
        trainer, training = self._trainer, self._training
        num_steps = training.num_steps
        with trainer.among_others():
            outcome = train(
                trainer, num_steps, training.read_metrics, self._curves, self._after_chunk, training.is_done
            )
        train_s = self._train_s(time.perf_counter())
        self._report(self._progress(num_steps, trainer.step / train_s))
        training.finish()
        return self._write(outcome, train_s)

    def _write(self, outcome: Outcome, train_s: float) -> Path:
        trainer, trial = self._trainer, self._request.trial

        def after_answers(num_digits: int) -> None:
            if self._is_stopped():
                if trainer.step == self._training.num_steps:  # else it would resume training from here
                    self._save_checkpoint(train_s)
                raise Interrupted(f"run {self._request.id} stopped after training; it resumes there")

        exactness = exactness_at_the_end(trainer, trial.build_task(), trial.digits, trial, after_answers)
        staged = self._store.staging_folder(self._request.id)
        write_run(
            staged,
            self._request,
            outcome=outcome,
            columns=self._curves.columns(),
            weights=trainer.weights(),
            snapshots=self._snapshots.arrays,
            exactness=exactness,
            environment=describe_environment(self._engine),
            about=({} if self._start_weights is None else {"start_weights": self._start_weights})
            | {
                "train_s": max(round(train_s, 3), 0.001),
                "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
        return staged

    def _after_chunk(self) -> None:
        self._snapshots.take_if_due(self._trainer)
        now, step = time.perf_counter(), self._trainer.step
        stopped = self._is_stopped()
        if stopped or now >= self._checkpoint_due:
            self._save_checkpoint(self._train_s(now))
            self._checkpoint_due = now + CHECKPOINT_EVERY_S
        if stopped:
            raise Interrupted(f"run {self._request.id} stopped at step {step}; it resumes there")
        if now >= self._report_due:
            self._report(self._progress(step, (step - self._first_step) / (now - self._began)))
            self._report_due = now + REPORT_EVERY_S

    def _save_checkpoint(self, train_s: float) -> None:
        snapshots = self._snapshots.arrays
        save_checkpoint(self._checkpoint, self._identity, self._trainer, self._curves, snapshots, train_s)

    def _train_s(self, now: float) -> float:
        return self._spent_s + now - self._began

    def _progress(self, step: int, steps_per_s: float) -> Progress:
        return Progress(
            self._request.id,
            step,
            self._training.num_steps,
            self._curves.latest("loss"),
            self._curves.latest("exact_match"),
            steps_per_s,
            self._first_step,
        )


def _identity(request: RunRequest, engine: Engine, start_weights: str | None) -> str:
    made_by = f"{engine.name} {engine.instruction_set} {engine.build}"
    started = "" if start_weights is None else f" from {start_weights}"
    return f"{request.id} {made_by} numerics {NUMERICS_VERSION}{started}"
