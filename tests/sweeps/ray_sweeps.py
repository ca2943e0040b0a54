"""Sweeps on a Ray cluster of three nodes on this machine, while nodes, workers and drivers die.

Run as a program by the tests, each scenario in a process of its own; it prints what came out as JSON.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from ripplecarry.runs.store import Store
from ripplecarry.runs.trial import RunRequest, Trial
from ripplecarry.sweeps.sweep import Listener, sweep

TRIAL = Trial(hidden_size=16, embedding_size=4, batch_size=20, digits=4, steps=300)
REQUESTS = [RunRequest(TRIAL, seed, "torch", takes_snapshots=False) for seed in range(8)]
STARTED = RunRequest(
    TRIAL.model_copy(update={"start_from": REQUESTS[0].id, "steps": 60}), 1, "torch", takes_snapshots=False
)


class Counts(Listener):
    """Calls something when so many runs are finished."""

    def __init__(self, after=0, action=None):
        self.finished_ids, self._after, self._action = [], after, action
        self.heard = threading.Event()

    def progressed(self, progress):
        self.heard.set()

    def finished(self, request):
        self.finished_ids.append(request.id)
        if self._action is not None and len(self.finished_ids) == self._after:
            self._action()


def workers() -> list[int]:
    """The processes that carry out tasks of the cluster that this process made."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it ended since it was listed
                if b"_work_there" in (entry / "cmdline").read_bytes() and is_ours(int(entry.name)):
                    found.append(int(entry.name))
    return found


def is_ours(pid: int) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        state = Path(f"/proc/{pid}/stat").read_text()
        pid = int(state.rpartition(")")[2].split()[1])
    return False


def told(result, **more):
    print(json.dumps({"finished": sorted(result.finished), "failed": result.failed, **more}), flush=True)


def written_at(store, run_ids):
    return [(store.run_folder(run_id) / "state.json").stat().st_mtime_ns for run_id in run_ids]


def main(scenario: str, folder: str) -> None:
    store = Store(folder)
    if scenario == "drive":  # it is killed when two runs are kept
        listener = Counts(after=2, action=lambda: os.kill(os.getpid(), signal.SIGKILL))
        sweep(REQUESTS, store, executor="ray", address=sys.argv[3], listener=listener)
        return
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    if scenario == "lost":
        killed = []

        def lose():
            deadline = time.monotonic() + 60
            while not killed and time.monotonic() < deadline:  # between two tasks a worker has none
                for pid in workers()[:1]:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)
            cluster.remove_node(nodes[0], allow_graceful=False)
            cluster.add_node(num_cpus=1)

        listener = Counts(after=2, action=lose)
        result = sweep(REQUESTS, store, executor="ray", address=cluster.address, listener=listener)
        told(result, heard=listener.heard.is_set(), told=len(listener.finished_ids), killed=len(killed))
    elif scenario == "started":
        told(sweep([STARTED], store, executor="ray", address=cluster.address))
    else:  # "killed"
        command = [sys.executable, __file__, "drive", folder, cluster.address]
        status = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
        assert status == -signal.SIGKILL
        kept = store.ids()
        before = written_at(store, kept)
        result = sweep(REQUESTS, store, executor="ray", address=cluster.address)
        told(result, before=len(kept), untouched=written_at(store, kept) == before)
    cluster.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:3])
