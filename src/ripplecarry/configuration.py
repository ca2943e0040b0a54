"""The base of every configuration: frozen, keyword-only, validated at once."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails

from ripplecarry.errors import ConfigurationError
from ripplecarry.values import choice, decimal_number, shown, whole_number

_MOST_TOLD = 50
"""More than there are settings; a table's entries may be many more."""


class Configuration(BaseModel):
    """Named settings, validated together, that never change."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        defer_build=True,  # most parts of a trial are never built on their own
    )

    def __init__(self, /, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise ConfigurationError(sentences(error, type(self).model_fields)) from None

    @field_validator("*", mode="before")
    @classmethod
    def _as_typed(cls, value: object, info: ValidationInfo) -> object:
        """Refuses what pydantic would round or reinterpret: 2.0, true and 1_0 as integers."""
        assert info.field_name is not None
        kind = _kind(cls.model_fields[info.field_name].annotation)
        return None if value is None else _read(value, info.field_name, kind)

    @classmethod
    def build(cls, settings: Mapping[str, Any]) -> Self:
        """The configuration with these settings and defaults for the rest.

        Raises:
            ConfigurationError: one line with every problem found.
        """
        return cls(**settings)


def _kind(annotation: Any) -> Any:
    """The type of a setting without its bounds, whether or not it may be left out."""
    given = [each for each in get_args(annotation) if each is not type(None)]
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return _kind(given[0])
    return annotation


def _read(value: object, name: str, kind: Any) -> object:
    try:
        if kind is int:
            return whole_number(value, name)
        if kind is float:
            return decimal_number(value, name)
        if kind is bool and not isinstance(value, bool):
            raise ConfigurationError(f"{name} is {shown(value)}; it must be true or false")
        return choice(value, name, get_args(kind)) if get_origin(kind) is Literal else value
    except ConfigurationError as error:
        raise ValueError(str(error)) from None  # pydantic collects these, and tells all together


def _entry(value: object) -> object:
    return value if type(value) is int else _read(value, "a table's entry", int)  # of a million entries


Entry = Annotated[int, BeforeValidator(_entry)]
"""A whole number in a table."""


def sentences(error: ValidationError, names: Iterable[str]) -> str:
    """Every problem found, in one line.

    Args:
        names: the known settings.
    """
    problems = error.errors()
    told = [_sentence(list(names), problem) for problem in problems[:_MOST_TOLD]]
    more = len(problems) - len(told)
    return "; ".join(told + ([f"and {more} more"] if more else []))


def _sentence(names: Sequence[str], problem: ErrorDetails) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    kind, context, got = problem["type"], problem.get("ctx", {}), problem["input"]
    if kind == "extra_forbidden":
        near = get_close_matches(where, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(names)}"
        return f"unknown option {shown(where)}; {hint}"
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
        return f"{where} is {shown(got)}; it must be {words} {context[bound]}"
    if kind == "missing":
        return f"{where} is missing"
    return f"{where} is {shown(got)}; {problem['msg'][0].lower()}{problem['msg'][1:]}"
