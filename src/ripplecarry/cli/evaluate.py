"""`ripplecarry evaluate`: exact match where it is hard, and the shortest wrong sum found."""

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from ripplecarry.cli.command import TABLE_OPTIONS, command, print_as_table
from ripplecarry.cli.say import say
from ripplecarry.files import json_text
from ripplecarry.verbs import evaluate as verb

if TYPE_CHECKING:
    from ripplecarry.evaluation.exactness import Exactness


@command(verb.evaluate, TABLE_OPTIONS)
def evaluate(run: str | None, *, as_json: bool, as_csv: bool, as_latex: bool, **options: Any) -> int:
    """Test an adder where adding is hard: by length and longest carry run and idle run, on hard cases, and
    by a search for a wrong sum.

    RUN is a run's id, its beginning or folder; or a safetensors file with a state dict in the layout of the
    report's networks, which becomes a run. `--adder FILE.py` tests another's: `build_model()` returns a
    model, or (model, metadata), and `add(model, a, b)` an integer. It runs that file's code.

    The grids and a heat map go into the store's folder `evaluations`. Exit status 0 only where nothing
    failed. `--csv` and `--latex` print the grids, a row for each length and longest run.

    Example: ripplecarry evaluate 7cbcf572b8 --lengths 1000
    """
    # What another's code prints must not stand among our results.
    with redirect_stdout(sys.stderr):
        found = verb.evaluate(run, say=say, **options)
    assert found.folder is not None
    figures = []
    if found.is_kept:
        from ripplecarry.reports.heat_maps import draw_evaluation

        figures = draw_evaluation(found.frame(), f"Exact match of {found.name}", found.folder)
    path = found.folder / "evaluation.json"
    is_printed = print_as_table(found.frame(), as_csv=as_csv, as_latex=as_latex)
    if as_json:
        about = {"adder": found.name, "file": str(path), "figures": [str(figure) for figure in figures]}
        print(json_text(about | found.as_dict()))
    elif not is_printed:
        _print(found)
        if figures:
            print(f"\nheat map: {figures[0]}, figures: {path}")
    if found.first_error:
        say(f"the adder gave no answer: {found.first_error}")
    return 0 if found.is_exact else 1


def _print(found: "Exactness") -> None:
    from ripplecarry.arithmetic.carry_runs import RUN_KINDS
    from ripplecarry.cli.exactness_tables import rows_by_length, rows_of_hard_cases
    from ripplecarry.console import output, print_table

    for kind in RUN_KINDS:
        print_table(f"by longest {kind} run, from 0 to the whole length", rows_by_length(found, kind))
        output.print()
    print_table("hard cases, over all lengths", rows_of_hard_cases(found))
    if found.searches:
        rows = [
            {
                "digits": each.length,
                "pairs tried": each.num_pairs,
                "smallest margin": each.smallest_margin,
                "found": "a wrong sum" if each.counterexample is not None else "none",
            }
            for each in found.searches
        ]
        output.print()
        print_table("search for a wrong sum by the smallest margin of the logits", rows)
    output.print()
    output.print(found.sentence, markup=False)
    print(found.explanation)
