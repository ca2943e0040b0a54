"""The run that a caller means."""

import os
from pathlib import Path

from ripplecarry.errors import ConfigurationError, StoreError
from ripplecarry.runs.find import find
from ripplecarry.runs.run import Run
from ripplecarry.runs.store import Store
from ripplecarry.values import shown


def find_run(run: Run | Path | str, store: Path | str) -> Run:
    """A run as it is given, or the one that this names in the store.

    Raises:
        ConfigurationError: what can be none of these.
        StoreError: no such run, several, or a damaged one.
    """
    if isinstance(run, Run):
        return run
    if not isinstance(run, Path | str):
        raise ConfigurationError(f"{shown(run)} is no run; give a run, its id or its folder")
    if os.path.isfile(run):
        raise StoreError(
            f"{run} is a file, not a run; `ripplecarry import {run}` makes a run of a file of weights"
        )
    return find(Store(store), str(run)).verify()


def find_own_run(run: Run | Path | str, store: Store) -> Run:
    """The same, for what keeps no more of the run than its id: it must be this store's.

    Raises:
        ConfigurationError, StoreError: as `find_run`; or the run is another store's.
    """
    found = find_run(run, store.root)
    if not store.owns(found):
        raise StoreError(
            f"{found.folder} is a run of another store than {store.root}; `ripplecarry merge` takes it over"
        )
    return found
