"""`ripplecarry compare`: runs side by side."""

import json
from pathlib import Path

from ripplecarry.cli.command import TABLE_OPTIONS, command, print_as_table
from ripplecarry.verbs import compare as verb


@command(verb.compare, TABLE_OPTIONS)
def compare(
    *runs: str, store: Path, tensorboard: Path | None, as_json: bool, as_csv: bool, as_latex: bool
) -> int:
    """Set runs side by side: what differs in their settings, what came of them, their curves in one figure.

    The figure, PNG and SVG, goes into the store's folder `comparisons`.

    Example: ripplecarry compare 44136fa355-native-0 7cbcf572b8-native-0 --tensorboard events
    """
    found = verb.compare(*runs, tensorboard=tensorboard, store=store)
    import pandas as pd

    from ripplecarry.console import output, print_table
    from ripplecarry.reports.comparison import draw_comparison
    from ripplecarry.runs.store import Store

    table = pd.DataFrame({"run": [run.id for run in found.runs], **found.settings, **found.outcomes})
    if print_as_table(table, as_csv=as_csv, as_latex=as_latex):
        return 0
    figures = draw_comparison(found.runs, Store(store).comparison_folder())
    ids = [run.id for run in found.runs]
    if as_json:
        report = {"runs": ids, "settings": found.settings, "outcomes": found.outcomes}
        report |= {"figures": list(map(str, figures)), "tensorboard": list(map(str, found.events))}
        print(json.dumps(report, indent=1))
        return 0
    for title, columns in (("settings that differ", found.settings), ("what came of them", found.outcomes)):
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
    if found.events:
        output.print(f"event files: tensorboard --logdir {tensorboard}", markup=False)
    return 0
