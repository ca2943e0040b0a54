"""Listing the runs of a store."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from warnings import warn

from ripplecarry.errors import ConfigurationError
from ripplecarry.runs import damage
from ripplecarry.runs.index import Row
from ripplecarry.runs.listing import ALL, BY_ID, records
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.verbs.find_run import find_run
from ripplecarry.verbs.parameters import RUN_HELP, EventsOption, Option, StoreOption, verb

if TYPE_CHECKING:
    import pandas as pd


@verb
def list_runs(
    run: Annotated[Run | Path | str | None, RUN_HELP] = None,
    *,
    where: Annotated[str, Option("SQL condition on the columns.")] = ALL,
    sort: Annotated[str, Option("Columns to order by; `desc` after one reverses it.")] = BY_ID,
    tensorboard: EventsOption = None,
    discard_damaged: Annotated[
        bool, Option("Read every byte; delete damaged runs and checkpoints.")
    ] = False,
    store: StoreOption = DEFAULT_STORE,
    damaged: Callable[[str], None] = warn,
    deleted: Callable[[str], None] = warn,
) -> "pd.DataFrame":
    """The finished runs of a store, a row each: settings, last metrics, time and proof; or one of them.

    Args:
        damaged: told of each run that is damaged, which is left out.
        deleted: told of each that was deleted.
    Raises:
        ConfigurationError: a condition or order that DuckDB refuses.
        StoreError: no store, no such run, or event files that cannot be written.
    """
    import pandas as pd

    rows = list_rows(
        run,
        where=where,
        sort=sort,
        tensorboard=tensorboard,
        discard_damaged=discard_damaged,
        store=store,
        damaged=damaged,
        deleted=deleted,
    )
    frame = pd.DataFrame(rows)
    empty = [column for column in frame if frame[column].isna().all()]
    return frame.astype(dict.fromkeys(empty, "float64"))


def list_rows(
    run: Run | Path | str | None,
    *,
    where: str,
    sort: str,
    tensorboard: Path | str | None,
    discard_damaged: bool,
    store: Path | str,
    damaged: Callable[[str], None],
    deleted: Callable[[str], None],
) -> list[Row]:
    """The same as dictionaries; where all runs are listed by id, neither pandas nor DuckDB is loaded."""
    run_store = Store(store)
    if run is not None:
        if discard_damaged:
            raise ConfigurationError("discard_damaged=True looks at the whole store; leave the run out")
        found = [find_run(run, store)]
        rows = [run_store.row_of(each) for each in found]
    else:
        run_store.check_is_there()
        for words in damage.discard_damaged(run_store) if discard_damaged else ():
            deleted(words)
        if (where, sort) == (ALL, BY_ID):
            rows, faults = run_store.rows()
            for words in faults:
                damaged(words)
        else:
            rows = records(run_store.frame(where, sort, damaged))
        found = [run_store.open(row["id"]).verify() for row in rows] if tensorboard else []
    if tensorboard and found:
        from ripplecarry.reports.event_files import write_events

        write_events(found, Path(tensorboard))
    return rows
