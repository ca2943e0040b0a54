"""Sweeps: executing many runs, even if some of them fail."""

import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
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
from ripplecarry.sweeps.events import Listener, OneAtATime, StopRequest
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
    listener.begins(left, _num_workers(left, num_workers))
    listener = OneAtATime(listener)
    for attempt in range(1, _MAX_ATTEMPTS + 1):
        if not left or stop.is_made():
            break
        engines = {request.engine for request in left}
        workers = _num_workers(left, num_workers)
        can_share = engines <= set(LOCK_FREE_ENGINES)
        with (
            open_pool(executor, workers, can_share=can_share, address=address) as pool,
            _forwarding(pool, listener),
        ):
            stop.on_request(pool.stop)
            is_last = attempt == _MAX_ATTEMPTS
            left = _Attempt(pool, store, result, listener, stop, is_last).execute(left)
            stop.on_request(None)
    result.was_interrupted = stop.is_made()
    for request in [] if result.was_interrupted else left:
        error = RuntimeError("not started: the workers died too often")
        result.failed[request.id] = str(error)
        listener.failed(request, error)
    return result


def _num_workers(requests: Sequence[RunRequest], wanted: int | None) -> int:
    return min(wanted or runs_at_once({request.engine for request in requests}), len(requests))


@dataclass
class _Attempt:
    """A pool at work on runs."""

    pool: Pool
    store: Store
    result: SweepResult
    listener: Listener
    stop: StopRequest
    is_last: bool
    lost: list[RunRequest] = field(default_factory=list)
    """Those whose worker died."""

    def execute(self, requests: Sequence[RunRequest]) -> list[RunRequest]:
        """Executes what it can; returns the runs lost with a dead worker."""
        waiting = iter(requests)
        futures: dict[Future[str], RunRequest] = {}
        ended: SimpleQueue[Future[str]] = SimpleQueue()

        def submit(most: int) -> None:
            for request, future in self._submitted(islice(waiting, most)):
                futures[future] = request
                future.add_done_callback(ended.put)

        submit(self.pool.capacity)
        is_stopping = False
        while futures:
            future = ended.get()
            self._settle(futures.pop(future), future)
            if not self.stop.is_made():
                submit(1)
            elif not is_stopping:
                is_stopping = True
                for other in list(futures):
                    other.cancel()
        return self.lost if self.stop.is_made() else [*self.lost, *waiting]

    def _submitted(self, requests: Iterable[RunRequest]) -> Iterator[tuple[RunRequest, Future[str]]]:
        for request in requests:
            if self.stop.is_made():
                return
            try:
                future = self.pool.submit(request, self.store)
            except BrokenProcessPool:
                self.lost.append(request)
            else:
                yield request, future

    def _settle(self, request: RunRequest, future: Future[str]) -> None:
        """Notes how a run ended."""
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or isinstance(error, Interrupted):
            return
        if error is None:
            self.result.finished.append(request.id)
            self.listener.finished(request)
        elif self.stop.is_made():
            return
        elif isinstance(error, BrokenProcessPool) and not self.is_last:
            self.lost.append(request)
        else:
            words = str(error) if isinstance(error, RipplecarryError) else repr(error)
            self.result.failed[request.id] = words
            self.listener.failed(request, error)


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
