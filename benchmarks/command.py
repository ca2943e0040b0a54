"""What `python -m benchmarks` takes and prints."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from ripplecarry import cli
from ripplecarry.cli.command import JsonOption, reader
from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import CELL_SHAPES, is_known
from ripplecarry.values import choice, whole_number
from ripplecarry.verbs.parameters import Option

if TYPE_CHECKING:
    from ripplecarry.runs.trial import Trial


def bench(
    *,
    cells: Annotated[str, Parameter(help="Cells, with commas between.")] = "rnn,gru,lstm",
    positions: Annotated[str, Parameter(help="Sequence lengths, with commas between.")] = "11,202",
    peers: Annotated[
        str | None, Parameter(help="What to compare, with commas between; all but torch.compile else.")
    ] = None,
    engine: Annotated[
        Literal["native", "gpu", "gpu_tf32x3", "gpu_tf32"],
        Parameter(help="Ours: the native engine on one core, or many runs at once on the GPU."),
    ] = "native",
    rounds: Annotated[
        int,
        Parameter(
            help="Turns of each; medians are taken over them.", converter=reader("rounds", Option("", 1))
        ),
    ] = 9,
    whole_study: Annotated[
        bool, Parameter(negative="", help="Time all the report's trials instead, ours against its way.")
    ] = False,
    sweep: Annotated[
        int | None,
        Parameter(
            help="Time sweeps of so many trivial runs by executor instead.",
            converter=reader("sweep", Option("", 1)),
        ),
    ] = None,
    executors: Annotated[
        str | None, Parameter(help="Which, with commas between; all that are installed else.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Time training steps side by side on one core, as ratios measured in one run.

    A step is the report's: batch 200, two layers of 64 units, operands, cross-entropy, backward and
    Adam. Times are the processor's. "Of peak" sets the matrix products against the multiply-adds that the
    core did right before and after; "best turn" is the same of the fastest turn, which other work on the
    machine disturbed least. Peers that are not installed are left out with a note.

    With `--engine gpu` it is run-steps a second instead, on the GPU: 1 to 10,000 runs at once, and 1,000
    beside cuDNN's modules one run at a time, plain and as a captured graph, and beside JAX's `vmap`.

    Example: python -m benchmarks --cells rnn --positions 11 --peers "native,torch modules,torch.compile"
    """
    from benchmarks.steps import PEERS, time_steps, use_one_core
    from benchmarks.workload import Workload

    if whole_study:
        return _bench_whole_study(as_json)
    if sweep is not None:
        return _bench_sweep(sweep, _names(executors), as_json)
    lengths = [whole_number(each, "one of positions", 1) for each in positions.split(",")]
    kinds = [
        choice(each.strip(), "cell", [name for name in CELL_SHAPES if is_known(name, "onnx")])
        for each in cells.split(",")
    ]
    workloads = [Workload(cell, length) for cell in kinds for length in lengths]
    for workload in workloads:
        assert workload.trial  # refuses what is no cell or length
    if engine != "native":
        return _bench_gpu(engine, [workload.trial for workload in workloads], peers, rounds, as_json)
    default = [peer for peer in PEERS if peer != "torch.compile"]
    chosen = _chosen(peers, PEERS, default)
    use_one_core()
    from ripplecarry.console import output, print_table
    from ripplecarry.runs.environment import processor_name

    timings, left_out = [], {}
    for workload in workloads:
        measured, missing = time_steps(workload, chosen, rounds)
        timings += measured
        left_out |= {f"{peer}, {workload.cell}": why for peer, why in missing.items()}
    if as_json:
        rows = [asdict(timing) for timing in timings]
        print(json.dumps({"processor": processor_name(), "timings": rows, "left_out": left_out}, indent=1))
        return 0
    print_table(
        f"{processor_name()}, one core, medians of {rounds} turns",
        [
            {
                "cell": timing.cell,
                "positions": timing.positions,
                "peer": timing.peer,
                "ms per step": f"{timing.ms_per_step:.2f}",
                "x native": "" if timing.times_native is None else f"{timing.times_native:.2f}",
                "of peak": _percent(timing.share_of_peak),
                "best turn": _percent(timing.best_share_of_peak),
            }
            for timing in timings
        ],
    )
    for peer, why in left_out.items():
        output.print(f"left out: {peer}: {why}", markup=False)  # the remedy has brackets
    return 0


