import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from unittest.mock import Mock

import pytest

from ripplecarry.engines.registry import open_engine
from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps import executors
from ripplecarry.sweeps.events import Listener, OneAtATime, StopRequest
from ripplecarry.sweeps.execute_run import execute_run
from ripplecarry.sweeps.sweep import sweep

TINY = Trial(hidden_size=6, embedding_size=3, batch_size=10, digits=3, steps=60)
REQUESTS = [RunRequest(TINY, seed, "torch") for seed in range(4)]


class Counts(Listener):
    def __init__(self):
        self.done = []
        self.heard = 0

    def progressed(self, progress):
        self.heard += 1

    def finished(self, request):
        self.done.append(request.id)


@pytest.mark.parametrize(
    ("engine", "num_workers"), [*((open_engine().name, count) for count in (1, 3)), ("torch", 2)]
)
def test_a_run_in_a_sweep_equals_the_run_alone(store, tmp_path, engine, num_workers):
    requests = [replace(request, engine=engine) for request in REQUESTS]
    listener = Counts()
    result = sweep(requests, store, num_workers=num_workers, listener=listener)

    assert sorted(result.finished) == sorted(request.id for request in requests) == sorted(listener.done)
    assert listener.heard >= 4
    for request in requests:
        alone = execute_run(request, Store(tmp_path / "alone"))
        for name in ("curves.parquet", "weights.safetensors", "checkpoints.safetensors"):
            swept = store.open(request.id).folder / name
            assert swept.read_bytes() == (alone.folder / name).read_bytes()


def test_a_listener_hears_one_event_at_a_time():
    heard, other = [], []

    class Slow(Listener):
        def progressed(self, progress):
            heard.append("progress begins")
            if not other:  # what another thread tells must wait for the end of this
                other.append(threading.Thread(target=told.finished, args=(REQUESTS[0],)))
                other[0].start()
                other[0].join(0.3)
            heard.append("progress ends")

        def finished(self, request):
            heard.append("finished")

    told = OneAtATime(Slow())
    told.progressed(Mock())
    other[0].join()

    assert heard == ["progress begins", "progress ends", "finished"]


def test_a_run_that_fails_is_named_and_the_others_go_on(store):
    bad = RunRequest(TINY, 0, "steam")

    result = sweep([bad, *REQUESTS[:2]], store, num_workers=1)

    assert list(result.failed) == [bad.id]
    assert "unknown engine 'steam'" in result.failed[bad.id]
    assert len(result.finished) == 2


def test_a_sweep_asked_to_stop_leaves_the_rest_for_later(store):
    stop = StopRequest()

    class StopsAfterOne(Listener):
        def finished(self, request):
            stop.make()

    first = sweep(REQUESTS, store, num_workers=1, stop=stop, listener=StopsAfterOne())
    second = sweep(REQUESTS, store, num_workers=1)

    assert first.was_interrupted
    assert len(first.finished) == 1
    assert len(store.ids()) == 4
    assert len(second.finished) == 4


class Pool:
    """Workers that do nothing; those that get a run of the doomed seeds die."""

    capacity = 3

    def __init__(self, doomed=(), is_broken=False):
        self.events, self.most = SimpleQueue(), 0
        self._doomed, self._is_broken, self._under_way = doomed, is_broken, 0

    def submit(self, request, store):
        if self._is_broken:
            raise BrokenProcessPool("dead")
        future = Future()
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        threading.Thread(target=self._end, args=(request, future)).start()
        return future

    def stop(self):
        pass

    def _end(self, request, future):
        time.sleep(0.001)  # others are submitted meanwhile
        self._under_way -= 1
        if request.seed in self._doomed:
            future.set_exception(BrokenProcessPool("dead"))
        else:
            future.set_result(request.id)


def swept_by(pool, requests, store, monkeypatch):
    monkeypatch.setattr("ripplecarry.sweeps.sweep.open_pool", lambda *rest, **how: nullcontext(pool))
    listener = Counts()
    result = sweep(requests, store, listener=listener)
    assert sorted([*result.finished, *result.failed]) == sorted({request.id for request in requests})
    assert sorted(listener.done) == sorted(result.finished)
    return result


def test_no_more_runs_are_submitted_than_the_pool_takes(store, monkeypatch):
    requests = [RunRequest(TINY, seed, "torch") for seed in range(30)]
    pool = Pool()

    assert len(swept_by(pool, requests, store, monkeypatch).finished) == 30
    assert pool.most == 3


def test_runs_that_dead_workers_took_along_or_never_began_are_failed_at_last(store, monkeypatch):
    requests = [RunRequest(TINY, seed, "torch") for seed in range(30)]

    some = swept_by(Pool({0, 29}), requests, store, monkeypatch)
    none = swept_by(Pool(is_broken=True), requests, store, monkeypatch)

    assert sorted(some.failed) == sorted([requests[0].id, requests[29].id])
    assert len(none.failed) == 30
    assert "workers died too often" in none.failed[requests[7].id]


def command(store: Path) -> list[str]:
    settings = {"hidden_size": 16, "batch_size": 20, "digits": 4, "steps": 1000}
    words = (
        "import ripplecarry.sweeps.execute_run as c; c.CHECKPOINT_EVERY_S = 0.0; import ripplecarry;"
        f"ripplecarry.train(store={str(store)!r}, **{settings})"
    )
    return [sys.executable, "-c", words]


def test_a_killed_run_resumes_to_the_same_bits(tmp_path):
    subprocess.run(command(tmp_path / "whole"), check=True)
    written = 0
    for _ in range(3):  # each time a little further, as the time of the checkpoint tells
        process = subprocess.Popen(command(tmp_path / "killed"))
        deadline = time.monotonic() + 600
        while process.poll() is None and time.monotonic() < deadline:
            checkpoints = list((tmp_path / "killed").glob("unfinished/*/checkpoint.safetensors"))
            if checkpoints and checkpoints[0].stat().st_mtime_ns > written:
                break
            time.sleep(0.01)
        process.kill()
        if process.wait() == 0:  # it was faster than the third signal
            assert written
            break
        (checkpoint,) = (tmp_path / "killed").glob("unfinished/*/checkpoint.safetensors")
        assert checkpoint.stat().st_mtime_ns > written
        written = checkpoint.stat().st_mtime_ns
    subprocess.run(command(tmp_path / "killed"), check=True)

    (whole,) = (tmp_path / "whole").glob("runs/*")
    for name in ("curves.parquet", "weights.safetensors", "checkpoints.safetensors"):
        killed = tmp_path / "killed" / "runs" / whole.name / name
        assert killed.read_bytes() == (whole / name).read_bytes()


@pytest.mark.parametrize("error", [None, BrokenPipeError("the pipe has been ended")])
def test_a_worker_stops_when_its_pipe_closes(error):
    """On Windows, waiting for a pipe that was closed raises."""
    listening = Mock(poll=Mock(side_effect=error))
    stopped = threading.Event()

    executors.stop_when_closed(listening, stopped)

    assert stopped.is_set()
