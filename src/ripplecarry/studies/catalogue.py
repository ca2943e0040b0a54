"""Finding studies: ours by name, or in a user's file."""

import importlib
import os
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from ripplecarry.claims.study import Study
from ripplecarry.errors import ConfigurationError
from ripplecarry.user_code import complaint, run_file

REPORT_STUDIES = (
    "baseline",
    "layers",
    "digits",
    "learning_rate",
    "cell",
    "digits_at_equal_work",
    "low_rate_longer",
    "high_rate_then_low",
)
"""The report's comparisons and the tests of its guesses."""

STUDIES = (
    *REPORT_STUDIES,
    "depth_and_length",
    "padding",
    "lstm_or_rnn",
    "two_digit_training",
    "batch_and_optimiser",
    "generalisation",
    "width",
    "certified",
    "certified_tasks",
    "certified_sizes",
    "state_tracking",
    "deltanet",
    "word_problems",
    "cells_adding",
    "ordinary_adders",
    "mixed_adders",
    "smallest_adders",
    "thousand_seeds_of_rates",
    "thousand_seeds_of_cells",
)

GROUPS = {
    "all": REPORT_STUDIES,
    "thousand_seeds": ("thousand_seeds_of_rates", "thousand_seeds_of_cells"),
}
"""Names that stand for several studies."""


def find_studies(names: list[str]) -> list[Study]:
    """The studies with these names or in these groups; a path names a file that defines STUDY.

    Raises:
        ConfigurationError: the name is unknown, or the file has no usable study.
    """
    wanted = [known for name in names for known in GROUPS.get(name, (name,))]
    return [_find(name) for name in dict.fromkeys(wanted)]


def _find(name: str) -> Study:
    if name in STUDIES:
        return importlib.import_module(f"ripplecarry.studies.{name}").STUDY
    path = Path(name)
    if path.suffix == ".py":
        return _load(path)
    near = get_close_matches(name, [*GROUPS, *STUDIES], n=1)
    hint = f"did you mean {near[0]}? There are" if near else "choose from"
    if os.path.isfile(f"{name}.py"):  # False for names that no file can have
        hint = f"did you mean the file {name}.py? There are"
    raise ConfigurationError(
        f"unknown study {name!r}; {hint} {', '.join([*GROUPS, *STUDIES])}, or give a .py file"
    )


def _load(path: Path) -> Study:
    if not path.is_file():
        raise ConfigurationError(f"no study file {path}")
    try:
        module = run_file(path, f"study_file_{path.stem}")
    except KeyboardInterrupt:
        raise
    except ConfigurationError as error:
        raise ConfigurationError(f"study file {path}: {error}") from None
    except BaseException as error:  # the user's code may raise anything
        raise ConfigurationError(f"study file {path}: {complaint(error)}") from None
    study = getattr(module, "STUDY", None)
    if not isinstance(study, Study):
        raise ConfigurationError(f"study file {path} defines no STUDY of type ripplecarry.Study")
    if study.name in STUDIES:
        raise ConfigurationError(
            f"study file {path}: the name {study.name!r} is taken by a study that comes with ripplecarry"
        )
    return replace(study, source=str(path))
