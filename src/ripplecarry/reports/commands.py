"""The commands that reproduce a study's numbers."""

import shlex
from collections.abc import Sequence

from ripplecarry.claims.findings import Arm
from ripplecarry.claims.study import Study
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.runs.trial import NO_COLUMNS


def study_command(study: Study, runs: Sequence[Run], store: Store) -> str:
    """The command that reproduces every figure and number of the study."""
    words = ["ripplecarry", "study", study.source or study.name]
    words += ["--seeds", str(max(run.seed for run in runs) + 1)]
    words += [word for change in study.changes for word in ("--set", change)]
    for engine in sorted({run.engine for run in runs}):
        words += ["--engine", engine]
    return shlex.join(words + _store_words(store))


def run_command(arm: Arm, store: Store) -> str | None:
    """The command that reproduces a trial's first run; None if options of `train` cannot express it."""
    run = arm.runs[0]
    settings = arm.case.trial.model_dump(mode="json", exclude_defaults=True)
    if {*NO_COLUMNS, "polished_from"} & settings.keys():
        return None
    words = ["ripplecarry", "train"]
    for name, value in settings.items():
        option = f"--{name.replace('_', '-')}"
        words += [option] if value is True else [option, str(value)]
    words += ["--seed", str(run.seed)]
    if "certify" not in settings:  # which always uses PyTorch
        words += ["--engine", run.engine]
    return shlex.join(words + _store_words(store))


def _store_words(store: Store) -> list[str]:
    return [] if store.root == DEFAULT_STORE else ["--store", str(store.root)]
