"""Workers of a Ray cluster: each run is a task, and its files come back to the driver's store.

A node needs only ripplecarry, and no shared folder. If a node dies, its runs start over elsewhere; if the
driver dies, its tasks end with it.
"""

import os
import socket
import tempfile
import threading
from collections.abc import Generator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from ripplecarry.errors import ConfigurationError, Interrupted, RipplecarryError
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest
from ripplecarry.sweeps.execute_run import Progress, execute_run
from ripplecarry.sweeps.training import starting_run

# Set before importing Ray, which reads them on import: nothing leaves the cluster.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

try:
    import ray
    from ray.exceptions import RayError, RayTaskError, TaskCancelledError
except ImportError:
    raise ConfigurationError(
        "the executor ray needs Ray: pip install 'ripplecarry[ray]' (with -c constraints.txt)"
    ) from None

_RETRIES = 3
_POLL_S = 0.3
_CONNECT_S = 3.0
"""Ray itself tries for a minute or more."""
_MOST_SUBMITTED = 4096
"""More than most clusters' cores: tasks may also wait for new nodes to join."""


@dataclass(frozen=True)
class _Made:
    """A run's files from where it was computed."""

    files: dict[str, bytes]
    certificate: bytes | None


class RayPool:
    """Runs as tasks of one processor core each."""

    capacity = _MOST_SUBMITTED

    def __init__(self) -> None:
        self.events: SimpleQueue[Progress | None] = SimpleQueue()
        board: Any = ray.remote(num_cpus=0)(_Board)
        self._board = board.remote()
        self._task: Any = ray.remote(num_cpus=1, max_retries=_RETRIES)(_work_there)
        self._under_way: set[Any] = set()
        self._is_closed = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def submit(self, request: RunRequest, store: Store) -> "Future[str]":
        """A future of the run's id, done when its folder is in the store."""
        done: Future[str] = Future()
        if self._is_closed.is_set():
            done.set_exception(Interrupted(f"run {request.id} was not started"))
            return done
        try:
            start = _start_files(request, store)
        except RipplecarryError as error:
            done.set_exception(error)
            return done
        reference = self._task.remote(request, start, self._board)
        self._under_way.add(reference)

        def keep(theirs: "Future[_Made]") -> None:
            self._under_way.discard(reference)
            try:
                done.set_result(_keep(request, store, theirs.result()))
            except Exception as error:
                done.set_exception(_translated(error, request))

        reference.future().add_done_callback(keep)
        return done

    def stop(self) -> None:
        """Ends every task; unfinished runs are lost, finished ones remain."""
        self._is_closed.set()
        for reference in list(self._under_way):
            with suppress(RayError):
                ray.cancel(reference, force=False)

    def close(self) -> None:
        self._is_closed.set()

    def _listen(self) -> None:
        while not self._is_closed.wait(_POLL_S):
            with suppress(RayError):
                for progress in ray.get(self._board.take.remote()):
                    self.events.put(progress)


@contextmanager
def open_ray_pool(num_workers: int | None, address: str | None) -> Generator[RayPool]:
    """A pool on a cluster, or on a new one on this machine.

    Args:
        num_workers: cores of a new cluster; by default all.
        address: a cluster's, or `auto` for the one running on this machine.
    Raises:
        ConfigurationError: there is no cluster at the address.
    """
    if address is not None:
        _check_somebody_listens(address)
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False, "namespace": "ripplecarry"}
    try:
        if address is None:
            ray.init(num_cpus=num_workers, include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ConfigurationError(f"no Ray cluster at {address or 'this machine'}: {error}") from None
    pool = RayPool()
    try:
        yield pool
    finally:
        pool.close()
        ray.shutdown()


def _check_somebody_listens(address: str) -> None:
    if address in ("auto", "local"):
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal() and int(port) < 2**16):
        raise ConfigurationError(f"{address!r} is not the address of a Ray cluster; give HOST:PORT or auto")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
    except OSError as error:
        why = error.strerror or "no answer"
        raise ConfigurationError(f"no Ray cluster at {address}: {why[:1].lower()}{why[1:]}") from None


class _Board:
    """Where tasks report their progress."""

    def __init__(self) -> None:
        self._latest: dict[str, Progress] = {}

    def put(self, progress: Progress) -> None:
        self._latest[progress.run_id] = progress

    def take(self) -> list[Progress]:
        taken, self._latest = list(self._latest.values()), {}
        return taken


def _start_files(request: RunRequest, store: Store) -> dict[str, bytes]:
    """The files of the run that this one starts from, which its worker's store lacks."""
    start = starting_run(request.trial, store)
    return {} if start is None else _files(start)


def _files(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.folder.iterdir()}


def _work_there(request: RunRequest, start: dict[str, bytes], board: Any) -> _Made:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        if request.trial.started_from is not None:
            store.keep_files(request.trial.started_from, start)
        run = execute_run(request, store, report=board.put.remote)
        certificate = store.certificate_path(run.id)
        return _Made(
            _files(run),
            certificate.read_bytes() if certificate.is_file() else None,
        )


def _keep(request: RunRequest, store: Store, made: _Made) -> str:
    """Moves the run into the driver's store, unless another sweep has already stored it."""
    with store.claim(request.id):
        if store.has(request.id):
            return store.open_requested(request).id
        if made.certificate is not None:
            store.keep_certificate(request.id, made.certificate)
        return store.keep_files(request.id, made.files).id


def _translated(error: Exception, request: RunRequest) -> Exception:
    if isinstance(error, TaskCancelledError):
        return Interrupted(f"run {request.id} was stopped")
    if isinstance(error, RayTaskError):  # the run's own error
        cause = error.cause
        return cause if isinstance(cause, RipplecarryError) else RuntimeError(str(cause).splitlines()[-1])
    if isinstance(error, RayError):  # its worker or node died more often than Ray retries
        return BrokenProcessPool(str(error))
    return error
