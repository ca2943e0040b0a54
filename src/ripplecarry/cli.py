"""The command line: parse, call, print.

Exit status: 0 done; 1 the answer is no, or a run failed; 2 wrong usage; 130 interrupted.
Commands import what they need when called, so that `--help` stays quick.
"""

import inspect
import json
import signal
import sys
import tomllib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from cyclopts import App, CycloptsError, Parameter

from ripplecarry.engines.registry import EngineName
from ripplecarry.errors import ConfigurationError, InputError, StoreError
from ripplecarry.lab.trial import RunRequest, Trial

if TYPE_CHECKING:
    from pandas import DataFrame

    from ripplecarry.api import StudyResult
    from ripplecarry.lab.run import Run
    from ripplecarry.lab.sweep import StopRequest

app = App(
    name="ripplecarry",
    help="Train recurrent networks that add digit by digit; compare them over seeds.",
)

StoreOption = Annotated[Path, Parameter(env_var="RIPPLECARRY_STORE", help="Folder of all runs.")]
EngineOption = Annotated[EngineName, Parameter(help="What computes; auto is the fastest here.")]
JsonOption = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


def main() -> None:
    """Runs the command of `sys.argv` and exits with its status."""
    sys.exit(call(sys.argv[1:]))


def call(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit status."""
    try:
        status = app(list(arguments), exit_on_error=False, print_error=False, result_action="return_value")
        return status if isinstance(status, int) else 0
    except (InputError, CycloptsError) as error:
        print(f"ripplecarry: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 0


@app.command
def study(
    names: Annotated[list[str] | None, Parameter(help="Studies, or files of your own.")] = None,
    *,
    seeds: Annotated[int | None, Parameter(help="Seeds per trial; the study's own else.")] = None,
    workers: Annotated[int | None, Parameter(help="Runs at a time; as many as cores else.")] = None,
    engine: EngineOption = "auto",
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """Carry studies out, resuming what was begun, and draw their figures.

    `all`, or no name, is the course report's: baseline, layers, digits, learning_rate, cell,
    digits_at_equal_work, low_rate_longer, high_rate_then_low. By name only: depth_and_length, padding,
    lstm_or_rnn, two_digit_training, batch_and_optimiser. A path to a .py file that defines STUDY is a
    study of your own.

    Example: ripplecarry study layers cell --seeds 5
    """
    from ripplecarry.api import carry_out_studies
    from ripplecarry.console import output, print_table, sweep_progress
    from ripplecarry.lab.store import Store
    from ripplecarry.reports.document import report_study, write_document
    from ripplecarry.studies.catalogue import find_studies

    studies = find_studies(names or ["all"])
    name = _engine_name(engine)
    requests = [r for s in studies for r in s.requests(max(seeds or s.seeds, 1), name)]
    with sweep_progress(requests) as listener, _stop_on_signals() as stop:
        results, result = carry_out_studies(
            studies,
            seeds=seeds,
            workers=workers,
            engine=engine,
            store=store,
            listener=listener,
            stop=stop,
        )
    kept = Store(store)
    reports = [report_study(each.study, each.runs, kept) for each in results if each.study.drawn(each.runs)]
    document = kept.report_path([each.study.name for each in results])
    if reports:
        write_document(reports, result.failed, document)
    if as_json:
        print(
            json.dumps(
                {
                    "studies": [report.as_dict() for report in reports],
                    "failed": result.failed,
                    "report": str(document) if reports else None,
                    "interrupted": result.was_interrupted,
                },
                indent=1,
            )
        )
        return _study_status(results)
    for report in reports:
        rows = [row.as_row() for row in report.summary]
        print_table(f"{report.study.name}: {report.study.title}", rows)
        output.print(f"figures: {', '.join(str(f) for f in report.figures if f.suffix == '.png')}\n")
    verdicts = [
        {"claim": verdict.claim.id, "verdict": verdict.status, "why": verdict.sentence}
        for report in reports
        for verdict in report.verdicts
    ]
    if verdicts:
        print_table("verdicts", verdicts)
    if reports:
        output.print(f"\nreport: {document}")
    return _study_status(results)


@app.command
def runs(
    run: Annotated[str | None, Parameter(help="A run's id, its beginning, or folder.")] = None,
    *,
    where: Annotated[str, Parameter(help="SQL condition on the columns.")] = "true",
    sort: Annotated[str, Parameter(help="Columns to order by; `desc` behind one.")] = "id",
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """List the finished runs in the store, or show one of them with its curves.

    Columns: id, seed, engine, outcome, every setting of `train`, steps_done, the last loss,
    exact_match, digit_accuracy, exact_match_at_9, digit_accuracy_at_9, train_s and finished_at.
    Runs that are damaged, as far as can be seen without reading their curves and weights, are named
    and make the exit status 1; showing a run, and every study, checks all its bytes.

    Example: ripplecarry runs --where "cell = 'gru' and exact_match = 1" --sort "loss desc"
    """
    from ripplecarry.lab.store import Store

    if run is not None:
        return _show_run(Store(store).find(run).verify(), as_json)
    if not (store / "runs").is_dir():
        raise StoreError(f"no store at {store}; `ripplecarry study` and `train` make one")
    frame, damaged = Store(store).frame(where, sort)
    _list_runs(frame, store, as_json)
    begun = Store(store).unfinished_ids()
    if begun and not as_json:
        print(f"begun and not finished: {len(begun)}; the commands that began them go on with them")
    for words in damaged:
        print(f"ripplecarry: {words}", file=sys.stderr)
    return 1 if damaged else 0


def _list_runs(frame: "DataFrame", store: Path, as_json: bool) -> None:
    from ripplecarry.console import output, print_table

    if as_json:
        print(frame.to_json(orient="records", indent=1))
    elif frame.empty:
        output.print(f"no runs in {store} that fit")
    else:
        always = ("outcome", "steps_done", "loss", "exact_match", "train_s")
        varied = [c for c in frame.columns if c in Trial.model_fields and frame[c].nunique() > 1]
        shown = frame[["id", *varied, *always]]
        rows = [
            {str(name): value for name, value in row.items()}
            for row in shown.astype(object).where(shown.notna(), None).to_dict(orient="records")
        ]
        print_table(f"{len(frame)} {'run' if len(frame) == 1 else 'runs'} in {store}", rows)


def _show_run(run: "Run", as_json: bool) -> int:
    from ripplecarry.console import output, print_curve, print_table

    if as_json:
        print(json.dumps({"config": dict(run.config), "state": dict(run.state)}, indent=1))
        return 0
    rows = [{"what": name, "value": value} for name, value in _run_summary(run).items()]
    print_table(f"run {run.id}", rows)
    settings = run.trial.model_dump(mode="json", exclude_none=True)
    output.print("\n" + ", ".join(f"{name} {value}" for name, value in settings.items()))
    for metric in ("loss", "exact_match"):
        read = run.curves.dropna(subset=[metric])
        print_curve(f"\n{metric.replace('_', ' ')}", read.step.tolist(), read[metric].tolist())
    return 0


@app.command
def bench(
    *,
    cells: Annotated[str, Parameter(help="Cells, with commas between.")] = "rnn,gru,lstm",
    positions: Annotated[str, Parameter(help="Sequence lengths, with commas between.")] = "11,202",
    peers: Annotated[
        str | None, Parameter(help="What to compare, with commas between; all but torch.compile else.")
    ] = None,
    rounds: Annotated[int, Parameter(help="Turns of each; medians are taken over them.")] = 9,
    as_json: JsonOption = False,
) -> int:
    """Time training steps side by side on one core, as ratios measured in one run.

    A step is the report's: batch 200, two layers of 64 units, operands, cross-entropy, backward and
    Adam. Peers that are not installed are left out with a note.

    Example: ripplecarry bench --cells rnn --positions 11 --peers "native,torch modules,torch.compile"
    """
    from ripplecarry.benchmarks.steps import PEERS, time_steps, use_one_core
    from ripplecarry.benchmarks.workload import Workload

    if rounds < 1:
        raise ConfigurationError(f"rounds is {rounds}; it must be at least 1")
    chosen = [p.strip() for p in peers.split(",")] if peers else [p for p in PEERS if p != "torch.compile"]
    try:
        lengths = [int(each) for each in positions.split(",")]
    except ValueError:
        raise ConfigurationError(f"positions is {positions!r}; give whole numbers with commas") from None
    for peer in chosen:
        if peer not in PEERS:
            raise ConfigurationError(f"unknown peer {peer!r}; choose from {', '.join(PEERS)}")
    workloads = [Workload(cell.strip(), length) for cell in cells.split(",") for length in lengths]
    for workload in workloads:
        assert workload.trial  # refuses what is no cell or length
    use_one_core()
    from ripplecarry.console import output, print_table
    from ripplecarry.lab.environment import processor_name

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
                "of peak": "" if timing.share_of_peak is None else f"{timing.share_of_peak:.0%}",
            }
            for timing in timings
        ],
    )
    for peer, why in left_out.items():
        output.print(f"left out: {peer}: {why}")
    return 0


def train(
    *,
    seed: Annotated[int, Parameter(help="Initial values, operands and readings follow from it.")] = 0,
    config: Annotated[Path | None, Parameter(help="TOML file of settings.")] = None,
    engine: EngineOption = "auto",
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
    **settings: Any,
) -> int:
    """Train one network and keep the run.

    Settings come from `--config FILE.toml` (the names below from `task` on, with underscores) and from
    options, which win.

    Example: ripplecarry train --digits 9 --layers 2 --cell gru --steps 500
    """
    from ripplecarry.arithmetic.philox import MAX_SEED
    from ripplecarry.console import print_table, sweep_progress
    from ripplecarry.lab.store import Store
    from ripplecarry.lab.sweep import sweep

    if not 0 <= seed <= MAX_SEED:
        raise ConfigurationError(f"seed is {seed}; it must be from 0 to {MAX_SEED}")
    given = {name: value for name, value in settings.items() if value is not None}
    trial = Trial.build((_read_toml(config) if config else {}) | given)
    request = RunRequest(trial, seed, _engine_name(engine))
    with sweep_progress([request]) as listener, _stop_on_signals() as stop:
        result = sweep([request], Store(store), num_workers=1, listener=listener, stop=stop)
    if result.was_interrupted:
        return _say_interrupted()
    if result.failed:
        return 1
    run = Store(store).open(request.id)
    summary = _run_summary(run)
    if as_json:
        print(json.dumps(summary, indent=1))
    else:
        rows = [{"what": name, "value": value} for name, value in summary.items()]
        print_table(f"run {run.id}", rows)
    return 0 if run.outcome == "finished" else 1


def _engine_name(engine: EngineName) -> str:
    """The engine that is meant, with a word where the fast one is missing."""
    from ripplecarry.engines.registry import open_engine

    name = open_engine(engine).name
    if engine == "auto" and name == "torch":
        print(
            "ripplecarry: the native engine is not built, so PyTorch does the work, several times slower; "
            "with a C++ compiler `pip install ./native` builds it",
            file=sys.stderr,
        )
    return name


def _run_summary(run: "Run") -> dict[str, object]:
    from ripplecarry.evaluation.exact_match import share_interval
    from ripplecarry.lab.observation import NUM_PAIRS
    from ripplecarry.networks.architecture import num_parameters
    from ripplecarry.training.loop import OBSERVE_EVERY

    summary: dict[str, object] = {
        "id": run.id,
        "folder": str(run.folder),
        "outcome": run.outcome,
        "parameters": num_parameters(run.trial, run.task),
        "steps": run.state["steps_done"],
        "metrics_read_after_step": (run.state["steps_done"] - 1) // OBSERVE_EVERY * OBSERVE_EVERY,
        **run.state["last"],
    }
    if "exact_match" in run.state["last"]:
        exact = round(run.state["last"]["exact_match"] * NUM_PAIRS)
        low, high = share_interval(exact, NUM_PAIRS)
        summary["exact_match_interval"] = f"{low:.4f} to {high:.4f} (95 %, {NUM_PAIRS} samples)"
    summary["steps_per_s"] = run.state["steps_done"] / run.state["train_s"]
    return summary


def _with_trial_options(command: Any) -> Any:
    """Gives a command an option for each setting of a trial in the place of its `**settings`."""
    signature = inspect.signature(command)
    kept = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    for name, setting in Trial.model_fields.items():
        if name == "machine":  # tables go into a configuration file
            continue
        words = [] if setting.default is None else [f"default: {setting.default}"]
        if get_origin(setting.annotation) is Literal:
            words.insert(0, f"choices: {', '.join(get_args(setting.annotation))}")
        suffix = f" [{'; '.join(words)}]" if words else ""
        option = Parameter(help=f"{setting.description}{suffix}", show_default=False)
        # Words, which the trial reads: it tells all problems together.
        annotation = Annotated[str | None, option]
        kept.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        )
        command.__annotations__[name] = annotation
    command.__signature__ = signature.replace(parameters=kept)
    return command


app.command(_with_trial_options(train))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not a TOML file: {error}") from None


@contextmanager
def _stop_on_signals() -> Generator["StopRequest"]:
    """Turns Ctrl-C and SIGTERM into a request to stop; a second one ends the process at once."""
    from ripplecarry.lab.sweep import StopRequest

    stop = StopRequest()

    def ask(number: int, frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, before[each] or signal.SIG_DFL)
        stop.make()

    before = {each: signal.signal(each, ask) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _study_status(results: list["StudyResult"]) -> int:
    failed = {run: words for result in results for run, words in result.failed.items()}
    for run, words in failed.items():
        print(f"ripplecarry: run {run} failed: {words}", file=sys.stderr)
    if any(result.was_interrupted for result in results):
        return _say_interrupted()
    return 1 if failed else 0


def _say_interrupted() -> int:
    print("ripplecarry: interrupted; the same command goes on from here", file=sys.stderr)
    return 130
