"""`ripplecarry merge`: one store of several."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ripplecarry.cli.options import JsonOption, StoreOption
from ripplecarry.errors import ConfigurationError


def merge(
    folders: Annotated[list[Path] | None, Parameter(help="Stores to take runs from.")] = None,
    /,
    *,
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """Copy the runs of other stores into one, as shards leave them; the others stay as they are.

    A run that is in both with the same results is left alone. Where results differ the store's own stay.
    Damaged runs are named and left out. Exit status 0 where every run is there and the same.

    Example: ripplecarry merge shard-1 shard-2 --store results
    """
    from ripplecarry.runs.merging import merge as merge_stores
    from ripplecarry.runs.store import Store

    if not folders:
        raise ConfigurationError("give the folders of the stores to merge")
    merged = merge_stores(folders, Store(store))
    if as_json:
        print(json.dumps(asdict(merged), indent=1))
    else:
        print(f"added: {len(merged.added)}; already there: {len(merged.known)}")
    for run_id in merged.differing:
        print(f"ripplecarry: run {run_id} is there with other results, which stay", file=sys.stderr)
    for words in merged.damaged.values():
        print(f"ripplecarry: left out: {words}", file=sys.stderr)
    return 1 if merged.differing or merged.damaged else 0
