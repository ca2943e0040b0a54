"""Joining stores."""

from pathlib import Path
from typing import Annotated

from ripplecarry.errors import ConfigurationError
from ripplecarry.runs import merging
from ripplecarry.runs.store import DEFAULT_STORE, Store
from ripplecarry.verbs.parameters import Option, StoreOption, verb


@verb
def merge(
    *sources: Annotated[Path | str, Option("Stores to take runs from.")],
    store: StoreOption = DEFAULT_STORE,
) -> merging.Merged:
    """What became of the runs of other stores, which are copied into one, with the dates of claims.

    Raises:
        ConfigurationError: no source is given.
        StoreError: a source without runs, or a store that cannot be written.
    """
    if not sources:
        raise ConfigurationError("give the folders of the stores to merge")
    from ripplecarry.claims.dates import merge_records

    folders, target = [Path(source) for source in sources], Store(store)
    merged = merging.merge(folders, target)
    for folder in folders:
        merge_records(Store(folder), target)
    return merged
