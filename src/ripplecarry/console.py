"""What the command line shows while it works, and its tables."""

import math
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise

import plotille
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column, Table

from ripplecarry.runs.trial import RunRequest
from ripplecarry.sweeps import execute_run
from ripplecarry.sweeps.sweep import Listener

output = Console(highlight=False)
if not output.is_terminal:  # a file or a pipe has no width
    output.width = 160
messages = Console(stderr=True, highlight=False, soft_wrap=True)

_PLAIN_EVERY_S = 30.0
_CURVE_WIDTH, _CURVE_HEIGHT = 60, 10
_ROUND = (1, 1.2, 1.4, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10)


@contextmanager
def sweep_progress() -> "Generator[SweepDisplay]":
    """One bar for all the work and one per run in progress; plain lines without a terminal."""
    progress = Progress(
        TextColumn("{task.description}", table_column=Column(no_wrap=True, min_width=20)),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[words]}"),
        console=messages,
        transient=True,
        disable=not messages.is_terminal,
    )
    with progress:
        yield SweepDisplay(progress)


class SweepDisplay(Listener):
    """Shows how a sweep goes, and knows whether a run failed."""

    def __init__(self, progress: Progress) -> None:
        self.has_failures = False
        self._requests: dict[str, RunRequest] = {}
        self._progress = progress
        self._overall = progress.add_task("all", total=None, words="")
        self._bars: dict[str, TaskID] = {}
        self._under_way: dict[str, float] = {}
        self._done: set[str] = set()
        self._began = self._printed = time.monotonic()
        self._cost_before: float | None = None

    def planned(self, requests: Sequence[RunRequest]) -> None:
        self._requests = {request.id: request for request in requests}
        self._progress.update(self._overall, total=self._cost(self._requests))

    def progressed(self, progress: execute_run.Progress) -> None:
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
        words += f"  {progress.steps_per_s:.0f} steps/s  {_duration(left_s)} left"
        bar = self._bars[progress.run_id]
        self._progress.update(bar, completed=progress.step, words=words)
        self._under_way[progress.run_id] = progress.step / progress.num_steps
        self._show()

    def finished(self, request: RunRequest) -> None:
        self._close(request)

    def failed(self, request: RunRequest, error: BaseException) -> None:
        self.has_failures = True
        messages.print(f"failed: run {request.id}: {error}")
        self._close(request)

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
            words += f"  {_duration((total - done) / worked * (now - self._began))} left"
        self._progress.update(self._overall, completed=done, words=words)
        if not messages.is_terminal and now - self._printed > _PLAIN_EVERY_S:
            self._printed = now
            messages.print(f"{100 * done / total:.0f} %  {words}")

    def _cost(self, run_ids: Mapping[str, RunRequest] | set[str]) -> float:
        return sum(self._requests[run].trial.cost for run in run_ids)


def print_table(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Prints rows with the same keys under a title; numbers are right-aligned."""
    result = Table(box=None, pad_edge=False)
    for column in rows[0] if rows else []:
        is_number = all(isinstance(row[column], int | float) for row in rows)
        result.add_column(
            column.replace("_", " "),
            justify="right" if is_number else "left",
            no_wrap=column in list(rows[0])[:2],
        )
    for row in rows:
        result.add_row(*(_shown(value) for value in row.values()))
    output.print(title, style="bold")
    output.print(result)


def print_curve(title: str, steps: Sequence[float], values: Sequence[float]) -> None:
    """Prints a curve drawn in characters."""
    finite = [(x, y) for x, y in zip(steps, values, strict=True) if math.isfinite(y)]
    output.print(title, style="bold")
    if len(finite) < 2:
        output.print("too few points to draw")
        return
    right, top = (_round_up(max(numbers)) for numbers in zip(*finite, strict=True))
    # A character has 2 × 4 dots, and a canvas rounds what lies on its upper ends to the dot after the last.
    beyond = [dots / (dots - 0.6) for dots in (2 * _CURVE_WIDTH, 4 * _CURVE_HEIGHT)]
    canvas = plotille.Canvas(_CURVE_WIDTH, _CURVE_HEIGHT, xmax=right * beyond[0], ymax=top * beyond[1])
    for (x, y), (next_x, next_y) in pairwise(finite):
        canvas.line(x, y, next_x, next_y)
    labels = {0: f"{top:g}", _CURVE_HEIGHT // 2: f"{top / 2:g}", _CURVE_HEIGHT - 1: "0"}
    for row, dots in enumerate(canvas.plot().splitlines()):
        output.print(f"{labels.get(row, ''):>7} │{dots}", markup=False)
    output.print(f"{'':>7} └{'─' * _CURVE_WIDTH}")
    half = _CURVE_WIDTH // 2
    output.print(f"{'':>9}{'0':<{half}}{f'{right / 2:g}':<{half - 4}}{f'{right:g}':>4}  step")


def _round_up(value: float) -> float:
    """The next number up that has one or two plain digits, as has its half; 1 for 0."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(times * unit for times in _ROUND if times * unit >= value * (1 - 1e-9))


def _shown(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
