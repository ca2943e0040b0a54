"""`ripplecarry evaluate`: exact match where it is hard, and the shortest wrong sum found."""

import hashlib
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ripplecarry.cli.options import EngineOption, JsonOption, StoreOption, engine_name
from ripplecarry.errors import ConfigurationError
from ripplecarry.files import json_text

if TYPE_CHECKING:
    from ripplecarry.evaluation.exactness import Exactness
    from ripplecarry.runs.evaluating import Evaluation
    from ripplecarry.runs.store import Store


def evaluate(
    run: Annotated[str | None, Parameter(help="A run, or a .safetensors file of weights.")] = None,
    /,
    *,
    adder: Annotated[Path | None, Parameter(help="Python file with build_model and add.")] = None,
    lengths: Annotated[
        int | None,
        Parameter(help="Longest operands; else 100 times the trained ones, or --max-digits."),
    ] = None,
    samples: Annotated[
        int | None, Parameter(help="Pairs per cell at most; 1000, or 50 for a file.")
    ] = None,
    max_digits: Annotated[
        int | None, Parameter(help="Digits that a file or weights are made for; 10 else.")
    ] = None,
    engine: EngineOption = "auto",
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """Test an adder where adding is hard: by length and longest carry run and idle run, on hard cases, and
    by a search for a wrong sum.

    RUN is a run's id, its beginning or folder; or a safetensors file with a state dict in the layout of the
    report's networks, which becomes a run. `--adder FILE.py` tests another's: `build_model()` returns a
    model, or (model, metadata), and `add(model, a, b)` an integer. It runs that file's code.

    The grids and a heat map go into the store's folder `evaluations`. Exit status 0 only where nothing
    failed.

    Example: ripplecarry evaluate 7cbcf572b8 --lengths 1000
    """
    from ripplecarry.cli.progress import progress_line
    from ripplecarry.reports.heat_maps import draw_evaluation
    from ripplecarry.runs.evaluating import keep
    from ripplecarry.runs.store import Store

    for name, value in (("--lengths", lengths), ("--samples", samples), ("--max-digits", max_digits)):
        if value is not None and value < 1:
            raise ConfigurationError(f"{name} is {value}; it must be at least 1")
    if (run is None) == (adder is None):
        raise ConfigurationError("give a run, or --adder FILE.py; one of them")
    kept = Store(store)
    if adder is None:
        name, plan = _of_run(str(run), lengths, samples, max_digits, engine_name(engine), kept)
    else:
        name, plan = _of_file(adder, lengths, samples, max_digits)
    # What another's code prints must not stand among our results.
    with progress_line(plan.num_digits, "digits") as progress, redirect_stdout(sys.stderr):
        found = plan.measure(progress.advance)
    folder = kept.evaluation_folder(name)
    path = keep(found, folder, {"adder": name, "lengths": plan.lengths})
    frame = found.frame()
    figures = draw_evaluation(frame, f"Exact match of {name}", folder)
    if as_json:
        about = {"adder": name, "file": str(path), "figures": [str(figure) for figure in figures]}
        print(json_text(about | found.as_dict()))
    else:
        _print(found)
        print(f"\nheat map: {figures[0]}, figures: {path}")
    complaint = getattr(plan.adder, "complaint", None)
    if complaint:
        print(f"ripplecarry: the adder gave no answer: {complaint}", file=sys.stderr)
    return 0 if found.is_exact else 1


def _of_run(
    run: str,
    longest: int | None,
    pairs: int | None,
    max_digits: int | None,
    engine: Any,
    store: "Store",
) -> tuple[str, "Evaluation"]:
    from ripplecarry.engines.registry import open_engine
    from ripplecarry.runs.evaluating import DECLARED_DIGITS, Evaluation
    from ripplecarry.runs.imported_run import import_run

    path = Path(run)
    if path.suffix == ".safetensors":
        found = import_run(path, max_digits or DECLARED_DIGITS, store)
        print(f"ripplecarry: imported as run {found.id}", file=sys.stderr)
    elif max_digits is not None:
        raise ConfigurationError("--max-digits is for files; a run knows what it was trained on")
    else:
        found = store.find(run).verify()
    return found.id, Evaluation.of_run(found, open_engine(engine), longest, pairs)


def _of_file(
    path: Path, longest: int | None, pairs: int | None, max_digits: int | None
) -> tuple[str, "Evaluation"]:
    from ripplecarry.evaluation.adder_file import load_adder
    from ripplecarry.runs.evaluating import Evaluation

    content = path.read_bytes() if path.is_file() else b""
    if content:
        print(f"ripplecarry: running the code of {path}; none of its claims is believed", file=sys.stderr)
    with redirect_stdout(sys.stderr):
        adder = load_adder(path)
    # Many a file is called adder.py.
    name = f"{path.stem}-{hashlib.sha256(content).hexdigest()[:8]}"
    return name, Evaluation.of_other(adder, max_digits, longest, pairs)


def _print(found: "Exactness") -> None:
    from ripplecarry.arithmetic.carry_runs import RUN_KINDS
    from ripplecarry.cli.exactness_tables import failure_lines, rows_by_length, rows_of_hard_cases
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
                "found": "a wrong sum" if each.failure is not None else "none",
            }
            for each in found.searches
        ]
        output.print()
        print_table("search for a wrong sum by the smallest margin of the logits", rows)
    output.print()
    if found.failure is None:
        output.print(f"nothing failed: {found.num_pairs:,} pairs")
        return
    output.print(f"not exact. The shortest wrong sum found, of {found.num_pairs:,} pairs:")
    for words in failure_lines(found.failure):
        output.print(f"  {words}", markup=False)
