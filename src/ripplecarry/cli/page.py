"""`ripplecarry page`: one HTML file to explore a run."""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ripplecarry.cli.options import JsonOption, StoreOption

_SENTENCES = {
    "proved": "proved right at every length",
    "counterexample": "a wrong answer is known",
    "tested": "no wrong answer was found, and there is no proof",
}


def page(
    run: Annotated[str, Parameter(help="A run's id, its beginning, or folder.")],
    /,
    *,
    out: Annotated[Path | None, Parameter(help="The file; in the store's `pages` unless given.")] = None,
    store: StoreOption = Path("results"),
    as_json: JsonOption = False,
) -> int:
    """Write one self-contained HTML page to explore a run's network: type numbers and watch it carry.

    The page holds the network's weights and computes its answers itself; it opens from disk, without a
    server or a network. Where the store has no certificate of the run, a wrong answer is looked for first,
    which takes up to half a minute.

    Example: ripplecarry page 44136fa355-native-0
    """
    from ripplecarry.reports.page.writer import write_page
    from ripplecarry.runs.store import Store

    kept = Store(store)
    subject = kept.find(run).verify()
    path, verdict = write_page(subject, kept, out, say=_say)
    kind = str(verdict.as_dict()["kind"])
    size = path.stat().st_size
    if as_json:
        result = {"run": subject.id, "page": str(path), "bytes": size, "verdict": kind}
        print(json.dumps(result | {"checkpoints": len(subject.checkpoints)}, indent=1))
    else:
        print(f"{path}: {size / 1e6:.2f} MB, {len(subject.checkpoints)} checkpoints; {_SENTENCES[kind]}")
    return 0


def _say(words: str) -> None:
    print(f"ripplecarry: {words}", file=sys.stderr, flush=True)
