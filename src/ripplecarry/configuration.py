"""The base of every configuration: frozen, keyword-only, validated at once."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from ripplecarry.errors import ConfigurationError


class Configuration(BaseModel):
    """Named settings, validated together, that never change."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        defer_build=True,  # most parts of a trial are never built on their own
    )

    @classmethod
    def build(cls, settings: Mapping[str, Any]) -> Self:
        """The configuration with these settings and defaults for the rest.

        Raises:
            ConfigurationError: one line with every problem found.
        """
        try:
            return cls(**settings)
        except ValidationError as error:
            raise ConfigurationError(sentences(error, cls.model_fields)) from None


def sentences(error: ValidationError, names: Iterable[str]) -> str:
    """Every problem found, in one line.

    Args:
        names: the known settings.
    """
    return "; ".join(_sentence(list(names), problem) for problem in error.errors())


def _sentence(names: Sequence[str], problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    kind, context, got = problem["type"], problem.get("ctx", {}), problem["input"]
    if kind == "extra_forbidden":
        near = get_close_matches(where, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(names)}"
        return f"unknown option {where!r}; {hint}"
    if kind == "literal_error":
        allowed = context["expected"].replace("'", "").replace(" or ", ", ")
        return f"unknown {where} {got!r}; choose from {allowed}"
    if kind == "value_error":
        return str(context["error"])
    bounds = {
        "greater_than": ("gt", "above"),
        "greater_than_equal": ("ge", "at least"),
        "less_than": ("lt", "below"),
        "less_than_equal": ("le", "at most"),
    }
    if kind in bounds:
        bound, words = bounds[kind]
        return f"{where} is {got}; it must be {words} {context[bound]}"
    if kind == "missing":
        return f"{where} is missing"
    return f"{where} is {got!r}; {problem['msg'][0].lower()}{problem['msg'][1:]}"
