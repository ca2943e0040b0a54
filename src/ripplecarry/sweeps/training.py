"""How a run's network is trained and read: by an engine alone, or until it is certified."""

from typing import Protocol

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.engine import Computation, Engine, Trainer
from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.networks.architecture import Architecture
from ripplecarry.networks.initial_values import Weights, initial_weights
from ripplecarry.runs.readings import NUM_PAIRS, Reader, reader
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial


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

    def __init__(self, request: RunRequest, weights: Weights, engine: Engine, read_metrics: Reader) -> None:
        trial, seed = request.trial, request.seed
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


def starting_run(trial: Trial, store: Store) -> Run | None:
    """The run whose weights a trial starts from, if it starts from any run's.

    Raises:
        ConfigurationError: that run's network is of another shape or task.
        StoreError: there is no such run, or it is damaged.
    """
    if trial.started_from is None:
        return None
    if not store.has(trial.started_from):
        raise StoreError(f"training starts from run {trial.started_from}, which is not in {store.root}")
    run = store.open(trial.started_from).verify()
    differing = [
        name for name in Architecture.model_fields if getattr(run.trial, name) != getattr(trial, name)
    ]
    if not run.task.is_same(trial.build_task()):
        differing.append("task")
    if differing:
        raise ConfigurationError(
            f"run {run.id} is no start for this network, which has another {differing[0]}"
        )
    return run


def training_of(request: RunRequest, start: Run | None, store: Store, engine: Engine) -> Training:
    """The training that the run's trial asks for, at its start.

    Args:
        start: the run whose weights it starts from; by default they are drawn from the seed.
    """
    trial = request.trial
    weights = initial_weights(trial, trial.build_task(), request.seed) if start is None else start.weights
    read_metrics = reader(trial.batches(request.seed, Stream.EVALUATION, NUM_PAIRS), trial)
    if not trial.certify:
        return PlainTraining(request, weights, engine, read_metrics)
    from ripplecarry.sweeps.train_until_certified import CertifyingTraining, NearTraining

    training = NearTraining if trial.stay_near else CertifyingTraining
    return training(request, weights, store, read_metrics)