def call(arguments: Sequence[str]) -> int:
    """Runs the benchmarks that the arguments ask for and returns the exit status."""
    commands = App(name="benchmarks", suppress_keyboard_interrupt=False)
    commands.default(bench)
    return cli.call(arguments, commands)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",")]


def _chosen(given: str | None, known: Sequence[str], default: Sequence[str]) -> list[str]:
    """The peers that are named, or the usual ones."""
    names = _names(given) or list(default)
    for name in names:
        if name not in known:
            raise ConfigurationError(f"unknown peer {name!r}; choose from {', '.join(known)}")
    return names


def _bench_gpu(engine: str, trials: "list[Trial]", peers: str | None, rounds: int, as_json: bool) -> int:
    from ripplecarry.engines.registry import open_engine

    opened: Any = open_engine(engine)  # says what is missing
    from benchmarks.gpu_steps import COMPARED, PEERS, seconds_of_sweep, time_gpu_steps
    from ripplecarry.console import output, print_table
    from ripplecarry.runs.trial import Trial

    chosen = _chosen(peers, PEERS, PEERS)
    timings, left_out = [], {}
    for trial in trials:
        measured, missing = time_gpu_steps(
            trial, opened.device, multiply=opened.multiply, peers=chosen, rounds=rounds
        )
        timings += measured
        left_out |= missing
    sweep_s = seconds_of_sweep(Trial(steps=500), COMPARED, opened.multiply, opened.device)
    if as_json:
        report = {"device": opened.device_name, "timings": [asdict(timing) for timing in timings]}
        report |= {"left_out": left_out, f"s_of_{COMPARED}_baseline_runs_of_500_steps": sweep_s}
        print(json.dumps(report, indent=1))
        return 0
    print_table(
        f"{opened.device_name}, medians of {rounds} turns",
        [
            {
                "cell": timing.cell,
                "positions": timing.positions,
                "way": timing.way,
                "runs at once": timing.num_runs,
                "run-steps/s": f"{timing.run_steps_per_s:.4g}",
                f"{engine} {COMPARED} is": f"{timing.times_slower:.3g}x",
                "of peak": _percent(timing.share_of_peak),
                "of bandwidth": _percent(timing.share_of_bandwidth),
            }
            for timing in timings
        ],
    )
    for peer, why in left_out.items():
        output.print(f"left out: {peer}: {why}", markup=False)
    output.print(f"{COMPARED} runs of 500 steps of the baseline: {sweep_s:.2f} s")
    return 0


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _bench_whole_study(as_json: bool) -> int:
    from benchmarks.whole_study import time_whole_study
    from ripplecarry.console import output
    from ripplecarry.runs.environment import processor_name

    timed = time_whole_study()
    if as_json:
        print(json.dumps(asdict(timed) | {"ratio": timed.ratio}, indent=1))
        return 0
    output.print(f"{processor_name()}: the report's {timed.num_trials} trials, one seed each")
    output.print(f"  from process start to figures  {timed.ours_s:6.1f} s")
    output.print(
        f"  the report's way, steps alone  {timed.report_s:6.1f} s   {timed.ratio:.1f} times as long"
    )
    return 0


def _bench_sweep(num_runs: int, executors: list[str] | None, as_json: bool) -> int:
    from benchmarks.overhead import time_overheads
    from ripplecarry.console import print_table
    from ripplecarry.runs.environment import processor_name

    if num_runs < 1:
        raise ConfigurationError(f"--sweep is {num_runs}; it must be at least 1")
    timed = time_overheads(num_runs, executors)
    if as_json:
        rows = [asdict(each) for each in timed]
        print(json.dumps({"processor": processor_name(), "sweeps": rows}, indent=1))
        return 0
    print_table(
        f"{processor_name()}: sweeps of {num_runs} runs of one step",
        [
            {
                "executor": row.executor,
                "workers": row.num_workers,
                "ms a run": f"{row.ms_per_run:.1f}",
                "its training alone": f"{row.ms_of_training:.1f}",
                "driver's processor ms": f"{row.cpu_ms_per_run:.1f}",
                "driver's MiB": " ".join(f"{mib:.0f}" for mib in row.driver_mib),
                "listing s": f"{row.first_listing_s:.2f} {row.second_listing_s:.2f}",
            }
            for row in timed
        ],
    )
    return 0
