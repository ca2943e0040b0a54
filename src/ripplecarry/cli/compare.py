"""`ripplecarry compare`: runs side by side."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ripplecarry.cli.options import EventsOption, JsonOption, StoreOption


def compare(
    runs: Annotated[list[str] | None, Parameter(help="Runs' ids, their beginnings, or folders.")] = None,
    /,
    *,
    tensorboard: EventsOption = None,
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """Set runs side by side: what differs in their settings, what came of them, their curves in one figure.

    The figure, PNG and SVG, goes into the store's folder `comparisons`.

    Example: ripplecarry compare 44136fa355-native-0 7cbcf572b8-native-0 --tensorboard events
    """
    from ripplecarry.console import output, print_table
    from ripplecarry.reports.comparison import (
        check_comparable,
        differing_settings,
        draw_comparison,
        outcomes,
    )
    from ripplecarry.reports.event_files import write_events
    from ripplecarry.runs.store import Store

    kept = Store(store)
    found = [kept.find(name).verify() for name in runs or []]
    check_comparable(found)
    events = write_events(found, tensorboard) if tensorboard else []
    figures = draw_comparison(found, kept.comparison_folder())
    settings, results = differing_settings(found), outcomes(found)
    results["proof"] = [kept.proof(run.id) or "none" for run in found]
    if as_json:
        report = {"runs": [run.id for run in found], "settings": settings, "outcomes": results}
        report |= {"figures": list(map(str, figures)), "tensorboard": list(map(str, events))}
        print(json.dumps(report, indent=1))
        return 0
    ids = [run.id for run in found]
    for title, columns in (("settings that differ", settings), ("what came of them", results)):
        rows = [
            {"what": name.replace("_", " "), **dict(zip(ids, values, strict=True))}
            for name, values in columns.items()
        ]
        print_table(title, rows)
        output.print()
    output.print(
        f"figures: {', '.join(map(str, figures))}" if figures else "no figure: no run has curves",
        markup=False,
    )
    if events:
        output.print(f"event files: tensorboard --logdir {tensorboard}", markup=False)
    return 0
