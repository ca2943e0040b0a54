"""Studies with other values than their own, as `learning_rate=0.0005,0.03` asks for."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from pydantic import create_model

from ripplecarry.claims.study import Study
from ripplecarry.configuration import Configuration
from ripplecarry.errors import ConfigurationError
from ripplecarry.runs.trial import NO_COLUMNS, Trial

_LONGEST_SLUG = 40
"""The study's name, and so its folder's and its report's, shows the changes up to this length."""


def vary(study: Study, changes: Sequence[str]) -> Study:
    """The study with these values in place of its own; where they are several, it varies that setting.

    Claims and controls are about the study's own trials, so that it has none; the report's curves stay.

    Args:
        changes: a setting and its values each, as `layers=1,3`.
    Raises:
        ConfigurationError: an unknown setting, a value out of range, or a setting that the study varies
            together with others.
    """
    if not changes:
        return study
    names = [change.partition("=")[0] for change in changes]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"{name} is set more than once; give its values together, as 1,3")
    grid, fixed = dict(study.grid), {}
    for change in changes:
        name, _, words = change.partition("=")
        values = tuple(_value(name, word, change) for word in words.split(","))
        together = [axis for axis in grid if isinstance(axis, tuple) and name in axis]
        if together:
            raise ConfigurationError(
                f"study {study.name} varies {', '.join(together[0])} together; {name} cannot be set alone"
            )
        if name in grid or len(values) > 1:
            grid[name] = values
        else:
            fixed[name] = values[0]
    question, mark, _ = study.title.partition("?")  # after it comes what the study itself varies
    words = (
        f"{question}{mark} Here with {' and '.join(changes)} in place of its own, and without its claims."
    )
    slug = re.sub(r"\W+", "_", "_".join(changes))
    if len(slug) > _LONGEST_SLUG:
        slug = hashlib.sha256("\0".join(changes).encode()).hexdigest()[:10]
    return replace(
        study,
        name=f"{study.name}_with_{slug}",
        question=words,
        base=Trial.build(study.base.model_dump(exclude_unset=True) | fixed),
        grid=grid,
        labels=None,
        controls=(),
        claims=(),
        source=study.source or study.name,
        changes=tuple(changes),
    )


def _value(name: str, word: str, change: str) -> Any:
    if name not in Trial.model_fields or name in NO_COLUMNS:
        near = get_close_matches(name, set(Trial.model_fields) - set(NO_COLUMNS), n=1)
        if near and name not in NO_COLUMNS:
            raise ConfigurationError(f"set={change!r}: unknown setting {name!r}; did you mean {near[0]}?")
        allowed = ", ".join(each for each in Trial.model_fields if each not in NO_COLUMNS)
        raise ConfigurationError(
            f"set={change!r} is not of the form layers=1,3, with a setting from {allowed}"
        )
    if name == "cell" and word.strip().endswith(".py"):
        return word.strip()
    field = Trial.model_fields[name]
    setting = create_model("Setting", __base__=Configuration, **{name: (field.annotation, field)})  # pyrefly: ignore
    return getattr(setting.build({name: word.strip()}), name)
