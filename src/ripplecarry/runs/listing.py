"""The rows of a store's listing, and SQL over them."""

from collections.abc import Sequence
from difflib import get_close_matches
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from ripplecarry.errors import ConfigurationError
from ripplecarry.networks.architecture import Architecture
from ripplecarry.runs.index import Row
from ripplecarry.runs.readings import HARD
from ripplecarry.runs.run import Run
from ripplecarry.runs.run_files import IMPORTED
from ripplecarry.runs.sql_hints import hint
from ripplecarry.runs.trial import NO_COLUMNS, Trial

if TYPE_CHECKING:
    import pandas as pd

_METRICS = ("loss", "exact_match", "digit_accuracy", "exact_match_at_9", "digit_accuracy_at_9", HARD)
COLUMNS = [
    *("id", "seed", "engine", "outcome"),
    *(name for name in Trial.model_fields if name not in NO_COLUMNS),
    *("steps_done", *_METRICS, "metrics_read_after_step", "exact_from_step", "exact_from_s"),
    *("train_s", "finished_at"),
]
KNOWN_OF_IMPORTED = (
    *(name for name in Architecture.model_fields if name not in NO_COLUMNS),
    "task",
    "base",
    "digits",
)
ALL, BY_ID = "true", "id"
"""The condition and order of a listing by default."""
PROOF, FORGETTING = "proof", "forgetting"
KNOWN = {PROOF: "VARCHAR", FORGETTING: "DOUBLE"}
"""The columns that are read anew for every listing, with their types in SQL."""
_TYPES = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR"}


def settings_of(run: Run) -> Row:
    """All settings of a run's trial that are numbers or words.

    How imported weights were trained, nobody told: these settings are None.
    """
    found = run.trial.model_dump(mode="json", exclude=set(NO_COLUMNS))
    if run.engine != IMPORTED:
        return found
    return {name: value if name in KNOWN_OF_IMPORTED else None for name, value in found.items()}


def row_of(run: Run) -> Row:
    """A run's row, without the columns `KNOWN`."""
    names = ("id", "seed", "engine", "metrics_read_after_step", "exact_from_step", "exact_from_s")
    own = {name: getattr(run, name) for name in names}
    found = run.state["last"] | run.state | settings_of(run) | own
    return {name: found.get(name) for name in COLUMNS}


def ids_with(settings: str, rows: Sequence[Row]) -> list[str]:
    """The ids of the rows with these values, given as `cell=gru,seed=3`.

    Raises:
        ConfigurationError: it is not of this form, or names no column.
    """
    wanted = [part.partition("=") for part in settings.split(",")]
    for name, equals, _ in wanted:
        near = [] if name in COLUMNS else get_close_matches(name, COLUMNS, n=1)
        if near:
            raise ConfigurationError(f"{settings!r}: unknown column {name!r}; did you mean {near[0]}?")
        if name not in COLUMNS or not equals:
            raise ConfigurationError(
                f"{settings!r} is not of the form cell=gru,seed=3, with settings from {', '.join(COLUMNS)}"
            )
    return [row["id"] for row in rows if all(_is(row[name], text) for name, _, text in wanted)]


def _is(value: object, text: str) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return value == float(text) or str(value) == text  # seeds exceed what float64 holds
        except ValueError:
            return False
    return str(value).lower() == text.lower()


def select(rows: Sequence[Row], where: str, sort: str) -> "pd.DataFrame":
    """The rows for which an SQL condition holds, in the order of these columns.

    Raises:
        ConfigurationError: DuckDB refuses the condition or order.
    """
    import duckdb
    import pandas as pd

    if not rows:
        return pd.DataFrame()
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    try:
        connection.register("found", pd.DataFrame(rows))
        columns = ", ".join(map(_typed_column, rows[0]))
        connection.execute(f"CREATE TABLE runs AS SELECT {columns} FROM found")
        connection.unregister("found")
        # The caller's SQL can access this table and nothing else on the machine.
        connection.execute("SET enable_external_access = false; SET lock_configuration = true")
        query = f"SELECT * FROM runs WHERE {where} ORDER BY {sort}"
        if len(duckdb.extract_statements(query)) != 1:
            raise ConfigurationError(f"where={where!r} sort={sort!r}: more than one statement")
        return connection.execute(query).df()
    except duckdb.Error as error:
        reason = _reason(error, f"{where} {sort}")
        raise ConfigurationError(f"where={where!r} sort={sort!r}: {reason}") from None
    finally:
        connection.close()


def records(frame: "pd.DataFrame") -> list[Row]:
    """A frame's rows, with None where it is empty."""
    values = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in values.to_dict("records")]


def _reason(error: Exception, sql: str) -> str:
    """Why DuckDB refuses a condition or order, with the columns that exist."""
    kind, _, words = str(error).splitlines()[0].partition(": ")
    words = words.removesuffix("!").removesuffix(" in FROM clause") or kind
    columns = [*COLUMNS, *KNOWN]
    words += hint(words, sql, columns)
    return f"{words}; SQL conditions and orders use the columns {', '.join(columns)}"


def _typed_column(name: str) -> str:
    """The column with its type, where it may be empty, so that no type can be inferred."""
    quoted = f'"{name}"'  # `group` is a word of SQL
    setting = Trial.model_fields.get(name)
    kind = KNOWN.get(name) if setting is None else _TYPES[_value_type(setting.annotation)]
    return quoted if kind is None else f"CAST({quoted} AS {kind}) AS {quoted}"


def _value_type(annotation: Any) -> type:
    """The type of a setting's values other than None."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return _value_type(next(part for part in parts if part is not type(None)))
    if origin is Annotated:
        return _value_type(parts[0])
    return type(parts[0]) if origin is Literal else annotation
