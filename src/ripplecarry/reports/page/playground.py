"""The playground: one HTML page in which networks train, on the kernel compiled for WebAssembly."""

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from ripplecarry import engines
from ripplecarry.claims.study import Study
from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.files import write_atomically
from ripplecarry.reports.page.content import task_content, text_of_array
from ripplecarry.reports.page.writer import ASSETS, fill
from ripplecarry.reports.report_curves import report_curve
from ripplecarry.runs.trial import Trial

BASES = range(2, 17)
FACTORS = range(2, 10)
MODULI = range(2, 11)

KERNEL = Path(engines.__file__).with_name("_kernel.wasm")


def write_playground(path: Path, studies: Iterable[Study]) -> int:
    """Writes the page and returns its size in bytes.

    Args:
        studies: of which those that redo a figure of the report are offered as settings.
    Raises:
        ConfigurationError: this installation has no kernel for WebAssembly.
        StoreError: the file cannot be written.
    """
    if path.is_dir() or not path.name:
        raise StoreError(f"cannot write {path}: it is a folder; give a file's name")
    if not KERNEL.is_file():
        raise ConfigurationError(
            "the kernel for WebAssembly, which the playground needs, was not built when installing; "
            "pip install -v says why"
        )
    packed = gzip.compress(KERNEL.read_bytes(), mtime=0)
    content = {
        "kernel": text_of_array(np.frombuffer(packed, dtype=np.uint8), "uint8"),
        "tasks": _tasks(),
        "figures": [_figure(study) for study in studies if study.report_figure],
    }
    style = Markup((ASSETS / "playground.css").read_text(encoding="utf-8"))
    page = fill("playground.html", "playground", content, workers=("worker",), own_style=style).encode()
    try:
        write_atomically(path, page)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
    return len(page)


def _tasks() -> dict[str, Any]:
    """The tables of every task that the page offers, by its name there."""
    choices: list[dict[str, Any]] = [{"task": name} for name in ("addition", "subtraction", "comparison")]
    choices += [{"task": "times", "factor": factor} for factor in FACTORS]
    choices += [{"task": "counter", "modulus": modulus} for modulus in MODULI]
    tables = {}
    for choice in choices:
        for base in BASES:
            trial = Trial.build(choice | {"base": base})
            name = " ".join(str(part) for part in choice.values())
            tables[f"{name}/{base}"] = task_content(trial.build_task(), trial.task, trial.factor)
    return tables


def _figure(study: Study) -> dict[str, Any]:
    """A figure of the report as settings, each with the report's own curves."""
    assert study.report_figure is not None
    trials = []
    for case in study.cases():
        label, trial = case.label, case.trial
        curves = {
            name: report_curve(study.report_figure, label, metric)[["step", "value"]].to_numpy().tolist()
            for name, metric in (("loss", "loss"), ("exact", "exact_match"))
        }
        settings = trial.model_dump(mode="json", exclude_defaults=True)
        trials.append(
            {"label": label, "settings": {name: str(value) for name, value in settings.items()}} | curves
        )
    return {"figure": study.report_figure, "trials": trials}
