"""Executors: where runs are computed, through `concurrent.futures`.

A pool is an executor with two pipes to the driver: one returns progress, and closing the other asks
every worker to stop. It also closes when the driver dies, however it dies, so no worker outlives it
by more than a chunk of training.
"""

import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Literal, ParamSpec, Protocol, TypeVar

from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest
from ripplecarry.sweeps.execute_run import Progress, execute_run

P = ParamSpec("P")
R = TypeVar("R")

_ORPHAN_GRACE_S = 60.0


ExecutorName = Literal["local", "inline", "threads", "processes", "ray"]
"""`local` is threads for engines that release the interpreter lock, otherwise processes."""


class Events(Protocol):
    """A queue of progress; None ends it."""

    def put(self, progress: Progress | None, /) -> None: ...

    def get(self) -> Progress | None: ...


class Pool(Protocol):
    """Workers that execute runs."""

    @property
    def events(self) -> Events:
        """A queue of progress."""
        ...

    @property
    def capacity(self) -> int:
        """How many runs to submit at a time: no worker idles, and no queue grows with the sweep."""
        ...

    def stop(self) -> None:
        """Asks all workers to stop; they leave checkpoints if they can."""

    def submit(self, request: RunRequest, store: Store) -> "Future[str]":
        """A future of the run's id, done when its folder is in the store."""
        ...


@dataclass(frozen=True)
class LocalPool:
    """Workers on this machine, which write to the store themselves."""

    executor: Executor
    events: Events
    ask_to_stop: Callable[[], None]
    capacity: int

    def stop(self) -> None:
        """Closes the pipe on which all workers listen."""
        self.ask_to_stop()

    def submit(self, request: RunRequest, store: Store) -> "Future[str]":
        """A future of the run's id."""
        return self.executor.submit(_execute, request, store)


class InlineExecutor(Executor):
    """Runs each call immediately in this process."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class DeafProcesses(ProcessPoolExecutor):
    """Processes that Ctrl-C does not reach, not even while they import: what blocks it is inherited."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        if not hasattr(signal, "pthread_sigmask"):
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def open_pool(
    executor: ExecutorName, num_workers: int, *, can_share: bool, address: str | None = None
) -> Generator[Pool]:
    """Workers: this process for a single local worker; for more, threads, processes or a cluster.

    Args:
        can_share: whether runs can share a process, as their engine releases the interpreter lock.
        address: of a Ray cluster; by default a new one on this machine.
    """
    if executor == "ray":
        from ripplecarry.sweeps.ray_pool import open_ray_pool

        with open_ray_pool(num_workers if address is None else None, address) as pool:
            yield pool
    elif executor in ("inline", "threads") or (executor == "local" and (num_workers == 1 or can_share)):
        with _in_this_process(1 if executor == "inline" else num_workers) as pool:
            yield pool
    else:
        with _in_processes(num_workers) as pool:
            yield pool


@contextmanager
def _in_this_process(num_workers: int) -> Generator[Pool]:
    events: queue.SimpleQueue[Progress | None] = queue.SimpleQueue()
    _worker.stopped.clear()
    _worker.events = events
    with InlineExecutor() if num_workers == 1 else ThreadPoolExecutor(num_workers) as pool:
        capacity = 1 if num_workers == 1 else 2 * num_workers
        yield LocalPool(pool, events, _worker.stopped.set, capacity)


@contextmanager
def _in_processes(num_workers: int) -> Generator[Pool]:
    context = multiprocessing.get_context("spawn")
    events = context.Queue()
    listening, held = context.Pipe(duplex=False)
    pool = DeafProcesses(num_workers, context, _start_worker, (events, listening))
    try:
        yield LocalPool(pool, events, held.close, 2 * num_workers)
    finally:
        held.close()
        pool.shutdown(wait=True, cancel_futures=True)
        events.close()
        listening.close()


class _Worker:
    """A worker process's state besides its task."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.events: Events  # set by the pool before the first run

    def report(self, progress: Progress) -> None:
        self.events.put(progress)


_worker = _Worker()


def _execute(request: RunRequest, store: Store) -> str:
    run: Run = execute_run(request, store, is_stopped=_worker.stopped.is_set, report=_worker.report)
    return run.id


def _start_worker(events: "multiprocessing.Queue[Progress | None]", listening: Connection) -> None:
    # The driver handles Ctrl-C, which a terminal sends to the workers as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _worker.stopped.set())
    events.cancel_join_thread()
    _worker.events = events
    threading.Thread(target=stop_when_closed, args=(listening, _worker.stopped), daemon=True).start()


def stop_when_closed(listening: Connection, stopped: threading.Event) -> None:
    with suppress(OSError):  # on Windows a pipe that was closed is an error
        listening.poll(None)
    stopped.set()
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join(_ORPHAN_GRACE_S)
        if not parent.is_alive():
            time.sleep(_ORPHAN_GRACE_S)  # time for a checkpoint
            os._exit(1)
