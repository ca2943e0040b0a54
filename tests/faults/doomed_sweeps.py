"""Sweeps in processes of their own, which are killed or denied their writes where a test says.

Every open for writing, rename, removal, new folder and flush inside the store is a write boundary; they are
counted by an audit hook, which no code of ours can pass by. The processes are forked from one that has
loaded everything, so that hundreds of them take seconds.
"""

import errno
import json
import multiprocessing
import os
import resource
import shutil
import signal
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import RipplecarryError
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps import execute_run
from ripplecarry.sweeps.sweep import sweep

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "ripplecarry.sweeps.sweep",
        "ripplecarry.engines.native",
        "ripplecarry.engines.reference",
        "pandas",
        "pyarrow.parquet",
        "safetensors.numpy",
    ]
)

TRIALS = [
    Trial(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=60, layers=n) for n in (1, 2)
]
ENGINE = open_engine().name
STUDY = [RunRequest(trial, seed, ENGINE) for trial in TRIALS for seed in range(2)]
TORCH_STUDY = [RunRequest(trial, 0, "torch") for trial in TRIALS]
ONE_RUN = STUDY[:1]

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}


@dataclass(frozen=True)
class Doom:
    """What happens at the write boundary of this number: death, death with half of a file's bytes written,
    or from there on an error from every write."""

    at: int
    what: Literal["kill", "tear", "ENOSPC", "EROFS", "EIO"] = "kill"


@dataclass(frozen=True)
class Ending:
    """How a process ended: its exit status, and what it had to say, if it lived to."""

    status: int | None
    finished: list[str]
    failed: dict[str, str]
    error: str | None
    num_boundaries: int


def start(
    store: Path,
    requests: list[RunRequest],
    doom: Doom | None = None,
    *,
    num_workers: int = 1,
    before: Callable[[Path], Any] | None = None,
) -> tuple[Any, Connection]:
    """A process that carries the runs out, and where it says how that went; it says "go" first."""
    ours, theirs = CONTEXT.Pipe()
    arguments = (theirs, store, requests, doom, num_workers, before)
    process = CONTEXT.Process(target=_execute_run, args=arguments, daemon=True)
    process.start()
    theirs.close()
    assert ours.recv() == "go"
    return process, ours


def ending(process: Any, ours: Connection) -> Ending:
    """Waits for the process."""
    try:
        said = ours.recv()
    except (EOFError, ConnectionError):
        said = ([], {}, None, 0)
    process.join(120)
    assert process.exitcode is not None, "a sweep hangs"
    ours.close()
    return Ending(process.exitcode, *said)


def run_to_the_end(store: Path, requests: list[RunRequest], doom: Doom | None = None, **how: Any) -> Ending:
    return ending(*start(store, requests, doom, **how))


def contents(store: Path) -> dict[str, object]:
    """All that a store holds, but for times and the index, which any listing makes anew."""
    found: dict[str, object] = {}
    for path in sorted(store.rglob("*")):
        name = str(path.relative_to(store))
        if path.name == "index.json":
            continue
        if path.name == "state.json":
            state = json.loads(path.read_bytes())
            times = ("train_s", "finished_at", "checksum")
            found[name] = {key: value for key, value in state.items() if key not in times}
        else:
            found[name] = path.read_bytes() if path.is_file() else "folder"
    return found


def limit_file_size(store: Path) -> None:
    """No file grows beyond 4 kB from here on; Python ignores the signal, so that writing fails."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def set_clock_back(store: Path) -> None:
    """The wall clock says 1971 from here on."""
    from datetime import UTC, datetime

    class Back(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(1971, 1, 1, tzinfo=UTC)

    execute_run.datetime = Back  # pyrefly: ignore[bad-assignment]


def may_only_read(store: Path) -> None:
    """The store's folders are read-only, for root too, who becomes somebody else."""
    os.chdir(store.parent)
    for folder in (store, *(path for path in store.rglob("*") if path.is_dir())):
        folder.chmod(0o555)
    if os.geteuid() == 0:
        os.setuid(65534)


def _execute_run(
    theirs: Connection,
    root: Path,
    requests: list[RunRequest],
    doom: Doom | None,
    num_workers: int,
    before: Callable[[Path], Any] | None,
) -> None:
    execute_run.CHECKPOINT_EVERY_S = 0.0
    if before is not None:
        before(root)
    store = Store(root.name if before is may_only_read else root)
    count = _watch(root, doom)
    theirs.send("go")
    try:
        result = sweep(requests, store, num_workers=num_workers)
        theirs.send((result.finished, result.failed, None, count()))
    except RipplecarryError as error:
        theirs.send(([], {}, str(error), count()))


def _watch(root: Path, doom: Doom | None) -> Callable[[], int]:
    seen = 0

    def boundary(descriptor: int | None = None) -> None:
        nonlocal seen
        seen += 1
        if doom is None or seen < doom.at:
            return
        if doom.what in ("kill", "tear"):
            if doom.what == "tear" and descriptor is not None:
                os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        number = getattr(errno, doom.what)
        raise OSError(number, os.strerror(number))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, str) and path.startswith(str(root)) and flags & _WRITING:
                boundary()
        elif event in _EVENTS:
            path, *_, folder = arguments  # shutil removes names inside an open folder
            if str(path).startswith(str(root)) or folder != -1:
                boundary()

    flush = os.fsync

    def fsync(descriptor: int) -> None:
        boundary(descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) else None)
        flush(descriptor)

    os.fsync = fsync
    sys.addaudithook(hook)
    return lambda: seen


def fresh(store: Path) -> Path:
    """The same place with nothing in it."""
    shutil.rmtree(store, ignore_errors=True)
    return store
