"""Timing training steps of several peers in turn, on one core."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.workload import Workload, flops
from ripplecarry.engines.registry import open_engine
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.initial_values import initial_weights

PEERS = ("native", "torch engine", "torch modules", "digit lists", "torch.compile", "jax", "numba")
"""Ours first, then what a user would pick; torch.compile takes minutes and is left out unless named."""

_SLICE_S = 0.12

Advance = Callable[[int], object]
"""Trains for so many steps."""


@dataclass(frozen=True)
class Timing:
    """One peer at one workload."""

    cell: str
    positions: int
    peer: str
    ms_per_step: float
    times_native: float | None
    share_of_peak: float | None
    """The matrix products' flops per second, as a share of the multiply-adds that the core did right
    before and after: the median of the turns."""
    best_ms_per_step: float
    best_share_of_peak: float | None
    """The same of the fastest turn: what other work on the machine disturbed least."""


def use_one_core() -> None:
    """Keeps every peer to one core and one thread; to be called before any of them is imported."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def prepare(peer: str, workload: Workload) -> Advance | str:
    """The peer's training, or why there is none."""
    if peer not in PEERS:
        raise ConfigurationError(f"unknown peer {peer!r}; choose from {', '.join(PEERS)}")
    try:
        if peer in ("native", "torch engine"):
            return _engine(peer.split()[0], workload)
        if peer == "jax":
            from benchmarks.jax_peer import Training

            return Training(workload.trial).advance
        if peer == "numba":
            from benchmarks.numba_peer import Training

            return Training(workload.trial).advance
        from benchmarks import torch_peers

        if peer == "torch.compile":
            return torch_peers.compiled(workload)
        return (torch_peers.modules if peer == "torch modules" else torch_peers.digit_lists)(workload)
    except ImportError as error:
        return f"not installed ({error.name}); pip install -c constraints.txt -e '.[bench]' brings it"
    except ConfigurationError as error:
        return str(error)


def time_steps(
    workload: Workload, peers: Sequence[str], rounds: int
) -> tuple[list[Timing], dict[str, str]]:
    """Medians over rounds in which the peers take turns, ratios turn by turn; why peers were left out."""
    advances, left_out = {}, {}
    for peer in peers:
        advance = prepare(peer, workload)
        if isinstance(advance, str):
            left_out[peer] = advance
        else:
            advances[peer] = advance
    num_steps = {peer: _calibrate(advance) for peer, advance in advances.items()}
    times: dict[str, list[float]] = {peer: [] for peer in advances}
    shares: dict[str, list[float]] = {peer: [] for peer in advances}
    num_flops, peak = flops(workload.trial), _peak_flops()
    for _ in range(rounds):
        for peer, advance in advances.items():
            times[peer].append(_seconds(advance, num_steps[peer]) / num_steps[peer])
            peak_before, peak = peak, _peak_flops()
            beside = max(peak_before, peak)  # other work only ever lowers it
            shares[peer].append(num_flops / times[peer][-1] / beside if beside else 0.0)
    native = times.get("native")
    return [
        Timing(
            workload.cell,
            workload.positions,
            peer,
            1e3 * statistics.median(mine),
            statistics.median(m / n for m, n in zip(mine, native, strict=True)) if native else None,
            statistics.median(shares[peer]) if peak else None,
            1e3 * min(mine),
            shares[peer][mine.index(min(mine))] if peak else None,
        )
        for peer, mine in times.items()
    ], left_out


def _engine(name: str, workload: Workload) -> Advance:
    trial = workload.trial
    trainer = open_engine(name).trainer(
        trial, trial, trial.training_batches(0), initial_weights(trial, trial.build_task(), 0)
    )
    return trainer.advance


def _seconds(advance: Advance, num_steps: int) -> float:
    """Of the processor's time: what others do on the machine does not count."""
    began = time.process_time()
    advance(num_steps)
    return time.process_time() - began


def _calibrate(advance: Advance) -> int:
    """How many steps fill a slice of time; the first ones, which compile, do not count."""
    advance(1)
    advance(2)
    return max(1, round(_SLICE_S / max(_seconds(advance, 1), 1e-5)))


def _peak_flops() -> float:
    from ripplecarry.engines.kernel import is_available
    from ripplecarry.engines.native import NativeEngine

    return NativeEngine().peak_flops() if is_available() else 0.0
