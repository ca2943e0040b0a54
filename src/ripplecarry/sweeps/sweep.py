"""Sweeps: executing many runs, even if some of them fail."""

import threading
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from queue import SimpleQueue

from ripplecarry.engines.registry import GPU_ENGINES, LOCK_FREE_ENGINES, runs_at_once
from ripplecarry.errors import ConfigurationError, Interrupted, RipplecarryError
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest
from ripplecarry.sweeps.events import Listener, StopRequest
from ripplecarry.sweeps.executors import ExecutorName, Pool, open_pool

# A worker that dies (killed, out of memory) breaks the pool; the runs lost with it resume.
_MAX_ATTEMPTS = 3


@dataclass
class SweepResult:
    """The outcome of a sweep."""

    finished: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    was_interrupted: bool = False


def sweep(
    requests: Sequence[RunRequest],
    store: Store,
    *,
    num_workers: int | None = None,
    executor: ExecutorName = "local",
    address: str | None = None,
    listener: Listener | None = None,
    stop: StopRequest | None = None,
) -> SweepResult:
    """Executes the runs that the store lacks, the most expensive first.

    Args:
        num_workers: runs at a time, one thread each; by default as many as cores, or as fit on a GPU.
        executor: where they are computed.
        address: of a Ray cluster; by default a new one on this machine.
    """
    listener, stop = listener or Listener(), stop or StopRequest()
    if executor in ("processes", "ray") and any(request.engine in GPU_ENGINES for request in requests):
        raise ConfigurationError(
            f"the executor {executor} separates runs, but a GPU trains them together; use local or threads"
        )
    store.prepare()
    listener.planned(requests)
    result = SweepResult()
    left = []
    for request in sorted(dict.fromkeys(requests), key=lambda request: -request.trial.cost):
        if not store.has(request.id):
            left.append(request)
            continue
        store.clear_leftovers(request.id)
        result.finished.append(request.id)
        listener.finished(request)
    for attempt in range(1, _MAX_ATTEMPTS + 1):
        if not left or stop.is_made():
            break
        engines = {request.engine for request in left}
        workers = min(num_workers or runs_at_once(engines), len(left))
        can_share = engines <= set(LOCK_FREE_ENGINES)
        with (
            open_pool(executor, workers, can_share=can_share, address=address) as pool,
            _forwarding(pool, listener),
        ):
            stop.on_request(pool.stop)
            left = _attempt(pool, left, store, result, listener, stop, attempt == _MAX_ATTEMPTS)
            stop.on_request(None)
    result.was_interrupted = stop.is_made()
    for request in [] if result.was_interrupted else left:
        error = RuntimeError("not started: the workers died too often")
        result.failed[request.id] = str(error)
        listener.failed(request, error)
    return result


def _attempt(
    pool: Pool,
    requests: Sequence[RunRequest],
    store: Store,
    result: SweepResult,
    listener: Listener,
    stop: StopRequest,
    is_last: bool,
) -> list[RunRequest]:
    """Executes what it can; returns the runs lost with a dead worker."""
    lost: list[RunRequest] = []
    futures: dict[Future[str], RunRequest] = {}
    ended: SimpleQueue[Future[str]] = SimpleQueue()
    waiting = iter(requests)

    def submit(most: int) -> None:
        for request in islice(waiting, most):
            if stop.is_made():
                return
            try:
                future = pool.submit(request, store)
            except BrokenProcessPool:
                lost.append(request)
                continue
            futures[future] = request
            future.add_done_callback(ended.put)

    def settle(request: RunRequest, future: Future[str]) -> None:
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or isinstance(error, Interrupted):
            return
        if error is None:
            result.finished.append(request.id)
            listener.finished(request)
        elif stop.is_made():
            return
        elif isinstance(error, BrokenProcessPool) and not is_last:
            lost.append(request)
        else:
            words = str(error) if isinstance(error, RipplecarryError) else repr(error)
            result.failed[request.id] = words
            listener.failed(request, error)

    submit(pool.capacity)
    is_stopping = False
    while futures:
        future = ended.get()
        settle(futures.pop(future), future)
        if not stop.is_made():
            submit(1)
        elif not is_stopping:
            is_stopping = True
            for other in list(futures):
                other.cancel()
    return lost if stop.is_made() else [*lost, *waiting]


@contextmanager
def _forwarding(pool: Pool, listener: Listener) -> Generator[None]:
    """Forwards workers' progress to the listener while the body runs."""

    def forward() -> None:
        while (event := pool.events.get()) is not None:
            listener.progressed(event)

    thread = threading.Thread(target=forward, daemon=True)
    thread.start()
    try:
        yield
    finally:
        pool.events.put(None)
        thread.join()
