"""The playground: one HTML page in which networks train, on the kernel compiled for WebAssembly."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from ripplecarry import engines
from ripplecarry.claims.study import Study
from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.files import write_atomically
from ripplecarry.reports.page.content import Text, task_content, text_of_array
from ripplecarry.reports.page.writer import ASSETS, fill
from ripplecarry.reports.report_curves import report_curve
from ripplecarry.runs.trial import Trial

BASES = range(2, 17)
FACTORS = range(2, 10)
MODULI = range(2, 11)
GROUPS = ("s3", "a5")
DEPTHS = range(1, 5)
KINDS = range(1, 3)

Choice = dict[str, Any]
"""A task's settings, its name first."""

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
    tables = json.dumps(_tasks(), separators=(",", ":")).encode()
    content = {
        "kernel": _packed(KERNEL.read_bytes()),
        "tasks": _packed(tables),
        "figures": [_figure(study) for study in studies if study.report_figure],
    }
    style = Markup((ASSETS / "playground.css").read_text(encoding="utf-8"))
    page = fill("playground.html", "playground", content, workers=("worker",), own_style=style).encode()
    try:
        write_atomically(path, page)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
    return len(page)


def _packed(content: bytes) -> Text:
    return text_of_array(np.frombuffer(gzip.compress(content, mtime=0), dtype=np.uint8), "uint8")


def _tasks() -> dict[str, Any]:
    """The tables of every task that the page offers, by its name there."""
    on_numbers: list[Choice] = [{"task": name} for name in ("addition", "subtraction", "comparison")]
    on_numbers += [{"task": "times", "factor": factor} for factor in FACTORS]
    on_numbers += [{"task": name, "modulus": each} for name in ("counter", "remainder") for each in MODULI]
    on_sequences: list[Choice] = [{"task": "parity"}, {"task": "flip_flop"}]
    on_sequences += [{"task": "cycle_navigation", "modulus": each} for each in MODULI]
    on_sequences += [{"task": "group", "group": group} for group in GROUPS]
    on_sequences += [{"task": "dyck", "depth": each, "kinds": kinds} for each in DEPTHS for kinds in KINDS]
    named = {_name(choice): choice for choice in on_sequences}
    named |= {f"{_name(choice)}/{base}": choice | {"base": base} for choice in on_numbers for base in BASES}
    tables = {}
    for name, choice in named.items():
        trial = Trial.build(choice)
        tables[name] = task_content(trial.build_task(), trial.task, trial.factor)
    return tables


def _name(choice: Choice) -> str:
    return " ".join(map(str, choice.values()))


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
