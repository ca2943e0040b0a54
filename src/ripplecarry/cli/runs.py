"""`ripplecarry runs`: what the store holds."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ripplecarry.cli.options import EventsOption, JsonOption, StoreOption
from ripplecarry.cli.train import run_summary
from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.runs.trial import Trial

if TYPE_CHECKING:
    from pandas import DataFrame

    from ripplecarry.runs.run import Run


def runs(
    run: Annotated[str | None, Parameter(help="A run's id, its beginning, or folder.")] = None,
    /,
    *,
    where: Annotated[str, Parameter(help="SQL condition on the columns.")] = "true",
    sort: Annotated[str, Parameter(help="Columns to order by; `desc` behind one.")] = "id",
    tensorboard: EventsOption = None,
    discard_damaged: Annotated[
        bool, Parameter(negative="", help="Read every byte; delete damaged runs and checkpoints.")
    ] = False,
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """List the finished runs in the store, or show one of them with its curves.

    Columns: id, seed, engine, outcome, every setting of `train`, steps_done, the loss of the last step;
    exact_match, digit_accuracy, exact_match_at_9, digit_accuracy_at_9 and exact_match_hard as last read,
    after the step metrics_read_after_step; the time to exactness as exact_from_step and exact_from_s,
    train_s, finished_at, and proof. The time to exactness is when the hard cases of the training length
    were all right for good, as read every 50 steps. proof is `certified` where the checker has accepted
    the store's certificate for the run, `unchecked` where `ripplecarry check` has yet to, `refuted` where
    `certify` or `evaluate` found a wrong answer, and empty otherwise, which `proof is null` finds.
    Runs that are damaged, as far as can be seen without reading their curves and weights, are named
    and make the exit status 1; showing a run, and every study, checks all its bytes. A damaged run stays
    as it is, and is not run again, until `--discard-damaged` deletes it. `--tensorboard` writes the curves
    of the runs that are listed, or shown.

    Example: ripplecarry runs --where "cell = 'gru' and exact_match = 1" --sort "loss desc"
    """
    from ripplecarry.runs.store import Store

    if run is not None:
        if discard_damaged:
            raise ConfigurationError("--discard-damaged looks at the whole store; leave the run out")
        found = Store(store).find(run).verify()
        if tensorboard:
            _write_events([found], tensorboard)
        return _show_run(found, Store(store).proof(found.id), as_json)
    if not os.path.isdir(store / "runs"):
        raise StoreError(f"no store at {store}; `ripplecarry study` and `train` make one")
    if discard_damaged:
        for words in Store(store).discard_damaged():
            print(f"ripplecarry: deleted: {words.split(';')[0]}", file=sys.stderr)
    frame, damaged = Store(store).frame(where, sort)
    if tensorboard and not frame.empty:
        _write_events([Store(store).open(run_id).verify() for run_id in frame["id"]], tensorboard)
    _list_runs(frame, store, as_json)
    begun = Store(store).unfinished_ids()
    if begun and not as_json:
        print(f"begun and not finished: {len(begun)}; the commands that began them go on with them")
    for words in damaged:
        print(f"ripplecarry: {words}", file=sys.stderr)
    return 1 if damaged else 0


def _write_events(found: "list[Run]", folder: Path) -> None:
    from ripplecarry.reports.event_files import write_events

    write_events(found, folder)
    print(f"ripplecarry: event files: tensorboard --logdir {folder}", file=sys.stderr)


def _list_runs(frame: "DataFrame", store: Path, as_json: bool) -> None:
    from ripplecarry.console import output, print_table

    if as_json:
        print(frame.to_json(orient="records", indent=1))
    elif frame.empty:
        output.print(f"no runs in {store} that fit", markup=False)
    else:
        always = (
            "outcome",
            "proof",
            "steps_done",
            "loss",
            "exact_match",
            "metrics_read_after_step",
            "exact_from_step",
            "exact_from_s",
            "train_s",
        )
        varied = [c for c in frame.columns if c in Trial.model_fields and frame[c].nunique() > 1]
        shown = frame[["id", *varied, *always]].rename(
            columns={"metrics_read_after_step": "read_after_step"}
        )
        rows = [
            {str(name): value for name, value in row.items()}
            for row in shown.astype(object).where(shown.notna(), None).to_dict(orient="records")
        ]
        print_table(f"{len(frame)} {'run' if len(frame) == 1 else 'runs'} in {store}", rows)
        output.print("loss: of the last step; exact match: as last read, after the step beside it")


def _show_run(run: "Run", proof: str | None, as_json: bool) -> int:
    from ripplecarry.console import output, print_curve, print_table
    from ripplecarry.networks.architecture import Architecture
    from ripplecarry.runs.run import IMPORTED

    if as_json:
        print(json.dumps({"config": dict(run.config), "state": dict(run.state), "proof": proof}, indent=1))
        return 0
    summary = run_summary(run) | {"proof": proof or "neither certified nor refuted"}
    rows = [{"what": name, "value": value} for name, value in summary.items()]
    print_table(f"run {run.id}", rows)
    settings = run.trial.model_dump(mode="json", exclude_none=True)
    if run.engine == IMPORTED:  # how it was trained, nobody told
        settings = {name: settings[name] for name in (*Architecture.model_fields, "base", "digits")}
    output.print("\n" + ", ".join(f"{name} {value}" for name, value in settings.items()))
    for metric in ("loss", "exact_match"):
        if metric not in run.curves:  # weights that were trained elsewhere
            continue
        read = run.curves.dropna(subset=[metric])
        print_curve(f"\n{metric.replace('_', ' ')}", read.step.tolist(), read[metric].tolist())
    return 0
