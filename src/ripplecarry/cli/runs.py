"""`ripplecarry runs`: what the store holds."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ripplecarry.cli.command import command, say
from ripplecarry.cli.train import run_summary
from ripplecarry.files import json_text
from ripplecarry.runs.trial import Trial
from ripplecarry.verbs import runs as verb

if TYPE_CHECKING:
    from pandas import DataFrame

    from ripplecarry.runs.run import Run

_ALWAYS = (
    *("outcome", "proof", "steps_done", "loss", "exact_match", "metrics_read_after_step"),
    *("exact_from_step", "exact_from_s", "train_s"),
)


@command(verb.list_runs)
def runs(run: str | None, *, store: Path, tensorboard: Path | None, as_json: bool, **options: Any) -> int:
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
    from ripplecarry.verbs.find_run import find_run

    run_store, faults = Store(store), []
    found = None if run is None else find_run(run, store)
    frame = verb.list_runs(
        found,
        store=store,
        tensorboard=tensorboard,
        damaged=faults.append,
        deleted=lambda words: say(f"deleted: {words.split(';')[0]}"),
        **options,
    )
    if tensorboard and not frame.empty:
        say(f"event files: tensorboard --logdir {tensorboard}")
    if found is not None:
        return _show_run(found, run_store.proof(found), as_json)
    _list_runs(frame, store, as_json)
    begun = run_store.unfinished_ids()
    if begun and not as_json:
        print(f"begun and not finished: {len(begun)}; the commands that began them go on with them")
    for words in faults:
        say(words)
    return 1 if faults else 0


def _list_runs(frame: "DataFrame", store: Path, as_json: bool) -> None:
    from ripplecarry.console import output, print_table

    if as_json:
        # pandas' own JSON has ten decimals, which makes a rate of 1e-11 zero.
        print(json_text(frame.astype(object).where(frame.notna(), None).to_dict(orient="records")))
    elif frame.empty:
        output.print(f"no runs in {store} that fit", markup=False)
    else:
        varied = [c for c in frame.columns if c in Trial.model_fields and frame[c].nunique() > 1]
        shown = frame[["id", *varied, *_ALWAYS]].rename(
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
