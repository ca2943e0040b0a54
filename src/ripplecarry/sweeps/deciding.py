"""Deciding many runs, each proved right or with a wrong answer found: a search a process."""

import multiprocessing
import os
import threading
from collections.abc import Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import Connection

from ripplecarry.arithmetic.counterexample import Counterexample
from ripplecarry.engines.registry import runs_at_once
from ripplecarry.errors import RipplecarryError
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_engine import engine_of
from ripplecarry.runs.store import Store
from ripplecarry.sweeps.certifying import Unknown, certify
from ripplecarry.sweeps.events import Listener, StopRequest
from ripplecarry.sweeps.executors import DeafProcesses


def decide(
    runs: Sequence[Run],
    store: Store,
    *,
    num_workers: int | None = None,
    listener: Listener,
    stop: StopRequest,
) -> None:
    """Certifies every run of which the store has neither an accepted certificate nor a wrong answer.

    A request to stop ends the searches at once; the store keeps what was found.

    Args:
        num_workers: searches at a time; by default as many as cores.
    """
    left = [run for run in runs if store.proof(run) not in ("certified", "refuted")]
    listener.decides(left)
    if not left or stop.is_made():
        return
    context = multiprocessing.get_context("spawn")
    listening, held = context.Pipe(duplex=False)
    workers = min(num_workers or runs_at_once({"native"}), len(left))
    with DeafProcesses(workers, context, _start, (listening,)) as pool:
        stop.on_request(held.close)
        futures = {pool.submit(_decided, run.id, store): run for run in left}
        try:
            for future in as_completed(futures):
                listener.decided(futures[future], future.result())
        except BrokenProcessPool:
            if not stop.is_made():
                raise RipplecarryError(
                    "a process that decided runs died; what was decided is in the store, and the same call "
                    'goes on from there (a script needs `if __name__ == "__main__":` around it)'
                ) from None
        finally:
            stop.on_request(None)
            pool.shutdown(wait=False, cancel_futures=True)
            held.close()


def _decided(run_id: str, store: Store) -> str:
    """The answer about one run, in words."""
    run = store.open(run_id)
    try:
        found = certify(run, store, engine_of(run))
    except RipplecarryError as error:
        return f"not tried: {error}"
    if isinstance(found, Counterexample):
        return f"refuted: {found.sentence}"
    return f"unknown: {found.sentence}" if isinstance(found, Unknown) else f"certified: {found.statement}"


def _start(listening: Connection) -> None:
    threading.Thread(target=_end_when_closed, args=(listening,), daemon=True).start()


def _end_when_closed(listening: Connection) -> None:
    """Ends this process when the driver closes the pipe, or dies."""
    with suppress(OSError, EOFError):
        listening.poll(None)
    os._exit(1)
