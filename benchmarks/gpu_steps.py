"""Run-steps a second on a GPU: many runs at once, beside the same runs one at a time and JAX's `vmap`."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
import torch

from benchmarks import gpu_peers
from benchmarks.gpu_limits import bandwidth, peak_flops, wait
from benchmarks.workload import flops
from ripplecarry.engines.gpu.engine import GpuEngine
from ripplecarry.engines.gpu.launches import Multiply
from ripplecarry.engines.gpu.stack import Advance, Stack
from ripplecarry.networks.initial_values import initial_weights
from ripplecarry.runs.trial import Trial

PEERS = ("cuDNN modules", "cuDNN graph", "jax vmap")
COUNTS = (1, 10, 100, 1000, 10_000)
"""Runs at once, for the curve."""
COMPARED = 1000
"""Runs at once where peers are compared."""

STEPS_PER_CALL = 5
_DIFFERENT_WEIGHTS = 16


@dataclass(frozen=True)
class GpuTiming:
    """One way of training runs of one shape, so many at once."""

    cell: str
    positions: int
    way: str
    num_runs: int
    run_steps_per_s: float
    times_slower: float
    """Our run-steps a second with the most runs of the comparison over this way's, median turn by turn."""
    share_of_peak: float
    """The matrix products' flops a second, of the most that multiply-adds reach without tensor cores."""
    share_of_bandwidth: float | None
    """What must be moved at least, of what a copy reaches: hidden states and gates written and read once,
    parameters and moments read and written; of our own ways alone."""


@dataclass(frozen=True)
class _Way:
    name: str
    num_runs: int
    call: Callable[[], object]
    run_steps: int
    """Of one call."""
    bytes_per_run_step: float | None = None


def time_gpu_steps(
    trial: Trial,
    device: torch.device,
    *,
    counts: Sequence[int] = COUNTS,
    compared: int = COMPARED,
    multiply: Multiply = "ieee",
    peers: Sequence[str] = PEERS,
    rounds: int = 5,
    slice_s: float = 0.5,
) -> tuple[list[GpuTiming], dict[str, str]]:
    """Medians over rounds in which the ways take turns; and why peers were left out."""
    ways, left_out = [], {}
    for count in sorted({*counts, compared}):
        ways.append(_ours(trial, count, multiply, device))
    for peer in peers:
        way = _peer(peer, trial, compared, device)
        if isinstance(way, str):
            left_out[peer] = way
        else:
            ways.append(way)
    limits = peak_flops(device), bandwidth(device)
    repeats = [_calibrate(way, slice_s, device) for way in ways]
    rates: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for way, count, mine in zip(ways, repeats, rates, strict=True):
            mine.append(way.run_steps * count / _seconds(way, count, device))
    ours = rates[sorted({*counts, compared}).index(compared)]
    return [
        GpuTiming(
            trial.cell,
            trial.sequence_length,
            way.name,
            way.num_runs,
            rate := statistics.median(mine),
            statistics.median(our / other for our, other in zip(ours, mine, strict=True)),
            flops(trial) * rate / limits[0],
            None if way.bytes_per_run_step is None else way.bytes_per_run_step * rate / limits[1],
        )
        for way, mine in zip(ways, rates, strict=True)
    ], left_out


def seconds_of_sweep(trial: Trial, num_runs: int, multiply: Multiply, device: torch.device) -> float:
    """All steps of so many runs of a trial at once, when everything is compiled."""
    stack, wishes = _stacked(trial, num_runs, multiply, device)
    stack.advance(wishes(0, 1))
    wait(device)
    began = time.perf_counter()
    stack.advance(wishes(1, trial.steps))
    wait(device)
    return time.perf_counter() - began


def _ours(trial: Trial, num_runs: int, multiply: Multiply, device: torch.device) -> _Way:
    stack, wishes = _stacked(trial, num_runs, multiply, device)
    done = 0

    def call() -> None:
        nonlocal done
        stack.advance(wishes(done, STEPS_PER_CALL))
        done += STEPS_PER_CALL

    a = stack.layout
    states = trial.layers * trial.sequence_length * trial.batch_size * trial.hidden_size
    moved = 4 * (2 * (1 + a.num_saved) * states + 6 * a.size)
    return _Way(GpuEngine.name_of(multiply), num_runs, call, num_runs * STEPS_PER_CALL, moved)


def _stacked(
    trial: Trial, num_runs: int, multiply: Multiply, device: torch.device
) -> tuple[Stack, Callable[[int, int], list[Advance]]]:
    """A stack of runs, and what to wish of it for so many steps from a first on."""
    task = trial.build_task()
    stack = Stack(GpuEngine.shape_of(trial, task, trial, multiply), device)
    rows = [
        stack.layout.pack(initial_weights(trial, task, seed))
        for seed in range(min(num_runs, _DIFFERENT_WEIGHTS))
    ]
    slots = [stack.add() for _ in range(num_runs)]
    for slot, row in zip(slots, islice(cycle(rows), num_runs), strict=True):
        stack.write(slot, 0, row)
    sources = [trial.training_batches(seed) for seed in range(num_runs)]

    def wishes(first: int, num_steps: int) -> list[Advance]:
        rates = np.full(num_steps, trial.learning_rate)
        return [Advance(slot, source, first, rates) for slot, source in zip(slots, sources, strict=True)]

    return stack, wishes


def _peer(peer: str, trial: Trial, num_runs: int, device: torch.device) -> _Way | str:
    if peer == "jax vmap":
        os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"  # the memory is shared with ours
        try:
            from benchmarks.jax_peer import stacked
        except ImportError as error:
            return f"not installed ({error.name}); pip install 'jax[cuda12]' brings it"
        return _Way(peer, num_runs, stacked(trial, num_runs), num_runs)
    if peer == "cuDNN graph" and device.type != "cuda":
        return "only a GPU captures graphs"
    make = gpu_peers.modules if peer == "cuDNN modules" else gpu_peers.captured
    return _Way(peer, 1, make(trial, device), 1)


def _calibrate(way: _Way, slice_s: float, device: torch.device) -> int:
    """How many calls fill a slice of time; the first ones, which compile, do not count."""
    for _ in range(2):
        way.call()
    return max(1, round(slice_s / _seconds(way, 1, device)))


def _seconds(way: _Way, count: int, device: torch.device) -> float:
    wait(device)
    began = time.perf_counter()
    for _ in range(count):
        way.call()
    wait(device)
    return time.perf_counter() - began
