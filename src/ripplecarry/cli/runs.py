"""`ripplecarry runs`: what the store holds."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ripplecarry.cli.command import TABLE_OPTIONS, command, print_as_table
from ripplecarry.cli.run_summary import run_summary, summary_rows
from ripplecarry.cli.say import say
from ripplecarry.files import json_text
from ripplecarry.runs.index import Row
from ripplecarry.runs.listing import FORGETTING, KNOWN
from ripplecarry.runs.trial import Trial
from ripplecarry.verbs import runs as verb
from ripplecarry.verification.forgetting import NUM_POSITIONS

if TYPE_CHECKING:
    from ripplecarry.runs.run import Run

_ALWAYS = (
    *("outcome", "proof", "steps_done", "loss", "exact_match", "metrics_read_after_step"),
    *("exact_from_step", "exact_from_s", "train_s"),
)
_HEADINGS = {
    "metrics_read_after_step": "read_after_step",
    "certify": "trained_until_certified",
    "proof": "standing",
}
"""Headings of columns whose own names say too much or too little beside others."""
_LEGEND = (
    ("read_after_step", "exact match: as last read, after the update of that step; the first step is 0"),
    ("trained_until_certified", "the setting certify: whether training went on until there is a proof"),
    ("standing", "what is known of its answers, the column proof: certified, unchecked or refuted"),
    (
        FORGETTING,
        f"by how much {NUM_POSITIONS} positions multiply a small difference between states, in the worst "
        "words tried: an estimate, by `certify`; under 1 the network forgets",
    ),
)


@command(verb.list_runs, TABLE_OPTIONS)
def runs(
    run: str | None,
    *,
    store: Path,
    tensorboard: Path | None,
    as_json: bool,
    as_csv: bool,
    as_latex: bool,
    **options: Any,
) -> int:
    """List the finished runs in the store, or show one of them with its curves.

    Columns: id, seed, engine, outcome, every setting of `train`, steps_done, the loss of the last step;
    exact_match, digit_accuracy, exact_match_at_9, digit_accuracy_at_9 and exact_match_hard as last read,
    after the step metrics_read_after_step; the time to exactness as exact_from_step and exact_from_s,
    train_s, finished_at, proof and forgetting. The time to exactness is when the hard cases of the training
    length were all right for good, as read every 50 steps. Steps count from 0.
    certify is the setting of `train`, and says nothing of what came of it; tables head it `trained until
    certified`. proof, headed `standing`, is `certified` where the checker has accepted the store's
    certificate for the run, `unchecked` where `ripplecarry check` has yet to, `refuted` where `certify` or
    `evaluate` found a wrong answer, and empty otherwise, which `proof is null` finds.
    forgetting is by how much 8 positions multiply a small difference between states, in the worst words
    tried. `certify` estimates it where it finds neither a proof nor a wrong answer, and for any run with
    `--forgetting`; tables show it where it is known of any run listed.
    Runs that are damaged, as far as can be seen without reading their curves and weights, are named
    and make the exit status 1; showing a run, and every study, checks all its bytes. A damaged run stays
    as it is, and is not run again, until `--discard-damaged` deletes it. `--tensorboard` writes the curves
    of the runs that are listed, or shown. `--csv` has all columns, `--latex` those that are shown.

    Example: ripplecarry runs --where "cell = 'gru' and exact_match = 1" --sort "loss desc"
    """
    from ripplecarry.runs.store import Store
    from ripplecarry.verbs.find_run import find_run

    run_store, faults = Store(store), []
    found = None if run is None else find_run(run, store)
    rows = verb.list_rows(
        found,
        store=store,
        tensorboard=tensorboard,
        damaged=faults.append,
        deleted=lambda words: say(f"deleted: {words.split(';')[0]}"),
        **options,
    )
    if tensorboard and rows:
        say(f"event files: tensorboard --logdir {tensorboard}")
    if as_csv or as_latex:
        import pandas as pd

        table = pd.DataFrame(_columns_to_show(rows) if as_latex else rows)
        print_as_table(table, as_csv=as_csv, as_latex=as_latex)
        for words in faults:
            say(words)
        return 1 if faults else 0
    if found is not None:
        return _show_run(found, {name: rows[0][name] for name in KNOWN}, as_json)
    _list_runs(rows, store, as_json)
    begun = run_store.unfinished_ids()
    if begun and not as_json:
        print(f"begun and not finished: {len(begun)}; the commands that began them go on with them")
    for words in faults:
        say(words)
    return 1 if faults else 0


def _list_runs(rows: list[Row], store: Path, as_json: bool) -> None:
    from ripplecarry.console import output, print_table

    if as_json:
        print(json_text(rows))
    elif not rows:
        output.print(f"no runs in {store} that fit", markup=False)
    else:
        shown = _columns_to_show(rows)
        print_table(f"{len(rows)} {'run' if len(rows) == 1 else 'runs'} in {store}", shown)
        output.print("loss: of the last step")
        for name, words in _LEGEND:
            if name in shown[0]:
                output.print(f"{name.replace('_', ' ')}: {words}")


def _columns_to_show(rows: list[Row]) -> list[Row]:
    varied = [name for name in Trial.model_fields if len({row.get(name) for row in rows} - {None}) > 1]
    estimates = [FORGETTING] if any(row[FORGETTING] is not None for row in rows) else []
    columns = ("id", *varied, *_ALWAYS, *estimates)
    return [{_HEADINGS.get(name, name): row[name] for name in columns} for row in rows]


def _show_run(run: "Run", known: Row, as_json: bool) -> int:
    from ripplecarry.console import output, print_curve, print_table
    from ripplecarry.runs.listing import KNOWN_OF_IMPORTED
    from ripplecarry.runs.run_files import IMPORTED

    if as_json:
        print(json.dumps({"config": dict(run.config), "state": dict(run.state), **known}, indent=1))
        return 0
    summary = run_summary(run) | known | {"proof": known["proof"] or "none"}
    print_table(f"run {run.id}", summary_rows(summary))
    settings = run.trial.model_dump(mode="json", exclude_none=True, exclude={"cell_code"})
    if run.engine == IMPORTED:  # how it was trained, nobody told
        settings = {name: settings[name] for name in KNOWN_OF_IMPORTED if name in settings}
    output.print("\n" + ", ".join(f"{name} {value}" for name, value in settings.items()))
    for metric in ("loss", "exact_match"):
        if metric not in run.curves or run.curves[metric].isna().all():  # it was trained elsewhere
            continue
        read = run.curves.dropna(subset=[metric])
        print_curve(f"\n{metric.replace('_', ' ')}", read.step.tolist(), read[metric].tolist())
    return 0
