"""`ripplecarry study`: execute studies, judge their claims, draw their figures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ripplecarry.cli.command import command
from ripplecarry.cli.say import say
from ripplecarry.files import json_text
from ripplecarry.verbs import study as verb

if TYPE_CHECKING:
    from ripplecarry.verbs.study import StudyResult


@command(verb.study)
def study(
    *studies: str, decide: bool, shard: str | None, store: Path, as_json: bool, **options: Any
) -> int:
    """Execute studies, resuming what was begun, and draw their figures.

    `all`, or no name, is the course report's: baseline, layers, digits, learning_rate, cell,
    digits_at_equal_work, low_rate_longer, high_rate_then_low. By name only: depth_and_length, padding,
    lstm_or_rnn, two_digit_training, batch_and_optimiser, generalisation, width, certified,
    certified_tasks, certified_sizes, state_tracking, deltanet, word_problems, cells_adding,
    ordinary_adders, mixed_adders, smallest_adders, thousand_seeds_of_rates and
    thousand_seeds_of_cells, of which `thousand_seeds` means both. A path to a .py file that defines STUDY
    is a study of your own.

    `--decide` then searches for a proof of every run, and for a wrong answer; what is decided is not
    searched for again.

    With `--shard` only that part is executed, and nothing is drawn: when all parts are in one store
    (`ripplecarry merge` joins several), the command without `--shard` judges and draws.

    Example: ripplecarry study layers cell --seeds 5
    """
    from ripplecarry.cli.interruption import stop_on_signals
    from ripplecarry.progress.sweep_display import sweep_progress

    with sweep_progress() as listener, stop_on_signals() as stop:
        found = verb.study(
            *studies, decide=decide, shard=shard, store=store, listener=listener, stop=stop, **options
        )
    if shard is not None:
        ids = [run.id for run in found.runs]
        shown = {"shard": shard, "finished": ids, "failed": found.failed}
        print(json.dumps(shown, indent=1) if as_json else f"shard {shard}: {len(ids)} runs finished")
        return _status(found)
    from ripplecarry.claims.findings import MIN_SEEDS
    from ripplecarry.console import output, print_table
    from ripplecarry.reports.document import MOST_DRAWN, report_study, write_document
    from ripplecarry.reports.proofs import proofs, shares
    from ripplecarry.reports.summary import CAPTION, shown_rows
    from ripplecarry.runs.store import Store
    from ripplecarry.studies.catalogue import GROUPS

    run_store = Store(store)
    parts = [(one, found.runs_by_study[one.name]) for one in found.studies]
    reports = [report_study(one, runs, run_store) for one, runs in parts if one.drawn(runs)]
    names = [one.name for one in found.studies]
    document = run_store.report_path(
        [] if names == list(GROUPS["all"]) else names,
        has_fewer_seeds=any(report.has_fewer_seeds for report in reports),
    )
    if reports:
        write_document(reports, found.failed, document)
    decided = {
        one.name: shares(one, runs, *proofs(one, runs, run_store))
        for one, runs in (parts if decide else ())
        if one.drawn(runs)
    }
    if as_json:
        print(
            json_text(
                {
                    "studies": [report.as_dict() for report in reports],
                    "decided": decided,
                    "failed": found.failed,
                    "report": str(document) if reports else None,
                    "interrupted": found.was_interrupted,
                }
            )
        )
        return _status(found)
    for report in reports:
        print_table(f"{report.study.name}: {report.study.title}", shown_rows(report.summary))
        output.print(CAPTION)
        if decide:
            print_table("decided", decided[report.study.name])
        figures = ", ".join(str(f) for f in report.figures if f.suffix == ".png")
        output.print(f"figures: {figures or f'none of more than {MOST_DRAWN} trials'}")
        output.print(f"tables: {', '.join(map(str, report.tables))}\n")
    found_verdicts = [verdict for report in reports for verdict in report.verdicts]
    if found_verdicts:
        has_few = [verdict.num_seeds < MIN_SEEDS for verdict in found_verdicts]
        rows = [
            {"claim": each.claim.id, "verdict": each.status, "why": "" if is_first_look else each.sentence}
            for each, is_first_look in zip(found_verdicts, has_few, strict=True)
        ]
        print_table("verdicts", rows)
        if any(has_few):
            output.print(f"claims are decided from {MIN_SEEDS} seeds on; with fewer they stay open")
    if reports:
        output.print(f"\nreport: {document}")
    return _status(found)


def _status(found: "StudyResult") -> int:
    from ripplecarry.cli.interruption import say_interrupted

    for run, words in found.failed.items():
        say(f"run {run} failed: {words}")
    if found.was_interrupted:
        return say_interrupted()
    return 1 if found.failed else 0
