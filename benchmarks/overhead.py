"""What a run costs besides its training: sweeps of runs that hardly train, by executor."""

import importlib.util
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ripplecarry.arithmetic.philox import Stream
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.readings import NUM_PAIRS, reader
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.executors import ExecutorName
from ripplecarry.sweeps.sweep import Listener, sweep
from ripplecarry.sweeps.training import PlainTraining
from ripplecarry.training.curves import Curves
from ripplecarry.training.loop import train

TRIVIAL = Trial(steps=1, layers=1, hidden_size=2, embedding_size=1, digits=1, batch_size=1)
EXECUTORS: tuple[ExecutorName, ...] = ("inline", "threads", "processes", "ray")

_TRAINED_ALONE = 200


@dataclass(frozen=True)
class Overhead:
    """A sweep of trivial runs, and the listing of what it made."""

    executor: ExecutorName
    num_workers: int
    num_runs: int
    ms_per_run: float
    """Wall time from the start of the sweep to its end, workers' start included."""
    cpu_ms_per_run: float
    """Processor time of the driver, which is all of it unless the workers are processes."""
    ms_of_training: float
    """Wall time of a run's training and readings alone, by one worker."""
    driver_mib: tuple[float, float, float]
    """The driver's memory after the first run, halfway and after the last."""
    first_listing_s: float
    second_listing_s: float


class _Memory(Listener):
    """Notes the memory of this process when the first, the middle and the last run is finished."""

    def __init__(self, num_runs: int) -> None:
        self._places = {1, (num_runs + 1) // 2, num_runs}
        self._done = 0
        self._noted: list[float] = []

    def finished(self, request: RunRequest) -> None:
        self._done += 1
        if self._done in self._places:
            self._noted.append(round(_resident_mib(), 1))

    def mib(self) -> tuple[float, float, float]:
        return self._noted[0], self._noted[len(self._noted) // 2], self._noted[-1]


def time_overheads(
    num_runs: int, executors: Sequence[str] | None = None, num_workers: int = 2
) -> list[Overhead]:
    """A sweep for each executor, or each that can be used here, with two workers where it takes any.

    Raises:
        ConfigurationError: no such executor.
    """
    for name in executors or ():
        if name not in EXECUTORS:
            raise ConfigurationError(f"unknown executor {name!r}; choose from {', '.join(EXECUTORS)}")
    has_ray = importlib.util.find_spec("ray") is not None
    usable = [name for name in EXECUTORS if name != "ray" or has_ray]
    chosen = [name for name in EXECUTORS if name in executors] if executors else usable
    return [_time(name, num_runs, 1 if name == "inline" else num_workers) for name in chosen]


def _time(executor: ExecutorName, num_runs: int, num_workers: int) -> Overhead:
    engine = open_engine().name
    requests = [RunRequest(TRIVIAL, seed, engine, takes_snapshots=False) for seed in range(num_runs)]
    memory = _Memory(num_runs)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        training_s = _training_s(requests[:_TRAINED_ALONE])
        began, began_cpu = time.perf_counter(), time.process_time()
        result = sweep(requests, store, executor=executor, num_workers=num_workers, listener=memory)
        swept, swept_cpu = time.perf_counter(), time.process_time()
        if len(result.finished) != num_runs:
            raise RuntimeError(
                f"{len(result.failed)} of {num_runs} runs failed with the executor {executor}"
            )
        store.frame()
        listed = time.perf_counter()
        store.frame()
        ended = time.perf_counter()
    return Overhead(
        executor,
        num_workers,
        num_runs,
        ms_per_run=1000 * (swept - began) / num_runs,
        cpu_ms_per_run=1000 * (swept_cpu - began_cpu) / num_runs,
        ms_of_training=1000 * training_s,
        driver_mib=memory.mib(),
        first_listing_s=listed - swept,
        second_listing_s=ended - listed,
    )


def _training_s(requests: Sequence[RunRequest]) -> float:
    engine = open_engine(requests[0].engine)
    began = time.perf_counter()
    for request in requests:
        trial = request.trial
        read_metrics = reader(trial.batches(request.seed, Stream.EVALUATION, NUM_PAIRS), trial)
        weights = initial_weights(trial, trial.build_task(), request.seed)
        work = PlainTraining(request, weights, engine, read_metrics)
        train(work.trainer, work.num_steps, work.read_metrics, Curves())
    return (time.perf_counter() - began) / len(requests)


def _resident_mib() -> float:
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return float("nan")  # not Linux
