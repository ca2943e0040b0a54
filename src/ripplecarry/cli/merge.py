"""`ripplecarry merge`: one store of several."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ripplecarry.cli.command import command
from ripplecarry.cli.say import say
from ripplecarry.verbs import merge as verb


@command(verb.merge)
def merge(*sources: Path, as_json: bool, **options: Any) -> int:
    """Copy the runs of other stores into one, as shards leave them; the others stay as they are.

    A run that is in both with the same results is left alone. Where results differ the store's own stay.
    Damaged runs are named and left out. Exit status 0 where every run is there and the same.

    Example: ripplecarry merge shard-1 shard-2 --store results
    """
    merged = verb.merge(*sources, **options)
    if as_json:
        print(json.dumps(asdict(merged), indent=1))
    else:
        print(f"added: {len(merged.added)}; already there: {len(merged.known)}")
    for run_id in merged.differing:
        say(f"run {run_id} is there with other results, which stay")
    for words in merged.damaged.values():
        say(f"left out: {words}")
    return 1 if merged.differing or merged.damaged else 0
