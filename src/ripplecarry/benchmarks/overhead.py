"""What a run costs besides its training: sweeps of runs that hardly train, by executor."""

import importlib.util
import tempfile
import time
from dataclasses import dataclass

from ripplecarry.engines.registry import open_engine
from ripplecarry.lab.executors import ExecutorName
from ripplecarry.lab.store import Store
from ripplecarry.lab.sweep import sweep
from ripplecarry.lab.trial import RunRequest, Trial

TRIVIAL = Trial(steps=1, layers=1, hidden_size=2, embedding_size=1, digits=1, batch_size=1)


@dataclass(frozen=True)
class Overhead:
    """A sweep of trivial runs, and the listing of what it made."""

    executor: ExecutorName
    num_workers: int
    num_runs: int
    ms_per_run: float
    """Wall time from the start of the sweep to its end, workers' start included."""
    first_listing_s: float
    second_listing_s: float


def time_overheads(num_runs: int, num_workers: int = 2) -> list[Overhead]:
    """A sweep for each executor that can be used here, with two workers where it takes any."""
    executors: list[ExecutorName] = ["inline", "threads", "processes"]
    if importlib.util.find_spec("ray") is not None:
        executors.append("ray")
    return [_time(each, num_runs, 1 if each == "inline" else num_workers) for each in executors]


def _time(executor: ExecutorName, num_runs: int, num_workers: int) -> Overhead:
    engine = open_engine().name
    requests = [RunRequest(TRIVIAL, seed, engine, keeps_checkpoints=False) for seed in range(num_runs)]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        began = time.perf_counter()
        result = sweep(requests, store, executor=executor, num_workers=num_workers)
        swept = time.perf_counter()
        if len(result.finished) != num_runs:
            raise RuntimeError(
                f"{len(result.failed)} of {num_runs} runs failed with the executor {executor}"
            )
        store.frame()
        listed = time.perf_counter()
        store.frame()
        ended = time.perf_counter()
    ms = 1000 * (swept - began) / num_runs
    return Overhead(executor, num_workers, num_runs, ms, listed - swept, ended - listed)
