"""`ripplecarry page`: one HTML file to explore a run."""

import json
from typing import Any

from ripplecarry.cli.command import command
from ripplecarry.cli.say import say
from ripplecarry.verbs import page as verb


@command(verb.page)
def page(run: str, *, as_json: bool, **options: Any) -> int:
    """Write one self-contained HTML page to explore a run's network: type numbers and watch it carry.

    The page holds the network's weights and computes its answers itself; it opens from disk, without a
    server or a network. Where the store has no certificate of the run, a wrong answer is looked for first,
    which takes up to half a minute.

    Example: ripplecarry page 44136fa355-native-0
    """
    found = verb.page(run, say=say, **options)
    kind = str(found.standing.as_dict()["kind"])
    size, num_snapshots = found.path.stat().st_size, len(found.run.snapshots)
    if as_json:
        result = {"run": found.run.id, "page": str(found.path), "bytes": size, "verdict": kind}
        print(json.dumps(result | {"snapshots": num_snapshots}, indent=1))
    else:
        snapshots = f"{num_snapshots} snapshot{'' if num_snapshots == 1 else 's'}"
        print(f"{found.path}: {size / 1e6:.2f} MB, {snapshots}; {found.standing.words}")
    return 0
