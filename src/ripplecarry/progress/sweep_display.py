"""The progress of a sweep: a bar for each run, or one line."""

import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from ripplecarry.console import messages
from ripplecarry.progress.status_line import SILENT_S, StatusLine, duration, keeps_log, place
from ripplecarry.runs.run import Run
from ripplecarry.runs.trial import RunRequest
from ripplecarry.sweeps import execute_run
from ripplecarry.sweeps.estimate import estimated_s
from ripplecarry.sweeps.events import Listener


@contextmanager
def sweep_progress() -> "Generator[SweepDisplay]":
    """On a terminal, after two seconds, a bar for all the work and one per run in progress; elsewhere one
    line."""
    where = place()
    progress = Progress(
        TextColumn("{task.description}", table_column=Column(no_wrap=True, min_width=20)),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}"),
        console=messages,
        transient=True,
    )
    if where != "terminal":
        with StatusLine("starting", where) as line:
            yield SweepDisplay(progress, line)
        return
    start = threading.Timer(SILENT_S, progress.start)
    start.daemon = True
    start.start()
    try:
        yield SweepDisplay(progress)
    finally:
        start.cancel()
        start.join()
        progress.stop()


class SweepDisplay(Listener):
    """Shows how a sweep goes, and knows whether a run failed."""

    def __init__(self, progress: Progress, line: StatusLine | None = None) -> None:
        self.has_failures = False
        self.first_step: int | None = None
        """The step at which the run that progressed first was resumed; None if none did."""
        self._requests: dict[str, RunRequest] = {}
        self._progress, self._line = progress, line
        self._is_command = keeps_log.get()
        self._overall = progress.add_task("all", total=None, words="")
        self._bars: dict[str, TaskID] = {}
        self._under_way: dict[str, float] = {}
        self._done: set[str] = set()
        self._began = time.monotonic()
        self._cost_before: float | None = None
        self._num_to_decide = self._num_decided = 0

    def planned(self, requests: Sequence[RunRequest]) -> None:
        self._requests = {request.id: request for request in requests}
        self._progress.update(self._overall, total=self._cost(self._requests))

    def begins(self, missing: Sequence[RunRequest], num_workers: int) -> None:
        if not self._is_command:
            return
        num_stored, total = len(self._requests) - len(missing), len(self._requests)
        words = f"{total} {'run' if total == 1 else 'runs'}, {num_stored or 'none'} of them in the store"
        if missing:
            words += f"; {num_workers} at a time"
            seconds = estimated_s(missing, num_workers)
            words += "" if seconds is None else f", about {duration(max(seconds, 1))} on this machine"
        messages.print(words)

    def progressed(self, progress: execute_run.Progress) -> None:
        if self.first_step is None:
            self.first_step = progress.first_step
        if progress.run_id in self._done:
            return
        if self._cost_before is None:  # runs already in the store say nothing about speed
            self._cost_before, self._began = self._cost(self._done), time.monotonic()
        if progress.run_id not in self._bars:
            self._bars[progress.run_id] = self._progress.add_task(
                progress.run_id, total=progress.num_steps, words=""
            )
        left_s = (progress.num_steps - progress.step) / max(progress.steps_per_s, 1e-9)
        words = f"step {progress.step}/{progress.num_steps}"
        if progress.loss is not None:
            words += f"  loss {progress.loss:.4f}"
        if progress.exact_match is not None:
            words += f"  exact match {progress.exact_match:.3f}"
        words += f"  {progress.steps_per_s:.0f} steps/s  {duration(left_s)} left"
        bar = self._bars[progress.run_id]
        self._progress.update(bar, completed=progress.step, words=words)
        self._under_way[progress.run_id] = progress.step / progress.num_steps
        self._show()

    def finished(self, request: RunRequest) -> None:
        self._close(request)

    def failed(self, request: RunRequest, error: BaseException) -> None:
        self.has_failures = True
        if self._is_command:  # who calls from Python has the error
            messages.print(f"failed: run {request.id}: {error}")
        self._close(request)

    def decides(self, runs: Sequence[Run]) -> None:
        self._progress.update(self._overall, total=len(runs) or 1)
        self._num_to_decide, self._num_decided = len(runs), 0
        self._show_decided()

    def decided(self, run: Run, words: str) -> None:
        self._num_decided += 1
        if self._is_command:
            messages.print(f"run {run.id}, {words}")
        self._show_decided()

    def _show_decided(self) -> None:
        words = f"{self._num_decided} of {self._num_to_decide} runs searched"
        self._progress.update(self._overall, completed=self._num_decided, words=words)
        if self._line is not None:
            self._line.show(words)

    def _close(self, request: RunRequest) -> None:
        self._done.add(request.id)
        self._under_way.pop(request.id, None)
        if request.id in self._bars:
            self._progress.remove_task(self._bars.pop(request.id))
        self._show()

    def _show(self) -> None:
        done = self._cost(self._done) + sum(
            share * self._requests[run].trial.cost for run, share in self._under_way.items()
        )
        words = f"{len(self._done)} of {len(self._requests)} runs"
        now, total = time.monotonic(), self._cost(self._requests)
        worked = done - (self._cost_before or 0.0)
        if worked > 0 and self._cost_before is not None and done < total:
            words += f"  {duration((total - done) / worked * (now - self._began))} left"
        self._progress.update(self._overall, completed=done, words=words)
        if self._line is not None:
            self._line.show(f"{100 * done / total:.0f} %  {words}")

    def _cost(self, run_ids: Mapping[str, RunRequest] | set[str]) -> float:
        return sum(self._requests[run].trial.cost for run in run_ids)
