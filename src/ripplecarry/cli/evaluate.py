"""`ripplecarry evaluate`: exact match where it is hard, and the shortest wrong answer found."""

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
    """Test a network where its task is hard: by length and longest run, on hard cases, and by a search
    for a wrong answer.

    For addition of two numbers the runs are carry runs and idle runs; for every other task stretches of
    positions without a reset, a symbol that takes all states of the task's machine to the same one.

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
    from ripplecarry.arithmetic.longest_runs import run_kinds
    from ripplecarry.cli.exactness_tables import rows_by_length, rows_of_hard_cases
    from ripplecarry.console import output, print_table

    for kind in run_kinds(found.task):
        print_table(f"by longest {kind} run, from 0 to the whole length", rows_by_length(found, kind))
        output.print()
    print_table("hard cases, over all lengths", rows_of_hard_cases(found))
    if found.searches:
        rows = [
            {
                f"{found.task.digit_word}s": each.length,
                f"{found.task.inputs_word} tried": each.num_pairs,
                "smallest margin": each.smallest_margin,
                "found": "a wrong answer" if each.counterexample is not None else "none",
            }
            for each in found.searches
        ]
        output.print()
        print_table("search for a wrong answer by the smallest margin of the logits", rows)
    output.print()
    if found.length_generalisation is not None:
        output.print(found.length_generalisation.sentence, markup=False)
    output.print(found.sentence, markup=False)
    print(found.explanation)
