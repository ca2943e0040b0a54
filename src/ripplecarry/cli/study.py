"""`ripplecarry study`: carry studies out, judge their claims, draw their figures."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ripplecarry.cli.options import EngineOption, ExecutorName, JsonOption, StoreOption, engine_name
from ripplecarry.errors import ConfigurationError
from ripplecarry.files import json_text

if TYPE_CHECKING:
    from ripplecarry.api import StudyResult
    from ripplecarry.sweeps.sweep import SweepResult


def study(
    names: Annotated[list[str] | None, Parameter(help="Studies, or files of your own.")] = None,
    /,
    *,
    seeds: Annotated[int | None, Parameter(help="Seeds per trial; the study's own else.")] = None,
    workers: Annotated[
        int | None, Parameter(help="Runs at a time; as many as cores, or 512 on a GPU, else.")
    ] = None,
    engine: EngineOption = "auto",
    executor: Annotated[ExecutorName, Parameter(help="Where runs are computed.")] = "local",
    address: Annotated[str | None, Parameter(help="Of a Ray cluster, or auto for the one here.")] = None,
    shard: Annotated[str | None, Parameter(help="A part of the runs alone, such as 3/16.")] = None,
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """Carry studies out, resuming what was begun, and draw their figures.

    `all`, or no name, is the course report's: baseline, layers, digits, learning_rate, cell,
    digits_at_equal_work, low_rate_longer, high_rate_then_low. By name only: depth_and_length, padding,
    lstm_or_rnn, two_digit_training, batch_and_optimiser, generalisation, width, certified,
    certified_tasks, certified_sizes, thousand_seeds_of_rates and thousand_seeds_of_cells, of which
    `thousand_seeds` means both. A path to a .py file that defines STUDY is a study of your own.

    With `--shard` only that part is carried out, and nothing is drawn: when all parts are in one store
    (`ripplecarry merge` joins several), the command without `--shard` judges and draws.

    Example: ripplecarry study layers cell --seeds 5
    """
    from ripplecarry.api import carry_out_studies
    from ripplecarry.claims.study import MOST_SEEDS
    from ripplecarry.cli.interruption import stop_on_signals
    from ripplecarry.console import output, print_table, sweep_progress
    from ripplecarry.reports.document import report_study, write_document
    from ripplecarry.reports.summary import CAPTION
    from ripplecarry.runs.store import Store
    from ripplecarry.studies.catalogue import find_studies
    from ripplecarry.sweeps.shard import Shard

    if seeds is not None and not 1 <= seeds <= MOST_SEEDS:
        raise ConfigurationError(f"seeds is {seeds}; it must be from 1 to {MOST_SEEDS}")
    studies = find_studies(names or ["all"])
    name = engine_name(engine)
    part = None if shard is None else Shard.read(shard)
    requests = [r for s in studies for r in s.requests(seeds or s.seeds, name)]
    if part is not None:
        requests = part.of(requests)
    with sweep_progress(requests) as listener, stop_on_signals() as stop:
        results, result = carry_out_studies(
            studies,
            seeds=seeds,
            workers=workers,
            engine=engine,
            store=store,
            executor=executor,
            address=address,
            shard=part,
            listener=listener,
            stop=stop,
        )
    if part is not None:
        return _shard_status(shard, result, as_json)
    kept = Store(store)
    reports = [report_study(each.study, each.runs, kept) for each in results if each.study.drawn(each.runs)]
    document = kept.report_path([each.study.name for each in results])
    if reports:
        write_document(reports, result.failed, document)
    if as_json:
        print(
            json_text(
                {
                    "studies": [report.as_dict() for report in reports],
                    "failed": result.failed,
                    "report": str(document) if reports else None,
                    "interrupted": result.was_interrupted,
                }
            )
        )
        return _study_status(results)
    for report in reports:
        rows = [row.as_row() for row in report.summary]
        print_table(f"{report.study.name}: {report.study.title}", rows)
        output.print(CAPTION)
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


def _shard_status(shard: str | None, result: "SweepResult", as_json: bool) -> int:
    from ripplecarry.cli.interruption import say_interrupted

    if as_json:
        print(json.dumps({"shard": shard, "finished": result.finished, "failed": result.failed}, indent=1))
    else:
        print(f"shard {shard}: {len(result.finished)} runs finished")
    for run, words in result.failed.items():
        print(f"ripplecarry: run {run} failed: {words}", file=sys.stderr)
    if result.was_interrupted:
        return say_interrupted()
    return 1 if result.failed else 0


def _study_status(results: list["StudyResult"]) -> int:
    from ripplecarry.cli.interruption import say_interrupted

    failed = {run: words for result in results for run, words in result.failed.items()}
    for run, words in failed.items():
        print(f"ripplecarry: run {run} failed: {words}", file=sys.stderr)
    if any(result.was_interrupted for result in results):
        return say_interrupted()
    return 1 if failed else 0
