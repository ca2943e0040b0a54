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
from pathlib import Path

from ripplecarry.lab.store import Store
from ripplecarry.lab.sweep import Listener, sweep
from ripplecarry.lab.trial import RunRequest, Trial

TRIAL = Trial(hidden_size=16, embedding_size=4, batch_size=20, digits=4, steps=300)
REQUESTS = [RunRequest(TRIAL, seed, "torch", keeps_checkpoints=False) for seed in range(8)]


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
    """The processes that carry tasks out."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
                if b"_work_there" in words and os.stat(entry).st_uid == os.getuid():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def told(result, **more):
    print(json.dumps({"finished": sorted(result.finished), "failed": result.failed, **more}), flush=True)


def written_at(store, run_ids):
    return [(store.run_folder(run_id) / "state.json").stat().st_mtime_ns for run_id in run_ids]


def main(scenario: str, folder: str) -> None:
    store = Store(folder)
    if scenario == "drive":  # until somebody kills it
        told(sweep(REQUESTS, store, executor="ray", address=sys.argv[3]))
        return
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    if scenario == "lost":
        killed = []

        def lose():
            for pid in workers()[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
            cluster.remove_node(nodes[0], allow_graceful=False)
            cluster.add_node(num_cpus=1)

        listener = Counts(after=2, action=lose)
        result = sweep(REQUESTS, store, executor="ray", address=cluster.address, listener=listener)
        told(result, heard=listener.heard.is_set(), told=len(listener.finished_ids), killed=len(killed))
    else:  # "killed": the driver dies when two runs are kept
        command = [sys.executable, __file__, "drive", folder, cluster.address]
        driver = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while len(store.ids()) < 2 and driver.poll() is None:
            time.sleep(0.05)
        driver.kill()
        driver.wait()
        kept = store.ids()
        before = written_at(store, kept)
        result = sweep(REQUESTS, store, executor="ray", address=cluster.address)
        told(result, before=len(kept), untouched=written_at(store, kept) == before)
    cluster.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:3])
